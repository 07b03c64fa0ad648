//! `async` and `poll`: what a task's result says about its job, in Ansible's words.

use tokio::task::JoinHandle;

use super::keyword::Lasting;
use super::target::RemoteTarget;
use crate::event::{Event, JobState};
use crate::vars::{Templar, TemplateError};
use crate::wire::{Job, Outcome, Request, Status};

/// Where an agent says that the outcome of a job is.
const RESULTS_FILE: &str = "results_file";

/// The outcome of a job as the task gives it. A job that the user did not ask for is not spoken of.
pub fn told(target: &RemoteTarget<'_>, mut outcome: Outcome, job: &Job) -> Outcome {
    let manner = target.manner;
    let Lasting::Async(limit, _) = manner.lasting else {
        outcome.values.remove(RESULTS_FILE);
        return outcome;
    };
    let sooner = manner.timeout.is_some_and(|timeout| timeout < limit);
    if outcome.status == Status::TimedOut && !sooner {
        let limit = limit.as_secs_f64();
        outcome.msg = Some(format!("async task did not complete within the requested time - {limit}s"));
    }
    if !job.detach {
        let state = if outcome.status == Status::Ok { JobState::Ended } else { JobState::Failed };
        (target.unit.shared.events)(&looked(target, job, state));
    }
    outcome.with("ansible_job_id", job.id.as_str()).with("started", true).with("finished", !job.detach)
}

/// The folder in which Ansible keeps files of jobs.
pub fn folder(templar: &Templar) -> Result<String, TemplateError> {
    let said = templar.scope().lookup("ansible_async_dir").map(|(value, _)| templar.render_str(value));
    said.unwrap_or_else(|| Ok("~/.ansible_async".to_owned()))
}

fn looked(target: &RemoteTarget<'_>, job: &Job, state: JobState) -> Event {
    let (step, host) = (target.unit.step.id.clone(), target.unit.host.name.clone());
    Event::JobLooked { step, host, job: job.id.clone(), state }
}

/// Says every `poll` seconds that a job still runs, until it is dropped. We hear of its end at once; it is for those who look on.
pub struct Looking(JoinHandle<()>);

impl Looking {
    /// For a request that is a job that the user asked for, and waits for.
    pub fn begin(target: &RemoteTarget<'_>, request: &Request) -> Option<Self> {
        let Lasting::Async(_, Some(every)) = target.manner.lasting else { return None };
        let looked = looked(target, request.job.as_ref()?, JobState::Running);
        let moment = std::sync::Arc::clone(&target.unit.moment);
        Some(Self(tokio::spawn(async move {
            loop {
                tokio::time::sleep(every).await;
                (moment.shared.events)(&looked);
            }
        })))
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        self.0.abort();
    }
}
