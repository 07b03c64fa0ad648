//! `wait_for_connection`: waits until the host can be reached and answers.

use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Action, ActionContext, BoxFuture, Done, Invocation};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, args};
use crate::wire::{Outcome, Status};

/// Waits until the host can be reached and answers. It does not fail as unreachable, but as a task that took too long.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// Seconds that one attempt may take until the host is connected, a first copy of the agent included. Without it the
    /// connection's own limit counts (`ansible_timeout`).
    connect_timeout: Option<u64>,
    /// So many seconds pass before the first attempt.
    #[serde(default)]
    delay: u64,
    /// So many seconds pass between two attempts.
    #[serde(default = "one")]
    sleep: u64,
    /// No attempt begins later than so many seconds after the first.
    #[serde(default = "ten_minutes")]
    timeout: u64,
}

fn one() -> u64 {
    1
}

fn ten_minutes() -> u64 {
    600
}

pub(super) const ACTION: Action = Action {
    spec: Spec {
        name: "wait_for_connection",
        summary: "Waits until the host can be reached and answers.",
        free_form: None,
        open: false,
        on_resume: OnResume::Rerun,
        check: CheckMode::Skipped,
        schema: schema_of::<Args>,
    },
    unrendered: &[],
    run,
};

fn run<'a>(map: &'a Map, ctx: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move { wait(map, ctx).await.into() })
}

async fn wait(map: &Map, ctx: &ActionContext<'_>) -> Outcome {
    let args: Args = match args::from_map(map) {
        Ok(args) => args,
        Err(error) => return Outcome::failed(error.to_string()),
    };
    let began = Instant::now();
    if !sleep(args.delay, ctx).await {
        return stopped();
    }
    let first = Instant::now();
    loop {
        let connect_timeout = args.connect_timeout.map(Duration::from_secs);
        let ping = Invocation { module: "ping", connect_timeout, ..Invocation::default() };
        let outcome = ctx.target.call(ping).await;
        let end = match outcome.status {
            Status::Ok => Outcome::ok(false),
            Status::Cancelled | Status::TimedOut => return outcome,
            _ => {
                ctx.target.reset();
                if !sleep(args.sleep, ctx).await {
                    return stopped();
                }
                if first.elapsed() < Duration::from_secs(args.timeout) {
                    continue;
                }
                let why = outcome.msg.unwrap_or_default();
                Outcome::failed(format!("timed out waiting for ping module test: {why}"))
            }
        };
        return end.with("elapsed", began.elapsed().as_secs());
    }
}

/// Whether nobody has stopped it.
async fn sleep(seconds: u64, ctx: &ActionContext<'_>) -> bool {
    tokio::select! {
        () = tokio::time::sleep(Duration::from_secs(seconds)) => true,
        () = ctx.cancel.cancelled() => false,
    }
}

fn stopped() -> Outcome {
    Outcome { status: Status::Cancelled, ..Outcome::failed("stopped while it waited") }
}
