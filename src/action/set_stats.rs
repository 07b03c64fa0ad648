//! `set_stats`: figures of the user's own, which stand below the recap.
//!
//! What several of them amount to is for who shows them: the result of the task is all that there is.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::set_fact::misnamed;
use super::{Action, ActionContext, BoxFuture, Done};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Key, Map, Span, Value};
use crate::vars::Templar;
use crate::wire::Outcome;

/// Gives figures of the run or of the host a value.
#[derive(Debug, Deserialize, JsonSchema)]
#[allow(dead_code)] // the manual; what is no truth value means no, so the map is read as it is
struct Args {
    /// Names and their values.
    #[serde(default)]
    data: Json,
    /// Whether they are the host's, instead of the run's.
    #[serde(default)]
    per_host: Json,
    /// Whether a value is added to the one before, as `+` adds; else it takes its place. Mappings are merged.
    #[serde(default)]
    #[schemars(extend("default" = true))]
    aggregate: Json,
}

pub(super) const ACTION: Action = Action {
    spec: Spec {
        name: "set_stats",
        summary: "Gives figures of the user's own a value, which are told at the end.",
        free_form: None,
        open: false,
        on_resume: OnResume::Rerun,
        check: CheckMode::ReadOnly,
        schema: schema_of::<Args>,
    },
    unrendered: &["data"],
    run,
};

fn run<'a>(map: &'a Map, context: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move { stats(map, context.templar).map_or_else(|failed| *failed, Done::from) })
}

fn stats(map: &Map, templar: &Templar) -> Result<Outcome, Box<Done>> {
    let data = data(map.get("data"), templar)?;
    if let Some(problem) = misnamed(&data) {
        return Err(Outcome::failed(problem).into());
    }
    let switch = |name: &str, usual: bool| match map.get(name) {
        None | Some(Value::Null) => usual,
        Some(value) => value.to_bool() == Some(true),
    };
    let (per_host, aggregate) = (switch("per_host", false), switch("aggregate", true));
    let stats = Map::from_iter([
        ("aggregate", Value::from(aggregate)),
        ("data", Value::from(data)),
        ("per_host", Value::from(per_host)),
    ]);
    Ok(Outcome::ok(false).with("ansible_stats", Value::from(stats)))
}

/// The names and their values. A name that the user wrote may be a template, too; one that came out of a template is none.
fn data(said: Option<&Value>, templar: &Templar) -> Result<Map, Box<Done>> {
    let render = |value: &Value| templar.render(value);
    match said {
        None => Ok(Map::new()),
        Some(Value::Map(written)) => written
            .iter()
            .map(|(name, value)| {
                let name = match name.as_str() {
                    Some(text) => render(&Value::template(text, Span::nowhere("set_stats")))?,
                    None => name.to_value(),
                };
                Ok((Key::of(&name).unwrap_or(Key::Null), render(value)?))
            })
            .collect(),
        Some(other) => match render(other)? {
            Value::Map(data) => Ok(Map::clone(&data)),
            _ => Err(Outcome::failed("The 'data' option needs to be a dictionary/hash").into()),
        },
    }
}
