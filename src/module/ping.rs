//! `ping`: is the agent there and does it answer?

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Answer, Context, Failure, Module, call};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::wire::Outcome;

/// Answers `pong`, or what it is told to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// What comes back as `ping`. `crash` makes the module fail.
    #[serde(default = "pong")]
    pub data: String,
}

fn pong() -> String {
    "pong".to_owned()
}

pub(super) const SPEC: Spec = Spec {
    name: "ping",
    summary: "Asks the target for a sign of life.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::ReadOnly,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, ping) };

fn ping(args: &Args, _: &mut Context<'_>) -> Answer {
    if args.data == "crash" {
        // What a module of the reference says that fails unforeseen.
        return Err(Failure::new("Task failed: Module failed: boom"));
    }
    Ok(Outcome::ok(false).with("ping", args.data.as_str()))
}
