//! Lookups of variables and of what is given as terms.

use super::{Lookup, Request};
use crate::base::{Map, Value};
use crate::vars::call::CallError;
use crate::vars::filters::collections::items_of;
use crate::vars::filters::regex::{compile, gave_up};

pub(super) const LOOKUPS: &[Lookup] = &[
    Lookup { name: "items", options: &[], run: |request| Ok(items(request)) },
    Lookup { name: "list", options: &[], run: |request| Ok(request.terms.to_vec()) },
    Lookup { name: "dict", options: &[], run: dict },
    Lookup { name: "indexed_items", options: &[], run: |request| Ok(indexed_items(request)) },
    Lookup { name: "together", options: &[], run: together },
    Lookup { name: "nested", options: &[], run: nested },
    Lookup { name: "subelements", options: &[], run: subelements },
    Lookup { name: "varnames", options: &[], run: varnames },
    Lookup { name: "random_choice", options: &[], run: |request| Ok(random_choice(request)) },
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
        let map = term
            .as_map()
            .ok_or_else(|| format!("the 'dict' lookup plugin expects a dictionary, not {}", term.kind()))?;
        for (key, value) in map.iter() {
            let pair: Map = [("key", key.to_value()), ("value", value.clone())].into_iter().collect();
            found.push(Value::from(pair));
        }
    }
    Ok(found)
}

fn vars(request: &Request<'_>) -> Result<Vec<Value>, CallError> {
    let find = |term: &Value| {
        let name = term.as_str().ok_or_else(|| {
            format!("Variable name must be 'str' not '{}'.", crate::vars::python::type_name(term))
        })?;
        match (request.caller.variable(name)?, request.options.get("default")) {
            (Some(value), _) => Ok(value),
            (None, Some(default)) => Ok(default.clone()),
            (None, None) => Err(CallError::Undefined(format!("No variable named '{name}' was found."))),
        }
    };
    request.terms.iter().map(find).collect()
}

/// Names of variables that match one of these regular expressions.
fn varnames(request: &Request<'_>) -> Result<Vec<Value>, CallError> {
    let names = request.caller.names();
    let mut found = Vec::new();
    for term in request.terms {
        // In the reference's words, which playbooks look for.
        let Some(pattern) = term.as_str() else {
            let kind = term.kind();
            return Err(
                format!("Invalid setting identifier, \"{term}\" is not a string, it is {kind}").into()
            );
        };
        let unusable = |why| format!("Unable to use \"{pattern}\" as a search parameter: {why}");
        let regex = compile(pattern, false, false).map_err(|error| match error {
            CallError::Refused(why) => CallError::Refused(unusable(why)),
            other => other,
        })?;
        for name in &names {
            if regex.is_match(name).map_err(|error| gave_up(&error))? {
                found.push(Value::from(name.as_str()));
            }
        }
    }
    Ok(found)
}

fn random_choice(request: &Request<'_>) -> Vec<Value> {
    fastrand::choice(request.terms).cloned().into_iter().collect()
}

/// Each item of a list with each of the items of a list inside it: list, path, options. What it refuses is said in the
/// reference's words, which playbooks look for.
fn subelements(request: &Request<'_>) -> Result<Vec<Value>, CallError> {
    let refuse = |why: &str| format!("subelements lookup expects a list of two or three items, {why}").into();
    let (objects, path, options) = match request.terms {
        [objects, path] => (objects, path, None),
        [objects, path, options] => (objects, path, Some(options)),
        _ => return Err(refuse("")),
    };
    let (Value::List(_) | Value::Map(_), Some(path)) = (objects, path.as_str()) else {
        return Err(refuse("first a dict or a list, second a string pointing to the subkey"));
    };
    if options.is_some_and(|options| options.as_map().is_none()) {
        return Err(refuse("the optional third item must be a dict with flags ('skip_missing',)"));
    }
    let skip_missing = options.and_then(|options| options.get("skip_missing"));
    let skip_missing = skip_missing.and_then(Value::to_bool).unwrap_or(false);
    let is_skipped = |object: &Value| object.get("skipped").is_some_and(Value::is_truthy);
    let objects = match objects {
        Value::Map(_) if is_skipped(objects) => return Ok(Vec::new()),
        Value::Map(map) => map.values().cloned().collect(),
        other => items_of(other)?,
    };
    let mut found = Vec::new();
    for object in &objects {
        if object.as_map().is_none() {
            return Err(format!("subelements lookup expects a dictionary, got '{object}'").into());
        }
        if is_skipped(object) {
            continue;
        }
        match inside(object, path) {
            Ok(items) => {
                let rest = without(object, path);
                found.extend(items.iter().map(|item| Value::list(vec![rest.clone(), item.clone()])));
            }
            Err((Misfit::NoList, message)) => return Err(message.into()),
            Err(_) if skip_missing => {}
            Err((_, message)) => return Err(message.into()),
        }
    }
    Ok(found)
}

/// Why there is no list at the end of a path.
enum Misfit {
    NotThere,
    NoMapping,
    NoList,
}

/// The list at the end of a path.
fn inside<'a>(object: &'a Value, path: &str) -> Result<&'a [Value], (Misfit, String)> {
    let (key, deeper) = path.split_once('.').map_or((path, None), |(key, deeper)| (key, Some(deeper)));
    let Some(value) = object.get(key) else {
        return Err((Misfit::NotThere, format!("could not find '{key}' key in iterated item '{object}'")));
    };
    match deeper {
        Some(_) if value.as_map().is_none() => {
            Err((Misfit::NoMapping, format!("the key {key} should point to a dictionary, got '{value}'")))
        }
        Some(deeper) => inside(value, deeper),
        None => value
            .as_list()
            .ok_or_else(|| (Misfit::NoList, format!("the key {key} should point to a list, got '{value}'"))),
    }
}

/// A mapping without what is at the end of a path.
fn without(object: &Value, path: &str) -> Value {
    let Value::Map(map) = object else { return object.clone() };
    let mut rest = Map::clone(map);
    match path.split_once('.') {
        None => drop(rest.remove(path)),
        Some((first, deeper)) => {
            if let Some(inner) = rest.get(first).map(|inner| without(inner, deeper)) {
                rest.insert(first, inner);
            }
        }
    }
    rest.into()
}

/// Pairs of a number from 0 and an item.
fn indexed_items(request: &Request<'_>) -> Vec<Value> {
    let pair = |(place, item)| Value::list(vec![Value::from(place), item]);
    items(request).into_iter().enumerate().map(pair).collect()
}

/// A row; a list inside of it becomes its items.
fn flat(row: Vec<Value>) -> Value {
    let items = |item: Value| match item {
        Value::List(items) => items.to_vec(),
        other => vec![other],
    };
    Value::list(row.into_iter().flat_map(items).collect())
}

fn lists(request: &Request<'_>) -> Result<Vec<Vec<Value>>, CallError> {
    request.terms.iter().map(items_of).collect()
}

/// The lists side by side; what is short is filled with nothing.
fn together(request: &Request<'_>) -> Result<Vec<Value>, CallError> {
    let lists = lists(request)?;
    if lists.is_empty() {
        return Err("with_together requires at least one element in each list".into());
    }
    let length = lists.iter().map(Vec::len).max().unwrap_or(0);
    let row = |place: usize| lists.iter().map(|list| list.get(place).cloned().unwrap_or_default()).collect();
    Ok((0..length).map(|place| flat(row(place))).collect())
}

/// Every item of the first with every item of the second, and so on.
fn nested(request: &Request<'_>) -> Result<Vec<Value>, CallError> {
    let lists = lists(request)?;
    if lists.is_empty() {
        return Err("with_nested requires at least one element in the nested list".into());
    }
    let size = lists.iter().try_fold(1_usize, |size, list| size.checked_mul(list.len()));
    if size.is_none_or(|size| size > 1_000_000) {
        return Err("the product is too large".into());
    }
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for list in &lists {
        let longer = |row: &Vec<Value>, item: &Value| row.iter().chain([item]).cloned().collect();
        rows = rows.iter().flat_map(|row| list.iter().map(move |item| longer(row, item))).collect();
    }
    Ok(rows.into_iter().map(flat).collect())
}
