//! `group_vars/` and `host_vars/` beside an inventory or a playbook: a file or a folder of files per group or host.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexSet;

use super::{InventoryReader, Unreadable};
use crate::base::{Diagnostic, HostName, Map, Span};
use crate::load::{shown, text};
use crate::model::Level;
use crate::model::inventory::LOCALHOST;
use crate::syntax::yaml;

/// The levels of what stands in one place.
#[derive(Clone, Copy)]
pub(super) struct Levels {
    all: Level,
    group: Level,
    host: Level,
}

/// Beside an inventory.
pub(super) const INVENTORY: Levels = Levels {
    all: Level::InventoryGroupVarsAll,
    group: Level::InventoryGroupVarsDir,
    host: Level::InventoryHostVarsDir,
};
/// Beside the playbook.
pub(super) const PLAYBOOK: Levels = Levels {
    all: Level::PlaybookGroupVarsAll,
    group: Level::PlaybookGroupVarsDir,
    host: Level::PlaybookHostVars,
};

/// Endings of files of variables, in the order they are looked for.
const ENDINGS: [&str; 4] = ["", "yml", "yaml", "json"];

impl InventoryReader<'_> {
    /// Reads what `folder` has for the groups and hosts that are known.
    pub(super) fn vars_folders(&mut self, folder: &Path, levels: Levels) {
        let groups: Vec<_> = self.inventory.groups.keys().cloned().collect();
        let written = self.inventory.hosts.keys().cloned();
        let implicit = LOCALHOST.into_iter().map(HostName::from);
        // `localhost` may have variables without standing in an inventory.
        let hosts: IndexSet<HostName> = written.chain(implicit).collect();
        self.vars_named(folder, levels, &groups, hosts.iter());
    }

    /// Reads what `folder` has for these groups and hosts.
    pub(super) fn vars_named<'h>(
        &mut self,
        folder: &Path,
        levels: Levels,
        groups: &[Arc<str>],
        hosts: impl Iterator<Item = &'h HostName>,
    ) {
        let of_groups = folder.join("group_vars");
        if self.files.is_folder(&of_groups) {
            for name in groups {
                let level = if &**name == "all" { levels.all } else { levels.group };
                for (span, vars) in self.vars_of(&of_groups, name) {
                    self.group_vars(name, level, &span, vars);
                }
            }
        }
        let of_hosts = folder.join("host_vars");
        if self.files.is_folder(&of_hosts) {
            for name in hosts {
                for (span, vars) in self.vars_of(&of_hosts, name.as_str()) {
                    self.host_vars(name.as_str(), levels.host, &span, vars);
                }
            }
        }
    }

    /// The variables of each file for `name`, in order.
    fn vars_of(&mut self, folder: &Path, name: &str) -> Vec<(Span, Map)> {
        // A name is a name, and never a way to another folder.
        if name.contains('/') || matches!(name, "" | "." | "..") {
            return Vec::new();
        }
        let candidates = ENDINGS.map(|ending| {
            if ending.is_empty() { folder.join(name) } else { folder.join(format!("{name}.{ending}")) }
        });
        let mut there: Vec<PathBuf> =
            candidates.into_iter().filter(|p| self.files.is_file(p) || self.files.is_folder(p)).collect();
        if there.is_empty() {
            return Vec::new();
        }
        let chosen = there.remove(0);
        for ignored in there {
            self.diagnostics.push(Diagnostic::warning(
                "ignored-file",
                format!("{} is ignored, because {} exists", shown(&ignored), shown(&chosen)),
            ));
        }
        let mut paths = Vec::new();
        self.files_of(&chosen, &mut paths);
        paths.iter().filter_map(|path| self.vars_file(path)).collect()
    }

    /// A file, or every file of variables in a folder and its folders, by name.
    fn files_of(&self, path: &Path, paths: &mut Vec<PathBuf>) {
        if !self.files.is_folder(path) {
            return paths.push(path.to_owned());
        }
        for entry in self.files.list(path).unwrap_or_default() {
            let name = entry.file_name().unwrap_or_default().to_string_lossy();
            let ending = entry.extension().unwrap_or_default().to_string_lossy();
            if !name.starts_with('.') && !name.ends_with('~') && ENDINGS.contains(&ending.as_ref()) {
                self.files_of(&entry, paths);
            }
        }
    }

    /// What is wrong with a file waits until a play needs it where inventories may be unreadable, too.
    fn vars_file(&mut self, path: &Path) -> Option<(Span, Map)> {
        let before = std::mem::take(&mut self.diagnostics);
        let found = self.vars_in(path);
        let own = std::mem::replace(&mut self.diagnostics, before);
        let late = self.reading.unreadable == Unreadable::LeftOut && own.has_errors();
        if late { &mut self.inventory.unread } else { &mut self.diagnostics }.extend(own);
        found.filter(|_| !late)
    }

    fn vars_in(&mut self, path: &Path) -> Option<(Span, Map)> {
        let read = text::read(self.files, path, "a file of variables", None);
        let source = self.diagnostics.keep(read)?;
        let parsed = yaml::parse_one(&source, &mut self.diagnostics);
        let node = self.diagnostics.keep(parsed)??;
        let vars = self.mapping(&node, "a file of variables");
        Some((node.span, vars))
    }
}
