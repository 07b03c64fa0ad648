//! For tests, and not in a release: the program kills itself behind a given record of its journal, so that what a crash leaves
//! can be looked at for every place a crash can have.

use rustix::process::{Signal, getpid, kill_process};

/// Names the number of records.
const VARIABLE: &str = "BENCHBOOK_FAULT_KILL_AFTER_RECORD";

/// Counts what this process has committed.
#[derive(Debug, Default)]
pub(super) struct Fault {
    committed: usize,
    last: Option<usize>,
}

impl Fault {
    /// As the environment says.
    pub(super) fn from_environment() -> Self {
        let last = std::env::var(VARIABLE).ok().and_then(|text| text.parse().ok());
        Self { committed: 0, last }
    }

    /// So many records are in the database now, and nobody has been told yet.
    pub(super) fn committed(&mut self, records: usize) {
        self.committed += records;
        if self.last.is_some_and(|last| self.committed >= last) {
            // It is our own process, so it cannot be gone.
            let _ = kill_process(getpid(), Signal::KILL);
        }
    }
}
