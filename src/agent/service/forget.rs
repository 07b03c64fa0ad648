//! `_forget`: the controller has written down how a job ended; its folder is removed.

use super::Service;
use crate::agent::jobs::{Places, StatusFile};
use crate::base::{JobId, Map, Value};
use crate::module::Context;
use crate::wire::Outcome;

pub(super) const SERVICE: Service = Service { name: "_forget", run };

/// Argument `job`: its id; `told_in`: the folder of its file, which is removed too. Gives `erased`: where it was.
fn run(args: &Map, ctx: &mut Context<'_>) -> Outcome {
    let Some(job) = args.get("job").and_then(Value::as_str).map(JobId::from) else {
        return Outcome::failed("`_forget` wants a `job`");
    };
    let status = args.get("told_in").and_then(Value::as_str).map(|folder| StatusFile::of(folder, &job, ctx));
    let status = match status.transpose() {
        Ok(status) => status,
        Err(error) => return Outcome::failed(error.to_string()),
    };
    let places = Places::default();
    if let Some(status) = status {
        if !status.is_there() {
            return Outcome::failed("could not find job");
        }
        if let Err(error) = status.remove() {
            return Outcome::failed(format!("{} cannot be removed: {error}", status.path().display()));
        }
        // The job itself is removed with the run at the latest.
        if let Ok(Some(folder)) = places.find(&ctx.request.run, &job)
            && matches!(folder.ended(), Ok(Some(_)))
        {
            drop(folder.remove());
            places.tidy(&ctx.request.run);
        }
        return Outcome::ok(false).with("erased", status.path().display().to_string());
    }
    match places.find(&ctx.request.run, &job) {
        Ok(None) => Outcome::failed("could not find job").with("ansible_job_id", job.as_str()),
        Ok(Some(folder)) => match folder.remove() {
            Ok(()) => {
                places.tidy(&ctx.request.run);
                Outcome::ok(false).with("erased", folder.path().display().to_string())
            }
            Err(error) => Outcome::failed(format!("{} cannot be removed: {error}", folder.path().display())),
        },
        Err(error) => Outcome::failed(error.to_string()),
    }
}
