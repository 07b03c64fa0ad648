//! `_foreign`: a program that is a module of Ansible's, run once. Controllers send it whole, with its arguments inside or in a
//! file beside it; what it prints is its result.
//!
//! Knows nothing of where such programs are found and how they are put together, and no Python but to start it.

pub mod answer;
mod interpreter;

use std::ffi::OsString;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::failure::{Answer, Doing, Failure};
use super::process::{Command, Finished};
use super::{Context, path};
use crate::base::{Map, Value};
use crate::wire::{Outcome, Status};
use answer::{Ended, judge};
use interpreter::Interpreter;

/// What it is asked for by.
pub const NAME: &str = "_foreign";
/// The fact that says which Python was found.
pub const DISCOVERED: &str = "discovered_interpreter_python";

/// Runs it. `program` is what is run and `name` what its file is called; `arguments`, if any, become a file of which it is told
/// the path. `interpreter` is the beginning of its command line, `candidates` are names of Pythons of which the first that
/// starts is taken instead; without both it runs by itself. With `invocation` its result says what it was called with.
pub fn run(args: &Map, ctx: &mut Context<'_>) -> Outcome {
    let started = ctx.clock.now();
    let outcome = attempt(args, ctx).unwrap_or_else(Failure::into_outcome);
    Outcome { started, ended: ctx.clock.now(), ..outcome }
}

fn attempt(args: &Map, ctx: &mut Context<'_>) -> Answer {
    let Some(Value::Bytes(program)) = args.get("program") else {
        return Err(Failure::new("there is no program to run"));
    };
    let name = args.get("name").and_then(Value::as_str).unwrap_or("module");
    let words = |key: &str| {
        let list = args.get(key).and_then(Value::as_list).unwrap_or_default();
        list.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let Some(interpreter) = Interpreter::choose(&words("interpreter"), &words("candidates"), ctx) else {
        return Err(answer::no_interpreter(&words("candidates").join(", ")).into());
    };
    let folder = temporary(ctx).doing("make a folder in", &path::temporary(ctx))?;
    let file = folder.path().join(name);
    write(&file, program, 0o700).doing("write", &file)?;
    let mut line: Vec<OsString> = interpreter.words.iter().map(OsString::from).collect();
    line.push(file.into());
    if let Some(text) = args.get("arguments").and_then(Value::as_str) {
        let beside = folder.path().join("args");
        write(&beside, text.as_bytes(), 0o600).doing("write", &beside)?;
        line.push(beside.into());
    }
    let done = match ctx.run(&Command { quiet: true, ..Command::new(line) }) {
        Ok(done) => done,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !interpreter.words.is_empty() => {
            return Err(answer::no_interpreter(&interpreter.words.join(" ")).into());
        }
        Err(error) => return Err(Failure::new(format!("cannot run {name}: {error}"))),
    };
    let mut outcome = result(&done, args, ctx);
    if let Some(found) = interpreter.discovered {
        let mut facts =
            outcome.values.get("ansible_facts").and_then(Value::as_map).cloned().unwrap_or_default();
        facts.insert(DISCOVERED, found);
        outcome.values.insert("ansible_facts", facts);
    }
    Ok(outcome)
}

fn result(done: &Finished, args: &Map, ctx: &Context<'_>) -> Outcome {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let ended = Ended {
        rc: done.rc(),
        stdout: text(&done.stdout),
        stderr: text(&done.stderr),
        // Whoever starts a job hears of it later, and of everything.
        keep_stderr: ctx.request.job.is_some(),
        keep_invocation: args.get("invocation").and_then(Value::as_bool) == Some(true),
    };
    if !matches!(done.outcome_status(), Status::Cancelled | Status::TimedOut) {
        let mut outcome = judge(&ended);
        if !ctx.diff() {
            outcome.diff.clear();
        }
        outcome.warnings.extend(done.warnings.iter().cloned());
        return outcome;
    }
    let msg = match done.outcome_status() {
        Status::TimedOut => {
            let limit = std::time::Duration::from_millis(ctx.request.timeout_ms.unwrap_or_default());
            format!("timed out after {} s", limit.as_secs_f64())
        }
        _ => "cancelled".to_owned(),
    };
    Outcome { status: done.outcome_status(), ..answer::unread(&ended, msg) }
}

fn temporary(ctx: &Context<'_>) -> io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("benchbook-module.").rand_bytes(12).permissions(Permissions::from_mode(0o700));
    builder.tempdir_in(path::temporary(ctx))
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?.write_all(bytes)?;
    // Whatever the umask says.
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// A program of that name as a child of this task would find it.
fn in_path(name: &str, ctx: &Context<'_>) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|path| path.is_file());
    }
    let path = path::variable_value("PATH", ctx).unwrap_or_else(|| "/bin:/usr/bin".to_owned());
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file())
}
