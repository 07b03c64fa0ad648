//! Jobs: invocations that outlive the connection and the controller, and how both sides name them.
//!
//! A request with a [`Job`] starts it when the target does not know its id, and attaches to it otherwise; so the same
//! request, sent again with other offsets, goes on where the connection was lost.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::base::{HostName, JobId, RunMark, StepId};

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
    /// The folder in which a file is to say how it is doing, as those of Ansible do; as the user writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_in: Option<String>,
}

impl Job {
    /// One that was never asked for and is waited for.
    pub fn new(id: JobId) -> Self {
        Self { id, offsets: Offsets::default(), boot: None, detach: false, told_in: None }
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
    /// `j`, a number, a point and a number, as Ansible's look: the first 128 bits of a SHA-256.
    pub fn id(&self) -> JobId {
        let mut hash = Sha256::new();
        for part in [self.run.as_str(), self.step.as_str(), self.host.as_str(), self.module] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hash.update(self.item.to_be_bytes());
        hash.update(self.attempt.to_be_bytes());
        let hash = hash.finalize();
        let number = |bytes: &[u8]| bytes.iter().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        JobId::from(format!("j{}.{}", number(&hash[..8]), number(&hash[8..16])))
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
        assert_eq!(key.id().as_str(), "j4345046931758183928.13013494971878391861");
        let other = JobKey { item: 1, attempt: 0, ..key };
        assert_ne!(key.id(), other.id());
        let moved = HostName::from("1");
        assert_ne!(key.id(), JobKey { step: &StepId::from("p/run/1/an"), host: &moved, ..key }.id());
    }
}
