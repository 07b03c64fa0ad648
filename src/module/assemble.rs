//! `assemble`: a file that is put together of the files of a folder. Those of the controller are put together by the action.

use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

use super::atomic::{self, Staged};
use super::attributes::{self, Attributes};
use super::checksum::{self, Algorithm};
use super::failure::{Answer, Doing, Failure};
use super::file_args::{self, FileArgs};
use super::{Context, Module, TargetPath, difference};
use crate::base::spec::{CheckMode, OnResume, Spec};
use crate::base::{fragments, regex};
use crate::wire::Outcome;

/// The files come in the order of their names. A file that is the same already is left alone.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, clippy::struct_excessive_bools)] // `decrypt` is the controller's; they are what users write
pub struct Args {
    /// The folder with the parts.
    src: TargetPath,
    /// The file that is made of them.
    dest: TargetPath,
    /// Keep a copy of a file that is replaced.
    #[serde(default)]
    backup: bool,
    /// What stands between two parts; `\n` and the like are read as in Python.
    delimiter: Option<String>,
    /// `src` is on the target; else on the controller.
    #[serde(default = "yes")]
    remote_src: bool,
    /// Only files whose names match this regular expression.
    regexp: Option<String>,
    /// Leave out files whose names begin with a dot.
    #[serde(default)]
    ignore_hidden: bool,
    /// A command that must succeed before the file is put in place; `%s` is the name of the new file.
    validate: Option<String>,
    /// Decrypt parts on the controller that are vaults.
    #[serde(default = "yes")]
    decrypt: bool,
}

fn yes() -> bool {
    true
}

pub(super) const SPEC: Spec = Spec {
    name: "assemble",
    summary: "Puts a file together of the files of a folder.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: file_args::schema::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| file_args::call(args, ctx, assemble) };

fn assemble(args: &Args, file: &FileArgs, ctx: &mut Context<'_>) -> Answer {
    let (src, dest) = (args.src.expand(ctx), args.dest.expand(ctx));
    if !args.remote_src {
        return Err(Failure::new("src was not put together; this is an error of the program"));
    }
    let content = fragments::join(parts(args, &src)?, args.delimiter.as_deref()).map_err(Failure::new)?;
    if let Some(command) = args.validate.as_deref().filter(|command| !command.contains("%s")) {
        return Err(Failure::new(format!("validate must contain %s: {command}")));
    }
    let sum = checksum::of_bytes(Algorithm::Sha1, &content);
    let mut outcome = Outcome::ok(false)
        .saying("OK")
        .with("src", src.to_string_lossy().into_owned())
        .with("dest", dest.to_string_lossy().into_owned())
        .with("md5sum", checksum::of_bytes(Algorithm::Md5, &content))
        .with("checksum", sum.as_str());
    let there = dest.exists();
    if !there || checksum::of_file(Algorithm::Sha1, &dest).doing("read", &dest)? != sum {
        outcome.changed = true;
        if ctx.diff() {
            let shown = dest.to_string_lossy();
            let before = difference::read(&dest);
            let before = there.then_some((&*shown, &*before));
            difference::tell_one(&mut outcome, difference::of_change(before, &shown, &content));
        }
        if !ctx.check() {
            let staged = Staged::holding(&dest, &content, file.is_unsafe())?;
            staged.validate(args.validate.as_deref(), ctx)?;
            if args.backup && there {
                let kept = atomic::backup(&dest, ctx)?;
                outcome.values.insert("backup_file", kept.to_string_lossy().into_owned());
            }
            staged.commit()?;
        }
    }
    if dest.exists() {
        let changes = Attributes::find(file, &dest, ctx)?.apply(&dest, true, ctx.check())?;
        outcome.changed |= !changes.is_empty();
    }
    Ok(attributes::describe(outcome, &dest, ctx))
}

/// The contents of the parts, in the order of their names.
fn parts(args: &Args, src: &Path) -> Result<Vec<Vec<u8>>, Failure> {
    if !src.exists() {
        return Err(Failure::new(format!("Source ({}) does not exist", src.display())));
    }
    if !src.is_dir() {
        return Err(Failure::new(format!("Source ({}) is not a directory", src.display())));
    }
    let wrong = |pattern: &str, why: &dyn std::fmt::Display| {
        Failure::new(format!("Invalid Regexp ({why}) in \"{pattern}\""))
    };
    let wanted = match &args.regexp {
        None => None,
        Some(pattern) => Some(regex::compile(pattern, false, false).map_err(|e| wrong(pattern, &e))?),
    };
    let mut names: Vec<_> = src
        .read_dir()
        .and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect())
        .doing("list the folder", src)?;
    names.sort();
    let mut parts = Vec::new();
    for name in names {
        let (path, name) = (src.join(&name), name.to_string_lossy());
        let matches = match &wanted {
            Some(wanted) => wanted.is_match(&*name).map_err(|e| wrong(wanted.as_str(), &e))?,
            None => true,
        };
        if matches && path.is_file() && !(args.ignore_hidden && name.starts_with('.')) {
            parts.push(std::fs::read(&path).doing("read", &path)?);
        }
    }
    Ok(parts)
}
