//! `slurp`: the content of a file as base64.

use std::io::ErrorKind;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Answer, Context, Failure, Module, TargetPath, call};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::wire::Outcome;

/// Gives `content` (base64), `source` and `encoding`. For large files use `fetch`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The file on the target.
    #[serde(alias = "path")]
    #[schemars(extend("x-aliases" = ["path"]))]
    pub src: TargetPath,
}

pub(super) const SPEC: Spec = Spec {
    name: "slurp",
    summary: "Reads a file of the target into a variable.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::ReadOnly,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, slurp) };

fn slurp(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let path = args.src.expand(ctx);
    let shown = path.display();
    let bytes = std::fs::read(&path).map_err(|e| match e.kind() {
        ErrorKind::NotFound => Failure::new(format!("File not found: {shown}")),
        ErrorKind::PermissionDenied => Failure::new(format!("File is not readable: {shown}")),
        ErrorKind::IsADirectory => Failure::new(format!("Source is a directory and must be a file: {shown}")),
        _ => Failure::new(format!("Unable to slurp file: {shown}: {e}")),
    })?;
    Ok(Outcome::ok(false)
        .with("content", STANDARD.encode(bytes))
        .with("source", path.to_string_lossy().into_owned())
        .with("encoding", "base64"))
}
