//! `tempfile`: a new file or folder that only its owner can read.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::failure::Doing;
use super::{Answer, Context, Failure, Module, TargetPath, attributes, call, path};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::wire::Outcome;

/// Gives `path`. Nobody removes it: use `file: state=absent` in `finish` or `always`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// What to make.
    #[serde(default)]
    pub state: State,
    /// Where; by default `$TMPDIR`, else the first of `/tmp`, `/var/tmp` and `/dev/shm` that is there.
    pub path: Option<TargetPath>,
    /// How its name begins.
    #[serde(default = "prefix")]
    pub prefix: String,
    /// How its name ends.
    #[serde(default)]
    pub suffix: String,
}

/// What to make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// An empty file, mode 0600.
    #[default]
    File,
    /// An empty folder, mode 0700.
    Directory,
}

fn prefix() -> String {
    "ansible.".to_owned()
}

pub(super) const SPEC: Spec = Spec {
    name: "tempfile",
    summary: "Makes a temporary file or folder.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Skipped,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, make) };

fn make(args: &Args, ctx: &mut Context<'_>) -> Answer {
    for (name, text) in [("prefix", &args.prefix), ("suffix", &args.suffix)] {
        if text.contains('/') {
            let words = format!("{name} must be a valid file name component, got '{text}'");
            return Err(Failure::new(words));
        }
    }
    let folder = match &args.path {
        Some(path) => path.expand(ctx),
        None => path::temporary(ctx),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(&args.prefix).suffix(&args.suffix).rand_bytes(8).disable_cleanup(true);
    let made = match args.state {
        State::File => builder.tempfile_in(&folder).map(|f| f.path().to_owned()),
        State::Directory => builder
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(&folder)
            .map(|d| d.path().to_owned()),
    };
    let made = made.doing("make a temporary file in", &folder)?;
    let outcome = Outcome::ok(true).with("path", made.to_string_lossy().into_owned());
    Ok(attributes::describe(outcome, &made, ctx))
}
