//! Names with `*`, `?` and `[…]`, as Python's `glob` reads them.

use std::path::{Component, Path, PathBuf};

use crate::base::glob::like;
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
