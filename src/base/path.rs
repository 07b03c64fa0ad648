//! Paths as texts: nothing is looked up.

use std::path::{Component, Path, PathBuf};

/// Without `.`, `..` and doubled slashes, as far as the text goes.
pub fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir if normal.file_name().is_some() => drop(normal.pop()),
            part => normal.push(part),
        }
    }
    normal
}
