//! `ansible._protomatter.debug`: what expressions give, where what is undefined is no failure.

use schemars::JsonSchema;
use serde::Deserialize;

use super::debug::Problems;
use super::{Action, ActionContext, BoxFuture, Done};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, Span, Text, Value, args};
use crate::wire::Outcome;

/// Evaluates expressions; what is undefined is replaced by the reason.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// Expressions, without marks around them.
    expression: Vec<String>,
}

pub(super) const ACTION: Action = Action {
    spec: Spec {
        name: "ansible._protomatter.debug",
        summary: "Evaluates expressions, of which some may be undefined.",
        free_form: None,
        open: false,
        on_resume: OnResume::Rerun,
        check: CheckMode::ReadOnly,
        schema: schema_of::<Args>,
    },
    unrendered: &["expression"],
    run,
};

fn run<'a>(map: &'a Map, ctx: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move { evaluate(map, ctx).map_or_else(|failed| *failed, Done::from) })
}

fn evaluate(map: &Map, ctx: &ActionContext<'_>) -> Result<Outcome, Box<Done>> {
    let args: Args = args::from_map(map).map_err(|error| Outcome::failed(error.to_string()))?;
    let mut problems = Problems::default();
    let mut results = Vec::new();
    for expression in args.expression {
        let text = Text::template(expression, Span::nowhere("expression"));
        let value = match ctx.templar.evaluate(&text) {
            Ok(Value::Undefined(why)) => problems.replace(crate::vars::TemplateError::new(
                crate::vars::Problem::Undefined { message: why.to_string(), suggestion: None },
                None,
            )),
            Ok(value) => Ok(value),
            Err(error) => problems.replace(error),
        };
        results.push(value?);
    }
    let mut outcome = Outcome::ok(false).with("expression_result", results);
    outcome.warnings.extend(problems.warnings());
    Ok(outcome)
}
