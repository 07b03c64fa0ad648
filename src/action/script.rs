//! `script`: a program of the controller, put on the target, run there and removed.

use schemars::JsonSchema;
use serde::Deserialize;

use super::source::upload;
use super::{Action, ActionContext, BoxFuture, Done, Invocation};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, Value, args};
use crate::wire::{Outcome, Status};

/// Runs a program of the controller on the target.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// The program and its arguments; looked for in `files/` and beside the tasks.
    cmd: String,
    /// The folder on the target to run it in.
    #[serde(default)]
    chdir: Option<String>,
    /// Not run when this is there.
    #[serde(default)]
    creates: Option<String>,
    /// Not run when this is not there.
    #[serde(default)]
    removes: Option<String>,
    /// The interpreter to run it with.
    #[serde(default)]
    executable: Option<String>,
}

pub(super) const ACTION: Action = Action {
    spec: Spec {
        name: "script",
        summary: "Runs a program of the controller on the target.",
        free_form: Some("cmd"),
        open: false,
        on_resume: OnResume::Fail,
        check: CheckMode::Skipped,
        schema: schema_of::<Args>,
    },
    unrendered: &[],
    run,
};

fn run<'a>(map: &'a Map, ctx: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move { script(map, ctx).await.unwrap_or_else(|failed| failed).into() })
}

fn call(module: &'static str, args: Map) -> Invocation {
    Invocation { module, args, ..Invocation::default() }
}

async fn script(map: &Map, ctx: &ActionContext<'_>) -> Result<Outcome, Outcome> {
    let args: Args = args::from_map(map).map_err(|e| Outcome::failed(e.to_string()))?;
    if ctx.check && args.creates.is_none() && args.removes.is_none() {
        return Err(Outcome::skipped("check mode: a script is not run"));
    }
    let (name, rest) = args.cmd.trim().split_once(char::is_whitespace).unwrap_or((args.cmd.trim(), ""));
    let path = ctx.find("files", name)?;
    let read = ctx.files().open(&path).map(|content| content.bytes);
    let bytes = read.map_err(|e| Outcome::failed(format!("cannot read {}: {e}", path.display())))?;
    let folder = [("state", "directory"), ("prefix", "benchbook-script.")];
    let made = ctx.target.call(call("tempfile", Map::from_iter(folder))).await;
    let Some(folder) = made.values.get("path").map(ToString::to_string) else { return Err(made) };
    let program = format!("{folder}/{}", path.file_name().unwrap_or_default().to_string_lossy());
    let place = Map::from_iter([("dest", program.as_str()), ("mode", "0700")]);
    let put = ctx.target.call(upload(&place, "script", None, bytes)).await;
    let outcome = if put.status == Status::Ok {
        let quoted = quote(&program);
        let program = args.executable.map_or_else(|| quoted.clone(), |e| format!("{e} {quoted}"));
        let mut command = Map::from_iter([("cmd", format!("{program} {rest}").trim().to_owned())]);
        let others = [("chdir", args.chdir), ("creates", args.creates), ("removes", args.removes)];
        for (key, value) in others.into_iter().filter_map(|(k, v)| Some((k, v?))) {
            command.insert(key, value);
        }
        ctx.target.call(call("command", command)).await
    } else {
        put
    };
    let gone = Map::from_iter([("path", Value::from(folder)), ("state", "absent".into())]);
    ctx.target.call(call("file", gone)).await;
    Ok(outcome)
}

/// A word for `command`, whatever is in it.
fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}
