//! `command`: a program with its arguments, without a shell.

use schemars::JsonSchema;
use serde::Deserialize;

use super::failure::{Answer, Failure};
use super::invocation::{Invocation, Shown};
use super::path::{self, TargetPath};
use super::{Context, Module, call};
use crate::base::shlex;
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};

/// Changed, unless `creates` or `removes` say that there is nothing to do. Another exit code than 0 is a failure.
/// Variables (`$HOME`) are filled in, but pipes and the like need `shell`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-exclusive" = [["cmd", "argv"]], "x-one-of" = [["cmd", "argv"]]))]
pub struct Args {
    /// The command line; quotes and backslashes protect as in a shell.
    pub cmd: Option<String>,
    /// The program and its arguments as a list.
    pub argv: Option<Vec<String>>,
    /// Nothing any more: no shell is started. It is told.
    pub executable: Option<String>,
    /// Where it runs.
    pub chdir: Option<TargetPath>,
    /// A path or pattern: when it is there, nothing is run.
    pub creates: Option<TargetPath>,
    /// A path or pattern: when it is not there, nothing is run.
    pub removes: Option<TargetPath>,
    /// What the program reads.
    pub stdin: Option<String>,
    /// End `stdin` with a newline.
    #[serde(default = "yes")]
    pub stdin_add_newline: bool,
    /// Take empty lines off the end of the output.
    #[serde(default = "yes")]
    pub strip_empty_ends: bool,
    /// Fill in `$VAR` and `~` in the arguments.
    #[serde(default = "yes")]
    pub expand_argument_vars: bool,
}

fn yes() -> bool {
    true
}

pub(super) const SPEC: Spec = Spec {
    name: "command",
    summary: "Runs a program.",
    free_form: Some("cmd"),
    open: false,
    on_resume: OnResume::Fail,
    check: CheckMode::Full,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, command) };

fn command(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let mut words = match (&args.argv, &args.cmd) {
        (Some(words), _) => words.clone(),
        (None, Some(line)) => {
            shlex::split(line).map_err(|e| Failure::new(format!("cannot split `{line}` into words: {e}")))?
        }
        (None, None) => Vec::new(),
    };
    if words.is_empty() {
        return Err(Failure::new("no command given").with("rc", 256));
    }
    // As in Ansible, `cmd` in the result shows the words before variables are filled in.
    let shown = Shown::Words(words.clone());
    if args.expand_argument_vars {
        words = words.iter().map(|word| path::expand(word, ctx)).collect();
    }
    let mut outcome = Invocation {
        shown,
        argv: words,
        chdir: args.chdir.clone(),
        creates: args.creates.clone(),
        removes: args.removes.clone(),
        stdin: args.stdin.clone(),
        stdin_add_newline: args.stdin_add_newline,
        strip_empty_ends: args.strip_empty_ends,
    }
    .run(ctx)?;
    if let Some(shell) = &args.executable {
        let words = "is no longer supported by `command`, which starts no shell";
        outcome.warnings.push(format!("`executable` {words}: {shell} is not used"));
    }
    Ok(outcome)
}
