//! `shell`: a command line, read by a shell.

use schemars::JsonSchema;
use serde::Deserialize;

use super::failure::Answer;
use super::invocation::{Invocation, Shown};
use super::{Context, Module, TargetPath, call};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};

/// Changed, unless `creates` or `removes` say that there is nothing to do. Another exit code than 0 is a failure.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The command line.
    pub cmd: String,
    /// The shell.
    #[serde(default = "bourne")]
    pub executable: TargetPath,
    /// Where it runs.
    pub chdir: Option<TargetPath>,
    /// A path or pattern: when it is there, nothing is run.
    pub creates: Option<TargetPath>,
    /// A path or pattern: when it is not there, nothing is run.
    pub removes: Option<TargetPath>,
    /// What the command reads.
    pub stdin: Option<String>,
    /// End `stdin` with a newline.
    #[serde(default = "yes")]
    pub stdin_add_newline: bool,
    /// Take empty lines off the end of the output.
    #[serde(default = "yes")]
    pub strip_empty_ends: bool,
}

fn yes() -> bool {
    true
}

fn bourne() -> TargetPath {
    TargetPath::from("/bin/sh")
}

pub(super) const SPEC: Spec = Spec {
    name: "shell",
    summary: "Runs a command line in a shell.",
    free_form: Some("cmd"),
    open: false,
    on_resume: OnResume::Fail,
    check: CheckMode::Full,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, shell) };

fn shell(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let program = args.executable.expand(ctx).to_string_lossy().into_owned();
    Invocation {
        argv: vec![program, "-c".to_owned(), args.cmd.clone()],
        shown: Shown::Line(args.cmd.clone()),
        chdir: args.chdir.clone(),
        creates: args.creates.clone(),
        removes: args.removes.clone(),
        stdin: args.stdin.clone(),
        stdin_add_newline: args.stdin_add_newline,
        strip_empty_ends: args.strip_empty_ends,
    }
    .run(ctx)
}
