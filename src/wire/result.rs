//! What modules and actions of Ansible's give, which is one mapping, as an outcome.

use std::collections::BTreeMap;

use serde::Serialize;

use super::summary::plain;
use super::{Diff, Outcome, Status};
use crate::base::{Map, Value};

/// Keys that only an action may give.
const INTERNAL: [&str; 2] = ["add_host", "add_group"];

/// Whose result it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Giver {
    /// A module's, which is a stranger's.
    Module,
    /// That of an action in Python on the controller.
    Action,
}

/// Its outcome: what is said about it is told apart from what it gives. `invocation`: whether what it was called with belongs
/// to the result.
pub fn result(mut map: Map, giver: Giver, invocation: bool) -> Outcome {
    map.remove("__ansible_type");
    let map = match plain(Value::from(map)) {
        Value::Map(map) => (*map).clone(),
        other => Map::from_iter([("msg", other)]),
    };
    let (mut values, mut outcome) = (Map::new(), Outcome::default());
    let mut exception = None;
    let rc = map.get("rc").filter(|rc| !matches!(rc, Value::Int(0)) && rc.as_str() != Some("0"));
    let failed = map.get("failed").map_or(rc.is_some(), Value::is_truthy);
    for (key, value) in map {
        let name = key.as_str().unwrap_or_default();
        match (name, &value) {
            ("failed", _) => {}
            ("changed", value) => outcome.changed = value.is_truthy(),
            ("skipped", value) if value.is_truthy() => outcome.status = Status::Skipped,
            ("msg", Value::String(text)) => outcome.msg = Some(text.as_str().to_owned()),
            ("exception", value) => exception = Some(value.to_string()),
            ("warnings", Value::List(list)) => {
                outcome.warnings.extend(list.iter().map(ToString::to_string));
            }
            ("warnings", Value::String(one)) => outcome.warnings.push(one.as_str().to_owned()),
            ("deprecations", value) if !value.is_truthy() => {}
            ("invocation", _) if !invocation => {}
            ("results", value) if value.as_list().is_none() && value.as_map().is_none() => {
                values.insert("ansible_module_results", value.clone());
                let warning =
                    "Found internal 'results' key in module return, renamed to 'ansible_module_results'.";
                outcome.warnings.push(warning.to_owned());
            }
            (name, _) if name.starts_with("_ansible_") && giver == Giver::Action => {}
            (name, value) if name.starts_with("_ansible_") || INTERNAL.contains(&name) => {
                let warning = format!("Removed unexpected internal key in module return: {name} = {value}");
                outcome.warnings.push(warning);
            }
            ("ansible_facts", Value::Map(facts)) if giver == Giver::Module => {
                values.insert("ansible_facts", own_facts(facts));
            }
            ("diff", value) => {
                outcome.diff = diffs(value);
                values.insert(key, value.clone());
            }
            _ => {
                values.insert(key, value);
            }
        }
    }
    if failed {
        outcome.status = Status::Failed;
        if outcome.msg.is_none() && !values.contains_key("msg") {
            outcome.msg = Some(match exception {
                Some(said) => format!("Task failed: Module failed: {said}"),
                None => "Task failed: Action failed: Unknown error.".to_owned(),
            });
        }
    }
    Outcome { values, ..outcome }
}

/// Facts that a module may give: what is found out about interpreters is not its business.
fn own_facts(facts: &Map) -> Map {
    let own = |key: &str| !key.trim_start_matches("ansible_").starts_with("discovered_interpreter_");
    facts.iter().filter(|(key, _)| own(&key.to_string())).map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// Before and after as Ansible's modules tell it, for people: one, or a list of them.
pub fn diffs(value: &Value) -> Vec<Diff> {
    let one = std::slice::from_ref(value);
    let header = |map: &Map, key: &str| map.get(key).filter(|v| !v.is_null()).map(ToString::to_string);
    let list = value.as_list().unwrap_or(one).iter().filter_map(Value::as_map);
    let told = list.filter(|map| ["before", "after", "prepared"].iter().any(|key| map.contains_key(key)));
    let diff = |map: &Map| {
        let (before, after) = (header(map, "before_header"), header(map, "after_header"));
        Diff {
            header: after.clone().or_else(|| before.clone()).unwrap_or_default(),
            before_header: Some(before.unwrap_or_default()),
            before: side(map.get("before")),
            after: side(map.get("after")),
            prepared: map.get("prepared").filter(|said| !said.is_null()).map(ToString::to_string),
        }
    };
    told.map(diff).collect()
}

/// A text, or a mapping as JSON with its keys in order.
fn side(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::Map(map)) => {
            let sorted: BTreeMap<String, &Value> = map.iter().map(|(k, v)| (k.to_string(), v)).collect();
            let mut out = Vec::new();
            let format = serde_json::ser::PrettyFormatter::with_indent(b"    ");
            let mut serializer = serde_json::Serializer::with_formatter(&mut out, format);
            // Values have no failing serialization and a vector takes every byte.
            let _ = sorted.serialize(&mut serializer);
            String::from_utf8_lossy(&out).into_owned() + "\n"
        }
        Some(text) => text.to_string(),
    }
}
