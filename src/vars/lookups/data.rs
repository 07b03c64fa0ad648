//! Lookups of variables and of what is given as terms.

use super::{Lookup, Request};
use crate::base::{Map, Value};
use crate::vars::call::{CallError, text_of};
use crate::vars::filters::collections::items_of;

pub(super) const LOOKUPS: &[Lookup] = &[
    Lookup { name: "items", options: &[], run: |request| Ok(items(request)) },
    Lookup { name: "list", options: &[], run: |request| Ok(request.terms.to_vec()) },
    Lookup { name: "dict", options: &[], run: dict },
    Lookup { name: "indexed_items", options: &[], run: |request| Ok(indexed_items(request)) },
    Lookup { name: "together", options: &[], run: together },
    Lookup { name: "nested", options: &[], run: nested },
    Lookup { name: "vars", options: &["default"], run: vars },
];

/// Flattens one level.
fn items(request: &Request<'_>) -> Vec<Value> {
    let mut found = Vec::new();
    for term in request.terms {
        match term.as_list() {
            Some(inner) => found.extend_from_slice(inner),
            None => found.push(term.clone()),
        }
    }
    found
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

/// Pairs of a number from 0 and an item.
fn indexed_items(request: &Request<'_>) -> Vec<Value> {
    let pair = |(place, item)| Value::list(vec![Value::from(place), item]);
    items(request).into_iter().enumerate().map(pair).collect()
}

fn lists(request: &Request<'_>) -> Result<Vec<Vec<Value>>, CallError> {
    request.terms.iter().map(items_of).collect()
}

/// The lists side by side; what is short is filled with nothing.
fn together(request: &Request<'_>) -> Result<Vec<Value>, CallError> {
    let lists = lists(request)?;
    let length = lists.iter().map(Vec::len).max().unwrap_or(0);
    let row = |place: usize| lists.iter().map(|list| list.get(place).cloned().unwrap_or_default()).collect();
    Ok((0..length).map(|place| Value::list(row(place))).collect())
}

/// Every item of the first with every item of the second, and so on.
fn nested(request: &Request<'_>) -> Result<Vec<Value>, CallError> {
    let lists = lists(request)?;
    let size = lists.iter().try_fold(1_usize, |size, list| size.checked_mul(list.len()));
    if size.is_none_or(|size| size > 1_000_000) {
        return Err("the product is too large".into());
    }
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for list in &lists {
        let longer = |row: &Vec<Value>, item: &Value| row.iter().chain([item]).cloned().collect();
        rows = rows.iter().flat_map(|row| list.iter().map(move |item| longer(row, item))).collect();
    }
    Ok(rows.into_iter().map(Value::list).collect())
}
