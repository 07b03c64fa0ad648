//! What zypper answers in XML: packages with the heading that they stand under, and messages.

/// A package of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Solvable {
    pub name: String,
    version: String,
    before: String,
    /// The element that it stands in: `to-install`, `to-upgrade`, `to-remove`, `solvable-list`.
    group: String,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answered {
    pub solvables: Vec<Solvable>,
    pub messages: Vec<String>,
}

impl Answered {
    /// Reads a document, or says what is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut answered = Self::default();
        let mut open: Vec<&str> = Vec::new();
        let mut rest = text;
        let mut any = false;
        while let Some(start) = rest.find('<') {
            let (before, tag) = rest.split_at(start);
            if open.last() == Some(&"message") {
                answered.messages.push(unescape(before));
            }
            let end = tag.find('>').ok_or_else(|| "a tag does not end".to_owned())?;
            let inner = &tag[1..end];
            rest = &tag[end + 1..];
            if inner.starts_with(['?', '!']) {
                continue;
            }
            any = true;
            if let Some(name) = inner.strip_prefix('/') {
                if open.pop() != Some(name.trim()) {
                    return Err(format!("`{}` ends and has not begun", name.trim()));
                }
                continue;
            }
            let whole = inner.strip_suffix('/');
            let name = inner.trim_end_matches('/').split_whitespace().next().unwrap_or_default();
            if name == "solvable" {
                let attribute = |wanted: &str| attribute(inner, wanted).unwrap_or_default();
                answered.solvables.push(Solvable {
                    name: attribute("name"),
                    version: attribute("edition"),
                    before: attribute("edition-old"),
                    group: open.last().copied().unwrap_or_default().to_owned(),
                });
            }
            if whole.is_none() {
                open.push(name);
            }
        }
        match open.last() {
            Some(name) => Err(format!("`{name}` does not end")),
            None if any => Ok(answered),
            None => Err("there is no element".to_owned()),
        }
    }
}

/// The value of an attribute in a tag.
fn attribute(tag: &str, wanted: &str) -> Option<String> {
    let mut rest = tag;
    while let Some((name, after)) = rest.split_once('=') {
        let quote = after.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        let value = &after[1..];
        let end = value.find(quote)?;
        if name.split_whitespace().next_back() == Some(wanted) {
            return Some(unescape(&value[..end]));
        }
        rest = &value[end + 1..];
    }
    None
}

fn unescape(text: &str) -> String {
    let named = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    named.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// What changed, for `--diff`.
pub(super) fn shown(solvables: &[Solvable]) -> String {
    let line = |word: &str, group: &str| {
        let of = solvables.iter().filter(|one| one.group == group);
        let named: Vec<String> = of.map(Solvable::named).collect();
        if named.is_empty() { String::new() } else { format!("{word}: {}\n", named.join(", ")) }
    };
    line("installed", "to-install") + &line("removed", "to-remove") + &line("upgraded", "to-upgrade")
}

impl Solvable {
    /// Its name, with the versions of an upgrade.
    fn named(&self) -> String {
        if self.group == "to-upgrade" {
            format!("{} ({} => {})", self.name, self.before, self.version)
        } else {
            self.name.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read() {
        let text = "<?xml version='1.0'?>\n<stream>\n<message type=\"info\">a &lt;b&gt;</message>\n<install-summary>\
                    <to-upgrade><solvable type=\"package\" name=\"x\" edition=\"2\" edition-old='1'/></to-upgrade>\
                    <to-install><solvable status='not-installed' name='y'/></to-install></install-summary></stream>";
        let answered = Answered::read(text).unwrap();
        assert_eq!(answered.messages, ["a <b>"]);
        assert_eq!(shown(&answered.solvables), "installed: y\nupgraded: x (1 => 2)\n");
        for wrong in ["", "no", "<a>", "<a></b>", "<a"] {
            assert!(Answered::read(wrong).is_err(), "{wrong}");
        }
    }
}
