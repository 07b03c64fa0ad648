//! `patch`: applies a patch by the program `patch`, unless it is applied already. Returns nothing beside `changed`.

use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

use super::accounts::Presence;
use super::failure::Doing;
use super::process::Command;
use super::programs::Said;
use super::{Answer, Context, Failure, Module, TargetPath, call};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::wire::Outcome;

/// Applies a patch, or takes it back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // they are what users write
#[schemars(extend("x-one-of" = [["dest", "basedir"]]))]
pub struct Args {
    /// The patch, on the controller; with `remote_src` on the target.
    #[serde(alias = "patchfile")]
    #[schemars(extend("x-aliases" = ["patchfile"]))]
    pub src: TargetPath,
    /// The file that is patched, where the patch does not say which.
    #[serde(alias = "originalfile")]
    #[schemars(extend("x-aliases" = ["originalfile"]))]
    pub dest: Option<TargetPath>,
    /// The folder that names in the patch are relative to; by default that of `dest`.
    pub basedir: Option<TargetPath>,
    /// How many folders are taken off the names in the patch.
    #[serde(default)]
    pub strip: u32,
    /// `src` is on the target.
    #[serde(default)]
    pub remote_src: bool,
    /// Keep numbered copies of what is patched.
    #[serde(default)]
    pub backup: bool,
    /// Ends of lines are not translated.
    #[serde(default)]
    pub binary: bool,
    /// Blanks need not be the same.
    #[serde(default)]
    pub ignore_whitespace: bool,
    /// Whether it should be applied.
    #[serde(default)]
    pub state: Presence,
}

pub(super) const SPEC: Spec = Spec {
    name: "patch",
    summary: "Applies a patch to files.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, patch) };

fn patch(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let content = content(args, ctx)?;
    let dest = args.dest.as_ref().map(|dest| dest.expand(ctx));
    if let Some(dest) = dest.as_ref().filter(|dest| !is_writable(dest)) {
        return Err(Failure::new(format!("dest {} doesn't exist or not writable", dest.display())));
    }
    let folder = match (&args.basedir, &dest) {
        (Some(folder), _) => folder.expand(ctx),
        (None, Some(dest)) => dest.parent().unwrap_or(Path::new("/")).to_owned(),
        (None, None) => return Err(Failure::new("one of the following is required: dest, basedir")),
    };
    if !folder.exists() {
        return Err(Failure::new(format!("basedir {} doesn't exist", folder.display())));
    }
    let program = ctx.program("patch").ok_or_else(|| Failure::new("patch command not found"))?;
    let mut common = vec![program, "--quiet".to_owned(), "--forward".to_owned()];
    common.push(format!("--strip={}", args.strip));
    common.push(format!("--directory={}", folder.display()));
    common.extend(args.binary.then(|| "--binary".to_owned()));
    common.extend(args.ignore_whitespace.then(|| "--ignore-whitespace".to_owned()));
    let is_wanted = args.state == Presence::Present;
    let is_check = ctx.check();
    let mut run = |flags: &[&str], reverse: bool| -> Result<Said, Failure> {
        let mut words = common.clone();
        words.extend(flags.iter().map(ToString::to_string));
        words.extend(reverse.then(|| "--reverse".to_owned()));
        words.extend(dest.as_ref().map(|dest| dest.to_string_lossy().into_owned()));
        ctx.ask_with(Command { stdin: Some(content.clone()), ..Command::new(words) })
    };
    // What can be taken back has been applied.
    if run(&["--dry-run"], is_wanted)?.well() {
        return Ok(Outcome::ok(false));
    }
    let mut flags = vec!["--batch", "--reject-file=-"];
    if args.backup {
        flags.extend(["--backup", "--version-control=numbered"]);
    }
    // First whether all of it fits: half a patch is worse than none.
    let mut said = run(&[&flags[..], &["--dry-run"]].concat(), !is_wanted)?;
    if said.well() && !is_check {
        said = run(&flags, !is_wanted)?;
    }
    if said.well() {
        return Ok(Outcome::ok(true));
    }
    let why = if said.err.trim().is_empty() { said.out.clone() } else { said.err.clone() };
    Err(said.failure(why.trim_end()))
}

fn content(args: &Args, ctx: &mut Context<'_>) -> Result<Vec<u8>, Failure> {
    let src = args.src.expand(ctx);
    if args.remote_src {
        let unreadable = |_| Failure::new(format!("src {} doesn't exist or not readable", src.display()));
        return std::fs::read(&src).map_err(unreadable);
    }
    let mut bytes = Vec::new();
    let read = ctx.link.upload(0).and_then(|mut upload| upload.read_to_end(&mut bytes));
    read.doing("read the upload of", &src)?;
    Ok(bytes)
}

fn is_writable(path: &Path) -> bool {
    rustix::fs::accessat(rustix::fs::CWD, path, rustix::fs::Access::WRITE_OK, rustix::fs::AtFlags::empty())
        .is_ok()
}
