//! Inventories: files in INI or YAML, scripts, what is computed of them, folders of all these, lists of hosts, and the variables
//! that stand beside them.
//!
//! Several sources are merged in order. What a host's variables amount to is decided by their levels, in the layer `model`.

mod constructed;
mod ini_file;
mod range;
mod script;
mod variables;
mod vars_folder;
mod yaml_file;

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::{Files, shown, text};
use crate::base::{Diagnostic, Diagnostics, HostName, Severity, Span};
use crate::model::{GroupNames, Inventory};

pub use constructed::{Constructing, Evaluator};

/// One `-i`: a path, or hosts separated by commas (`n1,n2,`).
#[derive(Clone, Debug)]
pub struct InventorySource {
    /// As the user wrote it.
    pub text: String,
    /// Where that is.
    pub span: Span,
}

impl InventorySource {
    /// A word of the command line.
    pub fn argument(text: &str) -> Self {
        Self { text: text.into(), span: Span::whole("<command line>", text) }
    }

    /// As Ansible names it: a path from the root, or the hosts.
    pub fn shown(&self) -> String {
        if self.text.contains(',') { self.text.clone() } else { super::absolute(Path::new(&self.text)) }
    }
}

/// The code of the warning that a source was left out.
pub const UNREAD: &str = "unread-inventory";
/// The code of the warning that all sources were left out, or that there are none.
pub const NOTHING_READ: &str = "no-inventory";

/// The code of the warning that names of groups were replaced.
pub const REPLACED: &str = "group-names";

/// What becomes of a source that cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unreadable {
    /// Everything that is wrong in it is told, and nothing goes on.
    #[default]
    Refused,
    /// It is left out, and the user is warned, as in Ansible.
    LeftOut,
}

/// How inventories are read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// What becomes of a source that cannot be read.
    pub unreadable: Unreadable,
    /// The kinds of sources that are read, by the names of Ansible's plugins (`enable_plugins`). When empty: all.
    pub plugins: Vec<String>,
    /// What becomes of names of groups that are no words.
    pub group_names: GroupNames,
}

impl Reading {
    /// Whether sources of this kind are read.
    fn takes(&self, plugin: &str) -> bool {
        self.plugins.is_empty() || self.plugins.iter().any(|name| name == plugin)
    }
}

/// Endings of files that lie in an inventory's folder and are none.
const IGNORED: &[&str] = &["pyc", "pyo", "swp", "bak", "rpm", "md", "txt", "rst", "orig", "cfg", "retry"];
/// Folders beside an inventory that hold no inventories.
const FOLDERS: &[&str] = &["group_vars", "host_vars", "vars_plugins"];

/// Reads all sources in order, with `group_vars/` and `host_vars/` beside them and in `playbook_folder`. Gives warnings too.
/// Without `constructing`, a constructed inventory is an error.
pub fn load_inventory(
    files: &dyn Files,
    sources: &[InventorySource],
    playbook_folder: Option<&Path>,
    constructing: Option<Constructing<'_>>,
    reading: &Reading,
) -> Result<(Inventory, Diagnostics), Diagnostics> {
    let mut reader = InventoryReader {
        files,
        constructing,
        reading: reading.clone(),
        inventory: Inventory::new(),
        folders: Vec::new(),
        is_any_read: false,
        diagnostics: Diagnostics::new(),
    };
    for source in sources {
        let folder = reader.source(source);
        let new = folder.filter(|f| !reader.folders.contains(f));
        reader.folders.extend(new);
        if reading.group_names == GroupNames::Replaced && reader.inventory.replace_group_names() {
            let found = "Invalid characters were found in group names and automatically replaced";
            let words = format!("{found}, use -vvvv to see details");
            reader.diagnostics.push(Diagnostic::warning(REPLACED, words));
        }
    }
    if reading.unreadable == Unreadable::LeftOut && !reader.is_any_read {
        let words = "No inventory was parsed, only implicit localhost is available";
        reader.diagnostics.push(Diagnostic::warning(NOTHING_READ, words));
    }
    reader.inventory.settle();
    reader.same_names();
    let folders = std::mem::take(&mut reader.folders);
    for folder in &folders {
        reader.vars_folders(folder, vars_folder::INVENTORY);
    }
    if let Some(folder) = playbook_folder.filter(|f| !folders.iter().any(|known| same_folder(known, f))) {
        reader.vars_folders(folder, vars_folder::PLAYBOOK);
    }
    reader.diagnostics.into_result(reader.inventory)
}

/// Where the `group_vars` and `host_vars` of these sources may be.
pub fn vars_folders(files: &dyn Files, sources: &[InventorySource]) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for source in sources {
        let path = Path::new(&source.text);
        let folder = match (files.is_folder(path), files.is_file(path)) {
            (true, _) => path.to_owned(),
            (false, true) => path.parent().unwrap_or(Path::new("")).to_owned(),
            (false, false) => continue,
        };
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}

/// Reads what stands beside inventories and the playbook for groups and hosts that a run has brought. Gives what was odd.
pub fn vars_of_new(
    files: &dyn Files,
    (folders, playbook): (&[PathBuf], &Path),
    inventory: &mut Inventory,
    (groups, hosts): (&[Arc<str>], &[HostName]),
) -> Diagnostics {
    let mut reader = InventoryReader {
        files,
        constructing: None,
        reading: Reading { unreadable: Unreadable::LeftOut, ..Reading::default() },
        inventory: std::mem::take(inventory),
        folders: Vec::new(),
        is_any_read: true,
        diagnostics: Diagnostics::new(),
    };
    for folder in folders {
        reader.vars_named(folder, vars_folder::INVENTORY, groups, hosts.iter());
    }
    if !folders.iter().any(|known| same_folder(known, playbook)) {
        reader.vars_named(playbook, vars_folder::PLAYBOOK, groups, hosts.iter());
    }
    *inventory = reader.inventory;
    reader.diagnostics.extend(std::mem::take(&mut inventory.unread));
    reader.diagnostics
}

/// What has been read so far.
struct InventoryReader<'a> {
    files: &'a dyn Files,
    constructing: Option<Constructing<'a>>,
    reading: Reading,
    inventory: Inventory,
    /// Where `group_vars` of the sources so far may be.
    folders: Vec<PathBuf>,
    is_any_read: bool,
    diagnostics: Diagnostics,
}

impl InventoryReader<'_> {
    /// Reads one source; gives the folder where its `group_vars` may be.
    fn source(&mut self, source: &InventorySource) -> Option<PathBuf> {
        let path = Path::new(&source.text);
        if path == Path::new("/dev/null") {
            // Nobody, and on purpose.
            self.is_any_read = true;
            return None;
        }
        if self.files.is_folder(path) {
            self.folder(path);
            return Some(path.to_owned());
        }
        if !self.files.is_file(path) && source.text.contains(',') {
            self.guarded(path, |reader| reader.list(source));
            return None;
        }
        if !self.files.is_file(path) {
            let problem = match self.reading.unreadable {
                Unreadable::Refused => self.no_such_inventory(source),
                Unreadable::LeftOut => left_out(path),
            };
            self.diagnostics.push(problem);
            return None;
        }
        self.file(path, Some(&source.span));
        Some(path.parent().unwrap_or(Path::new("")).to_owned())
    }

    fn no_such_inventory(&self, source: &InventorySource) -> Diagnostic {
        let path = Path::new(&source.text);
        let siblings = match path.parent() {
            Some(folder) if folder != Path::new("") => self.files.list(folder),
            _ => self.files.list(Path::new(".")),
        };
        let names: Vec<String> = siblings
            .unwrap_or_default()
            .iter()
            .map(|p| p.strip_prefix(".").unwrap_or(p).to_string_lossy().into_owned())
            .collect();
        let error =
            Diagnostic::error("no-such-inventory", format!("there is no inventory `{}`", source.text))
                .at(&source.span)
                .suggest(&source.text, names.iter().map(String::as_str));
        if source.text.contains('/') {
            return error;
        }
        error.help(format!("hosts without a file are given with a comma: `-i {},`", source.text))
    }

    /// `n1,n2,`
    fn list(&mut self, source: &InventorySource) -> Option<&'static str> {
        let plugin = ["host_list", "advanced_host_list"].into_iter().find(|name| self.reading.takes(name))?;
        let mut start = 0;
        for piece in source.text.split_inclusive(',') {
            let name = piece.trim_end_matches(',').trim();
            let at = start + piece.len() - piece.trim_start().len();
            start += piece.len();
            if !name.is_empty() {
                let span = source.span.part(at..at + name.len());
                // Ansible's plugin for lists takes what looks like a range as a name.
                let as_it_is = plugin == "host_list" && self.reading.unreadable == Unreadable::LeftOut;
                if as_it_is && name.contains('[') {
                    self.inventory.add_host_to_group("ungrouped", name, &span);
                } else {
                    self.hosts(name, &span, "ungrouped");
                }
            }
        }
        Some(plugin)
    }

    fn folder(&mut self, folder: &Path) {
        let entries = match self.files.list(folder) {
            Ok(entries) => entries,
            Err(error) => {
                let message = format!("the folder {} cannot be listed: {error}", shown(folder));
                return self.diagnostics.push(Diagnostic::error("unreadable", message));
            }
        };
        for entry in entries {
            let name = entry.file_name().unwrap_or_default().to_string_lossy();
            let ending = entry.extension().unwrap_or_default().to_string_lossy();
            if name.starts_with('.') || name.ends_with('~') || IGNORED.contains(&ending.as_ref()) {
                continue;
            }
            if !self.files.is_folder(&entry) {
                self.file(&entry, None);
            } else if !FOLDERS.contains(&name.as_ref()) {
                self.folder(&entry);
            }
        }
    }

    fn file(&mut self, path: &Path, wanted: Option<&Span>) {
        self.guarded(path, |reader| reader.parse(path, wanted));
    }

    /// Reads a source, which gives who reads it. Of one that cannot be read nothing is left, when such sources are left out.
    fn guarded(&mut self, path: &Path, read: impl FnOnce(&mut Self) -> Option<&'static str>) {
        if self.reading.unreadable == Unreadable::Refused {
            read(self);
            self.is_any_read = true;
            return;
        }
        let (before, told) = (self.inventory.clone(), std::mem::take(&mut self.diagnostics));
        let plugin = read(self);
        let found = std::mem::replace(&mut self.diagnostics, told);
        let Some(plugin) = plugin else { return self.diagnostics.push(left_out(path)) };
        if !found.has_errors() {
            self.is_any_read = true;
            return self.diagnostics.extend(found);
        }
        self.inventory = before;
        for mut problem in found.into_iter().filter(|found| found.severity == Severity::Error) {
            problem.severity = Severity::Warning;
            problem.message =
                format!("Failed to parse inventory with '{plugin}' plugin: {}", problem.message);
            self.diagnostics.push(problem);
        }
        self.diagnostics.push(left_out(path));
    }

    /// Reads a file as what it is, and gives the name that Ansible has for that; nothing when such files are not read.
    fn parse(&mut self, path: &Path, wanted: Option<&Span>) -> Option<&'static str> {
        let Some(source) = self.diagnostics.keep(text::read(self.files, path, "an inventory", wanted)) else {
            return Some("auto");
        };
        let plugin = self.plugin(path, source.text());
        let computed =
            plugin == "yaml" && ["auto", "constructed"].iter().any(|name| self.reading.takes(name));
        if !computed && !self.reading.takes(plugin) {
            return None;
        }
        if self.files.is_executable(path) {
            self.script(path, &source);
        } else if plugin == "script" {
            let first = source.text().lines().next().unwrap_or("").len();
            let script =
                Diagnostic::error("inventory-script", format!("{} may not be executed", shown(path)))
                    .at(&Span::new(&source, 0, first))
                    .help(format!(
                        "an inventory that is a program needs the right to be one: `chmod +x {}`",
                        shown(path)
                    ));
            self.diagnostics.push(script);
        } else if plugin == "toml" {
            let toml = format!("{} is TOML, and inventories are INI or YAML", shown(path));
            self.diagnostics.push(Diagnostic::error("inventory-toml", toml));
        } else if plugin == "yaml" {
            self.yaml_file(&source);
        } else {
            self.ini_file(&source);
        }
        Some(plugin)
    }

    /// What Ansible calls the kind of a file.
    fn plugin(&self, path: &Path, text: &str) -> &'static str {
        match path.extension().and_then(|ending| ending.to_str()) {
            _ if self.files.is_executable(path) || text.starts_with("#!") => "script",
            Some("toml") => "toml",
            Some("yml" | "yaml" | "json") => "yaml",
            None if looks_like_yaml(text) => "yaml",
            _ => "ini",
        }
    }

    /// Names that are a host's and a group's are asking for trouble.
    fn same_names(&mut self) {
        for (name, host) in &self.inventory.hosts {
            if let Some(group) = self.inventory.groups.get(name.as_str()) {
                self.diagnostics.push(
                    Diagnostic::warning("same-name", format!("`{name}` is a host and a group"))
                        .at(&host.span)
                        .label("the host")
                        .related(&group.span, "the group")
                        .help("a pattern with this name means the group"),
                );
            }
        }
    }
}

fn left_out(path: &Path) -> Diagnostic {
    let shown = InventorySource::argument(&path.to_string_lossy()).shown();
    Diagnostic::warning(UNREAD, format!("Unable to parse {shown} as an inventory source"))
}

/// Whether two paths, as they are written, mean one folder.
fn same_folder(a: &Path, b: &Path) -> bool {
    let names = |path: &Path| {
        path.components()
            .filter(|c| *c != Component::CurDir)
            .map(|c| c.as_os_str().to_owned())
            .collect::<Vec<_>>()
    };
    names(a) == names(b)
}

/// A file without an ending is YAML when its first words are `---` or a key alone.
fn looks_like_yaml(text: &str) -> bool {
    let first = text.lines().map(str::trim).find(|l| !l.is_empty() && !l.starts_with('#'));
    first.is_some_and(|l| l == "---" || (l.ends_with(':') && !l.contains(['=', '['])))
}

#[cfg(test)]
mod tests;
