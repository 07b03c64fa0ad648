//! The files that `benchbook vault` reads and writes: only their owner can read them, and they are whole at every moment.

use std::fmt;
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::base::{Diagnostic, Source, Span};
use crate::cli::terminal::Terminal;

/// A file, or standard input and output.
pub(super) enum Target {
    Standard,
    File(PathBuf),
}

impl Target {
    pub(super) fn of(path: &Path) -> Self {
        if path == Path::new("-") { Self::Standard } else { Self::File(path.to_owned()) }
    }

    pub(super) fn read(&self) -> Result<Vec<u8>, Diagnostic> {
        let read = match self {
            Self::Standard => {
                let mut bytes = Vec::new();
                io::stdin().read_to_end(&mut bytes).map(|_| bytes)
            }
            Self::File(path) => std::fs::read(path),
        };
        read.map_err(|error| Diagnostic::error("unreadable", format!("{self} cannot be read: {error}")))
    }

    /// Puts these bytes in the place of what is there. A file can be read by its owner only, and is never half written.
    pub(super) fn write(&self, bytes: &[u8], terminal: &Terminal) -> Result<(), Diagnostic> {
        let written = match self {
            Self::Standard => terminal.data(bytes),
            Self::File(path) => replace(path, bytes),
        };
        written.map_err(|error| Diagnostic::error("unwritable", format!("{self} cannot be written: {error}")))
    }

    /// A diagnostic at the line that says what a vault is.
    pub(super) fn at_first_line(&self, text: &str, diagnostic: Diagnostic) -> Diagnostic {
        let first = Source::new(self.to_string(), text.lines().next().unwrap_or_default());
        diagnostic.at(&Span::new(&first, 0, first.text().len()))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Standard => f.write_str("<standard input>"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link stays one.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    // A temporary file has the mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    if let Ok(there) = path.metadata()
        && rustix::process::geteuid().is_root()
    {
        std::os::unix::fs::chown(file.path(), Some(there.uid()), Some(there.gid()))?;
    }
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Opens bytes in the user's editor and gives what was saved. The temporary file is removed, whatever happens.
pub(super) fn edit(path: &Path, bytes: &[u8]) -> Result<Vec<u8>, Diagnostic> {
    let failed = |why: String| Diagnostic::error("editor", why);
    let variable = |name: &str| std::env::var(name).ok().filter(|words| !words.trim().is_empty());
    let editor = variable("VISUAL").or_else(|| variable("EDITOR")).unwrap_or_else(|| "vi".to_owned());
    // Editors know by the ending how to colour it.
    let ending = path.extension().map(|ending| format!(".{}", ending.to_string_lossy())).unwrap_or_default();
    let plain = || -> io::Result<_> {
        let folder = tempfile::Builder::new().prefix("benchbook-vault-").tempdir()?;
        let file = folder.path().join(format!("plain{ending}"));
        std::fs::write(&file, bytes)?;
        Ok((folder, file))
    };
    let (folder, file) =
        plain().map_err(|error| failed(format!("no temporary file can be made: {error}")))?;
    // `EDITOR` may have words of its own: the shell splits them.
    let status = Command::new("sh").args(["-c", &format!("{editor} \"$1\""), "sh"]).arg(&file).status();
    let status = status.map_err(|error| failed(format!("`{editor}` cannot be started: {error}")))?;
    if !status.success() {
        return Err(failed(format!("`{editor}` ended with {status}, so nothing was changed")));
    }
    let saved = std::fs::read(&file).map_err(|error| failed(format!("nothing was saved: {error}")))?;
    drop(folder);
    Ok(saved)
}
