//! `synchronize`: files from here to the target or back, by `rsync`, which connects by itself.
//!
//! rsync runs on the controller, on the target itself (`delegate_to: "{{ inventory_hostname }}"`), or on the host that the task is
//! delegated to. Gives `msg`, `rc`, `cmd` and `stdout_lines`.

mod line;
mod way;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::process::Command;

use self::line::{MARK, line};
use self::way::{Remote, Way};
use super::{Action, ActionContext, BoxFuture, Done, Invocation};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, Value, args, shlex};
use crate::wire::{Outcome, Status, diffs};

/// Brings files to the target or from it by rsync, which must be there on both sides and connects to the target by ssh itself.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools, clippy::struct_field_names)] // they are what users write
struct Args {
    /// What is copied; with a slash in the end, what is in it. On the side where rsync runs, a relative path is looked for in `files/`.
    src: String,
    /// Where to.
    dest: String,
    /// The target's port; by default that of the inventory.
    dest_port: Option<u16>,
    /// `push` to the target, or `pull` from it.
    #[serde(default)]
    mode: Mode,
    /// With all that a copy should keep: folders and what is in them, links, permissions, times, owner, group, devices.
    #[serde(default = "yes")]
    archive: bool,
    /// Compare contents, and not size and time.
    #[serde(default)]
    checksum: bool,
    /// Pack what is sent.
    #[serde(default = "yes")]
    compress: bool,
    /// Only what is there already.
    #[serde(default)]
    existing_only: bool,
    /// Remove what is not in `src`.
    #[serde(default)]
    delete: bool,
    /// Folders, but not what is in them.
    #[serde(default)]
    dirs: bool,
    /// What is in folders; by default what `archive` says.
    recursive: Option<bool>,
    /// Links as links; by default what `archive` says.
    links: Option<bool>,
    /// What links lead to, instead of them.
    #[serde(default)]
    copy_links: bool,
    /// Permissions; by default what `archive` says.
    perms: Option<bool>,
    /// Times; by default what `archive` says.
    times: Option<bool>,
    /// The owner; by default what `archive` says.
    owner: Option<bool>,
    /// The group; by default what `archive` says.
    group: Option<bool>,
    /// rsync on the other side: a program, perhaps with what stands before it. By default `sudo -u USER rsync` where the task becomes
    /// another user.
    rsync_path: Option<String>,
    /// After how many seconds of silence rsync gives up; 0 is never.
    #[serde(default)]
    rsync_timeout: u32,
    /// Name the user of the inventory to ssh.
    #[serde(default = "yes")]
    set_remote_user: bool,
    /// Let ssh use a connection of its own configuration.
    #[serde(default)]
    ssh_connection_multiplexing: bool,
    /// More options for rsync.
    #[serde(default)]
    rsync_opts: Vec<String>,
    /// Keep what came of a file when the connection is lost.
    #[serde(default)]
    partial: bool,
    /// Whether the target's key must be known.
    #[serde(default)]
    verify_host: bool,
    /// The key for ssh; by default that of the inventory.
    private_key: Option<String>,
    /// Folders whose files are taken where they are the same, as other names of them.
    #[serde(default)]
    link_dest: Vec<String>,
    /// Put all files in place at the end.
    #[serde(default = "yes")]
    delay_updates: bool,
    /// Call ssh with what `ansible_ssh_common_args` and `ansible_ssh_extra_args` say.
    #[serde(default)]
    use_ssh_args: bool,
}

/// The direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    /// From the target
    Pull,
    /// To the target
    #[default]
    Push,
}

fn yes() -> bool {
    true
}

pub(super) const ACTION: Action = Action {
    spec: Spec {
        name: "synchronize",
        summary: "Copies files between here and the target by rsync.",
        free_form: None,
        open: false,
        on_resume: OnResume::Rerun,
        check: CheckMode::Full,
        schema: schema_of::<Args>,
    },
    unrendered: &[],
    run,
};

fn run<'a>(map: &'a Map, ctx: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move { synchronize(map, ctx).await.unwrap_or_else(|failed| failed).into() })
}

async fn synchronize(map: &Map, ctx: &ActionContext<'_>) -> Result<Outcome, Outcome> {
    let args: Args = args::from_map(map).map_err(|e| Outcome::failed(e.to_string()))?;
    let way = Way::find(&args, ctx)?;
    let (src, dest) = way.paths(&args, ctx);
    let program = match ctx.templar.scope().lookup("ansible_rsync_path") {
        Some((value, _)) => {
            ctx.templar.render_str(value).map_err(|error| Outcome::failed(error.to_string()))?
        }
        None => "rsync".to_owned(),
    };
    let rsync_path = args.rsync_path.as_deref().or(way.by_sudo.as_deref());
    let words = line(&args, &program, way.remote.as_ref(), rsync_path, (&src, &dest), ctx.check)
        .map_err(Outcome::failed)?;
    let said = if way.here { on_controller(&words, ctx).await? } else { on_target(&words, ctx).await? };
    let shown = words.iter().map(|word| shlex::quote(word)).collect::<Vec<_>>().join(" ");
    if said.rc != 0 {
        return Err(Outcome::failed(said.err).with("rc", said.rc).with("cmd", shown));
    }
    Ok(told(&args, &said, shown, ctx))
}

/// What a call that ended well becomes.
fn told(args: &Args, said: &Said, shown: String, ctx: &ActionContext<'_>) -> Outcome {
    // With `link_dest` everything is told, and a point says that it is as it was.
    let differs = |line: &str| line.strip_prefix(MARK).is_some_and(|rest| !rest.starts_with('.'));
    let changed =
        if args.link_dest.is_empty() { said.out.contains(MARK) } else { said.out.lines().any(differs) };
    let told = said.out.replace(MARK, "");
    let lines: Vec<Value> = told.lines().filter(|line| !line.is_empty()).map(Value::from).collect();
    let mut outcome = Outcome::ok(changed)
        .saying(told.clone())
        .with("rc", said.rc)
        .with("cmd", shown)
        .with("stdout_lines", Value::list(lines));
    if args.rsync_opts.iter().any(String::is_empty) {
        outcome.warnings.push(
            "The empty string is present in rsync_opts which will cause rsync to transfer the current working directory. If this is \
             intended, use \".\" instead to get rid of this warning. If this is unintended, check for problems in your playbook \
             leading to empty string in rsync_opts."
                .to_owned(),
        );
    }
    if ctx.diff {
        let diff = Value::from(Map::from_iter([("prepared", told)]));
        outcome.diff = diffs(&diff);
        outcome.values.insert("diff", diff);
    }
    outcome
}

struct Said {
    rc: i64,
    out: String,
    err: String,
}

/// On the target, or the host that the task is delegated to.
async fn on_target(words: &[String], ctx: &ActionContext<'_>) -> Result<Said, Outcome> {
    let line = Value::list(words.iter().map(|word| Value::from(word.as_str())).collect());
    let args = Map::from_iter([("argv", line), ("strip_empty_ends", false.into())]);
    let outcome = ctx
        .target
        .call(Invocation { module: "command", args, looks: ctx.check, ..Invocation::default() })
        .await;
    let text = |key: &str| outcome.values.get(key).map(ToString::to_string).unwrap_or_default();
    match outcome.values.get("rc").and_then(Value::as_int) {
        Some(rc) if matches!(outcome.status, Status::Ok | Status::Failed) => {
            let err = if text("stderr").is_empty() {
                outcome.msg.clone().unwrap_or_default()
            } else {
                text("stderr")
            };
            Ok(Said { rc: i64::try_from(rc).unwrap_or(1), out: text("stdout"), err })
        }
        _ => Err(outcome),
    }
}

/// On the controller, until it is done, the task's time is over, or the run is stopped.
async fn on_controller(words: &[String], ctx: &ActionContext<'_>) -> Result<Said, Outcome> {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).stdin(std::process::Stdio::null()).kill_on_drop(true);
    let cannot =
        |error: std::io::Error| Outcome::failed(format!("{} cannot be started here: {error}", words[0]));
    let limit = async {
        match ctx.timeout {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    let ended = |status, msg: &str| Outcome { status, ..Outcome::failed(msg) };
    let done = tokio::select! {
        done = command.output() => done.map_err(cannot)?,
        () = ctx.cancel.cancelled() => return Err(ended(Status::Cancelled, "cancelled")),
        () = limit => return Err(ended(Status::TimedOut, "rsync was ended before it was done")),
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let rc = done.status.code().map_or(1, i64::from);
    Ok(Said { rc, out: text(&done.stdout), err: text(&done.stderr) })
}
