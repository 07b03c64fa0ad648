//! A child and everything that came from it, and signals to them.
//!
//! The group is reached by its number. Others are found in /proc: those in the child's session, those with the mark in their
//! environment, and the children of all these. What was found once is remembered, because a parent that dies takes its
//! trace along. A process that left the session, cleared its environment and lost its parent before anybody
//! looked cannot be found.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;
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
    /// Members that were found, with their start times: a number alone may mean another process by now.
    known: HashMap<Pid, u64>,
    /// This process is a supervisor with one family: whoever loses its parent becomes a child of this process.
    adopts: bool,
}

impl Family {
    /// The child leads its own session and group; `mark` is the value of [`MARK`] in its environment.
    pub fn new(leader: Pid, mark: &str) -> Self {
        let adopts = rustix::process::child_subreaper().is_ok_and(|adopter| adopter.is_some());
        Self { leader, mark: mark.to_owned(), known: HashMap::new(), adopts }
    }

    /// Sends a signal to the group and to those that left it. One that ended meanwhile is no error.
    pub fn signal(&mut self, signal: Signal) {
        // Looked for first: the group's end would hide whose children they are.
        let others = self.others();
        let _ = rustix::process::kill_process_group(self.leader, signal);
        for other in others.iter().filter(|other| other.group != self.leader.as_raw_pid()) {
            let _ = rustix::process::kill_process(other.pid, signal);
        }
        // One that was stopped hears of it only when it goes on.
        let _ = rustix::process::kill_process_group(self.leader, Signal::CONT);
        for other in &others {
            let _ = rustix::process::kill_process(other.pid, Signal::CONT);
        }
    }

    /// KILL, again until nobody is left but processes that cannot be killed.
    pub fn kill(&mut self) {
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
    pub fn has_others(&mut self) -> bool {
        !self.others().is_empty()
    }

    /// Every member that runs, except the leader. Without /proc, nobody.
    fn others(&mut self) -> Vec<Process> {
        let all = processes();
        self.known.retain(|pid, start| all.iter().any(|p| p.pid == *pid && p.start == *start));
        loop {
            let before = self.known.len();
            for process in all.iter().filter(|p| p.pid != self.leader) {
                if !self.known.contains_key(&process.pid) && self.includes(process) {
                    self.known.insert(process.pid, process.start);
                }
            }
            if self.known.len() == before {
                break;
            }
        }
        all.into_iter().filter(|p| self.known.contains_key(&p.pid)).collect()
    }

    fn includes(&self, process: &Process) -> bool {
        let parent = Pid::from_raw(process.parent);
        process.session == self.leader.as_raw_pid()
            || parent.is_some_and(|parent| parent == self.leader || self.known.contains_key(&parent))
            || (self.adopts && process.parent == rustix::process::getpid().as_raw_pid())
            || Environment::of(process.pid).has(MARK, &self.mark)
    }
}

/// One process that runs, from /proc/PID/stat; see proc(5).
#[derive(Clone, Debug)]
pub struct Process {
    /// Its number.
    pub pid: Pid,
    /// The number of its parent.
    pub parent: i32,
    /// The number of its group.
    pub group: i32,
    /// The number of its session.
    pub session: i32,
    /// Clock ticks after boot.
    pub start: u64,
}

impl Process {
    /// The process with this number, if there is one that has not ended.
    pub fn find(pid: Pid) -> Option<Self> {
        let line = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name is in parentheses and may contain anything.
        let mut fields = line.rsplit_once(')')?.1.split_ascii_whitespace();
        let state = fields.next()?;
        let mut number = || fields.next()?.parse().ok();
        let (parent, group, session) = (number()?, number()?, number()?);
        // Fields 7 to 21 stand between the session and the start.
        let start = fields.nth(15)?.parse().ok()?;
        (!matches!(state, "Z" | "X")).then_some(Self { pid, parent, group, session, start })
    }

    /// Its command line, for people.
    pub fn command(&self) -> String {
        words(self.pid).join(" ").trim_end().chars().take(SHOWN).collect()
    }
}

/// The words of a process's command line.
pub fn words(pid: Pid) -> Vec<String> {
    let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    words.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

/// How much of a command line is shown, in characters.
const SHOWN: usize = 120;

/// The environment that a process was started with.
#[derive(Clone, Debug, Default)]
pub struct Environment(Vec<u8>);

impl Environment {
    /// That of this process. Another user's cannot be read, and is empty.
    pub fn of(pid: Pid) -> Self {
        // Room for nearly every one, or it would come in small pieces.
        let mut bytes = Vec::with_capacity(8192);
        // What cannot be read to its end is that of a process that ends.
        let _ = File::open(format!("/proc/{pid}/environ")).and_then(|mut file| file.read_to_end(&mut bytes));
        Self(bytes)
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let variables = self.0.split(|byte| *byte == 0);
        variables.filter_map(move |variable| variable.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.values(name).next()
    }

    /// Whether a variable has this value.
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.values(name).any(|own| own == value.as_bytes())
    }
}

/// The numbers of all processes. Without /proc, none.
fn numbers() -> impl Iterator<Item = Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
}

/// All processes that run.
pub fn processes() -> Vec<Process> {
    numbers().filter_map(Process::find).collect()
}

/// All processes that run and whose environment is such. Those of other users are not found: what they have cannot be read.
pub fn with_environment(such: impl Fn(Pid, &Environment) -> bool) -> Vec<Process> {
    let is_such = |pid: Pid| such(pid, &Environment::of(pid));
    // Nearly every process of a machine is somebody else's, or has nothing of it: that is found out first. Then who it is, and
    // once more what it has: its number may have become another one's in between.
    let found = numbers().filter(|pid| is_such(*pid)).filter_map(Process::find);
    found.filter(|process| is_such(process.pid)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_read_as_the_system_says() {
        let pid = rustix::process::getpid();
        let process = processes().into_iter().find(|p| p.pid == pid).unwrap();
        assert_eq!(Some(process.parent), rustix::process::getppid().map(Pid::as_raw_pid));
        assert_eq!(process.group, rustix::process::getpgrp().as_raw_pid());
        let has_path = |environment: &Environment| environment.has("PATH", &std::env::var("PATH").unwrap());
        assert!(has_path(&Environment::of(pid)));
        let found = with_environment(|_, environment| has_path(environment));
        assert!(found.iter().any(|p| p.pid == pid && p.start == process.start));
        assert!(
            with_environment(|_, environment| environment.get("PAT").is_some()).iter().all(|p| p.pid != pid)
        );
        let uptime: f64 =
            fs::read_to_string("/proc/uptime").unwrap().split(' ').next().unwrap().parse().unwrap();
        let ticks = uptime * 100.0;
        #[allow(clippy::cast_precision_loss)] // ticks since boot are small
        let start = process.start as f64;
        // Both are cut to whole ticks, by clocks that are read one after the other.
        assert!(start <= ticks + 1.0 && start > 0.0, "{start} of {ticks}");
    }
}
