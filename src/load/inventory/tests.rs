//! Folders under `tests/cases/inventory` and the hosts, groups and layers, or the messages, that come of them.
//!
//! A case is a folder of files, taken as if it were the working directory. Its file `args` says what to do, one per line:
//! `-i SOURCE`, `--playbook FOLDER`, `select PATTERN`.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::{InventorySource, Reading, load_inventory};
use crate::base::{Diagnostics, Span};
use crate::load::MemoryFiles;
use crate::model::{Inventory, Pattern};

fn texts(folder: &Path, root: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path()) {
        if entry.is_dir() {
            texts(&entry, root, found);
        } else {
            let name = entry.strip_prefix(root).expect("inside").to_string_lossy().into_owned();
            found.push((name, std::fs::read_to_string(&entry).expect("a text")));
        }
    }
}

fn answer(args: &Path) -> String {
    let root = args.parent().expect("a folder");
    let mut found = Vec::new();
    texts(root, root, &mut found);
    let files = MemoryFiles::new(found.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    let args = std::fs::read_to_string(args).expect("the arguments");
    let (mut sources, mut playbook, mut patterns) = (Vec::new(), None, Vec::new());
    for line in args.lines() {
        match line.split_once(' ').expect("two words") {
            ("-i", source) => sources.push(InventorySource::argument(source)),
            ("--playbook", folder) => playbook = Some(PathBuf::from(if folder == "." { "" } else { folder })),
            ("select", pattern) => patterns.push(pattern),
            other => panic!("{other:?}"),
        }
    }
    let (inventory, warnings) =
        match load_inventory(&files, &sources, playbook.as_deref(), None, &Reading::default()) {
            Ok(loaded) => loaded,
            Err(errors) => return errors.to_string(),
        };
    let mut out = show(&inventory);
    for pattern in patterns {
        let parsed = Pattern::parse(pattern, &Span::whole("<command line>", pattern));
        let hosts = parsed.and_then(|p| inventory.select(&p));
        let hosts = hosts.map_or_else(|e| format!("\n{e}\n"), |h| format!("{h:?}"));
        writeln!(out, "select {pattern}: {hosts}").expect("a string takes all");
    }
    if !warnings.is_empty() {
        writeln!(out, "\n{warnings}").expect("a string takes all");
    }
    out
}

fn show(inventory: &Inventory) -> String {
    let mut out = String::new();
    for group in inventory.groups.values() {
        let children: Vec<_> = group.children.keys().collect();
        writeln!(
            out,
            "group {}: children {children:?} hosts {:?}",
            group.name,
            inventory.hosts_of(&group.name)
        )
        .expect("a string takes all");
    }
    let implicit =
        inventory.host("localhost").filter(|h| h.implicit && h.vars.len() > 1).map(|_| "localhost");
    for host in inventory.hosts.keys().map(crate::base::HostName::as_str).chain(implicit) {
        let groups: Vec<_> = inventory.groups_of(host).iter().map(|g| &g.name).collect();
        writeln!(out, "host {host} in {groups:?}").expect("a string takes all");
        for layer in inventory.layers(host) {
            let vars: Vec<_> = layer.vars.iter().map(|(k, v)| format!("{k}={v:?}")).collect();
            writeln!(out, "  {} ({}:{}) {}", layer.level, layer.origin, layer.span.line(), vars.join(" "))
                .expect("a string takes all");
        }
    }
    out
}

#[test]
fn inventories_become_these_hosts_or_these_messages() {
    insta::with_settings!({snapshot_path => "../../../tests/cases/inventory/snapshots", prepend_module_to_snapshot => false}, {
        insta::glob!("../../../tests/cases/inventory", "*/args", |path| {
            let case = path.parent().and_then(Path::file_name).expect("a folder").to_string_lossy();
            insta::with_settings!({snapshot_suffix => case}, { insta::assert_snapshot!("inventory", answer(path)) });
        });
    });
}

#[test]
fn what_nobody_has_can_be_left_out() {
    let files = MemoryFiles::new([("hosts", "n1\nn2\n")]);
    let (inventory, _) =
        load_inventory(&files, &[InventorySource::argument("hosts")], None, None, &Reading::default())
            .expect("two hosts");
    let mut unknown = Diagnostics::new();
    let pattern =
        Pattern::parse("n2:nobody", &Span::whole("<command line>", "n2:nobody")).expect("a pattern");
    assert_eq!(inventory.select_known(&pattern, &mut unknown), ["n2".into()]);
    assert_eq!(unknown.iter().count(), 1);
}
