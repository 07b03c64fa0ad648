//! `_job`: how a job is doing, for `async_status`.

use std::io;
use std::time::{Duration, Instant};

use super::Service;
use crate::agent::jobs::{JobFolder, Places, StatusFile};
use crate::base::{JobId, Map, Value};
use crate::module::Context;
use crate::wire::Outcome;

pub(super) const SERVICE: Service = Service { name: "_job", run };

/// How long is waited for a job that runs: one that is about to end has ended then, and nobody has to come back for it.
const PATIENCE: Duration = Duration::from_millis(250);
/// How often is looked meanwhile.
const STEP: Duration = Duration::from_millis(10);

/// Argument `job`: its id; `told_in`: the folder in which its file must be, if any. Gives the job's own outcome when it has
/// ended; always with Ansible's `started`, `finished`, `ansible_job_id` and `results_file`.
fn run(args: &Map, ctx: &mut Context<'_>) -> Outcome {
    let Some(job) = args.get("job").and_then(Value::as_str).map(JobId::from) else {
        return Outcome::failed("`_job` wants a `job`");
    };
    let status = args.get("told_in").and_then(Value::as_str).map(|folder| StatusFile::of(folder, &job, ctx));
    let status = match status.transpose() {
        Ok(status) => status,
        Err(error) => return told(&job, (Outcome::failed(error.to_string()), true)),
    };
    let begun = Instant::now();
    loop {
        let (outcome, finished) = found(&job, status.as_ref(), ctx);
        if finished || begun.elapsed() >= PATIENCE {
            return told(&job, (outcome, finished));
        }
        std::thread::sleep(STEP);
    }
}

fn told(job: &JobId, (outcome, finished): (Outcome, bool)) -> Outcome {
    outcome.with("ansible_job_id", job.as_str()).with("started", true).with("finished", finished)
}

/// How it is doing, and whether it is over.
fn found(job: &JobId, status: Option<&StatusFile>, ctx: &Context<'_>) -> (Outcome, bool) {
    let folder = Places::default().find(&ctx.request.run, job);
    let missing = || (Outcome::failed("could not find job"), true);
    let failed = |error: io::Error| (Outcome::failed(error.to_string()), true);
    match (status, folder) {
        (None, Err(error)) => failed(error),
        (Some(status), folder) => {
            // It may be that of an earlier run, whose folder is not ours.
            let seen = folder.ok().flatten().map(|folder| look(&folder));
            let (outcome, finished) = match status.read() {
                _ if !status.is_there() => missing(),
                Ok(Some(outcome)) => (outcome, true),
                Ok(None) => seen.unwrap_or_else(|| (running(), false)),
                Err(error) => failed(error),
            };
            (outcome.with("results_file", status.path().display().to_string()), finished)
        }
        (None, Ok(Some(folder))) => {
            let (outcome, finished) = look(&folder);
            (outcome.with("results_file", folder.results_file().display().to_string()), finished)
        }
        (None, Ok(None)) => missing(),
    }
}

fn running() -> Outcome {
    Outcome::ok(false).with("stdout", "").with("stderr", "")
}

fn look(folder: &JobFolder) -> (Outcome, bool) {
    match folder.ended() {
        Ok(Some(outcome)) => (outcome, true),
        Ok(None) => (running(), false),
        Err(error) => (Outcome::failed(error.to_string()), true),
    }
}
