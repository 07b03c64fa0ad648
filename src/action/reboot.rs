//! `reboot`: restarts the machine and waits until it is another boot that answers. Tested with a boot that is a file: the machine
//! that the tests run on goes on.

use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Action, ActionContext, BoxFuture, Done, Invocation};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, args};
use crate::wire::{Outcome, Status};

/// Restarts the machine and waits until it is up again: until what `boot_time_command` prints is another than before, and
/// `test_command` ends well.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// Seconds until it goes down; whole minutes count.
    #[serde(default)]
    pre_reboot_delay: u64,
    /// Seconds to wait before it is asked whether it is up again.
    #[serde(default)]
    post_reboot_delay: u64,
    /// Seconds until the machine must be up again, and as many for `test_command`.
    #[serde(default = "ten_minutes")]
    reboot_timeout: u64,
    /// Seconds that one attempt may take until the host is connected, a first copy of the agent included. Without it the
    /// connection's own limit counts (`ansible_timeout`).
    connect_timeout: Option<u64>,
    /// What must end well in the end.
    #[serde(default = "whoami")]
    test_command: String,
    /// What is said to those who are logged in.
    #[serde(default = "message")]
    msg: String,
    /// Where `shutdown`, or the program of `reboot_command`, is looked for.
    #[serde(default = "search_paths")]
    search_paths: Vec<String>,
    /// What prints something that is another after each start.
    #[serde(default = "boot_id")]
    boot_time_command: String,
    /// What restarts the machine, instead of `shutdown -r`; `pre_reboot_delay` and `msg` do not count then.
    reboot_command: Option<String>,
}

fn ten_minutes() -> u64 {
    600
}

fn whoami() -> String {
    "whoami".to_owned()
}

fn message() -> String {
    "Reboot initiated by Ansible".to_owned()
}

fn boot_id() -> String {
    "cat /proc/sys/kernel/random/boot_id".to_owned()
}

fn search_paths() -> Vec<String> {
    ["/sbin", "/bin", "/usr/sbin", "/usr/bin", "/usr/local/sbin"].map(str::to_owned).to_vec()
}

pub(super) const ACTION: Action = Action {
    spec: Spec {
        name: "reboot",
        summary: "Restarts the machine and waits until it is up again.",
        free_form: None,
        open: false,
        on_resume: OnResume::Fail,
        check: CheckMode::Full,
        schema: schema_of::<Args>,
    },
    unrendered: &[],
    run,
};

fn run<'a>(map: &'a Map, ctx: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move { reboot(map, ctx).await.unwrap_or_else(|failed| failed).into() })
}

async fn reboot(map: &Map, ctx: &ActionContext<'_>) -> Result<Outcome, Outcome> {
    let args: Args = args::from_map(map).map_err(|error| Outcome::failed(error.to_string()))?;
    let connection = ctx.templar.scope().lookup("ansible_connection").map(|(value, _)| value.to_string());
    if connection.is_some_and(|kind| kind == "local" || kind == "ansible.builtin.local") {
        let words = "Running reboot with local connection would reboot the control node.";
        return Err(Outcome::failed(words).with("elapsed", 0).with("rebooted", false));
    }
    if ctx.check {
        return Ok(Outcome::ok(true).with("elapsed", 0).with("rebooted", true));
    }
    if args.reboot_command.is_none() && is_own(&args, ctx).await {
        let words = "the target is the machine that Benchbook runs on, which would be restarted; say how by `reboot_command`";
        return Err(Outcome::failed(words).with("elapsed", 0).with("rebooted", false));
    }
    let before = boot(&args, ctx).await.map_err(|outcome| outcome.with("rebooted", false))?;
    let line = command(&args);
    let outcome = shell(&line, &args, ctx).await;
    let began = Instant::now();
    ctx.target.reset();
    if outcome.status == Status::Cancelled {
        return Err(outcome);
    }
    // Who goes down at once breaks the connection, which has no exit code.
    let rc = outcome.values.get("rc").and_then(crate::base::Value::as_int);
    if rc.is_some_and(|rc| rc != 0) {
        let said = |key: &str| outcome.values.get(key).map(ToString::to_string).unwrap_or_default();
        let (out, err) = (said("stdout"), said("stderr"));
        let msg = format!("Reboot command failed. Error was: '{}, {}'", out.trim(), err.trim());
        return Err(Outcome::failed(msg).with("rebooted", false).with("elapsed", 0));
    }
    if !sleep(Duration::from_secs(args.post_reboot_delay), ctx).await {
        return Err(stopped());
    }
    let limit = Duration::from_secs(args.reboot_timeout);
    let elapsed = || began.elapsed().as_secs();
    let late = |what: &str| {
        let msg = format!("Timed out waiting for {what} (timeout={})", args.reboot_timeout);
        Outcome::failed(msg).with("rebooted", true).with("elapsed", elapsed())
    };
    let first = Instant::now();
    wait(limit, first, ctx, || async {
        let now = boot(&args, ctx).await;
        now.is_ok_and(|now| !now.is_empty() && now != before)
    })
    .await?
    .then_some(())
    .ok_or_else(|| late("last boot time check"))?;
    let second = Instant::now();
    wait(limit, second, ctx, || async { shell(&args.test_command, &args, ctx).await.status == Status::Ok })
        .await?
        .then_some(())
        .ok_or_else(|| late("post-reboot test command"))?;
    Ok(Outcome::ok(true).with("rebooted", true).with("elapsed", elapsed()))
}

/// What restarts the machine, looked for only where the task says.
fn command(args: &Args) -> String {
    let quote = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let (program, words) = match &args.reboot_command {
        Some(line) if line.trim_start().starts_with('/') => return line.clone(),
        Some(line) => {
            let line = line.trim();
            let (program, words) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            (program.to_owned(), words.to_owned())
        }
        None => ("shutdown".to_owned(), format!("-r {} {}", args.pre_reboot_delay / 60, quote(&args.msg))),
    };
    let folders: Vec<String> = args.search_paths.iter().map(|folder| quote(folder)).collect();
    let (folders, quoted) = (folders.join(" "), quote(&program));
    format!(
        "for folder in {folders}; do if [ -x \"$folder\"/{quoted} ]; then exec \"$folder\"/{quoted} {words}; fi; done; \
         echo \"Unable to find command {program}\" >&2; exit 127"
    )
}

async fn shell(line: &str, args: &Args, ctx: &ActionContext<'_>) -> Outcome {
    let connect_timeout = args.connect_timeout.map(Duration::from_secs);
    let args = Map::from_iter([("cmd", line)]);
    ctx.target.call(Invocation { module: "shell", args, connect_timeout, ..Invocation::default() }).await
}

/// Whether the target has started together with this machine.
async fn is_own(args: &Args, ctx: &ActionContext<'_>) -> bool {
    let Ok(own) = std::fs::read_to_string("/proc/sys/kernel/random/boot_id") else { return false };
    let outcome = shell(&boot_id(), args, ctx).await;
    outcome.values.get("stdout").is_some_and(|said| said.to_string().trim() == own.trim())
}

/// What says which boot it is.
async fn boot(args: &Args, ctx: &ActionContext<'_>) -> Result<String, Outcome> {
    let outcome = shell(&args.boot_time_command, args, ctx).await;
    let said = |key: &str| outcome.values.get(key).map(ToString::to_string).unwrap_or_default();
    if outcome.status == Status::Ok {
        return Ok(said("stdout").trim().to_owned());
    }
    let (rc, out, err) = (said("rc"), said("stdout"), said("stderr"));
    let words = "failed to get host boot time info,";
    let msg = format!("reboot: {words} rc: {rc}, stdout: {out}, stderr: {err}");
    Err(Outcome { msg: Some(msg), ..outcome })
}

/// Tries until it is so; whether it was in time. The time between two tries doubles up to twelve seconds.
async fn wait<F: Future<Output = bool>>(
    limit: Duration,
    began: Instant,
    ctx: &ActionContext<'_>,
    mut attempt: impl FnMut() -> F,
) -> Result<bool, Outcome> {
    let mut pause = Duration::from_secs(1);
    while began.elapsed() < limit {
        if attempt().await {
            return Ok(true);
        }
        ctx.target.reset();
        if !sleep(pause.min(limit.saturating_sub(began.elapsed())), ctx).await {
            return Err(stopped());
        }
        pause = (pause * 2).min(Duration::from_secs(12));
    }
    Ok(false)
}

/// Whether nobody has stopped it.
async fn sleep(time: Duration, ctx: &ActionContext<'_>) -> bool {
    tokio::select! {
        () = tokio::time::sleep(time) => true,
        () = ctx.cancel.cancelled() => false,
    }
}

fn stopped() -> Outcome {
    Outcome { status: Status::Cancelled, ..Outcome::failed("stopped while it waited") }
}
