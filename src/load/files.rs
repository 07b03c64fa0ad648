//! The door to the user's files. Everything behind it is pure and can be tested from memory.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use super::vault::{self, Vault};
use crate::base::Timestamp;

/// What a file holds.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    /// Its bytes, decrypted if they are a vault's.
    pub bytes: Vec<u8>,
    /// Whether it is encrypted, so that nobody may see it.
    pub secret: bool,
}

impl Content {
    /// The bytes as text, which must be UTF-8.
    pub fn text(self) -> io::Result<String> {
        String::from_utf8(self.bytes)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not UTF-8 text"))
    }
}

/// Reads files and lists folders.
pub trait Files: Send + Sync {
    /// The bytes of a file as they lie there.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// The same for a file that may be larger than memory: its bytes as they are wanted, and how many there are.
    fn stream(&self, path: &Path) -> io::Result<(Box<dyn io::Read + Send>, u64)>;
    /// The entries of a folder, sorted by name, as full paths.
    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>>;
    /// Whether there is a file.
    fn is_file(&self, path: &Path) -> bool;
    /// Whether there is a folder.
    fn is_folder(&self, path: &Path) -> bool;
    /// Whether a file may be executed (an inventory script).
    fn is_executable(&self, path: &Path) -> bool;

    /// Who owns a file, by name where /etc/passwd has one, and when it was changed; nothing where that means nothing.
    fn origin(&self, path: &Path) -> Option<(String, Timestamp)> {
        let _ = path;
        None
    }

    /// Whether everybody may write to a folder: what lies there may be anybody's.
    fn is_for_everybody(&self, folder: &Path) -> bool {
        let _ = folder;
        false
    }

    /// Executes a file (an inventory script) and gives what it said. Only the disk can.
    fn execute(&self, _program: &Path, _arguments: &[&str]) -> io::Result<Output> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// The user's passwords.
    fn vault(&self) -> &Vault {
        static NONE: LazyLock<Vault> = LazyLock::new(Vault::default);
        &NONE
    }

    /// What a file holds, decrypted if it is a vault.
    fn open(&self, path: &Path) -> io::Result<Content> {
        let bytes = self.read(path)?;
        if !vault::is_encrypted(&bytes) {
            return Ok(Content { bytes, secret: false });
        }
        let text = String::from_utf8_lossy(&bytes);
        Ok(Content { bytes: self.vault().open(&text)?, secret: true })
    }

    /// The text of a file, decrypted if it is a vault, which must be UTF-8.
    fn read_text(&self, path: &Path) -> io::Result<String> {
        self.open(path)?.text()
    }
}

/// The file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct DiskFiles;

impl Files for DiskFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn stream(&self, path: &Path) -> io::Result<(Box<dyn io::Read + Send>, u64)> {
        let file = std::fs::File::open(path)?;
        let size = file.metadata()?.len();
        Ok((Box::new(file), size))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let mut entries: Vec<_> =
            std::fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<io::Result<_>>()?;
        entries.sort();
        Ok(entries)
    }

    fn is_file(&self, path: &Path) -> bool {
        // `/dev/null` and `<(…)` of a shell are read like files.
        std::fs::metadata(path).is_ok_and(|found| !found.is_dir())
    }

    fn is_for_everybody(&self, folder: &Path) -> bool {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(folder).is_ok_and(|m| m.permissions().mode() & 0o002 != 0)
    }

    fn is_folder(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn is_executable(&self, path: &Path) -> bool {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
    }

    fn origin(&self, path: &Path) -> Option<(String, Timestamp)> {
        use std::os::unix::fs::MetadataExt;
        let found = std::fs::metadata(path).ok()?;
        let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let (uid, mut lines) = (found.uid().to_string(), accounts.lines());
        let named = lines.find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(1)? == uid).then(|| name.to_owned())
        });
        let modified = found.mtime().saturating_mul(1_000_000_000).saturating_add(found.mtime_nsec());
        Some((named.unwrap_or(uid), Timestamp(modified)))
    }

    fn execute(&self, program: &Path, arguments: &[&str]) -> io::Result<Output> {
        // A name without a folder would be looked for along PATH.
        Command::new(Path::new(".").join(program)).args(arguments).stdin(Stdio::null()).output()
    }
}

/// Files that exist only in memory, for tests and fuzzing.
#[derive(Clone, Debug, Default)]
pub struct MemoryFiles(BTreeMap<PathBuf, Vec<u8>>);

impl MemoryFiles {
    /// These paths with these texts.
    pub fn new<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(files.into_iter().map(|(p, t)| (PathBuf::from(p), t.as_bytes().to_vec())).collect())
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.0.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn stream(&self, path: &Path) -> io::Result<(Box<dyn io::Read + Send>, u64)> {
        let bytes = self.read(path)?;
        let size = bytes.len() as u64;
        Ok((Box::new(io::Cursor::new(bytes)), size))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        // The working directory, which these paths start from.
        let folder = if folder == Path::new(".") { Path::new("") } else { folder };
        if !self.is_folder(folder) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let mut entries: Vec<PathBuf> = self
            .0
            .keys()
            .filter_map(|p| p.strip_prefix(folder).ok()?.components().next().map(|c| folder.join(c)))
            .collect();
        entries.dedup();
        Ok(entries)
    }

    fn is_file(&self, path: &Path) -> bool {
        self.0.contains_key(path)
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.0.keys().any(|p| p.starts_with(path) && p != path)
    }

    fn is_executable(&self, _: &Path) -> bool {
        false
    }
}
