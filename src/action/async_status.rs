//! `async_status`: how a job that `async` started is doing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Action, ActionContext, BoxFuture, Done, Invocation};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, args};
use crate::wire::{Outcome, Status};

/// Gives the job's own result when it has ended; `finished` says whether it has. Usual with `until: job is finished`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// The `ansible_job_id` that the task with `async` gave.
    jid: String,
    /// Look, or remove what the job has left. A job that still runs is not ended by that.
    #[serde(default)]
    mode: Mode,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    #[default]
    Status,
    Cleanup,
}

pub(super) const ACTION: Action = Action {
    spec: Spec {
        name: "async_status",
        summary: "Says how a job of `async` is doing.",
        free_form: None,
        open: false,
        on_resume: OnResume::Rerun,
        check: CheckMode::ReadOnly,
        schema: schema_of::<Args>,
    },
    unrendered: &[],
    run,
};

fn run<'a>(map: &'a Map, ctx: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move {
        let args: Args = match args::from_map(map) {
            Ok(args) => args,
            Err(error) => return Outcome::failed(error.to_string()).into(),
        };
        let module = match args.mode {
            Mode::Status => "_job",
            Mode::Cleanup => "_forget",
        };
        let mut job = Map::from_iter([("job", args.jid.as_str())]);
        if let Some(folder) = ctx.told_in {
            job.insert("told_in", folder);
        }
        let outcome = ctx.target.call(Invocation { module, args: job, ..Invocation::default() }).await;
        let outcome = outcome.with("ansible_job_id", args.jid.as_str());
        if args.mode == Mode::Status || outcome.status != Status::Ok {
            return outcome.into();
        }
        let outcome = outcome.with("started", false).with("finished", false);
        outcome.with("stdout", "").with("stderr", "").into()
    })
}
