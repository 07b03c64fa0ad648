//! `debug`: shows a message or a variable.

use std::fmt::Write as _;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Action, ActionContext, BoxFuture, Done};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, Text, Value, args};
use crate::vars::{Problem, TemplateError};
use crate::wire::Outcome;

/// Shows a message or a variable.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-exclusive" = [["msg", "var"]]))]
struct Args {
    /// What is shown, of any type.
    #[serde(default, rename = "msg")]
    _msg: Option<Value>,
    /// A variable, or any expression, without marks around it.
    #[serde(default)]
    var: Option<Value>,
    /// Shown only when `-v` was given at least so often.
    #[serde(default)]
    verbosity: u8,
}

pub(super) const ACTION: Action = Action {
    spec: Spec {
        name: "debug",
        summary: "Shows a message or a variable.",
        free_form: None,
        open: false,
        on_resume: OnResume::Rerun,
        check: CheckMode::ReadOnly,
        schema: schema_of::<Args>,
    },
    unrendered: &["var"],
    run,
};

fn run<'a>(map: &'a Map, ctx: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move { debug(map, ctx) })
}

fn debug(map: &Map, ctx: &ActionContext<'_>) -> Done {
    let args: Args = match args::from_map(map) {
        Ok(args) => args,
        Err(error) => return Outcome::failed(error.to_string()).into(),
    };
    if ctx.verbosity < args.verbosity {
        return Outcome::skipped("Verbosity threshold not met.").into();
    }
    // What is read through `Args` has lost its mark and its place.
    let Some(var) = args.var.and_then(|_| map.get("var")) else {
        let msg = map.get("msg").cloned().unwrap_or_else(|| Value::from("Hello world!"));
        let shown = shown(&msg);
        return Done { outcome: Outcome::ok(false).with("msg", msg), shown, ..Done::default() };
    };
    let name = var.to_string();
    let value = match var {
        Value::String(text) if !text.is_template() => match text.span() {
            Some(place) => ctx.templar.inspect(&Text::template(text.shared(), place.clone())),
            // What nobody has written is no expression, and `!unsafe` says the same.
            None => Err(TemplateError::new(Problem::Untrusted, None)),
        },
        other => ctx.templar.render(other).map(|value| (value, Vec::new())),
    };
    let mut problems = Problems::default();
    let value = value.map_err(|error| {
        let place = if let Value::String(text) = var { text.span() } else { None };
        error.during("Error while resolving `var` expression.", place)
    });
    let value = value.or_else(|error| problems.replace(error).map(|value| (value, Vec::new())));
    match value {
        Ok((value, undefined)) => {
            problems.0.extend(undefined);
            let shown = shown(&value).map(|text| format!("{name}: {text}"));
            let mut outcome = Outcome::ok(false).with(&name, value);
            outcome.warnings.extend(problems.warnings());
            Done { outcome, shown, ..Done::default() }
        }
        Err(error) => error.into(),
    }
}

/// What had no value where that is no failure: what stands in its place says why, and so does a warning.
#[derive(Default)]
pub(super) struct Problems(Vec<(Arc<str>, String)>);

impl Problems {
    /// What stands in place of a value that is undefined; other errors stay.
    pub(super) fn replace(&mut self, error: TemplateError) -> Result<Value, TemplateError> {
        if !error.is_undefined() {
            return Err(error);
        }
        self.0.push((Arc::from(""), error.problem.to_string()));
        Ok(Value::from(format!("<< error {} - {} >>", self.0.len(), error.problem)))
    }

    /// In the reference's words: one for what stands together in one template.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut number = 0;
        let told = self.0.chunk_by(|(one, _), (other, _)| one == other).map(|together| {
            let mut lines = String::new();
            for (_, why) in together {
                number += 1;
                // Writing to a text cannot fail.
                let _ = write!(lines, "\nerror {number} - {why}");
            }
            let ending = if together.len() == 1 { "" } else { "s" };
            format!("Encountered {} template error{ending}.{lines}", together.len())
        });
        told.collect()
    }
}

/// A value for the console: a text as it is, anything else as JSON. Secrets are not shown.
fn shown(value: &Value) -> Option<String> {
    match value {
        _ if value.has_secret() => None,
        Value::String(text) => Some(text.as_str().to_owned()),
        other => serde_json::to_string(other).ok(),
    }
}
