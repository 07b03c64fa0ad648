//! `_job`: how a job is doing, for `async_status`.

use super::Service;
use crate::agent::jobs::{JobFolder, Places};
use crate::base::{JobId, Map, Value};
use crate::module::Context;
use crate::wire::Outcome;

pub(super) const SERVICE: Service = Service { name: "_job", run };

/// Argument `job`: its id. Gives the job's own outcome when it has ended; always with Ansible's `started`, `finished`,
/// `ansible_job_id` and `results_file`.
fn run(args: &Map, ctx: &mut Context<'_>) -> Outcome {
    let Some(job) = args.get("job").and_then(Value::as_str).map(JobId::from) else {
        return Outcome::failed("`_job` wants a `job`");
    };
    let (outcome, finished) = match Places::default().find(&ctx.request.run, &job) {
        Ok(Some(folder)) => {
            let (outcome, finished) = look(&folder);
            (outcome.with("results_file", folder.results_file().display().to_string()), finished)
        }
        Ok(None) => (Outcome::failed("could not find job"), true),
        Err(error) => (Outcome::failed(error.to_string()), true),
    };
    outcome.with("ansible_job_id", job.as_str()).with("started", true).with("finished", finished)
}

fn look(folder: &JobFolder) -> (Outcome, bool) {
    match folder.ended() {
        Ok(Some(outcome)) => (outcome, true),
        Ok(None) => (Outcome::ok(false).with("stdout", "").with("stderr", ""), false),
        Err(error) => (Outcome::failed(error.to_string()), true),
    }
}
