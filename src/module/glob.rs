//! Shell patterns (`*`, `?`, `[a-c]`) against the file system, as Python's `glob`.

use std::path::{Path, PathBuf};

/// Whether a text matches a pattern as a whole.
pub fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where to go on when the newest `*` takes one character more.
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        let step = match pattern.get(p) {
            Some('*') => {
                retry = Some((p + 1, t + 1));
                p += 1;
                continue;
            }
            Some('?') => Some(p + 1),
            Some('[') => match class(&pattern[p + 1..], text[t]) {
                Some((true, length)) => Some(p + 1 + length),
                Some((false, _)) => None,
                None => (text[t] == '[').then_some(p + 1),
            },
            Some(c) if *c == text[t] => Some(p + 1),
            _ => None,
        };
        match (step, retry) {
            (Some(next), _) => (p, t) = (next, t + 1),
            (None, Some((pattern, text))) => {
                (p, t) = (pattern, text);
                retry = Some((pattern, text + 1));
            }
            (None, None) => return false,
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// Whether a character is in the class that starts after `[`, and how long the class is with its `]`.
fn class(pattern: &[char], c: char) -> Option<(bool, usize)> {
    let negated = matches!(pattern.first(), Some('!'));
    let start = usize::from(negated);
    // A `]` that comes first is a member.
    let end = start + 1 + pattern.get(start + 1..)?.iter().position(|c| *c == ']')?;
    let members = &pattern[start..end];
    let mut found = false;
    let mut i = 0;
    while i < members.len() {
        if i + 2 < members.len() && members[i + 1] == '-' {
            found |= (members[i]..=members[i + 2]).contains(&c);
            i += 3;
        } else {
            found |= members[i] == c;
            i += 1;
        }
    }
    Some((found != negated, end + 1))
}

/// Whether anything is there that matches; a plain path may also be a broken link. Relative to `start`.
pub fn exists(pattern: &Path, start: &Path) -> bool {
    let mut candidates = vec![PathBuf::from(start)];
    for part in pattern.components() {
        let name = part.as_os_str();
        let text = name.to_string_lossy();
        candidates = if text.contains(['*', '?', '[']) {
            let hidden = text.starts_with('.');
            let listed = candidates.iter().filter_map(|folder| folder.read_dir().ok()).flatten().flatten();
            let fits = |entry: &std::fs::DirEntry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                (hidden || !name.starts_with('.')) && matches(&text, &name)
            };
            listed.filter(fits).map(|entry| entry.path()).collect()
        } else {
            candidates.iter().map(|folder| folder.join(name)).collect()
        };
    }
    candidates.iter().any(|path| path.symlink_metadata().is_ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_match_as_in_a_shell() {
        let yes = [
            ("*", ""),
            ("a*c", "abbc"),
            ("?b", "ab"),
            ("[a-c]x", "bx"),
            ("[!a]", "b"),
            ("[]]", "]"),
            ("[", "["),
        ];
        let no = [("a*c", "abd"), ("?", ""), ("[a-c]", "d"), ("[!a]", "a"), ("a", "A"), ("*.so", "x.so.1")];
        assert!(yes.iter().all(|(p, t)| matches(p, t)));
        assert!(no.iter().all(|(p, t)| !matches(p, t)));
    }

    #[test]
    fn paths_are_looked_for() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("lib")).unwrap();
        std::fs::write(folder.path().join("lib/libx.so"), "").unwrap();
        let there = |pattern: &str| exists(Path::new(pattern), folder.path());
        assert!(there("lib/*.so") && there("l?b") && there("lib/libx.so"));
        assert!(!there("lib/*.a") && !there("*/none") && !there("/nowhere-at-all/*"));
    }

    proptest! {
        #[test]
        fn no_pattern_makes_it_panic(pattern in r"[\[\]!*?a-c-]{0,10}", text in "[a-c]{0,8}") {
            let _ = matches(&pattern, &text);
        }
    }
}
