//! The context of a build: what lies in a folder of the controller, as a tar archive that is made while it is sent.

use std::fs::Metadata;
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::ignore::Ignored;
use crate::load::Files;

/// What is sent to a builder.
#[derive(Debug)]
pub(super) enum Context {
    /// An archive that is there, as it is.
    Archive(PathBuf),
    /// A folder.
    Folder {
        /// Where it is.
        path: PathBuf,
        /// The file that says what is built, below it.
        dockerfile: PathBuf,
        /// What `.dockerignore` names.
        ignored: Ignored,
    },
}

impl Context {
    /// The context at a path.
    pub(super) fn new(path: &Path, dockerfile: &str, files: &dyn Files) -> Result<Self, String> {
        let path = path.to_path_buf();
        if !files.is_folder(&path) {
            return Ok(Self::Archive(path));
        }
        if !files.is_file(&path.join(dockerfile)) {
            return Err(format!("there is no `{dockerfile}` in {}", path.display()));
        }
        let list = path.join(".dockerignore");
        let ignored = if files.is_file(&list) {
            let text =
                files.read_text(&list).map_err(|error| format!("cannot read {}: {error}", list.display()))?;
            Ignored::parse(&text).map_err(|error| format!("{}: {error}", list.display()))?
        } else {
            Ignored::default()
        };
        Ok(Self::Folder { path, dockerfile: dockerfile.into(), ignored })
    }

    /// Writes the archive.
    pub(super) fn write(&self, files: &dyn Files, to: &mut dyn Write) -> Result<(), String> {
        match self {
            Self::Archive(path) => copy(path, files, to),
            Self::Folder { path, dockerfile, ignored } => pack(path, dockerfile, ignored, files, to),
        }
    }
}

/// Writes a file as it is.
pub(super) fn copy(path: &Path, files: &dyn Files, to: &mut dyn Write) -> Result<(), String> {
    let copied = files.stream(path).and_then(|(mut file, _)| io::copy(&mut file, to));
    copied.map(|_| ()).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// Writes the archive of a folder, without what is ignored.
fn pack(
    path: &Path,
    dockerfile: &Path,
    ignored: &Ignored,
    files: &dyn Files,
    to: &mut dyn Write,
) -> Result<(), String> {
    let failed = |path: &Path, error: &io::Error| format!("cannot read {}: {error}", path.display());
    let mut archive = tar::Builder::new(to);
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let inside = files.list(&path.join(&folder)).map_err(|error| failed(&path.join(&folder), &error))?;
        for entry in inside {
            let below = folder.join(entry.file_name().unwrap_or_default());
            // The engine needs both, whoever names them.
            let is_needed = below == dockerfile || below == Path::new(".dockerignore");
            let is_ignored = !is_needed && ignored.matches(&below.to_string_lossy());
            let metadata = entry.symlink_metadata().ok();
            let is_link = metadata.as_ref().is_some_and(Metadata::is_symlink);
            let is_folder = !is_link && files.is_folder(&entry);
            if is_folder {
                // Something below it may be an exception.
                folders.push(below.clone());
            }
            if !is_ignored {
                add(&mut archive, &entry, &below, metadata.as_ref(), files)
                    .map_err(|e| failed(&entry, &e))?;
            }
        }
    }
    archive.finish().map_err(|error| failed(path, &error))
}

/// Adds a file, a folder or a link: root's, as in `docker build`.
fn add(
    archive: &mut tar::Builder<impl Write>,
    entry: &Path,
    below: &Path,
    metadata: Option<&Metadata>,
    files: &dyn Files,
) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_mtime(metadata.map_or(0, |metadata| u64::try_from(metadata.mtime()).unwrap_or(0)));
    header.set_mode(metadata.map_or(0o644, |metadata| metadata.permissions().mode() & 0o7777));
    header.set_size(0);
    if metadata.is_some_and(Metadata::is_symlink) {
        header.set_entry_type(tar::EntryType::Symlink);
        return archive.append_link(&mut header, below, std::fs::read_link(entry)?);
    }
    if files.is_folder(entry) {
        header.set_entry_type(tar::EntryType::Directory);
        return archive.append_data(&mut header, below, io::empty());
    }
    // Sockets and pipes are nothing that can be sent.
    if metadata.is_some_and(|metadata| !metadata.is_file()) {
        return Ok(());
    }
    let (content, size) = files.stream(entry)?;
    header.set_entry_type(tar::EntryType::Regular);
    header.set_size(size);
    archive.append_data(&mut header, below, Exactly { content, left: size })
}

/// As many bytes as a header has promised, also of a file that grows while it is read.
struct Exactly<R> {
    content: R,
    left: u64,
}

impl<R: Read> Read for Exactly<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            // Whoever looks on learns that this was all.
            self.content.read(&mut [0])?;
            return Ok(0);
        }
        let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(into.len());
        let count = self.content.read(&mut into[..room])?;
        if count == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it became shorter while it was read"));
        }
        self.left -= count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::load::DiskFiles;

    fn archive(path: &Path, dockerfile: &str, files: &dyn Files) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        Context::new(path, dockerfile, files)?.write(files, &mut bytes)?;
        Ok(bytes)
    }

    fn names(archive: &[u8]) -> Vec<String> {
        let mut archive = tar::Archive::new(archive);
        let name = |entry: io::Result<tar::Entry<'_, &[u8]>>| {
            let entry = entry.unwrap();
            let path = entry.path().unwrap().display().to_string();
            match entry.link_name().unwrap() {
                Some(target) => format!("{path} -> {}", target.display()),
                None => format!("{path} {:o} {}", entry.header().mode().unwrap(), entry.size()),
            }
        };
        let mut names: Vec<String> = archive.entries().unwrap().map(name).collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_sent() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        };
        put("docker/Dockerfile", "FROM scratch\n");
        put(".dockerignore", "*\n!src/**/*.c\n");
        put("src/a.c", "int a;\n");
        put("src/deep/b.c", "int b;\n");
        put("src/b.o", "…");
        put("notes", "…");
        let sent = |dockerfile: &str| {
            let sent = archive(folder.path(), dockerfile, &DiskFiles);
            sent.map(|sent| names(&sent)).map_err(|error| error.replace(folder.path().to_str().unwrap(), "F"))
        };
        let kept =
            [".dockerignore 644 14", "docker/Dockerfile 644 13", "src/a.c 644 7", "src/deep/b.c 644 7"];
        assert_eq!(sent("docker/Dockerfile").unwrap(), kept);
        fs::remove_file(folder.path().join(".dockerignore")).unwrap();
        std::os::unix::fs::symlink("a.c", folder.path().join("src/link.c")).unwrap();
        assert!(sent("docker/Dockerfile").unwrap().contains(&"src/link.c -> a.c".to_owned()));
        assert_eq!(sent("Dockerfile").unwrap_err(), "there is no `Dockerfile` in F");
        fs::write(folder.path().join("x.tar"), "as it is").unwrap();
        assert_eq!(archive(&folder.path().join("x.tar"), "any", &DiskFiles).unwrap(), b"as it is");
    }
    #[test]
    fn a_file_has_the_size_that_was_promised() {
        let read = |content: &[u8], left| {
            let mut bytes = Vec::new();
            Exactly { content, left }
                .read_to_end(&mut bytes)
                .map(|_| bytes)
                .map_err(|error| error.to_string())
        };
        assert_eq!(read(b"1234", 4).unwrap(), b"1234");
        assert_eq!(read(b"123456", 4).unwrap(), b"1234");
        assert_eq!(read(b"12", 4).unwrap_err(), "it became shorter while it was read");
    }
}
