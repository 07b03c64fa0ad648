//! Files of sections and options, whose values may go on in lines that are indented.

use std::fmt::Write as _;

/// A file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ini(Vec<(String, Vec<(String, String)>)>);

impl Ini {
    /// Comments are passed over, as is what stands before the first section.
    pub(super) fn parse(text: &str) -> Self {
        let mut sections: Vec<(String, Vec<(String, String)>)> = Vec::new();
        for line in text.lines() {
            let trimmed = line.trim();
            if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
                continue;
            }
            if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                sections.push((name.0.to_owned(), Vec::new()));
                continue;
            }
            let Some((_, options)) = sections.last_mut() else { continue };
            if let (true, Some((_, value))) = (line.starts_with([' ', '\t']), options.last_mut()) {
                value.push('\n');
                value.push_str(trimmed);
                continue;
            }
            let (name, value) = trimmed.split_once(['=', ':']).unwrap_or((trimmed, ""));
            options.push((name.trim().to_lowercase(), value.trim().to_owned()));
        }
        Self(sections)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn remove(&mut self, section: &str) {
        self.0.retain(|(name, _)| name != section);
    }

    pub(super) fn add(&mut self, section: &str, options: Vec<(String, String)>) {
        self.0.push((section.to_owned(), options));
    }

    /// The file.
    pub(super) fn text(&self) -> String {
        Self::write("\n\t", self.0.iter())
    }

    /// The same in alphabetical order, by which it is seen whether two mean the same.
    pub(super) fn told(&self) -> String {
        let mut sections = self.0.clone();
        sections.sort();
        for (_, options) in &mut sections {
            options.sort();
        }
        Self::write("\n", sections.iter())
    }

    fn write<'a>(gap: &str, sections: impl Iterator<Item = &'a (String, Vec<(String, String)>)>) -> String {
        let mut text = String::new();
        for (name, options) in sections {
            let _ = writeln!(text, "[{name}]");
            for (name, value) in options {
                let _ = writeln!(text, "{name} = {}", value.replace('\n', gap));
            }
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_go_on_where_lines_are_indented() {
        let ini = Ini::parse("# x\n[a]\nname=A\nBaseURL = http://1\n  http://2\n\n[b]\nx: y\n");
        assert_eq!(ini.text(), "[a]\nname = A\nbaseurl = http://1\n\thttp://2\n\n[b]\nx = y\n\n");
        assert_eq!(ini.told(), "[a]\nbaseurl = http://1\nhttp://2\nname = A\n\n[b]\nx = y\n\n");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_the_same(text in "(?s)(\\[[a-z]\\]\n|[a-z]=[a-z]{0,3}\n| [a-z]\n|#.\n){0,12}") {
            let ini = Ini::parse(&text);
            prop_assert_eq!(Ini::parse(&ini.text()), ini);
        }

        #[test]
        fn no_text_makes_it_panic(text in "(?s).{0,60}") {
            Ini::parse(&text).told();
        }
    }
}
