//! A child and everything that came from it, and signals to them.
//!
//! The group is reached by its number. A descendant that made a session of its own is found by the mark in its environment,
//! which it inherits; one that also cleared its environment cannot be found.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

/// The environment variable that carries the mark of one invocation.
pub const MARK: &str = "BENCHBOOK_INVOCATION";
/// How long KILL is repeated for processes that appear while others die.
const CHASE: Duration = Duration::from_secs(2);

/// A child that was not reaped yet, and its descendants.
pub struct Family {
    leader: Pid,
    mark: String,
}

impl Family {
    /// The child leads its own session and group; `mark` is the value of [`MARK`] in its environment.
    pub fn new(leader: Pid, mark: &str) -> Self {
        Self { leader, mark: format!("{MARK}={mark}") }
    }

    /// Sends a signal to the group and to those that left it. One that ended meanwhile is no error.
    pub fn signal(&self, signal: Signal) {
        let _ = rustix::process::kill_process_group(self.leader, signal);
        for pid in self.others() {
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    /// KILL, again until nobody is left but processes that cannot be killed.
    pub fn kill(&self) {
        let until = Instant::now() + CHASE;
        loop {
            self.signal(Signal::KILL);
            if !self.has_others() || Instant::now() > until {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether anybody but the leader still runs.
    pub fn has_others(&self) -> bool {
        !self.others().is_empty()
    }

    /// Everybody with the mark, except the leader. Without /proc, nobody.
    fn others(&self) -> Vec<Pid> {
        let Ok(folder) = fs::read_dir("/proc") else { return Vec::new() };
        folder
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                let pid = Pid::from_raw(path.file_name()?.to_str()?.parse().ok()?)?;
                // Those of other users cannot be read, and zombies have no environment any more.
                let environ = fs::read(path.join("environ")).ok()?;
                let marked = environ.split(|b| *b == 0).any(|v| v == self.mark.as_bytes());
                (marked && pid != self.leader).then_some(pid)
            })
            .collect()
    }
}
