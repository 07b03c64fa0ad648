//! The context of a build: what lies in a folder of the controller, as a tar archive.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::ignore::Ignored;
use crate::load::Files;

/// The archive of a folder, without what its `.dockerignore` names; or an archive that is there, as it is.
pub(super) fn archive(path: &Path, dockerfile: &str, files: &dyn Files) -> Result<Vec<u8>, String> {
    let failed = |path: &Path, error: &io::Error| format!("cannot read {}: {error}", path.display());
    if !files.is_folder(path) {
        return files.read(path).map_err(|error| failed(path, &error));
    }
    if !files.is_file(&path.join(dockerfile)) {
        return Err(format!("there is no `{dockerfile}` in {}", path.display()));
    }
    let list = path.join(".dockerignore");
    let ignored = if files.is_file(&list) {
        let text = files.read_text(&list).map_err(|error| failed(&list, &error))?;
        Ignored::parse(&text).map_err(|error| format!("{}: {error}", list.display()))?
    } else {
        Ignored::default()
    };
    let mut archive = tar::Builder::new(Vec::new());
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let inside = files.list(&path.join(&folder)).map_err(|error| failed(&path.join(&folder), &error))?;
        for entry in inside {
            let below = folder.join(entry.file_name().unwrap_or_default());
            // The engine needs both, whoever names them.
            let is_needed = below == Path::new(dockerfile) || below == Path::new(".dockerignore");
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
    archive.into_inner().map_err(|error| failed(path, &error))
}

/// Adds a file, a folder or a link: root's, as in `docker build`.
fn add(
    archive: &mut tar::Builder<Vec<u8>>,
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
    let content = files.read(entry)?;
    header.set_entry_type(tar::EntryType::Regular);
    header.set_size(content.len() as u64);
    archive.append_data(&mut header, below, &content[..])
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::load::DiskFiles;

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
}
