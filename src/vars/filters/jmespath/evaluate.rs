//! What an expression finds in a value.

use std::cmp::Ordering;

use super::functions;
use super::lexer::Comparison;
use super::parser::Node;
use crate::base::{Map, Value};

impl Node {
    /// What it finds in `value`; nothing where something is missing.
    pub(super) fn search(&self, value: &Value) -> Result<Value, String> {
        // A long chain is a deep tree; the stack grows with it.
        stacker::maybe_grow(64 * 1024, 1024 * 1024, || self.find(value))
    }

    fn find(&self, value: &Value) -> Result<Value, String> {
        Ok(match self {
            Node::Current => value.clone(),
            Node::Literal(literal) => literal.clone(),
            Node::Field(name) => value.get(name).cloned().unwrap_or_default(),
            Node::Index(index) => {
                item(value.as_list().unwrap_or_default(), *index).cloned().unwrap_or_default()
            }
            Node::Slice(parts) => match value {
                Value::List(items) => Value::list(slice(items, *parts)?),
                _ => Value::Null,
            },
            Node::Chain(left, right) => right.search(&left.search(value)?)?,
            Node::Projection(left, right) => match left.search(value)? {
                Value::List(items) => project(items.iter(), right)?,
                _ => Value::Null,
            },
            Node::Values(left, right) => match left.search(value)? {
                Value::Map(map) => project(map.values(), right)?,
                _ => Value::Null,
            },
            Node::Filter(left, right, condition) => match left.search(value)? {
                Value::List(items) => {
                    let mut fitting = Vec::new();
                    for item in items.iter() {
                        if holds(&condition.search(item)?) {
                            fitting.push(item);
                        }
                    }
                    project(fitting.into_iter(), right)?
                }
                _ => Value::Null,
            },
            Node::Flatten(inner) => flatten(&inner.search(value)?),
            Node::Compare(comparison, left, right) => {
                compare(*comparison, &left.search(value)?, &right.search(value)?)?
            }
            Node::Or(left, right) => match left.search(value)? {
                found if holds(&found) => found,
                _ => right.search(value)?,
            },
            Node::And(left, right) => match left.search(value)? {
                found if holds(&found) => right.search(value)?,
                found => found,
            },
            Node::Not(inner) => {
                let found = inner.search(value)?;
                Value::Bool(!is_number(&found) && !found.is_truthy())
            }
            Node::List(_) | Node::Mapping(_) if value.is_null() => Value::Null,
            Node::List(nodes) => {
                Value::list(nodes.iter().map(|node| node.search(value)).collect::<Result<_, _>>()?)
            }
            Node::Mapping(pairs) => {
                let mut map = Map::new();
                for (name, node) in pairs {
                    map.insert(&**name, node.search(value)?);
                }
                Value::from(map)
            }
            Node::Call(name, arguments) => functions::call(name, arguments, value)?,
            Node::Reference(_) => return Err("`&` is only for arguments of functions".to_owned()),
        })
    }
}

fn project<'a>(items: impl Iterator<Item = &'a Value>, right: &Node) -> Result<Value, String> {
    let mut found = Vec::new();
    for item in items {
        let value = right.search(item)?;
        if !value.is_null() {
            found.push(value);
        }
    }
    Ok(Value::list(found))
}

fn flatten(value: &Value) -> Value {
    let Value::List(items) = value else { return Value::Null };
    let inner = |item: &Value| match item {
        Value::List(inner) => inner.to_vec(),
        other => vec![other.clone()],
    };
    Value::list(items.iter().flat_map(inner).collect())
}

/// By number; negative ones count from the end.
fn item(items: &[Value], index: i128) -> Option<&Value> {
    let length = i128::try_from(items.len()).ok()?;
    let place = if index < 0 { index.checked_add(length)? } else { index };
    items.get(usize::try_from(place).ok()?)
}

/// Python's `items[start:stop:step]`.
fn slice(items: &[Value], [start, end, stride]: [Option<i128>; 3]) -> Result<Vec<Value>, String> {
    let stride = stride.unwrap_or(1);
    if stride == 0 {
        return Err("a slice cannot have steps of 0".to_owned());
    }
    let length = i128::try_from(items.len()).unwrap_or(i128::MAX);
    let (lowest, highest) = if stride > 0 { (0, length) } else { (-1, length - 1) };
    let bound = |bound: Option<i128>, otherwise: i128| {
        bound.map_or(otherwise, |at| {
            if at < 0 { at.saturating_add(length) } else { at }.clamp(lowest, highest)
        })
    };
    let (first, last) = if stride > 0 { (lowest, highest) } else { (highest, lowest) };
    let (mut at, end) = (bound(start, first), bound(end, last));
    let mut found = Vec::new();
    while (stride > 0 && at < end) || (stride < 0 && at > end) {
        found.extend(item(items, at).cloned());
        at = at.saturating_add(stride);
    }
    Ok(found)
}

/// The truth of `JMESPath`: the number 0 is true.
fn holds(value: &Value) -> bool {
    is_number(value) || value.is_truthy()
}

pub(super) fn is_number(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Float(_))
}

/// The order of two numbers or two texts.
pub(super) fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::String(left), Value::String(right)) => Some(left.as_str().cmp(right.as_str())),
        (Value::Int(left), Value::Int(right)) => Some(left.cmp(right)),
        _ if is_number(left) && is_number(right) => left.as_float()?.partial_cmp(&right.as_float()?),
        _ => None,
    }
}

fn compare(comparison: Comparison, left: &Value, right: &Value) -> Result<Value, String> {
    // To Python 0 and 1 are equal to false and true, to JMESPath they are not.
    let equal = || left == right && is_number(left) == is_number(right);
    let ordered = |wanted: fn(Ordering) -> bool| {
        let comparable = |value: &Value| is_number(value) || matches!(value, Value::String(_));
        if !comparable(left) || !comparable(right) {
            return Ok(Value::Null);
        }
        if is_number(left) != is_number(right) {
            return Err(format!("{} and {} have no order", left.kind(), right.kind()));
        }
        Ok(Value::Bool(order(left, right).is_some_and(wanted)))
    };
    match comparison {
        Comparison::Equal => Ok(Value::Bool(equal())),
        Comparison::NotEqual => Ok(Value::Bool(!equal())),
        Comparison::Less => ordered(Ordering::is_lt),
        Comparison::LessOrEqual => ordered(Ordering::is_le),
        Comparison::Greater => ordered(Ordering::is_gt),
        Comparison::GreaterOrEqual => ordered(Ordering::is_ge),
    }
}
