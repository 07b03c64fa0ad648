//! `async` and `poll`: what a task's result says about its job, in Ansible's words.

use super::keyword::{Lasting, Manner};
use crate::wire::{Job, Outcome, Status};

/// Where an agent says that the outcome of a job is.
const RESULTS_FILE: &str = "results_file";

/// The outcome of a job as the task gives it. A job that the user did not ask for is not spoken of.
pub fn told(mut outcome: Outcome, job: &Job, manner: &Manner) -> Outcome {
    let Lasting::Async(limit, _) = manner.lasting else {
        outcome.values.remove(RESULTS_FILE);
        return outcome;
    };
    let sooner = manner.timeout.is_some_and(|timeout| timeout < limit);
    if outcome.status == Status::TimedOut && !sooner {
        let limit = limit.as_secs_f64();
        outcome.msg = Some(format!("async task did not complete within the requested time - {limit}s"));
    }
    outcome.with("ansible_job_id", job.id.as_str()).with("started", true).with("finished", !job.detach)
}
