//! Names with `*`, `?` and `[…]`, as Python's `glob` reads them.

use std::path::{Component, Path, PathBuf};

use crate::load::Files;

/// The files that match a path of patterns, sorted.
pub(in crate::vars) fn matching(files: &dyn Files, pattern: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    let mut components = pattern.components().peekable();
    while let Some(component) = components.next() {
        let last = components.peek().is_none();
        let name = component.as_os_str().to_str().unwrap_or_default();
        if !matches!(component, Component::Normal(_)) || !name.contains(['*', '?', '[']) {
            for path in &mut found {
                path.push(component);
            }
            continue;
        }
        let entries = |folder: &PathBuf| {
            let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            let entries = files.list(here).unwrap_or_default();
            let names =
                entries.into_iter().filter_map(|path| path.file_name()?.to_str().map(ToOwned::to_owned));
            // What is hidden has to be asked for.
            let fitting = names.filter(|file| name.starts_with('.') || !file.starts_with('.'));
            let fitting = fitting.filter(|file| like(name, file)).map(|file| folder.join(file));
            fitting.filter(|path| last || files.is_folder(path)).collect::<Vec<_>>()
        };
        found = found.iter().flat_map(entries).collect();
    }
    found.retain(|path| files.is_file(path));
    found
}

/// Whether a name matches a pattern of `*`, `?`, `[abc]`, `[a-z]` and `[!abc]`.
pub(in crate::vars) fn like(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        let step = match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
                continue;
            }
            Some(_) => one(&pattern[p..], name[n]),
            None => None,
        };
        match (step, star) {
            (Some(step), _) => {
                p += step;
                n += 1;
            }
            // The last star takes one character more.
            (None, Some((place, taken))) => {
                star = Some((place, taken + 1));
                p = place + 1;
                n = taken + 1;
            }
            (None, None) => return false,
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// How long the pattern of one character is, when it fits.
fn one(pattern: &[char], c: char) -> Option<usize> {
    let first = *pattern.first()?;
    // `[]]` and `[!]]` have the bracket in it; without an end it is a bracket.
    let end = (first == '[').then(|| {
        let begin = if pattern.get(1) == Some(&'!') { 3 } else { 2 };
        pattern.iter().skip(begin).position(|c| *c == ']').map(|place| place + begin)
    });
    let Some(Some(end)) = end else { return (first == '?' || first == c).then_some(1) };
    let not = pattern[1] == '!';
    let mut inside = false;
    let mut rest = &pattern[1 + usize::from(not)..end];
    while let Some(low) = rest.first() {
        if let [low, '-', high, ..] = rest {
            inside |= (*low..=*high).contains(&c);
            rest = &rest[3..];
        } else {
            inside |= *low == c;
            rest = &rest[1..];
        }
    }
    (inside != not).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_match_as_pythons_do() {
        for (pattern, name, wanted) in [
            ("*.conf", "a.conf", true),
            ("[ab]?", "bc", true),
            ("[!ab]*", "a", false),
            ("[a-c]", "b", true),
            ("[]]", "]", true),
            ("[", "[", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
        ] {
            assert_eq!(like(pattern, name), wanted, "{pattern} {name}");
        }
    }

    proptest! {
        #[test]
        fn any_pattern_can_be_tried(pattern in "[a-c*?!\\[\\]-]{0,12}", name in "[a-c\\[\\]]{0,12}") {
            let _ = like(&pattern, &name);
        }
    }
}
