//! The names of everything in a run's folder, and how one is made.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::StoreError;
use super::names::file_name;
use crate::base::{HostName, RunId, StepId, Timestamp};
use crate::wire::Stream;

/// Only the user may read it: logs can hold what nobody else should see.
const MODE: u32 = 0o700;

/// The folder of one run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunFolder(PathBuf);

impl RunFolder {
    /// The folder at `path`, without looking whether it is there.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Makes `runs/<UTC time>-<playbook>/`. A second run within a second gets `-2` behind its name.
    pub fn create(runs: &Path, started: Timestamp, playbook: &str) -> Result<Self, StoreError> {
        DirBuilder::new().recursive(true).create(runs).map_err(StoreError::io(runs))?;
        let stem = format!("{}-{}", started.compact(), file_name(playbook));
        for number in 1_u32.. {
            let path = runs.join(if number == 1 { stem.clone() } else { format!("{stem}-{number}") });
            match DirBuilder::new().mode(MODE).create(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(StoreError::io(&path)(e)),
            }
        }
        unreachable!("a folder has fewer than 2^32 entries")
    }

    /// Whether a process is writing to it now.
    pub fn is_in_use(&self) -> bool {
        super::writer::is_locked(&self.0)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The run's name.
    pub fn id(&self) -> RunId {
        RunId::new(self.0.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default())
    }

    /// `run.db`
    pub fn database(&self) -> PathBuf {
        self.0.join("run.db")
    }

    /// `plan.json`
    pub fn plan(&self) -> PathBuf {
        self.0.join("plan.json")
    }

    /// `lock.json`
    pub fn lock(&self) -> PathBuf {
        self.0.join("lock.json")
    }

    /// `report.html`
    pub fn report(&self) -> PathBuf {
        self.0.join("report.html")
    }

    /// `artifacts/<host>`: where `fetch` puts files.
    pub fn artifacts(&self, host: &HostName) -> PathBuf {
        self.0.join("artifacts").join(file_name(host.as_str()))
    }

    /// The log of a step on a host, relative to the folder: `logs/n1/quickstart.tasks.hello.out`.
    pub fn log(step: &StepId, host: &HostName, stream: Stream) -> PathBuf {
        let ending = match stream {
            Stream::Stdout => "out",
            Stream::Stderr => "err",
            Stream::Download => "download",
        };
        let name = format!("{}.{ending}", file_name(step.as_str()));
        Path::new("logs").join(file_name(host.as_str())).join(name)
    }

    /// Makes a folder below this one, and those between.
    pub(super) fn make(&self, relative: &Path) -> Result<(), StoreError> {
        let path = self.0.join(relative);
        DirBuilder::new().recursive(true).mode(MODE).create(&path).map_err(StoreError::io(&path))
    }

    /// Replaces a file at once: whoever reads sees the old text or the new one.
    pub fn replace(&self, path: &Path, text: &str) -> Result<(), StoreError> {
        let write = || -> io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(&self.0)?;
            io::Write::write_all(&mut file, text.as_bytes())?;
            file.persist(path)?;
            Ok(())
        };
        write().map_err(StoreError::io(path))
    }
}
