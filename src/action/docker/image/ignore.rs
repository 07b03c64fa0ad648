//! `.dockerignore`: which files of a context stay where they are. Patterns as in Go's `filepath.Match`, with `**` for any number of
//! folders and `!` for exceptions; the last one that fits counts (<https://docs.docker.com/build/concepts/context/>).

use fancy_regex::Regex;

/// The patterns of a file.
#[derive(Debug, Default)]
pub(super) struct Ignored(Vec<(Regex, bool)>);

impl Ignored {
    /// Reads the lines of a file.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut patterns = Vec::new();
        for line in text.trim_start_matches('\u{feff}').lines() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (excepts, pattern) = match line.strip_prefix('!') {
                Some(pattern) => (true, pattern.trim()),
                None => (false, line),
            };
            let pattern = clean(pattern);
            if pattern.is_empty() {
                continue;
            }
            let wrong = || format!("`{line}` is no pattern");
            let regex = regex(&pattern).and_then(|regex| Regex::new(&regex).ok()).ok_or_else(wrong)?;
            patterns.push((regex, !excepts));
        }
        Ok(Self(patterns))
    }

    /// Whether a path below the context (`src/a.c`) stays: it or a folder that it is in fits.
    pub(super) fn matches(&self, path: &str) -> bool {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        let parts: Vec<&str> = ends.map(|end| &path[..end]).collect();
        let fits = |regex: &Regex| parts.iter().any(|part| regex.is_match(part).unwrap_or(false));
        self.0.iter().rev().find(|(regex, _)| fits(regex)).is_some_and(|(_, ignored)| *ignored)
    }
}

/// Without `.`, `..` and slashes that mean nothing, as Go's `filepath.Clean`.
fn clean(pattern: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The pattern as a regular expression; `None` when it is none.
fn regex(pattern: &str) -> Option<String> {
    let mut regex = String::from("^");
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '*' if rest.peek() == Some(&'*') => {
                rest.next();
                if rest.peek() == Some(&'/') {
                    rest.next();
                    regex.push_str("(?:.*/)?");
                } else {
                    regex.push_str(".*");
                }
            }
            '*' => regex.push_str("[^/]*"),
            '?' => regex.push_str("[^/]"),
            '[' => {
                regex.push('[');
                if rest.peek() == Some(&'^') {
                    regex.push(rest.next()?);
                }
                let mut any = false;
                loop {
                    match rest.next()? {
                        ']' if any => break,
                        '\\' => regex.extend(['\\', rest.next()?]),
                        c @ ('[' | '&' | '~' | ']' | '^') => regex.extend(['\\', c]),
                        c => regex.push(c),
                    }
                    any = true;
                }
                regex.push(']');
            }
            '\\' => regex.push_str(&literal(rest.next()?)),
            c => regex.push_str(&literal(c)),
        }
    }
    regex.push('$');
    Some(regex)
}

fn literal(c: char) -> String {
    fancy_regex::escape(c.encode_utf8(&mut [0; 4])).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn which_files_stay() {
        let stays = |list: &str, path: &str| Ignored::parse(list).unwrap().matches(path);
        for (list, path, stay) in [
            ("", "a", false),
            ("# a\na", "a", true),
            ("/a/", "a/b/c", true),
            ("a", "b/a", false),
            ("**/a", "b/a", true),
            ("**/a", "a", true),
            ("*.o", "x.o", true),
            ("*.o", "d/x.o", false),
            ("*/*.o", "d/x.o", true),
            ("temp?", "temp1", true),
            ("temp?", "temp", false),
            ("[a-c]x", "bx", true),
            ("[^a-c]x", "bx", false),
            ("a\\*", "a*", true),
            ("a.b", "aXb", false),
            ("*\n!README.md", "README.md", false),
            ("*\n!README.md", "x/README.md", true),
            ("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", true),
            ("docs\n!docs/a.md", "docs/a.md", false),
            ("./a/../b", "b", true),
        ] {
            assert_eq!(stays(list, path), stay, "{list:?} {path}");
        }
        assert_eq!(Ignored::parse("[a").unwrap_err(), "`[a` is no pattern");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-c*?!\\[\\]^\\\\/#. \\n-]{0,20}", path in "[a-c/]{0,10}") {
            if let Ok(ignored) = Ignored::parse(&text) {
                let _ = ignored.matches(&path);
            }
        }
    }
}
