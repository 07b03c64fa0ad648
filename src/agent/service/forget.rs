//! `_forget`: the controller has written down how a job ended; its folder is removed.

use super::Service;
use crate::agent::jobs::Places;
use crate::base::{JobId, Map, Value};
use crate::module::Context;
use crate::wire::Outcome;

pub(super) const SERVICE: Service = Service { name: "_forget", run };

/// Argument `job`: its id. Gives `erased`: where it was.
fn run(args: &Map, ctx: &mut Context<'_>) -> Outcome {
    let Some(job) = args.get("job").and_then(Value::as_str).map(JobId::from) else {
        return Outcome::failed("`_forget` wants a `job`");
    };
    let places = Places::default();
    match places.find(&ctx.request.run, &job) {
        Ok(None) => Outcome::failed("could not find job").with("ansible_job_id", job.as_str()),
        Ok(Some(folder)) => match folder.remove() {
            Ok(()) => {
                places.tidy(&ctx.request.run);
                Outcome::ok(true).with("erased", folder.path().display().to_string())
            }
            Err(error) => Outcome::failed(format!("{} cannot be removed: {error}", folder.path().display())),
        },
        Err(error) => Outcome::failed(error.to_string()),
    }
}
