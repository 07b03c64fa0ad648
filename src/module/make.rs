//! `make`: a target of a makefile, unless it is up to date.

use schemars::JsonSchema;
use serde::Deserialize;

use super::process::Command;
use super::programs::Said;
use super::{Answer, Context, Failure, Module, TargetPath, call};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, Value};
use crate::wire::Outcome;

/// Runs targets of a makefile, unless `make --question` says that they are up to date.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-exclusive" = [["target", "targets"]]))]
pub struct Args {
    /// The folder in which it runs.
    pub chdir: TargetPath,
    /// The makefile; by default the one that make finds.
    pub file: Option<TargetPath>,
    /// How many jobs at once.
    pub jobs: Option<u32>,
    /// The program; by default `gmake` where it is there, else `make`.
    pub make: Option<TargetPath>,
    /// Variables, as `NAME=VALUE` behind the targets; those without a value are only named.
    pub params: Option<Map>,
    /// The target; by default the first of the file.
    pub target: Option<String>,
    /// Several targets.
    pub targets: Option<Vec<String>>,
}

pub(super) const SPEC: Spec = Spec {
    name: "make",
    summary: "Runs targets of a makefile.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, make) };

fn make(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let program = match &args.make {
        Some(program) if program.as_str().contains('/') => program.expand(ctx).to_string_lossy().into_owned(),
        Some(program) => ctx.needed(program.as_str())?,
        None => match ctx.program("gmake") {
            Some(program) => program,
            None => ctx.needed("make")?,
        },
    };
    let mut line = vec![program];
    line.extend(args.jobs.iter().flat_map(|jobs| ["-j".to_owned(), jobs.to_string()]));
    if let Some(file) = &args.file {
        line.extend(["-f".to_owned(), file.expand(ctx).to_string_lossy().into_owned()]);
    }
    line.extend(args.target.clone());
    line.extend(args.targets.iter().flatten().cloned());
    let pair = |(name, value): (&crate::base::Key, &Value)| {
        if value.is_null() { name.to_string() } else { format!("{name}={value}") }
    };
    line.extend(args.params.iter().flat_map(|params| params.iter().map(pair)));
    let asked: Vec<String> = line.iter().cloned().chain(["-q".to_owned()]).collect();
    let mut said = call_in(&asked, args, ctx)?;
    let changed = !said.well();
    if changed && !ctx.check() {
        said = call_in(&line, args, ctx)?;
        if !said.well() {
            let rc = said.rc;
            return Err(said.failure(format!("make ended with {rc}")).with("command", line.join(" ")));
        }
    } else if changed && said.rc != 1 {
        // One says that there is something to do; two, that it cannot be done.
        let msg = said.err.trim().to_owned();
        return Err(said.failure(msg));
    }
    let list = |items: &Option<Vec<String>>| items.clone().map_or(Value::Null, Value::from);
    let text = |text: Option<String>| text.map_or(Value::Null, Value::from);
    Ok(Outcome::ok(changed)
        .with("chdir", args.chdir.as_str())
        .with("command", line.join(" "))
        .with("file", text(args.file.as_ref().map(|file| file.as_str().to_owned())))
        .with("jobs", args.jobs.map_or(Value::Null, Value::from))
        .with("params", args.params.as_ref().map_or(Value::Null, Value::from))
        .with("target", text(args.target.clone()))
        .with("targets", list(&args.targets))
        .with("stdout", said.out)
        .with("stderr", said.err))
}

fn call_in(line: &[String], args: &Args, ctx: &mut Context<'_>) -> Result<Said, Failure> {
    let folder = args.chdir.expand(ctx);
    if !folder.is_dir() {
        return Err(Failure::new(format!("the folder {} is not there", folder.display())));
    }
    ctx.ask_with(Command { cwd: Some(folder), ..Command::new(line) })
}
