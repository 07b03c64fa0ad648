//! `pause`: waits, or asks the user to go on.

use std::io::BufRead;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::oneshot;

use super::{Action, ActionContext, BoxFuture, Done};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Clock, Map, SystemClock, Timestamp, args};
use crate::wire::{Outcome, Status};

/// Waits, or asks the user to go on.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-exclusive" = [["seconds", "minutes"]]))]
struct Args {
    /// So many seconds.
    #[serde(default)]
    seconds: Option<f64>,
    /// So many minutes.
    #[serde(default)]
    minutes: Option<f64>,
    /// Asked on the terminal; without one it fails.
    #[serde(default)]
    prompt: Option<String>,
    /// Whether the answer is shown while it is typed. Only `true` works here.
    #[serde(default = "yes")]
    echo: bool,
}

fn yes() -> bool {
    true
}

pub(super) const ACTION: Action = Action {
    spec: Spec {
        name: "pause",
        summary: "Waits, or asks the user to go on.",
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
    Box::pin(async move { pause(map, ctx).await.into() })
}

async fn pause(map: &Map, ctx: &ActionContext<'_>) -> Outcome {
    let args: Args = match args::from_map(map) {
        Ok(args) => args,
        Err(error) => return Outcome::failed(error.to_string()),
    };
    if !args.echo {
        return Outcome::failed("`echo: false` is not supported");
    }
    let seconds = args.seconds.or(args.minutes.map(|m| m * 60.0));
    let Some(seconds) = seconds else {
        return ask(args.prompt.unwrap_or_else(|| "Press enter to continue".to_owned()), ctx).await;
    };
    let Ok(duration) = Duration::try_from_secs_f64(seconds) else {
        return Outcome::failed(format!("a pause cannot last {seconds} seconds"));
    };
    let began = SystemClock.now();
    tokio::select! {
        () = tokio::time::sleep(duration) => {}
        () = ctx.cancel.cancelled() => return stopped(),
        () = tokio::time::sleep(ctx.timeout.unwrap_or(Duration::MAX)) => return late(),
    }
    paused(began, args.seconds.is_some(), "")
}

/// What playbooks read of it.
fn paused(began: Timestamp, in_seconds: bool, said: &str) -> Outcome {
    let ended = SystemClock.now();
    let passed = ended.since(began);
    let (unit, count) = if in_seconds { ("seconds", 1.0) } else { ("minutes", 60.0) };
    let shown = (passed.as_secs_f64() / count * 100.0).round() / 100.0;
    Outcome::ok(false)
        .with("rc", 0)
        .with("stdout", format!("Paused for {shown:?} {unit}"))
        .with("stderr", "")
        .with("start", began.local())
        .with("stop", ended.local())
        .with("delta", passed.as_secs())
        .with("user_input", said)
        .with("echo", true)
}

async fn ask(question: String, ctx: &ActionContext<'_>) -> Outcome {
    let Some(ask) = ctx.ask else {
        return Outcome::failed(
            "`pause` has to ask the user, and there is no terminal; give `seconds` or `minutes`",
        );
    };
    ask(question);
    let began = SystemClock.now();
    let (tell, told) = oneshot::channel();
    // A thread of its own: whoever is asked may never answer, and the run has to end without it.
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        tell.send(read.map(|_| line))
    });
    tokio::select! {
        answer = told => match answer {
            Ok(Ok(line)) => paused(began, false, line.trim_end_matches(['\r', '\n'])),
            Ok(Err(error)) => Outcome::failed(format!("cannot read the answer: {error}")),
            Err(error) => Outcome::failed(format!("cannot read the answer: {error}")),
        },
        () = ctx.cancel.cancelled() => stopped(),
        () = tokio::time::sleep(ctx.timeout.unwrap_or(Duration::MAX)) => late(),
    }
}

fn late() -> Outcome {
    Outcome { status: Status::TimedOut, ..Outcome::failed("it waited longer than `timeout` allows") }
}

fn stopped() -> Outcome {
    Outcome { status: Status::Cancelled, ..Outcome::failed("stopped while it waited") }
}
