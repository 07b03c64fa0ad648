//! The tasks of files, played or not: each by itself, whatever is wrong with others beside it.
//!
//! A folder is searched for playbooks (a list with `hosts` or `import_playbook`) and for files below `tasks` and `handlers`; what
//! lies in `files` and `templates` is sent to hosts and left out.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Files, Loader};
use crate::base::{Diagnostics, Span};
use crate::model::{Item, Task};
use crate::syntax::Node;

/// One task of a list.
#[derive(Clone, Debug)]
pub struct Single {
    /// Nothing where it cannot be read.
    pub task: Option<Arc<Task>>,
    /// Where it stands.
    pub place: Span,
    /// What is wrong with how it is written.
    pub problems: Diagnostics,
}

/// Lists of tasks of a play, and of a block.
const SECTIONS: [&str; 7] = ["pre_tasks", "tasks", "post_tasks", "handlers", "block", "rescue", "always"];

/// Folders with tasks.
const FOLDERS: [&str; 2] = ["tasks", "handlers"];

/// Folders whose files are sent to hosts, and say nothing of tasks even if they look so.
const SENT: [&str; 2] = ["files", "templates"];

impl Loader {
    /// The tasks of a file, or of all files below a folder, file by file. What cannot be read at all goes to `problems`.
    pub fn listing(&self, path: &Path, problems: &mut Diagnostics) -> Vec<Vec<Single>> {
        let is_folder = self.files().is_folder(path);
        let paths = if is_folder { files_below(&**self.files(), path) } else { vec![path.to_path_buf()] };
        paths.iter().map(|path| self.listed(path, !is_folder, problems)).collect()
    }

    fn listed(&self, path: &Path, is_asked_for: bool, problems: &mut Diagnostics) -> Vec<Single> {
        let node = self.document(path, problems);
        let entries = node.as_ref().and_then(Node::as_sequence).unwrap_or_default();
        let is_play = |entry: &Node| entry.get("hosts").is_some() || entry.get("import_playbook").is_some();
        let is_of_tasks = path.iter().any(|part| FOLDERS.iter().any(|folder| part == *folder));
        if entries.iter().any(is_play) {
            entries.iter().flat_map(|play| self.of_sections(play)).collect()
        } else if is_of_tasks || is_asked_for {
            entries.iter().flat_map(|task| self.singles(task)).collect()
        } else {
            Vec::new()
        }
    }

    fn of_sections(&self, node: &Node) -> Vec<Single> {
        let lists = SECTIONS.iter().filter_map(|section| node.get(section)?.as_sequence());
        lists.flatten().flat_map(|task| self.singles(task)).collect()
    }

    fn singles(&self, node: &Node) -> Vec<Single> {
        if node.get("block").is_some() {
            return self.of_sections(node);
        }
        let mut problems = Diagnostics::new();
        let task = match self.decoder().items(&Node::sequence_of(node), &mut problems).pop() {
            Some(Item::Task(task)) => Some(task),
            _ => None,
        };
        let place = task.as_ref().map_or(&node.span, |task| &task.call.name.span).clone();
        vec![Single { task, place, problems }]
    }
}

/// YAML files of a folder and of all below it, but for hidden ones and what is sent to hosts.
fn files_below(files: &dyn Files, folder: &Path) -> Vec<PathBuf> {
    let is_hidden =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let is_sent = |path: &Path| SENT.iter().any(|folder| path.ends_with(folder));
    let is_yaml = |path: &PathBuf| path.extension().is_some_and(|end| end == "yml" || end == "yaml");
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for path in files.list(&folder).unwrap_or_default().into_iter().filter(|path| !is_hidden(path)) {
            if files.is_folder(&path) {
                if !is_sent(&path) {
                    folders.push(path);
                }
            } else if is_yaml(&path) {
                found.push(path);
            }
        }
    }
    found.sort_unstable();
    found
}
