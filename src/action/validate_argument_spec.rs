//! `validate_argument_spec`: holds variables and given arguments against a specification, as roles bring it in
//! `meta/argument_specs.yml`.

mod check;
mod convert;
mod groups;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Action, ActionContext, BoxFuture, Done};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, Value};
use crate::wire::Outcome;

/// Holds variables and given arguments against a specification of arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[allow(dead_code)] // taken from the map, where what is given keeps its marks
struct Args {
    /// Names of arguments with what is said of each: `type`, `required`, `choices`, `default`, `elements`, `options`, …
    argument_spec: Value,
    /// Values that count before variables of the same name.
    #[serde(default)]
    provided_arguments: Value,
    /// Part of the result, for whoever reads it.
    #[serde(default)]
    validate_args_context: Value,
}

pub(super) const ACTION: Action = Action {
    spec: Spec {
        name: "validate_argument_spec",
        summary: "Holds arguments against a specification, as roles do.",
        free_form: None,
        // What else is given has no effect, as in the reference.
        open: true,
        on_resume: OnResume::Rerun,
        check: CheckMode::ReadOnly,
        schema: schema_of::<Args>,
    },
    unrendered: &[],
    run,
};

fn run<'a>(map: &'a Map, ctx: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move { validate(map, ctx).map_or_else(|failed| *failed, Done::from) })
}

fn validate(map: &Map, ctx: &ActionContext<'_>) -> Result<Outcome, Box<Done>> {
    let wanted = |name: &str, value: &Value| {
        let class = convert::class(value);
        Outcome::failed(format!("Incorrect type for {name}, expected dict and got {class}"))
    };
    let Some(given) = map.get("argument_spec") else {
        let args = Value::from(map);
        return Err(Outcome::failed(format!("\"argument_spec\" arg is required in args: {args}")).into());
    };
    let Value::Map(spec) = given else { return Err(wanted("argument_spec", given).into()) };
    let mut arguments = variables(spec, ctx)?;
    match map.get("provided_arguments") {
        Some(Value::Map(provided)) => arguments.extend(provided),
        Some(other) => return Err(wanted("provided_arguments", other).into()),
        None => {}
    }
    let context = map.get("validate_args_context").cloned().unwrap_or_else(|| Map::new().into());
    let found = check::check(spec, arguments).map_err(Outcome::failed)?;
    let outcome = if found.errors.is_empty() {
        Outcome { msg: Some("The arg spec validation passed".to_owned()), ..Outcome::ok(false) }
    } else {
        Outcome::failed(format!("Validation of arguments failed:\n{}", found.errors.join("\n")))
            .with("argument_errors", found.errors)
            .with("argument_spec_data", Value::Map(spec.clone()))
    };
    Ok(Outcome { warnings: found.warnings, ..outcome }.with("validate_args_context", context))
}

/// The variables that the specification names, rendered. Aliases are no variables.
fn variables(spec: &Map, ctx: &ActionContext<'_>) -> Result<Map, Box<Done>> {
    let mut found = Map::new();
    for name in spec.keys() {
        let Some((value, _)) = name.as_str().and_then(|name| ctx.templar.scope().lookup(name)) else {
            continue;
        };
        found.insert(name.clone(), ctx.templar.render(value)?);
    }
    Ok(found)
}
