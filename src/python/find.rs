//! Which Python may have ansible-core, when nobody says.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// `python3` on PATH, then the one that the first `ansible-playbook` on PATH is read by that is not this program.
pub(super) fn candidates() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let named = |name: &'static str| {
        folders.iter().map(move |folder| folder.join(name)).filter(|path| path.is_file())
    };
    let own = std::env::current_exe().and_then(|own| own.canonicalize()).ok();
    let is_other = |path: &PathBuf| path.canonicalize().ok() != own;
    let reader = named("ansible-playbook").find(is_other).and_then(|program| reader(&program));
    let mut found: Vec<PathBuf> = named("python3").next().into_iter().chain(reader).collect();
    found.dedup();
    found
}

/// The Python in the `#!` line of a script; through `env` it is the one that comes first anyway.
fn reader(script: &Path) -> Option<PathBuf> {
    let mut line = String::new();
    // A program that is no script has no such line, and perhaps no end of it.
    let file = std::io::Read::take(File::open(script).ok()?, 1024);
    BufReader::new(file).read_line(&mut line).ok()?;
    let word = line.strip_prefix("#!")?.split_whitespace().next()?;
    Some(PathBuf::from(word)).filter(|path| path.file_name().is_some_and(|name| name != "env"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_of_a_script_says_who_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let read = |text: &[u8]| {
            let path = folder.path().join("script");
            std::fs::write(&path, text).unwrap();
            reader(&path)
        };
        assert_eq!(read(b"#!/v/bin/python3 -I\nx"), Some("/v/bin/python3".into()));
        assert_eq!(read(b"#!/usr/bin/env python3\n"), None);
        assert_eq!(read(b"\x7fELF\xff\n"), None);
        assert_eq!(read(b""), None);
    }
}
