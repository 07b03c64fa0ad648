//! `set_fact`: gives variables of the host a value, now.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Action, ActionContext, BoxFuture, Done, Effects};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Key, Map, Value};
use crate::load::Expressions;
use crate::wire::Outcome;

/// Gives variables of the host a value; it stays for the rest of the run.
#[derive(Debug, Deserialize, JsonSchema)]
#[allow(dead_code)] // any other key is a variable, so the map is read as it is
struct Args {
    /// Also makes them facts, which are weaker than variables of the play.
    #[serde(default)]
    cacheable: bool,
}

pub(super) const ACTION: Action = Action {
    spec: Spec {
        name: "set_fact",
        summary: "Gives variables of the host a value.",
        free_form: None,
        open: true,
        on_resume: OnResume::Rerun,
        check: CheckMode::ReadOnly,
        schema: schema_of::<Args>,
    },
    unrendered: &[],
    run,
};

fn run<'a>(map: &'a Map, context: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move { set(map, context.templar.environment().expressions()) })
}

fn set(map: &Map, rules: Expressions) -> Done {
    let mut facts = map.clone();
    if rules == Expressions::Lenient {
        facts = facts.iter().map(|(name, value)| (name.clone(), yes_or_no(value))).collect();
    }
    let cacheable = match facts.remove("cacheable").map(|v| (v.to_bool(), v)) {
        None => false,
        Some((Some(cacheable), _)) => cacheable,
        Some((None, value)) => {
            return Outcome::failed(format!("`cacheable` must be a boolean, not {}", value.kind())).into();
        }
    };
    if facts.is_empty() {
        return Outcome::failed("set_fact needs at least one variable").into();
    }
    if let Some(problem) = misnamed(&facts) {
        return Outcome::failed(problem).into();
    }
    let outcome = Outcome::ok(false).with("ansible_facts", Value::from(&facts));
    let cached = if cacheable { facts.clone() } else { Map::new() };
    Done {
        outcome,
        effects: Effects { set_facts: facts, facts: cached, ..Effects::default() },
        ..Done::default()
    }
}

/// The first key that can name no variable, in Ansible's words, which playbooks look for.
pub(super) fn misnamed(vars: &Map) -> Option<String> {
    let wrong = vars.keys().find(|key| !key.as_str().is_some_and(is_name))?;
    let kind = match wrong {
        Key::Str(_) => "",
        Key::Int(_) => " of type 'int'",
        Key::Float(_) => " of type 'float'",
        Key::Date(_) => " of type 'date'",
        Key::Bool(_) => " of type 'bool'",
        Key::Null => " of type 'NoneType'",
    };
    Some(format!("Invalid variable name '{wrong}'{kind}."))
}

/// What may name a variable: a word of Python's, but its constants, which templates take for themselves.
fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_')
        && !["true", "false", "none", "True", "False", "None"].contains(&name)
}

/// By the older rules words for a truth value are one.
fn yes_or_no(value: &Value) -> Value {
    match value.as_str().map(str::to_lowercase).as_deref() {
        Some("yes" | "true") => true.into(),
        Some("no" | "false") => false.into(),
        _ => value.clone(),
    }
}
