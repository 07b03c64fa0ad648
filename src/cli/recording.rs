//! Files that remember what was read, for `lock.json`.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::{Arc, Mutex, PoisonError};

use crate::base::Timestamp;
use crate::load::{DiskFiles, Files, Vault};
use crate::store::{Digester, Provenance, digest};

/// The file system, and digests of what was read from it.
#[derive(Debug, Default)]
pub(super) struct RecordingFiles {
    read: Arc<Mutex<BTreeMap<PathBuf, String>>>,
    /// Files that are words of the command line.
    given: BTreeMap<PathBuf, String>,
    vault: Vault,
}

/// A file that is read piece by piece. What was read to its end is noted.
struct Recorded {
    file: Box<dyn io::Read + Send>,
    path: PathBuf,
    digest: Digester,
    read: Arc<Mutex<BTreeMap<PathBuf, String>>>,
}

impl io::Read for Recorded {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(into)?;
        self.digest.add(&into[..count]);
        if count == 0 && !into.is_empty() {
            let digest = self.digest.so_far();
            self.read.lock().unwrap_or_else(PoisonError::into_inner).insert(self.path.clone(), digest);
        }
        Ok(count)
    }
}

impl RecordingFiles {
    /// With the passwords of vaults.
    pub(super) fn new(vault: Vault) -> Self {
        Self { vault, ..Self::default() }
    }

    /// With a file that is a word of the command line.
    pub(super) fn with(mut self, path: &Path, text: String) -> Self {
        self.given.insert(path.to_owned(), text);
        self
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
        if let Some(text) = self.given.get(path) {
            return Ok(text.clone().into_bytes());
        }
        let bytes = DiskFiles.read(path)?;
        self.read.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_path_buf(), digest(&bytes));
        Ok(bytes)
    }

    fn stream(&self, path: &Path) -> io::Result<(Box<dyn io::Read + Send>, u64)> {
        let (file, size) = DiskFiles.stream(path)?;
        let (path, read) = (path.to_path_buf(), Arc::clone(&self.read));
        Ok((Box::new(Recorded { file, path, digest: Digester::default(), read }), size))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        DiskFiles.list(folder)
    }

    fn is_file(&self, path: &Path) -> bool {
        self.given.contains_key(path) || DiskFiles.is_file(path)
    }

    fn is_folder(&self, path: &Path) -> bool {
        DiskFiles.is_folder(path)
    }

    fn is_executable(&self, path: &Path) -> bool {
        DiskFiles.is_executable(path)
    }

    fn origin(&self, path: &Path) -> Option<(String, Timestamp)> {
        DiskFiles.origin(path)
    }

    fn execute(&self, program: &Path, arguments: &[&str]) -> io::Result<Output> {
        DiskFiles.execute(program, arguments)
    }

    fn vault(&self) -> &Vault {
        &self.vault
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_file_that_is_read_in_pieces_has_the_same_digest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large");
        std::fs::write(&path, vec![7; 300_000]).unwrap();
        let noted = |files: &RecordingFiles| {
            let mut provenance = Provenance::new();
            files.note(&mut provenance);
            provenance.files
        };
        let (whole, pieces) = (RecordingFiles::default(), RecordingFiles::default());
        whole.read(&path).unwrap();
        let (mut reader, size) = pieces.stream(&path).unwrap();
        assert_eq!((size, noted(&pieces).len()), (300_000, 0));
        reader.read_to_end(&mut Vec::new()).unwrap();
        assert_eq!(noted(&pieces), noted(&whole));
    }
}
