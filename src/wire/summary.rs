//! How modules of ansible-core since 2.19 write warnings, errors and marked values into their JSON: mappings that name their
//! type under `__ansible_type`. Whoever reads a result sees what he saw before there were types.

use crate::base::{Map, Value};

const TYPE: &str = "__ansible_type";
/// How deep an error's causes are followed.
const CAUSES: usize = 16;

/// The value without types.
pub(super) fn plain(value: Value) -> Value {
    match value {
        Value::List(items) => Value::list(items.iter().cloned().map(plain).collect()),
        Value::Map(map) => match map.get(TYPE).and_then(Value::as_str) {
            None => {
                map.iter().map(|(key, value)| (key.clone(), plain(value.clone()))).collect::<Map>().into()
            }
            Some("WarningSummary" | "ErrorSummary") => Value::from(message(map.get("event"))),
            Some("DeprecationSummary") => deprecation(&map),
            Some(_) => match map.get("value") {
                Some(value) => plain(value.clone()),
                None => others(&map),
            },
        },
        other => other,
    }
}

/// What an event says, and its causes.
fn message(event: Option<&Value>) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut event = event;
    while let Some(now) = event.filter(|_| said.len() < CAUSES) {
        let text = now.get("msg").map(ToString::to_string).unwrap_or_default();
        // A cause is often repeated by what it caused.
        if !said.last().is_some_and(|last| last.ends_with(&text)) {
            said.push(text);
        }
        event = now.get("chain").and_then(|chain| chain.get("event"));
    }
    said.join(": ")
}

fn others(map: &Map) -> Value {
    let others = map.iter().filter(|(key, _)| key.as_str() != Some(TYPE));
    others.map(|(key, value)| (key.clone(), plain(value.clone()))).collect::<Map>().into()
}

/// What is old, whose it is, and when it goes.
fn deprecation(map: &Map) -> Value {
    let mut told = Map::from_iter([("msg", Value::from(message(map.get("event"))))]);
    if let Some(who) = map.get("deprecator").filter(|who| !who.is_null()) {
        let who = plain(who.clone());
        let name = who.get("resolved_name").and_then(Value::as_str).unwrap_or_default();
        let collection: Vec<&str> = name.splitn(3, '.').take(2).collect();
        told.insert("collection_name", collection.join("."));
        told.insert("deprecator", who);
    }
    for key in ["date", "version"] {
        if let Some(value) = map.get(key).filter(|value| !value.is_null()) {
            told.insert(key, value.clone());
        }
    }
    told.into()
}
