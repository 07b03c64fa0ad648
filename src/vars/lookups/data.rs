//! Lookups of variables and of what is given as terms.

use super::{Lookup, Request};
use crate::base::{Map, Value};
use crate::vars::call::{CallError, text_of};

pub(super) const LOOKUPS: &[Lookup] = &[
    Lookup { name: "items", options: &[], run: items },
    Lookup { name: "list", options: &[], run: |request| Ok(request.terms.to_vec()) },
    Lookup { name: "dict", options: &[], run: dict },
    Lookup { name: "vars", options: &["default"], run: vars },
];

/// Flattens one level.
fn items(request: &Request<'_>) -> Result<Vec<Value>, CallError> {
    let mut found = Vec::new();
    for term in request.terms {
        match term.as_list() {
            Some(inner) => found.extend_from_slice(inner),
            None => found.push(term.clone()),
        }
    }
    Ok(found)
}

fn dict(request: &Request<'_>) -> Result<Vec<Value>, CallError> {
    let mut found = Vec::new();
    for term in request.terms {
        let map = term.as_map().ok_or_else(|| format!("a mapping is needed, not {}", term.kind()))?;
        for (key, value) in map.iter() {
            let pair: Map = [("key", key.to_value()), ("value", value.clone())].into_iter().collect();
            found.push(Value::from(pair));
        }
    }
    Ok(found)
}

fn vars(request: &Request<'_>) -> Result<Vec<Value>, CallError> {
    let find = |term: &Value| {
        let name = text_of(term)?;
        match (request.caller.variable(&name)?, request.options.get("default")) {
            (Some(value), _) => Ok(value),
            (None, Some(default)) => Ok(default.clone()),
            (None, None) => Err(CallError::Undefined(name)),
        }
    };
    request.terms.iter().map(find).collect()
}
