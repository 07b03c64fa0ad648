//! `script`: a program of the controller, put on the target, run there and removed.

use schemars::JsonSchema;
use serde::Deserialize;

use super::source::{content, upload};
use super::unarchive::stat;
use super::{Action, ActionContext, BoxFuture, Done, Invocation};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, Value, args, shlex};
use crate::module;
use crate::wire::{Outcome, Status};

/// Runs a program of the controller on the target. Under `--check` it is skipped, unless `creates` or `removes` say whether it would
/// run.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// The program, in quotes where there are blanks in it, and its arguments; looked for in `files/` and beside the tasks.
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
    /// A program that is a vault is decrypted on the way.
    #[serde(default = "yes")]
    decrypt: bool,
}

fn yes() -> bool {
    true
}

pub(super) const ACTION: Action = Action {
    spec: Spec {
        name: "script",
        summary: "Runs a program of the controller on the target.",
        free_form: Some("cmd"),
        open: false,
        on_resume: OnResume::Fail,
        check: CheckMode::Full,
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
    if let Some(creates) = &args.creates
        && stat(creates, "exists", ctx).await?
    {
        return Err(Outcome::skipped(format!("{creates} exists, matching creates option")));
    }
    if let Some(removes) = &args.removes
        && !stat(removes, "exists", ctx).await?
    {
        return Err(Outcome::skipped(format!("{removes} does not exist, matching removes option")));
    }
    let (name, rest) = program(&args.cmd).map_err(Outcome::failed)?;
    let path = ctx.find("files", &name)?;
    if ctx.check {
        return if args.creates.is_some() || args.removes.is_some() {
            Ok(Outcome::ok(true))
        } else {
            Err(Outcome::skipped("Check mode is not supported for this task."))
        };
    }
    let bytes = content(&path, args.decrypt, ctx)
        .map_err(|e| Outcome::failed(format!("cannot read {}: {e}", path.display())))?;
    let folder = [("state", "directory"), ("prefix", "benchbook-script.")];
    let made = ctx.target.call(call("tempfile", Map::from_iter(folder))).await;
    let Some(folder) = made.values.get("path").map(ToString::to_string) else { return Err(made) };
    let program = format!("{folder}/{}", path.file_name().unwrap_or_default().to_string_lossy());
    let place = Map::from_iter([("dest", program.as_str()), ("mode", "0700")]);
    let put = ctx.target.call(upload(&place, "script", None, None, bytes)).await;
    let outcome = if put.status == Status::Ok {
        let quoted = quote(&program);
        let program = args.executable.map_or_else(|| quoted.clone(), |e| format!("{e} {quoted}"));
        let line = format!("{program} {rest}");
        // The output stays as it is, as in the reference.
        let mut command =
            Map::from_iter([("cmd", Value::from(line.trim())), ("strip_empty_ends", false.into())]);
        if let Some(chdir) = args.chdir {
            command.insert("chdir", chdir);
        }
        let mut outcome = ctx.target.call(call("command", command)).await;
        module::raw::only_the_end(&mut outcome);
        outcome
    } else {
        put
    };
    let gone = Map::from_iter([("path", Value::from(folder)), ("state", "absent".into())]);
    ctx.target.call(call("file", gone)).await;
    Ok(outcome)
}

/// The program, which may stand in quotes, and what follows it, as it is written.
fn program(line: &str) -> Result<(String, String), String> {
    let line = line.trim();
    let words = shlex::split(line).map_err(|error| format!("cannot split `{line}` into words: {error}"))?;
    let Some((name, others)) = words.split_first() else { return Err("no program is given".to_owned()) };
    let quoted = ["", "'", "\""].map(|mark| format!("{mark}{name}{mark}"));
    let rest = quoted.iter().find_map(|name| line.strip_prefix(name.as_str()));
    let rest = rest.filter(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace));
    let again = || others.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ");
    Ok((name.clone(), rest.map_or_else(again, |rest| rest.trim_start().to_owned())))
}

/// A word for `command`, whatever is in it.
fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_may_have_blanks() {
        let told = |line: &str| program(line).unwrap();
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(told(" run.sh  a 'b c' "), pair("run.sh", "a 'b c'"));
        assert_eq!(told("'my run.sh' $X"), pair("my run.sh", "$X"));
        assert_eq!(told(r"my\ run.sh 'b c'"), pair("my run.sh", "'b c'"));
        assert_eq!(told("run.sh"), pair("run.sh", ""));
        assert!(program("").is_err());
    }
}
