//! The functions that an expression can call.

use std::cmp::Ordering;

use super::evaluate::{is_number, order};
use super::parser::Node;
use crate::base::{Key, Map, Value};
use crate::vars::filters::json;

/// An argument: a value, or an expression that the function evaluates for each item.
enum Argument<'a> {
    Value(Value),
    Reference(&'a Node),
}

/// What an argument must be.
#[derive(Clone, Copy)]
enum Takes {
    Any,
    Number,
    Text,
    List,
    Mapping,
    TextOrList,
    Sized,
    Numbers,
    Texts,
    /// All numbers or all texts.
    Comparable,
    Reference,
}

impl Takes {
    fn fits(self, argument: &Argument<'_>) -> bool {
        let Argument::Value(value) = argument else { return matches!(self, Self::Reference | Self::Any) };
        let text = |value: &Value| matches!(value, Value::String(_));
        let all = |fits: &dyn Fn(&Value) -> bool| value.as_list().is_some_and(|items| items.iter().all(fits));
        match self {
            Self::Any => true,
            Self::Number => is_number(value),
            Self::Text => text(value),
            Self::List => value.as_list().is_some(),
            Self::Mapping => value.as_map().is_some(),
            Self::TextOrList => text(value) || value.as_list().is_some(),
            Self::Sized => text(value) || value.as_list().is_some() || value.as_map().is_some(),
            Self::Numbers => all(&is_number),
            Self::Texts => all(&text),
            Self::Comparable => all(&is_number) || all(&text),
            Self::Reference => false,
        }
    }
}

/// What a function takes; `true` when there may be more of the last.
fn signature(name: &str) -> Option<(&'static [Takes], bool)> {
    use Takes::{Any, Comparable, List, Mapping, Number, Numbers, Reference, Sized, Text, TextOrList, Texts};
    let fixed: &[Takes] = match name {
        "abs" | "ceil" | "floor" => &[Number],
        "avg" | "sum" => &[Numbers],
        "not_null" => return Some((&[Any], true)),
        "merge" => return Some((&[Mapping], true)),
        "to_array" | "to_string" | "to_number" | "type" => &[Any],
        "contains" => &[TextOrList, Any],
        "length" => &[Sized],
        "ends_with" | "starts_with" => &[Text, Text],
        "reverse" => &[TextOrList],
        "join" => &[Text, Texts],
        "map" => &[Reference, List],
        "max" | "min" | "sort" => &[Comparable],
        "keys" | "values" => &[Mapping],
        "sort_by" | "min_by" | "max_by" => &[List, Reference],
        _ => return None,
    };
    Some((fixed, false))
}

/// Calls a function; arguments are evaluated in `current`.
pub(super) fn call(name: &str, nodes: &[Node], current: &Value) -> Result<Value, String> {
    let mut arguments = Vec::new();
    for node in nodes {
        arguments.push(match node {
            Node::Reference(inner) => Argument::Reference(inner),
            other => Argument::Value(other.search(current)?),
        });
    }
    let (takes, more) = signature(name).ok_or_else(|| format!("there is no function `{name}`"))?;
    if arguments.len() < takes.len() || (!more && arguments.len() > takes.len()) {
        return Err(format!("`{name}` takes {} arguments, not {}", takes.len(), arguments.len()));
    }
    let kinds = takes.iter().chain(takes.last().into_iter().cycle());
    if let Some((argument, _)) = arguments.iter().zip(kinds).find(|(argument, takes)| !takes.fits(argument)) {
        let kind = match argument {
            Argument::Value(value) => value.kind(),
            Argument::Reference(_) => "an expression",
        };
        return Err(format!("`{name}` does not take {kind}"));
    }
    match arguments.as_slice() {
        [Argument::Value(value)] if !more => of_one(name, value),
        [Argument::Value(left), Argument::Value(right)] if !more => of_two(name, left, right),
        [Argument::Reference(node), Argument::Value(list)] => {
            let items = list.as_list().unwrap_or_default().iter();
            Ok(Value::list(items.map(|item| node.search(item)).collect::<Result<_, _>>()?))
        }
        [Argument::Value(list), Argument::Reference(node)] => by(name, list, node),
        several => Ok(of_several(name, several)),
    }
}

/// `not_null` and `merge`.
fn of_several(name: &str, arguments: &[Argument<'_>]) -> Value {
    let mut values = arguments.iter().filter_map(|argument| match argument {
        Argument::Value(value) => Some(value),
        Argument::Reference(_) => None,
    });
    if name == "not_null" {
        return values.find(|value| !value.is_null()).cloned().unwrap_or_default();
    }
    let mut merged = Map::new();
    values.filter_map(Value::as_map).for_each(|map| merged.extend(map));
    Value::from(merged)
}

fn of_one(name: &str, value: &Value) -> Result<Value, String> {
    let items = value.as_list().unwrap_or_default();
    let count = |count: usize| Value::from(count);
    Ok(match name {
        "abs" => match value {
            Value::Int(number) => Value::Int(number.checked_abs().ok_or("the number is too large")?),
            other => Value::Float(other.as_float().unwrap_or_default().abs()),
        },
        "ceil" => rounded(value, f64::ceil)?,
        "floor" => rounded(value, f64::floor)?,
        "sum" => sum(items)?,
        "avg" if items.is_empty() => Value::Null,
        "avg" => {
            let count = count(items.len()).as_float().unwrap_or(1.0);
            Value::Float(sum(items)?.as_float().unwrap_or_default() / count)
        }
        "to_array" => {
            if value.as_list().is_some() {
                value.clone()
            } else {
                Value::list(vec![value.clone()])
            }
        }
        "to_string" => {
            if value.as_str().is_some() {
                value.clone()
            } else {
                Value::from(json::compact(value)?)
            }
        }
        "to_number" => to_number(value),
        "type" => Value::from(match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Int(_) | Value::Float(_) => "number",
            Value::String(_) => "string",
            Value::List(_) => "array",
            Value::Map(_) => "object",
            _ => return Ok(Value::Null),
        }),
        "length" => match value {
            Value::String(text) => count(text.as_str().chars().count()),
            Value::Map(map) => count(map.len()),
            _ => count(items.len()),
        },
        "reverse" => match value {
            Value::String(text) => Value::from(text.as_str().chars().rev().collect::<String>()),
            _ => Value::list(items.iter().rev().cloned().collect()),
        },
        "max" => extreme(items.iter().zip(items), Ordering::Greater).cloned().unwrap_or_default(),
        "min" => extreme(items.iter().zip(items), Ordering::Less).cloned().unwrap_or_default(),
        "sort" => {
            let mut sorted = items.to_vec();
            sorted.sort_by(|left, right| order(left, right).unwrap_or(Ordering::Equal));
            Value::list(sorted)
        }
        "keys" => Value::list(value.as_map().into_iter().flat_map(Map::keys).map(Key::to_value).collect()),
        _ => Value::list(value.as_map().into_iter().flat_map(Map::values).cloned().collect()),
    })
}

fn of_two(name: &str, left: &Value, right: &Value) -> Result<Value, String> {
    let texts = || left.as_str().zip(right.as_str());
    Ok(match name {
        "contains" => Value::Bool(match left {
            Value::List(items) => items.contains(right),
            _ => texts().map(|(left, right)| left.contains(right)).ok_or("only a text can be in a text")?,
        }),
        "ends_with" => Value::Bool(texts().is_some_and(|(left, right)| left.ends_with(right))),
        "starts_with" => Value::Bool(texts().is_some_and(|(left, right)| left.starts_with(right))),
        _ => {
            let parts: Vec<&str> =
                right.as_list().unwrap_or_default().iter().filter_map(Value::as_str).collect();
            Value::from(parts.join(left.as_str().unwrap_or_default()))
        }
    })
}

/// `sort_by`, `min_by`, `max_by`: what the expression gives for each item decides.
fn by(name: &str, list: &Value, node: &Node) -> Result<Value, String> {
    let items = list.as_list().unwrap_or_default();
    let keys = items.iter().map(|item| node.search(item)).collect::<Result<Vec<_>, _>>()?;
    if !Takes::Comparable.fits(&Argument::Value(Value::list(keys.clone()))) {
        return Err(format!("`{name}` wants numbers or texts to compare"));
    }
    let pairs = keys.iter().zip(items);
    Ok(match name {
        "max_by" => extreme(pairs, Ordering::Greater).cloned().unwrap_or_default(),
        "min_by" => extreme(pairs, Ordering::Less).cloned().unwrap_or_default(),
        _ => {
            let mut pairs: Vec<_> = pairs.collect();
            pairs.sort_by(|(left, _), (right, _)| order(left, right).unwrap_or(Ordering::Equal));
            Value::list(pairs.into_iter().map(|(_, item)| item.clone()).collect())
        }
    })
}

/// The first of those whose key comes last (or first) of all.
fn extreme<'a>(
    mut pairs: impl Iterator<Item = (&'a Value, &'a Value)>,
    wanted: Ordering,
) -> Option<&'a Value> {
    let first = pairs.next()?;
    let better = |best: (&'a Value, &'a Value), next: (&'a Value, &'a Value)| {
        if order(next.0, best.0) == Some(wanted) { next } else { best }
    };
    Some(pairs.fold(first, better).1)
}

/// Integers stay integers.
fn sum(items: &[Value]) -> Result<Value, String> {
    let integers = items.iter().try_fold(0_i128, |sum, item| match item {
        Value::Int(number) => sum.checked_add(*number),
        _ => None,
    });
    let floats = || items.iter().filter_map(Value::as_float).fold(0.0, |sum, number| sum + number);
    match integers {
        Some(sum) => Ok(Value::Int(sum)),
        None if items.iter().any(|item| matches!(item, Value::Float(_))) => Ok(Value::Float(floats())),
        None => Err("the sum is too large".to_owned()),
    }
}

fn rounded(value: &Value, round: fn(f64) -> f64) -> Result<Value, String> {
    let Value::Float(number) = value else { return Ok(value.clone()) };
    let number = round(*number);
    if number.abs() >= 1e38 || number.is_nan() {
        return Err("the number is too large".to_owned());
    }
    #[allow(clippy::cast_possible_truncation)] // it is whole, and the range was checked
    Ok(Value::Int(number as i128))
}

fn to_number(value: &Value) -> Value {
    match value {
        Value::Int(_) | Value::Float(_) => value.clone(),
        Value::String(text) => {
            let text = text.as_str().trim();
            let float = || text.parse().map(Value::Float);
            text.parse().map(Value::Int).or_else(|_| float()).unwrap_or_default()
        }
        _ => Value::Null,
    }
}
