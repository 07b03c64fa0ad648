//! Where the files of a machine are that tell what it is: `/`, or a folder with those of another one.

use std::path::{Path, PathBuf};

/// The folder that is the machine's `/`. Paths below it have no slash in front.
pub struct Root(pub PathBuf);

impl Root {
    /// Of this machine.
    pub fn own() -> Self {
        Self(PathBuf::from("/"))
    }

    /// Where a file of the machine is.
    pub fn path(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    /// See [`super::read`].
    pub fn text(&self, path: &str) -> Option<String> {
        super::read(self.path(path))
    }

    /// The number that a small file holds.
    pub fn number(&self, path: &str) -> Option<u64> {
        self.text(path)?.parse().ok()
    }

    /// The names in a folder, by length and then by letters: `cpu2` before `cpu10`.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let mut names = super::names(self.path(folder));
        names.sort_by_key(String::len);
        names
    }

    /// The last part of what a link leads to.
    pub fn link_name(&self, path: &str) -> Option<String> {
        let target = std::fs::read_link(self.path(path)).ok()?;
        Some(Path::file_name(&target)?.to_string_lossy().into_owned())
    }
}
