//! The agent's own program, where another user can run it.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{StatVfsMountFlags, statfs, statvfs};
use tempfile::TempDir;

use crate::wire::SHARED_FOLDERS;

const OWN: &str = "/proc/self/exe";
/// File systems on which root may be nobody: NFS and FUSE; from statfs(2).
const SQUASHING: [i64; 2] = [0x6969, 0x6573_5546];

/// The program, and the copy that is removed with this value.
pub struct Program {
    /// To be started by the other user.
    pub path: PathBuf,
    _copy: Option<TempDir>,
}

impl Program {
    /// The program itself when `user` can reach it, otherwise a copy in a folder of its own. A copy may go as soon as it runs.
    pub fn for_user(user: &str) -> io::Result<Self> {
        // A program that was replaced or removed has no path that can be opened.
        let own = fs::read_link(OWN).ok().filter(|path| path.is_file());
        match own {
            Some(path) if is_open_to_all(&path) || (user == "root" && !is_squashed(&path)) => {
                Ok(Self { path, _copy: None })
            }
            _ => Self::copy(),
        }
    }

    fn copy() -> io::Result<Self> {
        let mut problem = io::Error::other(format!("{} do not allow programs", SHARED_FOLDERS.join(", ")));
        for folder in SHARED_FOLDERS.into_iter().filter(|folder| runs_programs(folder)) {
            match Self::copy_to(folder) {
                Ok(copied) => return Ok(copied),
                Err(error) => problem = io::Error::new(error.kind(), format!("{folder}: {error}")),
            }
        }
        Err(problem)
    }

    fn copy_to(folder: &str) -> io::Result<Self> {
        let copy = tempfile::Builder::new().prefix("benchbook-").tempdir_in(folder)?;
        let path = copy.path().join("benchbook-agent");
        fs::copy(OWN, &path)?;
        // Whatever the umask is. The folder last: nobody looks into it before the program is complete.
        fs::set_permissions(&path, Permissions::from_mode(0o755))?;
        fs::set_permissions(copy.path(), Permissions::from_mode(0o755))?;
        Ok(Self { path, _copy: Some(copy) })
    }
}

/// Whether the folder's file system lets programs run.
fn runs_programs(folder: &str) -> bool {
    statvfs(folder).is_ok_and(|found| !found.f_flag.contains(StatVfsMountFlags::NOEXEC))
}

/// Whether everybody may read and run the file and pass the folders above it.
fn is_open_to_all(path: &Path) -> bool {
    let allows =
        |path: &Path, bits: u32| fs::metadata(path).is_ok_and(|m| m.permissions().mode() & bits == bits);
    allows(path, 0o005) && path.ancestors().skip(1).all(|folder| allows(folder, 0o001))
}

/// Whether it is on a file system that may not believe in root.
fn is_squashed(path: &Path) -> bool {
    statfs(path).is_ok_and(|found| SQUASHING.iter().any(|kind| i128::from(found.f_type) == i128::from(*kind)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_folder_anywhere_above_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("bin");
        fs::create_dir(&inner).unwrap();
        let program = inner.join("agent");
        fs::write(&program, "").unwrap();
        for (outer, file, expected) in [(0o755, 0o755, true), (0o700, 0o755, false), (0o711, 0o750, false)] {
            fs::set_permissions(&program, Permissions::from_mode(file)).unwrap();
            fs::set_permissions(folder.path(), Permissions::from_mode(outer)).unwrap();
            assert_eq!(is_open_to_all(&program), expected, "{outer:o} {file:o}");
        }
    }

    #[test]
    fn a_copy_can_be_run_by_all_and_goes_with_its_value() {
        let program = Program::copy().unwrap();
        let path = program.path.clone();
        assert!(is_open_to_all(&path));
        assert_eq!(fs::read(&path).unwrap(), fs::read(OWN).unwrap());
        drop(program);
        assert!(!path.parent().unwrap().exists());
    }
}
