//! Jobs: invocations that outlive the connection and the controller, and how both sides name them.
//!
//! A request with a [`Job`] starts it when the target does not know its id, and attaches to it otherwise; so the same
//! request, sent again with other offsets, goes on where the connection was lost.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::base::{HostName, JobId, RunMark, StepId, hexadecimal};

/// What makes a request a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its name on the target, below the run's.
    pub id: JobId,
    /// Output that the controller has already: what comes is what follows.
    #[serde(default)]
    pub offsets: Offsets,
    /// The target's boot (`Hello::boot_id`) in which this controller or an earlier one asked for it first. A job that is
    /// not there in another boot is not started again. `None`: it was never asked for.
    #[serde(default)]
    pub boot: Option<String>,
    /// Answer as soon as it runs (`poll: 0`), not when it ends.
    #[serde(default)]
    pub detach: bool,
}

impl Job {
    /// One that was never asked for and is waited for.
    pub fn new(id: JobId) -> Self {
        Self { id, offsets: Offsets::default(), boot: None, detach: false }
    }
}

/// How many bytes of a job's output somebody has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offsets {
    /// Of standard output.
    pub stdout: u64,
    /// Of standard error.
    pub stderr: u64,
}

/// One call of a module in a run: what a job's id is made of. The same call has the same id in every term of the run.
#[derive(Clone, Copy, Debug)]
pub struct JobKey<'a> {
    /// The run.
    pub run: &'a RunMark,
    /// The step.
    pub step: &'a StepId,
    /// The host whose step it is, also when another host does it.
    pub host: &'a HostName,
    /// The module that is called.
    pub module: &'a str,
    /// The number of the loop's item, from 0.
    pub item: u32,
    /// The number of the attempt, from 1.
    pub attempt: u32,
}

impl JobKey<'_> {
    /// `j` and 32 hexadecimal digits: the beginning of a SHA-256.
    pub fn id(&self) -> JobId {
        let mut hash = Sha256::new();
        for part in [self.run.as_str(), self.step.as_str(), self.host.as_str(), self.module] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hash.update(self.item.to_be_bytes());
        hash.update(self.attempt.to_be_bytes());
        let digits = hexadecimal(&hash.finalize()[..16]);
        JobId::from(format!("j{digits}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_call_has_the_same_id_and_no_other() {
        let (run, step, host) = (RunMark::from("r.1"), StepId::from("p/run/1/a"), HostName::from("n1"));
        let key = JobKey { run: &run, step: &step, host: &host, module: "shell", item: 0, attempt: 1 };
        // Written down: an older controller's jobs must be found.
        assert_eq!(key.id().as_str(), "j3c4cb529d3d8f5f8b49938ba7d24c035");
        let other = JobKey { item: 1, attempt: 0, ..key };
        assert_ne!(key.id(), other.id());
        let moved = HostName::from("1");
        assert_ne!(key.id(), JobKey { step: &StepId::from("p/run/1/an"), host: &moved, ..key }.id());
    }
}
