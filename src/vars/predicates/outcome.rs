//! Tests of a registered result.

use super::{Predicate, predicate};
use crate::base::Value;
use crate::vars::call::{Call, CallError};

pub(super) const PREDICATES: &[Predicate] = &[
    predicate("failed", &["failure"], failed),
    predicate("succeeded", &["success", "successful"], |call| Ok(!failed(call)?)),
    predicate("changed", &["change"], changed),
    predicate("skipped", &["skip"], |call| flag(call, "skipped")),
    predicate("unreachable", &[], |call| flag(call, "unreachable")),
    predicate("reachable", &[], |call| Ok(!flag(call, "unreachable")?)),
    predicate("timedout", &[], |call| Ok(call.subject_map()?.get("timedout").is_some_and(Value::is_truthy))),
    predicate("started", &[], |call| {
        Ok(!call.subject_map()?.contains_key("started") || flag(call, "started")?)
    }),
    predicate("finished", &[], |call| Ok(call.subject_map()?.get("finished").is_none_or(Value::is_truthy))),
];

fn flag(call: &Call<'_>, key: &str) -> Result<bool, CallError> {
    Ok(call.subject_map()?.get(key).is_some_and(|value| value.to_bool().unwrap_or(value.is_truthy())))
}

fn failed(call: &Call<'_>) -> Result<bool, CallError> {
    flag(call, "failed")
}

/// A loop's result has changed when one of its items has.
fn changed(call: &Call<'_>) -> Result<bool, CallError> {
    let result = call.subject_map()?;
    if result.contains_key("changed") {
        return flag(call, "changed");
    }
    let items = result.get("results").and_then(|results| results.as_list()).unwrap_or(&[]);
    Ok(items.iter().any(|item| item.get("changed").is_some_and(Value::is_truthy)))
}
