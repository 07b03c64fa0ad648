//! Files that remember what was read, for `lock.json`.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::load::{DiskFiles, Files, Vault};
use crate::store::{Provenance, digest};

/// The file system, and digests of what was read from it.
#[derive(Debug, Default)]
pub(super) struct RecordingFiles {
    read: Mutex<BTreeMap<PathBuf, String>>,
    vault: Vault,
}

impl RecordingFiles {
    /// With the passwords of vaults.
    pub(super) fn new(vault: Vault) -> Self {
        Self { vault, ..Self::default() }
    }

    /// How many files were read so far.
    pub(super) fn count(&self) -> usize {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Notes every file that was read so far.
    pub(super) fn note(&self, provenance: &mut Provenance) {
        for (path, digest) in &*self.read.lock().unwrap_or_else(PoisonError::into_inner) {
            provenance.files.insert(path.to_string_lossy().into_owned(), digest.clone());
        }
    }
}

impl Files for RecordingFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let bytes = DiskFiles.read(path)?;
        self.read.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_path_buf(), digest(&bytes));
        Ok(bytes)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        DiskFiles.list(folder)
    }

    fn is_file(&self, path: &Path) -> bool {
        DiskFiles.is_file(path)
    }

    fn is_folder(&self, path: &Path) -> bool {
        DiskFiles.is_folder(path)
    }

    fn is_executable(&self, path: &Path) -> bool {
        DiskFiles.is_executable(path)
    }

    fn vault(&self) -> &Vault {
        &self.vault
    }
}
