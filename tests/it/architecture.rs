//! The layers of the house: no arrow points back, every file says what it is for, none grows past what one can read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Longest file, in lines.
const LONGEST: usize = 500;

/// Layer → what it may use. `docs/architecture.md` draws the same picture.
const LAYERS: [(&str, &[&str]); 18] = [
    ("base", &[]),
    ("wire", &["base"]),
    ("module", &["base", "wire"]),
    ("monitor", &["base", "wire"]),
    ("agent", &["base", "wire", "module", "monitor"]),
    ("connection", &["base", "wire"]),
    ("syntax", &["base"]),
    ("model", &["base", "syntax"]),
    ("load", &["base", "syntax", "model"]),
    ("vars", &["base", "syntax", "model", "load"]),
    ("python", &["base", "load", "vars"]),
    ("plan", &["base", "model", "load", "vars"]),
    ("event", &["base", "wire"]),
    ("action", &["base", "wire", "connection", "load", "model", "vars"]),
    ("run", &["base", "wire", "connection", "model", "load", "vars", "plan", "event", "action"]),
    ("store", &["base", "wire", "event"]),
    ("report", &["base", "wire", "event"]),
    (
        "cli",
        &[
            "base",
            "wire",
            "module",
            "connection",
            "model",
            "load",
            "vars",
            "python",
            "plan",
            "event",
            "action",
            "run",
            "store",
            "report",
        ],
    ),
];

/// Single files with an arrow of their own.
const EXCEPTIONS: [(&str, &str); 10] = [
    ("src/connection/memory.rs", "agent"),
    ("src/connection/memory.rs", "module"),
    // Their arguments are the modules', or they mend what a module has answered.
    ("src/action/assemble.rs", "module"),
    ("src/action/copy.rs", "module"),
    ("src/action/patch.rs", "module"),
    ("src/action/pip.rs", "module"),
    ("src/action/script.rs", "module"),
    ("src/action/template.rs", "module"),
    ("src/action/unarchive.rs", "module"),
    ("src/action/uri.rs", "module"),
];

/// Who may name a dependency that must be exchangeable in a day: the crate, and its one room.
const ROOMS: [(&str, &str); 5] = [
    ("granit_parser", "src/syntax/yaml.rs"),
    ("minijinja", "src/vars/template"),
    ("rusqlite", "src/store"),
    ("bollard", "src/connection/container"),
    ("annotate_snippets", "src/base/diagnostic.rs"),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below `folder`, as paths from the project's root.
fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                files.push(path.strip_prefix(root()).unwrap().to_path_buf());
            }
        }
    }
    files.sort();
    files
}

/// The layers that a text names: `crate::X` in code, not in comments.
fn named_layers(text: &str) -> BTreeSet<String> {
    let code = text.lines().filter(|l| !l.trim_start().starts_with("//"));
    let mut found = BTreeSet::new();
    for line in code {
        for (at, _) in line.match_indices("crate::") {
            let word: String =
                line[at + 7..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            found.insert(word);
        }
        if let Some((_, list)) = line.split_once("use crate::{") {
            found.extend(list.split(',').map(|w| w.trim().split("::").next().unwrap_or("").to_owned()));
        }
    }
    found
}

#[test]
fn arrows_between_layers_point_one_way() {
    let layers: BTreeMap<_, _> = LAYERS.into_iter().collect();
    let mut wrong = Vec::new();
    for path in rust_files("src") {
        let parts: Vec<_> = path.iter().map(|p| p.to_str().unwrap()).collect();
        let [_, layer, _, ..] = parts.as_slice() else { continue };
        let Some(allowed) = layers.get(layer) else {
            assert_eq!(*layer, "bin", "{} stands in no layer: add it to LAYERS", path.display());
            continue;
        };
        for used in named_layers(&fs::read_to_string(root().join(&path)).unwrap()) {
            let exception = EXCEPTIONS.iter().any(|(file, to)| Path::new(file) == path && *to == used);
            if layers.contains_key(used.as_str())
                && used != *layer
                && !allowed.contains(&used.as_str())
                && !exception
            {
                wrong.push(format!("{} uses {used}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that point back:\n{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for_and_stays_readable() {
    let mut wrong = Vec::new();
    for path in rust_files("src").into_iter().chain(rust_files("tests/it")) {
        let text = fs::read_to_string(root().join(&path)).unwrap();
        if !text.starts_with("//!") {
            wrong.push(format!("{} does not open with `//!`", path.display()));
        }
        let lines = text.lines().count();
        if lines > LONGEST {
            wrong.push(format!("{} has {lines} lines", path.display()));
        }
        let stem = path.file_stem().unwrap().to_str().unwrap();
        if ["utils", "util", "helpers", "helper", "common", "misc"].contains(&stem) {
            wrong.push(format!("{} has a name that says nothing", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn exchangeable_dependencies_are_named_in_one_room() {
    let mut wrong = Vec::new();
    for path in rust_files("src") {
        let text = fs::read_to_string(root().join(&path)).unwrap();
        for (name, room) in ROOMS {
            let names = text
                .lines()
                .filter(|l| !l.trim_start().starts_with("//"))
                .any(|l| l.contains(&format!("{name}::")));
            if names && !path.starts_with(room) {
                wrong.push(format!("{} names {name}, whose room is {room}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
