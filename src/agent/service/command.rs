//! `_command` and `_put`: what an action in Python of the controller's wants of its target. They know no check mode: what an
//! action asks for there, it needs.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use super::Service;
use super::end::ENDS;
use crate::agent::owner::RUN;
use crate::base::{Map, Value};
use crate::module::Context;
use crate::module::process::Command;
use crate::module::process::processes::MARK;
use crate::wire::{Outcome, Status};

pub(super) const COMMAND: Service = Service { name: "_command", run: command };
pub(super) const PUT: Service = Service { name: "_put", run: put };

/// Arguments: `command`, a line of the shell's, `stdin`, bytes for it, `folder`, where it runs, and `background`, what becomes
/// of processes that it leaves: `waited`, they end by themselves, or with a run that is stopped; `left`, they are no longer the
/// run's. Gives `rc`, `stdout` and `stderr`, both bytes; a command that ends with another code than 0 is no failure.
fn command(args: &Map, ctx: &mut Context<'_>) -> Outcome {
    let Some(line) = args.get("command").and_then(Value::as_str) else {
        return Outcome::failed("`_command` wants a `command`");
    };
    let stdin = match args.get("stdin") {
        Some(Value::Bytes(bytes)) => Some(bytes.to_vec()),
        _ => None,
    };
    let cwd = args.get("folder").and_then(Value::as_str).map(PathBuf::from);
    let before = match args.get("background").and_then(Value::as_str) {
        Some("waited") => format!("export {ENDS}=1; "),
        Some("left") => format!("unset {RUN} {MARK}; "),
        _ => String::new(),
    };
    let line = &format!("{before}{line}");
    let done = ctx.run(&Command { stdin, cwd, quiet: true, ..Command::new(["/bin/sh", "-c", line]) });
    let done = match done {
        Ok(done) => done,
        Err(error) => return Outcome::failed(format!("cannot run /bin/sh: {error}")),
    };
    let status = done.outcome_status();
    let is_stopped = matches!(status, Status::TimedOut | Status::Cancelled);
    let rc = done.rc();
    Outcome { status: if is_stopped { status } else { Status::Ok }, ..Outcome::default() }
        .with("rc", rc)
        .with("stdout", Value::Bytes(done.stdout.into()))
        .with("stderr", Value::Bytes(done.stderr.into()))
}

/// Argument `to`: the path of the file that upload 0 becomes.
fn put(args: &Map, ctx: &mut Context<'_>) -> Outcome {
    let Some(path) = args.get("to").and_then(Value::as_str) else {
        return Outcome::failed("`_put` wants `to`");
    };
    let copied = File::create(path).and_then(|mut file| io::copy(&mut *ctx.link.upload(0)?, &mut file));
    match copied {
        Ok(_) => Outcome::ok(true),
        Err(error) => Outcome::failed(format!("cannot write {path}: {error}")),
    }
}
