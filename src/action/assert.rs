//! `assert`: fails unless conditions hold.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Action, ActionContext, BoxFuture, Done};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, Value, args};
use crate::vars::TemplateError;
use crate::wire::Outcome;

/// Fails unless conditions hold.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// A condition, or a list of conditions that must all hold; without marks, as in `when`.
    #[allow(dead_code)] // taken from the map, where it still knows its place
    that: Value,
    /// Said when one does not hold.
    #[serde(default, alias = "msg")]
    #[schemars(extend("x-aliases" = ["msg"]))]
    fail_msg: Option<String>,
    /// Said when all hold.
    #[serde(default)]
    success_msg: Option<String>,
    /// Leaves out the conditions that held, which nobody shows.
    #[serde(default)]
    #[allow(dead_code)] // Playbooks say it.
    quiet: bool,
}

pub(super) const ACTION: Action = Action {
    spec: Spec {
        name: "assert",
        summary: "Fails unless conditions hold.",
        free_form: None,
        open: false,
        on_resume: OnResume::Rerun,
        check: CheckMode::ReadOnly,
        schema: schema_of::<Args>,
    },
    unrendered: &["that"],
    run,
};

fn run<'a>(map: &'a Map, ctx: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move { check(map, ctx).unwrap_or_else(Done::from) })
}

fn check(map: &Map, ctx: &ActionContext<'_>) -> Result<Done, TemplateError> {
    let args: Args = match args::from_map(map) {
        Ok(args) => args,
        Err(error) => return Ok(Outcome::failed(error.to_string()).into()),
    };
    // As they are written, with their places.
    let conditions = match map.get("that") {
        Some(Value::List(conditions)) => conditions.to_vec(),
        // A template may give a whole list of them.
        Some(one) if one.has_template() => match ctx.templar.render(one) {
            Ok(Value::List(conditions)) => conditions.to_vec(),
            _ => vec![one.clone()],
        },
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    };
    for condition in &conditions {
        if !ctx.templar.condition(condition)? {
            let msg = args.fail_msg.unwrap_or_else(|| "Assertion failed".to_owned());
            let failed = Outcome::failed(msg).with("assertion", condition.as_data());
            return Ok(failed.with("evaluated_to", false).into());
        }
    }
    let msg = args.success_msg.unwrap_or_else(|| "All assertions passed".to_owned());
    Ok(Outcome { msg: Some(msg), ..Outcome::ok(false) }.into())
}
