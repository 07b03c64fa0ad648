//! `combine`: one mapping over another.

use super::{Filter, filter};
use crate::base::{Map, Value};
use crate::vars::call::{Call, CallError};
use crate::vars::python::type_name;

pub(super) const FILTERS: &[Filter] = &[filter("combine", combine)];

/// What becomes of two lists under one key.
#[derive(Clone, Copy)]
enum ListMerge {
    Replace,
    Keep,
    Append { without_present: bool },
    Prepend { without_present: bool },
}

fn combine(call: &Call<'_>) -> Result<Value, CallError> {
    let mut names = call.all_named().keys().map(ToString::to_string);
    if names.any(|name| name != "recursive" && name != "list_merge") {
        return Err("'recursive' and 'list_merge' are the only valid keyword arguments".into());
    }
    let recursive = call.named("recursive").is_some_and(Value::is_truthy);
    let merge = match call.named("list_merge").and_then(Value::as_str).unwrap_or("replace") {
        "replace" => ListMerge::Replace,
        "keep" => ListMerge::Keep,
        "append" => ListMerge::Append { without_present: false },
        "append_rp" => ListMerge::Append { without_present: true },
        "prepend" => ListMerge::Prepend { without_present: false },
        "prepend_rp" => ListMerge::Prepend { without_present: true },
        _ => {
            return Err(
                "merge_hash: 'list_merge' argument can only be equal to 'replace', 'keep', 'append', \
                        'prepend', 'append_rp' or 'prepend_rp'"
                    .into(),
            );
        }
    };
    let mut values = Vec::new();
    for value in [call.subject()?].into_iter().chain(call.rest(1)) {
        match value {
            Value::List(items) => values.extend(items.iter().filter(|item| !item.is_null())),
            Value::Null => {}
            other => values.push(other),
        }
    }
    // As Ansible has it: one value alone is not looked at.
    if let [alone] = values[..] {
        return Ok(alone.clone());
    }
    // It begins with the strongest.
    let pairs = values.iter().zip(values.iter().skip(1)).rev();
    if let Some((a, b)) = pairs.into_iter().find(|(a, b)| a.as_map().is_none() || b.as_map().is_none()) {
        let (a, b) = (type_name(a), type_name(b));
        return Err(format!("failed to combine variables, expected dicts but got a '{a}' and a '{b}'").into());
    }
    let maps = values.into_iter().filter_map(Value::as_map);
    let combined = maps.fold(Map::new(), |below, above| merged(&below, above, recursive, merge));
    Ok(Value::from(combined))
}

/// One mapping over another, as facts of several modules are: mappings inside of each other too, and of two lists the upper one
/// comes after what it does not repeat.
pub fn merged_deeply(below: &Map, above: &Map) -> Map {
    merged(below, above, true, ListMerge::Append { without_present: true })
}

fn merged(below: &Map, above: &Map, recursive: bool, lists: ListMerge) -> Map {
    let mut out = below.clone();
    for (key, new) in above.iter() {
        let value = match (out.get_key(key), new) {
            (Some(Value::Map(old)), Value::Map(new)) if recursive => {
                Value::from(merged(old, new, recursive, lists))
            }
            (Some(Value::List(old)), Value::List(new)) => Value::list(merged_lists(old, new, lists)),
            _ => new.clone(),
        };
        out.insert(key.clone(), value);
    }
    out
}

fn merged_lists(old: &[Value], new: &[Value], lists: ListMerge) -> Vec<Value> {
    let old_without = |without: bool| old.iter().filter(move |item| !without || !new.contains(item)).cloned();
    match lists {
        ListMerge::Replace => new.to_vec(),
        ListMerge::Keep => old.to_vec(),
        ListMerge::Append { without_present } => {
            old_without(without_present).chain(new.iter().cloned()).collect()
        }
        ListMerge::Prepend { without_present } => {
            new.iter().cloned().chain(old_without(without_present)).collect()
        }
    }
}
