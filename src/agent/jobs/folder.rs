//! The folder of one job: what was asked, what it said, who looks after it, and how it ended.
//!
//! | file | what |
//! |---|---|
//! | `request` | the request, until the supervisor has read it: it may hold secrets |
//! | `state` | who looks after it: written once |
//! | `out`, `err` | all output, appended as it comes |
//! | `control` | a pipe to the supervisor: `cancel <milliseconds>` |
//! | `result` | the outcome, when it ended |
//! | `stays` | there: it is to outlive its run |
//! | `words` | what the supervisor itself said, if anything |

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{CWD, Mode, OFlags};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::place::PRIVATE;
use crate::base::Timestamp;
use crate::module::process::token::StartToken;
use crate::wire::{Outcome, Request, Stream, cbor};

/// The file that says so.
const STAYS: &str = "stays";

/// Who looks after a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The supervisor.
    pub token: StartToken,
    /// What it runs.
    pub module: String,
    /// When it began.
    pub started: Timestamp,
}

/// The folder of one job. Its owner and mode were looked at by whoever found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobFolder(PathBuf);

impl JobFolder {
    /// The folder at this path.
    pub fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Makes the folder `name` in `run`, complete or not at all; one that is there stays as it is.
    pub fn create(run: &Path, name: &str, request: &Request) -> io::Result<Self> {
        let new = run.join(format!(".{name}.{:08x}", fastrand::u32(..)));
        DirBuilder::new().mode(PRIVATE).create(&new)?;
        let folder = Self(new.clone());
        let filled = || -> io::Result<()> {
            write_new(&new.join("request"), request)?;
            let stays = request.job.as_ref().is_some_and(|job| job.detach && job.told_in.is_some());
            for file in ["out", "err"].into_iter().chain(stays.then_some(STAYS)) {
                private_file(&new.join(file))?;
            }
            let mode = Mode::RUSR | Mode::WUSR;
            rustix::fs::mkfifoat(CWD, folder.control(), mode)?;
            Ok(())
        };
        let path = run.join(name);
        let made = filled().and_then(|()| fs::rename(&new, &path));
        if made.is_err() {
            fs::remove_dir_all(&new)?;
        }
        match made {
            Err(_) if path.is_dir() => Ok(Self(path)),
            made => made.map(|()| Self(path)),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The job's id.
    pub fn id(&self) -> String {
        self.0.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Where output of this kind is.
    pub fn output(&self, stream: Stream) -> PathBuf {
        self.0.join(if stream == Stream::Stderr { "err" } else { "out" })
    }

    /// Where the outcome will be.
    pub fn results_file(&self) -> PathBuf {
        self.0.join("result")
    }

    /// Whether it is to outlive its run: nobody waits for it, and its end is told in a file of its own.
    pub fn stays(&self) -> bool {
        self.0.join(STAYS).exists()
    }

    /// Where the supervisor's own words go.
    pub fn words(&self) -> PathBuf {
        self.0.join("words")
    }

    /// The pipe to the supervisor.
    pub fn control(&self) -> PathBuf {
        self.0.join("control")
    }

    /// Takes the request away, for the one who does it.
    pub fn take_request(&self) -> io::Result<Request> {
        let path = self.0.join("request");
        let request = read(&path)?.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        fs::remove_file(&path)?;
        Ok(request)
    }

    /// Who looks after it; nobody before it began.
    pub fn state(&self) -> io::Result<Option<State>> {
        read(&self.0.join("state"))
    }

    /// Says who looks after it. An error when somebody does already.
    pub fn claim(&self, state: &State) -> io::Result<()> {
        let new = self.0.join(format!("state.{}", state.token.pid));
        write_new(&new, state)?;
        // A link is made once or not at all.
        let made = fs::hard_link(&new, self.0.join("state"));
        fs::remove_file(&new)?;
        made
    }

    /// How it ended, if it did.
    pub fn result(&self) -> io::Result<Option<Outcome>> {
        read(&self.results_file())
    }

    /// How it ended: as it says itself, or lost with its supervisor. `None` as long as it runs.
    pub fn ended(&self) -> io::Result<Option<Outcome>> {
        let state = self.state()?;
        // Looked at first: the outcome is the last that a supervisor writes.
        let alive = state.as_ref().is_some_and(|state| state.token.is_alive());
        let outcome = self.result()?;
        if outcome.is_some() || alive {
            return Ok(outcome);
        }
        let words = fs::read_to_string(self.words()).unwrap_or_default();
        let words = if words.trim().is_empty() { String::new() } else { format!(": {}", words.trim()) };
        Ok(Some(Outcome::failed(match state {
            Some(state) if !state.token.is_of_this_boot() => {
                "the machine was restarted while the job ran".to_owned()
            }
            Some(state) => {
                format!("the job was lost: its supervisor (process {}) was killed{words}", state.token.pid)
            }
            None => format!("the job did not start{words}"),
        })))
    }

    /// Writes down how it ended.
    pub fn finish(&self, outcome: &Outcome) -> io::Result<()> {
        let new = self.0.join("result.new");
        write_new(&new, outcome)?;
        fs::rename(new, self.results_file())
    }

    /// Asks the supervisor to end it. One that is gone does not hear it.
    pub fn cancel(&self, grace: Duration) {
        let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let Ok(pipe) = rustix::fs::open(self.control(), flags, Mode::empty()).map(File::from) else { return };
        if pipe.metadata().is_ok_and(|found| found.file_type().is_fifo()) {
            // Shorter than a pipe takes at once.
            let _ = (&pipe).write_all(format!("cancel {}\n", grace.as_millis()).as_bytes());
        }
    }

    /// Removes it with everything in it.
    pub fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.0) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }
}

fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn write_new(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let mut file = private_file(path)?;
    let mut bytes = Vec::new();
    cbor::append(value, &mut bytes).map_err(io::Error::other)?;
    file.write_all(&bytes)
}

fn read<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    let broken =
        |e| io::Error::new(io::ErrorKind::InvalidData, format!("{} is damaged: {e}", path.display()));
    cbor::read(&bytes).map(Some).map_err(broken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Map;

    fn request() -> Request {
        Request::plain("r.1".into(), 1, "shell", Map::new(), Duration::from_millis(100))
    }

    fn state(token: StartToken) -> State {
        State { token, module: "shell".into(), started: Timestamp::default() }
    }

    fn job() -> (tempfile::TempDir, JobFolder) {
        let run = tempfile::tempdir().unwrap();
        let folder = JobFolder::create(run.path(), "j1", &request()).unwrap();
        (run, folder)
    }

    #[test]
    fn a_folder_is_made_once() {
        let (run, folder) = job();
        assert_eq!(folder.take_request().unwrap(), request());
        assert_eq!(JobFolder::create(run.path(), "j1", &request()).unwrap(), folder);
        // The second one's request is nowhere, and nothing half made is left.
        assert_eq!(folder.take_request().unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(fs::read_dir(run.path()).unwrap().count(), 1);
        folder.remove().unwrap();
        folder.remove().unwrap();
    }

    #[test]
    fn one_supervisor_looks_after_it() {
        let (_run, folder) = job();
        let own = StartToken::own();
        folder.claim(&state(own.clone())).unwrap();
        assert_eq!(folder.claim(&state(own.clone())).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(folder.state().unwrap(), Some(state(own)));
        assert_eq!(folder.ended().unwrap(), None);
        folder.finish(&Outcome::ok(true)).unwrap();
        assert_eq!(folder.result().unwrap(), Some(Outcome::ok(true)));
    }

    #[test]
    fn how_a_job_is_lost_is_said() {
        let lost = |token: Option<StartToken>, words: &str| {
            let (_run, folder) = job();
            if let Some(token) = token {
                folder.claim(&state(token)).unwrap();
            }
            fs::write(folder.words(), words).unwrap();
            folder.ended().unwrap().unwrap().msg.unwrap()
        };
        let own = StartToken::own();
        let rebooted = StartToken { boot: "another".into(), ..own.clone() };
        assert_eq!(lost(Some(rebooted), ""), "the machine was restarted while the job ran");
        let killed = StartToken { start: own.start + 1, ..own.clone() };
        let said = format!("the job was lost: its supervisor (process {}) was killed: no memory", own.pid);
        assert_eq!(lost(Some(killed), "no memory\n"), said);
        assert_eq!(lost(None, ""), "the job did not start");
    }

    #[test]
    fn a_file_that_is_damaged_is_said_to_be() {
        let (_run, folder) = job();
        fs::write(folder.results_file(), b"\xff").unwrap();
        let error = folder.result().unwrap_err().to_string();
        assert!(error.contains("/j1/result is damaged: "), "{error}");
    }

    #[test]
    fn nobody_hears_a_supervisor_that_is_gone() {
        let (_run, folder) = job();
        folder.cancel(Duration::ZERO);
        // Something else in its place is not written to.
        fs::remove_file(folder.control()).unwrap();
        fs::write(folder.control(), "").unwrap();
        folder.cancel(Duration::ZERO);
        assert_eq!(fs::read(folder.control()).unwrap(), b"");
    }
}
