//! Where job folders are: on a local disk, in a folder that belongs to this user and that nobody else can look into.
//!
//! `<place>/benchbook-<uid>/jobs/<run>/<job>`. The place is a folder for everybody's files, so nothing in it is
//! trusted before its owner and mode were looked at; below a folder that only this user can enter, nobody else can change anything.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::folder::JobFolder;
use crate::base::{JobId, RunMark};
use crate::wire::SHARED_FOLDERS;

/// File systems of other machines, by `f_type` (statfs(2)): NFS, SMB, CIFS, AFS, Lustre, GPFS, Ceph, `BeeGFS`.
const REMOTE: [u64; 8] =
    [0x6969, 0xFE53_4D42, 0xFF53_4D42, 0x5346_414F, 0x0BD0_0BD0, 0x4750_4653, 0x00C3_6400, 0x1983_0326];
/// Only this user.
pub const PRIVATE: u32 = 0o700;

/// The folders in which jobs are kept.
#[derive(Clone, Debug)]
pub struct Places(Vec<PathBuf>);

impl Default for Places {
    fn default() -> Self {
        Self(SHARED_FOLDERS.iter().map(PathBuf::from).collect())
    }
}

impl Places {
    /// These, in order.
    pub fn new(places: impl IntoIterator<Item = PathBuf>) -> Self {
        Self(places.into_iter().collect())
    }

    /// The folder of a job, if it is there. One that is there and cannot be trusted is an error.
    pub fn find(&self, run: &RunMark, job: &JobId) -> io::Result<Option<JobFolder>> {
        for root in self.roots() {
            let path = root.join(name(run.as_str())?).join(name(job.as_str())?);
            match fs::symlink_metadata(&path) {
                Ok(_) => {
                    must_be_private(&path)?;
                    return Ok(Some(JobFolder::at(path)));
                }
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(e),
            }
        }
        Ok(None)
    }

    /// A folder for the jobs of a run: made if it is not there.
    pub fn make(&self, run: &RunMark) -> io::Result<PathBuf> {
        let mut refused = Vec::new();
        for place in &self.0 {
            match root_in(place, true).and_then(|root| {
                let folder = root.join(name(run.as_str())?);
                make_private(&folder)?;
                Ok(folder)
            }) {
                Ok(folder) => return Ok(folder),
                Err(error) => refused.push(format!("{}: {error}", place.display())),
            }
        }
        let text = format!("there is no folder for jobs on this machine ({})", refused.join("; "));
        Err(io::Error::new(io::ErrorKind::PermissionDenied, text))
    }

    /// Every job folder of these runs, or of all runs.
    pub fn jobs(&self, run: Option<&RunMark>) -> Vec<(RunMark, JobFolder)> {
        let mut found = Vec::new();
        for folder in self.runs() {
            let mark = RunMark::from(file_name(&folder));
            if run.is_some_and(|run| *run != mark) {
                continue;
            }
            let jobs = entries(&folder).into_iter().filter(|path| must_be_private(path).is_ok());
            found.extend(jobs.map(|path| (mark.clone(), JobFolder::at(path))));
        }
        found
    }

    /// The folders of runs.
    pub fn runs(&self) -> Vec<PathBuf> {
        let runs = self.roots().flat_map(|root| entries(&root));
        runs.filter(|path| must_be_private(path).is_ok()).collect()
    }

    /// Removes the folder of a run, when nothing is in it any more.
    pub fn tidy(&self, run: &RunMark) {
        for folder in self.runs() {
            if file_name(&folder) == run.as_str() {
                // One that is not empty stays.
                let _ = fs::remove_dir(folder);
            }
        }
    }

    fn roots(&self) -> impl Iterator<Item = PathBuf> {
        self.0.iter().filter_map(|place| root_in(place, false).ok())
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths
}

/// A name that is one folder and no way out of it.
fn name(text: &str) -> io::Result<&str> {
    let good = !text.is_empty() && text.len() <= 200 && !text.starts_with('.') && !text.contains(['/', '\0']);
    let bad = || io::Error::new(io::ErrorKind::InvalidInput, format!("`{text}` is no name of a job or run"));
    if good { Ok(text) } else { Err(bad()) }
}

/// `<place>/benchbook-<uid>/jobs`.
fn root_in(place: &Path, make: bool) -> io::Result<PathBuf> {
    let refuse = |why: &str| io::Error::new(io::ErrorKind::PermissionDenied, why.to_owned());
    let found = fs::metadata(place)?;
    let own = rustix::process::geteuid().as_raw();
    if !found.is_dir() || (found.uid() != 0 && found.uid() != own) {
        return Err(refuse("it belongs to another user"));
    }
    if found.mode() & 0o022 != 0 && found.mode() & 0o1000 == 0 {
        return Err(refuse("others may rename what is in it"));
    }
    #[allow(clippy::cast_sign_loss, clippy::cast_possible_truncation)]
    // a number of 32 bits in a wider or signed field
    let kind = u64::from(rustix::fs::statfs(place)?.f_type as u32);
    if REMOTE.contains(&kind) {
        return Err(refuse("it is on a disk of another machine"));
    }
    let top = place.join(format!("benchbook-{own}"));
    let jobs = top.join("jobs");
    if make {
        make_private(&top)?;
        make_private(&jobs)?;
    } else {
        must_be_private(&top)?;
        must_be_private(&jobs)?;
    }
    Ok(jobs)
}

/// Makes a folder that only this user can enter; one that is there must be such a folder.
fn make_private(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(PRIVATE).create(path) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(e),
        _ => must_be_private(path),
    }
}

/// A folder, no link to one, of this user, that nobody else can enter.
pub fn must_be_private(path: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(path)?;
    let what = if !found.is_dir() {
        "is no folder"
    } else if found.uid() != rustix::process::geteuid().as_raw() {
        "belongs to another user"
    } else if found.mode() & 0o077 != 0 {
        "can be entered by others"
    } else {
        return Ok(());
    };
    Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("{} {what}", path.display())))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn with_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn place() -> (tempfile::TempDir, Places, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().join(format!("benchbook-{}", rustix::process::geteuid().as_raw()));
        let places = Places::new([folder.path().to_owned()]);
        (folder, places, top)
    }

    #[test]
    fn a_folder_is_made_for_this_user_alone() {
        let (_folder, places, top) = place();
        let made = places.make(&"r.1".into()).unwrap();
        assert_eq!(made, top.join("jobs/r.1"));
        for path in [&top, &top.join("jobs"), &made] {
            assert_eq!(fs::metadata(path).unwrap().mode() & 0o777, PRIVATE);
        }
        assert_eq!(places.make(&"r.1".into()).unwrap(), made);
        assert!(places.find(&"r.1".into(), &"j1".into()).unwrap().is_none());
    }

    #[test]
    fn what_others_could_have_put_there_is_refused() {
        let refusal = |prepare: fn(&Path)| {
            let (folder, places, top) = place();
            prepare(&top);
            let error = places.make(&"r.1".into()).unwrap_err().to_string();
            assert!(places.jobs(None).is_empty());
            let own = rustix::process::geteuid().as_raw().to_string();
            error.replace(&folder.path().display().to_string(), "T").replace(&own, "UID")
        };
        let said = "there is no folder for jobs on this machine (T: ";
        let link = |top: &Path| symlink("/etc", top).unwrap();
        assert_eq!(refusal(link), format!("{said}T/benchbook-UID is no folder)"));
        let open = |top: &Path| {
            fs::create_dir(top).unwrap();
            with_mode(top, 0o755);
        };
        assert_eq!(refusal(open), format!("{said}T/benchbook-UID can be entered by others)"));
        let shared = |top: &Path| with_mode(top.parent().unwrap(), 0o777);
        assert_eq!(refusal(shared), format!("{said}others may rename what is in it)"));
        if rustix::process::geteuid().is_root() {
            let foreign = |top: &Path| {
                fs::create_dir(top).unwrap();
                with_mode(top, 0o700);
                std::os::unix::fs::chown(top, Some(12345), None).unwrap();
            };
            assert_eq!(refusal(foreign), format!("{said}T/benchbook-UID belongs to another user)"));
        }
    }

    #[test]
    fn a_job_folder_that_is_a_link_is_refused() {
        let (_folder, places, _) = place();
        let made = places.make(&"r.1".into()).unwrap();
        symlink("/etc", made.join("j1")).unwrap();
        let error = places.find(&"r.1".into(), &"j1".into()).unwrap_err().to_string();
        assert!(error.ends_with("/jobs/r.1/j1 is no folder"), "{error}");
        assert!(places.jobs(None).is_empty());
    }

    #[test]
    fn names_lead_nowhere_else() {
        let (_folder, places, _) = place();
        places.make(&"r.1".into()).unwrap();
        for bad in ["", "..", "a/b", ".x"] {
            assert!(places.make(&bad.into()).is_err(), "{bad}");
            assert!(places.find(&"r.1".into(), &bad.into()).is_err(), "{bad}");
        }
    }
}
