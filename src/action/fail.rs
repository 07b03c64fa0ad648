//! `fail`: fails with a message.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Action, ActionContext, BoxFuture, Done};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, args};
use crate::wire::Outcome;

/// Fails with a message.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// What is said.
    #[serde(default = "requested")]
    msg: String,
}

fn requested() -> String {
    "Failed as requested from task".to_owned()
}

pub(super) const ACTION: Action = Action {
    spec: Spec {
        name: "fail",
        summary: "Fails with a message.",
        free_form: None,
        open: false,
        on_resume: OnResume::Rerun,
        check: CheckMode::ReadOnly,
        schema: schema_of::<Args>,
    },
    unrendered: &[],
    run,
};

fn run<'a>(map: &'a Map, _: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move {
        match args::from_map::<Args>(map) {
            Ok(args) => Outcome::failed(args.msg).into(),
            Err(error) => Outcome::failed(error.to_string()).into(),
        }
    })
}
