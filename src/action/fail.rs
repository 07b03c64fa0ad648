//! `fail`: fails with a message.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Action, ActionContext, BoxFuture, Done};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, Value, args};
use crate::wire::{Outcome, Status};

/// Fails with a message.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// What is said: a text, or any other value, which `msg` of the result then is.
    #[serde(default = "requested")]
    msg: Value,
}

fn requested() -> Value {
    Value::from("Failed as requested from task")
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
            Ok(Args { msg: Value::String(text) }) => Outcome::failed(text.as_str()).into(),
            Ok(Args { msg }) => {
                let shown = Some(msg.to_string());
                let failed = Outcome { status: Status::Failed, ..Outcome::default() };
                Done { shown, ..failed.with("msg", msg).into() }
            }
            Err(error) => Outcome::failed(error.to_string()).into(),
        }
    })
}
