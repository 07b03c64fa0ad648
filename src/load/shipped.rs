//! The roles that come with the program: found when no folder of the user's has a role of that name.
//!
//! They are ordinary roles below `roles/` of this repository. Their text is part of the program, so that a project that lies
//! elsewhere has them too; here they are files below a folder that no file system has.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;

use super::{Files, Vault};
use crate::base::Timestamp;

/// The folder in which they seem to lie.
pub const ROLES: &str = "benchbook:roles";

macro_rules! shipped {
    ($($path:literal),* $(,)?) => {
        /// Path below [`ROLES`] and text.
        const FILES: &[(&str, &str)] = &[$(($path, include_str!(concat!("../../roles/", $path)))),*];
    };
}

shipped![
    "configure_env/defaults/main.yml",
    "configure_env/meta/main.yml",
    "configure_env/tasks/main.yml",
    "preflight/defaults/main.yml",
    "preflight/meta/argument_specs.yml",
    "preflight/meta/main.yml",
    "preflight/tasks/main.yml",
    "prepare_image/defaults/main.yml",
    "prepare_image/meta/main.yml",
    "prepare_image/tasks/main.yml",
    "run_case/defaults/main.yml",
    "run_case/meta/main.yml",
    "run_case/tasks/prepare.yml",
    "run_case/tasks/run.yml",
    "start_container/defaults/main.yml",
    "start_container/meta/main.yml",
    "start_container/tasks/main.yml",
    "stop_container/defaults/main.yml",
    "stop_container/meta/main.yml",
    "stop_container/tasks/main.yml",
];

/// The user's files, and beside them the shipped ones.
pub(super) struct WithShipped(pub Arc<dyn Files>);

/// A path below the folder of shipped roles, from there on.
fn below(path: &Path) -> Option<&Path> {
    path.strip_prefix(ROLES).ok()
}

fn text(path: &Path) -> Option<&'static str> {
    FILES.iter().find(|(name, _)| Path::new(name) == path).map(|(_, text)| *text)
}

impl Files for WithShipped {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match below(path) {
            Some(own) => text(own).map(|text| text.as_bytes().to_vec()).ok_or(io::ErrorKind::NotFound.into()),
            None => self.0.read(path),
        }
    }

    fn stream(&self, path: &Path) -> io::Result<(Box<dyn io::Read + Send>, u64)> {
        match below(path) {
            Some(own) => {
                let text = text(own).ok_or(io::ErrorKind::NotFound)?;
                Ok((Box::new(text.as_bytes()), text.len() as u64))
            }
            None => self.0.stream(path),
        }
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let Some(own) = below(folder) else { return self.0.list(folder) };
        let inside = FILES.iter().filter_map(|(name, _)| Path::new(name).strip_prefix(own).ok());
        let mut entries: Vec<_> =
            inside.filter_map(|rest| rest.components().next()).map(|entry| folder.join(entry)).collect();
        entries.dedup();
        Ok(entries)
    }

    fn is_file(&self, path: &Path) -> bool {
        below(path).map_or_else(|| self.0.is_file(path), |own| text(own).is_some())
    }

    fn origin(&self, path: &Path) -> Option<(String, Timestamp)> {
        below(path).map_or_else(|| self.0.origin(path), |_| None)
    }

    fn is_folder(&self, path: &Path) -> bool {
        let holds = |own: &Path| {
            FILES.iter().any(|(name, _)| Path::new(name) != own && Path::new(name).starts_with(own))
        };
        below(path).map_or_else(|| self.0.is_folder(path), holds)
    }

    fn is_executable(&self, path: &Path) -> bool {
        below(path).is_none() && self.0.is_executable(path)
    }

    fn execute(&self, program: &Path, arguments: &[&str]) -> io::Result<Output> {
        self.0.execute(program, arguments)
    }

    fn vault(&self) -> &Vault {
        self.0.vault()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::DiskFiles;

    /// All files below a folder, as paths from `root` on.
    fn walk(folder: &Path, root: &Path, found: &mut Vec<String>) {
        for entry in DiskFiles.list(folder).unwrap() {
            if entry.is_dir() {
                walk(&entry, root, found);
            } else {
                found.push(entry.strip_prefix(root).unwrap().display().to_string());
            }
        }
    }

    #[test]
    fn the_table_holds_every_file_of_its_roles() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("roles");
        let mut roles: Vec<&str> = FILES.iter().filter_map(|(name, _)| name.split('/').next()).collect();
        roles.dedup();
        let mut found = Vec::new();
        for role in roles {
            walk(&root.join(role), &root, &mut found);
        }
        let table: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        assert_eq!(table, found);
    }

    #[test]
    fn they_are_files_in_folders() {
        let files = WithShipped(Arc::new(crate::load::MemoryFiles::default()));
        let role = Path::new(ROLES).join("start_container");
        assert!(files.is_folder(Path::new(ROLES)) && files.is_folder(&role) && !files.is_file(&role));
        assert_eq!(files.list(&role).unwrap(), ["defaults", "meta", "tasks"].map(|part| role.join(part)));
        assert!(files.read_text(&role.join("tasks/main.yml")).unwrap().contains("docker_container"));
        assert!(files.read(&role.join("tasks/other.yml")).is_err());
    }
}
