//! Shell patterns (`*`, `?`, `[a-c]`) against the file system, as Python's `glob`.

use std::path::{Path, PathBuf};

pub use crate::base::glob::like as matches;

/// Whether anything is there that matches; a plain path may also be a broken link. Relative to `start`.
pub fn exists(pattern: &Path, start: &Path) -> bool {
    !find(pattern, start).is_empty()
}

/// All that is there and matches, in the order of its names.
pub fn find(pattern: &Path, start: &Path) -> Vec<PathBuf> {
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
    candidates.retain(|path| path.symlink_metadata().is_ok());
    candidates.sort();
    candidates
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
