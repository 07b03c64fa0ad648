//! `_job`: how a job is doing, for `async_status`.

use std::io;

use super::Service;
use crate::agent::jobs::{JobFolder, Places, StatusFile};
use crate::base::{JobId, Map, Value};
use crate::module::Context;
use crate::wire::Outcome;

pub(super) const SERVICE: Service = Service { name: "_job", run };

/// Argument `job`: its id; `told_in`: the folder in which its file must be, if any. Gives the job's own outcome when it has
/// ended; always with Ansible's `started`, `finished`, `ansible_job_id` and `results_file`.
fn run(args: &Map, ctx: &mut Context<'_>) -> Outcome {
    let Some(job) = args.get("job").and_then(Value::as_str).map(JobId::from) else {
        return Outcome::failed("`_job` wants a `job`");
    };
    let status = args.get("told_in").and_then(Value::as_str).map(|folder| StatusFile::of(folder, &job, ctx));
    let found = Places::default().find(&ctx.request.run, &job);
    let missing = || (Outcome::failed("could not find job"), true);
    let failed = |error: io::Error| (Outcome::failed(error.to_string()), true);
    let (outcome, finished) = match (status.transpose(), found) {
        (Err(error), _) | (Ok(None), Err(error)) => failed(error),
        (Ok(Some(status)), found) => {
            // It may be that of an earlier run, whose folder is not ours.
            let seen = found.ok().flatten().map(|folder| look(&folder));
            let told = match status.read() {
                _ if !status.is_there() => missing(),
                Ok(Some(outcome)) => (outcome, true),
                Ok(None) => seen.unwrap_or_else(|| (running(), false)),
                Err(error) => failed(error),
            };
            (told.0.with("results_file", status.path().display().to_string()), told.1)
        }
        (Ok(None), Ok(Some(folder))) => {
            let (outcome, finished) = look(&folder);
            (outcome.with("results_file", folder.results_file().display().to_string()), finished)
        }
        (Ok(None), Ok(None)) => missing(),
    };
    outcome.with("ansible_job_id", job.as_str()).with("started", true).with("finished", finished)
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
