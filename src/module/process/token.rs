//! Start tokens: who a process is, so that another one with its number is not taken for it.

use rustix::process::Pid;
use serde::{Deserialize, Serialize};

use super::processes::Process;

/// A process of this machine, in this boot and no other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartToken {
    /// The kernel's id of the boot.
    pub boot: String,
    /// The process's number.
    pub pid: i32,
    /// When it began, in clock ticks after boot.
    pub start: u64,
}

/// The kernel's id of this boot; empty without /proc.
pub fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

impl StartToken {
    /// This process.
    pub fn own() -> Self {
        let pid = rustix::process::getpid();
        Self { boot: boot_id(), pid: pid.as_raw_pid(), start: Process::find(pid).map_or(0, |p| p.start) }
    }

    /// Whether it is of this boot.
    pub fn is_of_this_boot(&self) -> bool {
        self.boot == boot_id()
    }

    /// The process, if it still runs.
    pub fn process(&self) -> Option<Process> {
        let process = Process::find(Pid::from_raw(self.pid)?)?;
        (self.is_of_this_boot() && process.start == self.start).then_some(process)
    }

    /// Whether it still runs.
    pub fn is_alive(&self) -> bool {
        self.process().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_alone_is_nobody() {
        let own = StartToken::own();
        assert!(own.is_alive());
        assert!(!StartToken { start: own.start + 1, ..own.clone() }.is_alive());
        assert!(!StartToken { boot: "another".into(), ..own.clone() }.is_alive());
        assert!(!StartToken { pid: 0, ..own }.is_alive());
    }
}
