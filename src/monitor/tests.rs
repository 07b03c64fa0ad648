//! Built-in monitors look twice at trees of /proc and /sys, a second apart.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::{BUILT_IN, Readings, Roots};
use crate::base::monitors;

/// What a monitor sees at the second look.
fn seen(folder: &Path, name: &str) -> String {
    let mut readings = Readings::default();
    let sources = super::built_in(name).unwrap();
    for (look, seconds) in [("first", 0.0), ("second", 1.0)] {
        let (proc, sys) = (folder.join(look).join("proc"), folder.join(look).join("sys"));
        let roots = Roots { proc, sys, page_size: 4096.0 };
        readings.begin(seconds);
        for source in sources {
            source(&roots, &mut readings);
        }
    }
    let mut text = format!("{name}\n");
    for (column, value) in readings.columns().iter().zip(readings.values()) {
        let value = value.map_or("-".to_owned(), |value| value.to_string());
        _ = writeln!(text, "  {} {value} {}", column.name, column.unit);
    }
    text.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

#[test]
fn every_tree_shows_what_is_in_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/monitors");
    let mut folders: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|folder| folder.join("first").is_dir());
    folders.sort();
    let text: Vec<String> = folders
        .iter()
        .map(|folder| {
            let name = folder.file_name().unwrap().to_string_lossy();
            format!("# {name}\n{}{}", seen(folder, "host"), seen(folder, "cpu"))
        })
        .collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn the_controller_knows_what_every_agent_has() {
    assert_eq!(BUILT_IN.map(|(name, _)| name), monitors::BUILT_IN);
}
