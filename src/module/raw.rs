//! `raw`: a command line as it is, for targets where nothing else works.

use schemars::JsonSchema;
use serde::Deserialize;

use super::failure::Answer;
use super::invocation::{Invocation, Shown};
use super::{Context, Module, TargetPath, call};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::wire::Outcome;

/// Like `shell`, without its options.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The command line.
    pub cmd: String,
    /// The shell; by default /bin/sh.
    pub executable: Option<TargetPath>,
}

pub(super) const SPEC: Spec = Spec {
    name: "raw",
    summary: "Runs a command line as it is.",
    free_form: Some("cmd"),
    open: false,
    on_resume: OnResume::Fail,
    check: CheckMode::Skipped,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, raw) };

/// Leaves out what `command` says beyond how a program has ended.
pub fn only_the_end(outcome: &mut Outcome) {
    for name in ["cmd", "start", "end", "delta"] {
        outcome.values.remove(name);
    }
    outcome.msg = outcome.msg.take().filter(|msg| !msg.is_empty());
}

fn raw(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let program = match &args.executable {
        Some(shell) => shell.expand(ctx).to_string_lossy().into_owned(),
        None => "/bin/sh".to_owned(),
    };
    let mut outcome = Invocation {
        argv: vec![program, "-c".to_owned(), args.cmd.clone()],
        shown: Shown::Line(args.cmd.clone()),
        chdir: None,
        creates: None,
        removes: None,
        stdin: None,
        stdin_add_newline: false,
        strip_empty_ends: false,
    }
    .run(ctx)?;
    only_the_end(&mut outcome);
    Ok(outcome)
}
