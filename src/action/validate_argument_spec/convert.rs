//! The types that an argument may have, and what becomes one of them. Messages are the reference's.

use crate::base::{Map, Text, Value};
use crate::vars::python::{literal, size, type_name};

/// The name of its class there: the reference keeps what it knows of a value in classes of its own.
pub(super) fn class_name(value: &Value) -> String {
    match type_name(value) {
        plain @ ("NoneType" | "bool") => plain.to_owned(),
        "datetime" => "_AnsibleTaggedDateTime".to_owned(),
        other => format!("_AnsibleTagged{}{}", other[..1].to_uppercase(), &other[1..]),
    }
}

/// The same as Python prints a class.
pub(super) fn class(value: &Value) -> String {
    match class_name(value) {
        name if name.starts_with('_') => {
            format!("<class 'ansible.module_utils._internal._datatag.{name}'>")
        }
        plain => format!("<class '{plain}'>"),
    }
}

/// A value in a message; a secret is not shown.
pub(super) fn shown(value: &Value) -> String {
    if value.has_secret() { crate::base::value::MASK.to_owned() } else { value.to_string() }
}

/// The same in Python's `repr`.
fn quoted(value: &Value) -> String {
    if value.has_secret() {
        return crate::base::value::MASK.to_owned();
    }
    let listed = Value::list(vec![value.clone()]).to_string();
    listed[1..listed.len() - 1].to_owned()
}

/// The value as that type; why it cannot be one.
pub(super) fn convert(kind: &str, value: &Value) -> Result<Value, String> {
    let value = value.revealed();
    let class = || class(value);
    match kind {
        "raw" => Ok(value.clone()),
        // What a path means is up to who uses it.
        "str" | "path" => Ok(match value {
            Value::String(_) => value.clone(),
            Value::Null => Value::from(""),
            other => Value::from(other.to_string()),
        }),
        "bool" => boolean(value),
        "int" => integer(value).ok_or_else(|| format!("\"{}\" cannot be converted to an int", quoted(value))),
        "float" => float(value).ok_or_else(|| format!("{} cannot be converted to a float", class())),
        "list" => match value {
            Value::List(_) => Ok(value.clone()),
            Value::String(text) => Ok(Value::list(text.as_str().split(',').map(|p| part(text, p)).collect())),
            Value::Int(_) | Value::Float(_) | Value::Bool(_) => Ok(vec![value.to_string()].into()),
            _ => Err(format!("{} cannot be converted to a list", class())),
        },
        "dict" => match value {
            Value::Map(_) => Ok(value.clone()),
            Value::String(text) => mapping(text),
            _ => Err(format!("{} cannot be converted to a dict", class())),
        },
        "json" | "jsonarg" => match value {
            Value::String(text) => Ok(part(text, text.as_str().trim())),
            Value::Bytes(_) => Ok(value.clone()),
            Value::List(_) | Value::Map(_) => Ok(serde_json::to_string(value).unwrap_or_default().into()),
            _ => Err(format!("{} cannot be converted to a json string", class())),
        },
        "bytes" => size::bytes(&value.to_string(), "", false)
            .map_err(|_| format!("{} cannot be converted to a Byte value", class())),
        "bits" => size::bytes(&value.to_string(), "", true)
            .map_err(|_| format!("{} cannot be converted to a Bit value", class())),
        _ => Err("'NoneType' object is not callable".to_owned()),
    }
}

/// A part of a text, as secret as the whole.
fn part(whole: &Text, part: &str) -> Value {
    let text = Text::data(part);
    Value::String(if whole.is_secret() { text.into_secret() } else { text })
}

fn boolean(value: &Value) -> Result<Value, String> {
    const KNOWN: &str = "0, 1, 'y', 'n', 'yes', 'no', 'on', 'off', '1', '0', 'true', 'false', 't', 'f'";
    match value {
        Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String(_) => {
            let read = match value {
                Value::Float(x) => whole(*x).and_then(|whole| whole.to_bool()),
                other => other.to_bool(),
            };
            let wrong = || {
                let shown = shown(value);
                format!("The value '{shown}' is not a valid boolean. Valid booleans include: {KNOWN}")
            };
            read.map(Value::Bool).ok_or_else(wrong)
        }
        _ => Err(format!("{} cannot be converted to a bool", class(value))),
    }
}

/// What Python's `Decimal` reads and has no fraction.
fn integer(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(_) | Value::Int(_) => Some(value.clone()),
        Value::Float(x) => whole(*x),
        Value::String(text) => {
            let text = text.as_str().trim().replace('_', "");
            text.parse::<i128>().ok().map(Value::Int).or_else(|| whole(text.parse().ok()?))
        }
        _ => None,
    }
}

#[allow(clippy::cast_possible_truncation)] // it has no fraction, and is in the range of floats that count one by one
fn whole(x: f64) -> Option<Value> {
    (x.fract() == 0.0 && x.abs() < 1e18).then_some(Value::Int(x as i128))
}

fn float(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(yes) => Some(Value::Float(f64::from(u8::from(*yes)))),
        Value::String(text) => text.as_str().trim().replace('_', "").parse().ok().map(Value::Float),
        other => other.as_float().map(Value::Float),
    }
}

/// JSON, a literal of Python, or `k=v` words between commas or blanks.
fn mapping(text: &Text) -> Result<Value, String> {
    let written = text.as_str();
    let map = if written.starts_with('{') {
        let read = serde_json::from_str::<Value>(written).ok();
        let read = read.or_else(|| literal(written, None).filter(|value| value.as_map().is_some()));
        read.ok_or("unable to evaluate string as dictionary")?
    } else if written.contains('=') {
        let pair = |field: String| field.split_once('=').map(|(key, value)| (key.into(), part(text, value)));
        let map: Option<Map> =
            words(written.trim()).into_iter().map(pair).collect::<Option<Vec<(String, _)>>>().map(|pairs| {
                pairs.into_iter().map(|(key, value)| (std::sync::Arc::<str>::from(key), value)).collect()
            });
        map.ok_or("unable to evaluate string in the \"key=value\" format as dictionary")?.into()
    } else {
        return Err("dictionary requested, could not parse JSON or key=value".to_owned());
    };
    Ok(map)
}

/// Words between commas and blanks; quotes keep those together and disappear, a backslash takes what follows as it is.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let (mut quote, mut escaped) = (None, false);
    for c in text.chars() {
        let word = words.last_mut().expect("there is always one");
        match c {
            _ if escaped => {
                word.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '\'' | '"' if quote.is_none() => quote = Some(c),
            _ if quote == Some(c) => quote = None,
            ',' | ' ' if quote.is_none() => words.push(String::new()),
            _ => word.push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
