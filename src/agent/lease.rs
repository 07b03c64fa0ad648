//! The lease of this machine: a file that says which run has the machine for a round, and who waits for it.
//!
//! There is one machine below one kernel, so there is one file, whatever names inventories have for the machine. It lies in a
//! folder that every user may write in, and every user may write the file; the kernel's lock on it makes a look and a
//! change one step. Holders are known by their start tokens: one that is dead holds nothing.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, OFlags, flock};
use serde::{Deserialize, Serialize};

use crate::base::{RunMark, Timestamp};
use crate::module::process::token::StartToken;

/// Says another folder for the file, for tests that must not disturb each other.
const FOLDER: &str = "BENCHBOOK_LEASE_FOLDER";
/// Folders that every user may write in, in this order; the first that is there is everybody's.
const FOLDERS: [&str; 3] = ["/run/lock", "/dev/shm", "/tmp"];
const NAME: &str = "benchbook.lease";
/// Sticky, and everybody may write.
const OPEN_TO_ALL: u32 = 0o1777;
/// How long another look at the file may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest file that is read, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// A run that has the machine, or waits for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// The run.
    pub run: RunMark,
    /// Who called it.
    pub user: String,
    /// The machine of its controller.
    pub controller: String,
    /// Since when.
    pub since: Timestamp,
    /// The processes that use the machine for it.
    pub holders: Vec<Holder>,
}

/// A process that uses the machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// What for: a round, or a job of one.
    pub name: String,
    /// Which process.
    pub token: StartToken,
}

/// The content of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Content {
    holder: Option<Party>,
    waiting: Vec<Party>,
}

impl Party {
    fn is_alive(&self) -> bool {
        self.holders.iter().any(|holder| holder.token.is_alive())
    }
}

impl Content {
    /// Forgets the dead.
    fn prune(&mut self) {
        self.holder = self.holder.take().filter(Party::is_alive);
        self.waiting.retain(Party::is_alive);
    }

    /// Gives the machine to `party`, or says who has it or waited before.
    fn take(&mut self, party: &Party, queue: bool) -> Option<Party> {
        self.prune();
        let other = |other: &&Party| other.run != party.run;
        let before = match &self.holder {
            Some(holder) => Some(holder).filter(other),
            None => self.waiting.first().filter(other),
        };
        if let Some(before) = before.cloned() {
            if queue && !self.waiting.iter().any(|waiting| waiting.run == party.run) {
                self.waiting.push(party.clone());
            }
            return Some(before);
        }
        self.waiting.retain(|waiting| waiting.run != party.run);
        match &mut self.holder {
            Some(own) => own.holders.extend(party.holders.iter().cloned()),
            None => self.holder = Some(party.clone()),
        }
        None
    }

    /// The holder, if it is this run.
    fn held_by(&mut self, run: &RunMark) -> Option<&mut Party> {
        self.holder.as_mut().filter(|holder| holder.run == *run)
    }
}

/// The file of a machine's lease.
pub struct LeaseFile(PathBuf);

impl LeaseFile {
    /// Of this machine.
    pub fn of_this_machine() -> Self {
        if let Some(folder) = std::env::var_os(FOLDER) {
            return Self(Path::new(&folder).join(NAME));
        }
        let is_open = |folder: &&str| {
            fs::metadata(*folder)
                .is_ok_and(|found| found.is_dir() && found.mode() & OPEN_TO_ALL == OPEN_TO_ALL)
        };
        Self(Path::new(FOLDERS.into_iter().find(|folder| is_open(folder)).unwrap_or("/tmp")).join(NAME))
    }

    /// Takes the machine for a party. Gives who has it, or who waited before; then `queue` says whether to wait in the file.
    pub fn take(&self, party: &Party, queue: bool) -> io::Result<Option<Party>> {
        self.change(|content| content.take(party, queue))
    }

    /// A party does not wait any more.
    pub fn leave_queue(&self, run: &RunMark) -> io::Result<()> {
        self.change(|content| content.waiting.retain(|waiting| waiting.run != *run))
    }

    /// One more process uses the machine for the run that has it. Nothing happens when that is another, or none.
    pub fn join(&self, run: &RunMark, holder: Holder) -> io::Result<()> {
        if !self.0.exists() {
            return Ok(());
        }
        self.change(|content| {
            if let Some(own) = content.held_by(run) {
                own.holders.push(holder);
            }
        })
    }

    /// Gives back what a holder has; the last one of its run frees the machine.
    pub fn give_back(&self, run: &RunMark, name: &str) -> io::Result<()> {
        if !self.0.exists() {
            return Ok(());
        }
        self.change(|content| {
            if let Some(own) = content.held_by(run) {
                own.holders.retain(|holder| holder.name != name);
            }
            content.prune();
        })
    }

    /// Who is in the file although none of its processes runs.
    pub fn dead(&self) -> io::Result<Vec<Party>> {
        if !self.0.exists() {
            return Ok(Vec::new());
        }
        self.change(|content| {
            let all = content.holder.iter().chain(&content.waiting);
            all.filter(|party| !party.is_alive()).cloned().collect()
        })
    }

    /// Forgets the dead.
    pub fn bury(&self) -> io::Result<()> {
        self.change(Content::prune)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Changes the content while nobody else looks at it.
    fn change<T>(&self, change: impl FnOnce(&mut Content) -> T) -> io::Result<T> {
        let told = |error: io::Error| {
            io::Error::new(error.kind(), format!("the lease {} cannot be used: {error}", self.0.display()))
        };
        let mut file = self.open().map_err(told)?;
        lock(&file).map_err(told)?;
        let mut content = read(&mut file).map_err(told)?;
        let before = content.clone();
        let result = change(&mut content);
        if content != before {
            write(&mut file, &content).map_err(told)?;
        }
        Ok(result)
    }

    /// Opens the file, or makes it. Links and anything but files are refused.
    fn open(&self) -> io::Result<File> {
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(flags);
        let file = match options.open(&self.0) {
            // Not opened with a flag that makes it if need be: the kernel refuses that for another user's file in a sticky folder.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                match options.create_new(true).open(&self.0) {
                    Ok(file) => {
                        // Whatever the umask is: other users must be able to take over from the dead.
                        file.set_permissions(Permissions::from_mode(0o666))?;
                        file
                    }
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        options.create_new(false).open(&self.0)?
                    }
                    Err(error) => return Err(error),
                }
            }
            other => other?,
        };
        let found = file.metadata()?;
        if !found.is_file() || found.nlink() != 1 {
            return Err(io::Error::other("it is no plain file of its own; remove it"));
        }
        Ok(file)
    }
}

/// Waits for the kernel's lock; somebody may hold it for ever.
fn lock(file: &File) -> io::Result<()> {
    let until = Instant::now() + PATIENCE;
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(()),
            Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) if Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(io::Error::other("another process keeps it locked"));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn read(file: &mut File) -> io::Result<Content> {
    let mut text = Vec::new();
    file.take(LONGEST).read_to_end(&mut text)?;
    // One who was killed while writing may have left the end of an older, longer content.
    match serde_json::Deserializer::from_slice(&text).into_iter().next() {
        None => Ok(Content::default()),
        Some(content) => content.map_err(|_| {
            let owner = file.metadata().map_or(0, |found| found.uid());
            io::Error::other(format!(
                "it is no lease; when no run is on this machine, remove it (its owner is user {owner})"
            ))
        }),
    }
}

fn write(file: &mut File, content: &Content) -> io::Result<()> {
    let mut text = serde_json::to_vec(content)?;
    text.push(b'\n');
    file.rewind()?;
    file.write_all(&text)?;
    file.set_len(text.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(run: &str, name: &str, token: StartToken) -> Party {
        let holders = vec![Holder { name: name.into(), token }];
        let (user, controller) = (format!("user of {run}"), "here".to_owned());
        Party { run: run.into(), user, controller, since: Timestamp(1), holders }
    }

    fn dead() -> StartToken {
        StartToken { start: 1, ..StartToken::own() }
    }

    fn lease(folder: &tempfile::TempDir) -> LeaseFile {
        LeaseFile(folder.path().join(NAME))
    }

    #[test]
    fn one_run_at_a_time_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let file = lease(&folder);
        let [a, b, c] = ["a", "b", "c"].map(|run| party(run, "round", StartToken::own()));
        let who = |answer: io::Result<Option<Party>>| answer.unwrap().map(|party| party.run.to_string());
        assert_eq!(who(file.take(&a, true)), None);
        assert_eq!(who(file.take(&b, true)).as_deref(), Some("a"));
        assert_eq!(who(file.take(&b, true)).as_deref(), Some("a"));
        assert_eq!(who(file.take(&c, true)).as_deref(), Some("a"));
        // A second round of the same run, by another name of the machine.
        let second = party("a", "other round", StartToken::own());
        assert_eq!(who(file.take(&second, true)), None);
        file.give_back(&a.run, "round").unwrap();
        assert_eq!(who(file.take(&b, true)).as_deref(), Some("a"));
        file.give_back(&a.run, "other round").unwrap();
        // Nobody overtakes, also not who had it.
        assert_eq!(who(file.take(&a, false)).as_deref(), Some("b"));
        assert_eq!(who(file.take(&c, true)).as_deref(), Some("b"));
        file.leave_queue(&b.run).unwrap();
        assert_eq!(who(file.take(&c, true)), None);
        let mode = fs::metadata(&file.0).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o666);
    }

    #[test]
    fn the_dead_hold_nothing_and_wait_for_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = lease(&folder);
        assert_eq!(file.take(&party("a", "round", dead()), true).unwrap(), None);
        assert_eq!(file.take(&party("b", "round", dead()), true).unwrap(), None);
        let c = party("c", "round", StartToken::own());
        assert_eq!(file.take(&c, true).unwrap(), None);
        assert_eq!(file.take(&party("d", "round", dead()), true).unwrap(), Some(c.clone()));
        let job = || Holder { name: "job".into(), token: StartToken::own() };
        file.join(&"d".into(), job()).unwrap();
        file.join(&c.run, job()).unwrap();
        // A job of the round lives on when the agent is gone.
        file.give_back(&c.run, "round").unwrap();
        let before = file.take(&party("e", "round", StartToken::own()), false).unwrap().unwrap();
        assert_eq!((before.run, before.holders), (c.run.clone(), vec![job()]));
        // The controller comes back, and the job ends.
        assert_eq!(file.take(&party("c", "round", StartToken::own()), false).unwrap(), None);
        file.give_back(&c.run, "job").unwrap();
        assert!(file.take(&party("e", "round", StartToken::own()), false).unwrap().is_some());
        file.give_back(&c.run, "round").unwrap();
        assert_eq!(file.take(&party("e", "round", StartToken::own()), false).unwrap(), None);
    }

    #[test]
    fn what_is_no_lease_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = lease(&folder);
        let a = party("a", "round", StartToken::own());
        let refused = || {
            let text = file.take(&a, true).unwrap_err().to_string();
            text.replace(&file.0.display().to_string(), "FILE")
        };
        fs::write(&file.0, "hello").unwrap();
        let owner = fs::metadata(&file.0).unwrap().uid();
        assert_eq!(
            refused(),
            format!(
                "the lease FILE cannot be used: it is no lease; when no run is on this machine, remove it (its owner is user {owner})"
            )
        );
        fs::remove_file(&file.0).unwrap();
        let elsewhere = folder.path().join("elsewhere");
        fs::write(&elsewhere, "precious").unwrap();
        std::os::unix::fs::symlink(&elsewhere, &file.0).unwrap();
        assert!(refused().starts_with("the lease FILE cannot be used: Too many levels of symbolic links"));
        fs::remove_file(&file.0).unwrap();
        fs::hard_link(&elsewhere, &file.0).unwrap();
        assert_eq!(refused(), "the lease FILE cannot be used: it is no plain file of its own; remove it");
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "precious");
    }

    #[test]
    fn half_written_content_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = lease(&folder);
        fs::write(&file.0, "{\"holder\":null,\"waiting\":[]}\n\"waiting\":[]}\n").unwrap();
        assert_eq!(file.take(&party("a", "round", StartToken::own()), true).unwrap(), None);
    }
}
