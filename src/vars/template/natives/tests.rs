//! Jinja's own tests: kinds of values and comparisons.

use std::cmp::Ordering;
use std::rc::Rc;

use super::super::calling::{self, Arguments};
use super::super::evaluate::is_callable;
use super::super::object::{Object, Val};
use super::super::operators::{contains, equal, order};
use super::super::run::Unit;
use super::choice::is_there;
use super::inspect;
use crate::base::Value;
use crate::vars::call::CallError;

/// What a test judges; the first argument is its subject.
pub(in super::super) type NativeTest = fn(&Rc<Unit>, Arguments) -> Result<bool, CallError>;

/// By name, aliases included.
pub(in super::super) const TESTS: &[(&str, NativeTest)] = &[
    ("defined", |_, arguments| is_there(&one(arguments)?)),
    ("undefined", |_, arguments| Ok(!is_there(&one(arguments)?)?)),
    ("none", |_, arguments| Ok(one(arguments)?.is_null())),
    ("boolean", |_, arguments| Ok(matches!(one(arguments)?, Val::Plain(Value::Bool(_))))),
    ("true", |_, arguments| Ok(matches!(one(arguments)?, Val::Plain(Value::Bool(true))))),
    ("false", |_, arguments| Ok(matches!(one(arguments)?, Val::Plain(Value::Bool(false))))),
    ("integer", |_, arguments| Ok(matches!(one(arguments)?, Val::Plain(Value::Int(_))))),
    ("float", |_, arguments| Ok(matches!(one(arguments)?, Val::Plain(Value::Float(_))))),
    ("number", |_, arguments| {
        Ok(matches!(one(arguments)?, Val::Plain(Value::Int(_) | Value::Float(_) | Value::Bool(_))))
    }),
    ("string", |_, arguments| Ok(one(arguments)?.as_str().is_some())),
    ("mapping", |_, arguments| Ok(is_mapping(&one(arguments)?))),
    ("sequence", |_, arguments| {
        let value = one(arguments)?;
        Ok(is_mapping(&value) || is_sequence(&value))
    }),
    ("iterable", |_, arguments| {
        let value = one(arguments)?;
        Ok(is_mapping(&value) || is_sequence(&value))
    }),
    ("callable", |_, arguments| Ok(is_callable(&one(arguments)?))),
    ("escaped", |_, arguments| one(arguments).map(|_| false)),
    ("lower", |_, arguments| {
        let text = text(arguments)?;
        Ok(text.chars().any(char::is_lowercase) && !text.chars().any(char::is_uppercase))
    }),
    ("upper", |_, arguments| {
        let text = text(arguments)?;
        Ok(text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase))
    }),
    ("odd", |_, arguments| Ok(remainder(arguments, Some(2))? == 1)),
    ("even", |_, arguments| Ok(remainder(arguments, Some(2))? == 0)),
    ("divisibleby", |_, arguments| Ok(remainder(arguments, None)? == 0)),
    ("sameas", same),
    ("eq", equals),
    ("equalto", equals),
    ("==", equals),
    ("ne", |unit, arguments| equals(unit, arguments).map(|equal| !equal)),
    ("!=", |unit, arguments| equals(unit, arguments).map(|equal| !equal)),
    ("lt", |_, arguments| ordered(arguments, Ordering::is_lt)),
    ("lessthan", |_, arguments| ordered(arguments, Ordering::is_lt)),
    ("<", |_, arguments| ordered(arguments, Ordering::is_lt)),
    ("le", |_, arguments| ordered(arguments, Ordering::is_le)),
    ("<=", |_, arguments| ordered(arguments, Ordering::is_le)),
    ("gt", |_, arguments| ordered(arguments, Ordering::is_gt)),
    ("greaterthan", |_, arguments| ordered(arguments, Ordering::is_gt)),
    (">", |_, arguments| ordered(arguments, Ordering::is_gt)),
    ("ge", |_, arguments| ordered(arguments, Ordering::is_ge)),
    (">=", |_, arguments| ordered(arguments, Ordering::is_ge)),
    ("in", |_, arguments| {
        let [item, container] = two(arguments)?;
        contains(&container, &item)
    }),
    ("contains", |_, arguments| {
        let [container, item] = two(arguments)?;
        contains(&container, &item)
    }),
    (inspect::TAGGED, inspect::tagged),
    (inspect::TAGGED_WITH, inspect::tagged_with),
    ("filter", |_, arguments| Ok(calling::is_filter(&text(arguments)?))),
    ("test", |_, arguments| Ok(calling::is_test(&text(arguments)?))),
];

fn one(arguments: Arguments) -> Result<Val, CallError> {
    let [value] = arguments.bind(["value"])?;
    value.ok_or_else(|| "a value is missing".into())
}

fn two(arguments: Arguments) -> Result<[Val; 2], CallError> {
    match arguments.bind(["value", "other"])? {
        [Some(a), Some(b)] => Ok([a, b]),
        _ => Err("two values are needed".into()),
    }
}

fn text(arguments: Arguments) -> Result<String, CallError> {
    let value = one(arguments)?;
    match &value {
        Val::Plain(Value::String(text)) => Ok(text.as_str().to_owned()),
        Val::Plain(plain) => Ok(plain.to_string()),
        other => Err(format!("a string is needed, not {}", other.kind()).into()),
    }
}

fn is_mapping(value: &Val) -> bool {
    match value {
        Val::Map(_) => true,
        Val::Object(object) => matches!(**object, Object::Lazy(..) | Object::Variables(_)),
        _ => false,
    }
}

fn is_sequence(value: &Val) -> bool {
    match value {
        Val::List(_) | Val::Plain(Value::String(_) | Value::Bytes(_)) => true,
        Val::Object(object) => matches!(**object, Object::Range { .. }),
        _ => false,
    }
}

fn remainder(arguments: Arguments, by: Option<i128>) -> Result<i128, CallError> {
    let [value, divisor] = arguments.bind(["value", "num"])?;
    let number = |value: Option<Val>| {
        let value = value.ok_or("a number is missing")?;
        value.as_index().ok_or_else(|| CallError::from(format!("an integer is needed, not {}", value.kind())))
    };
    let divisor = match by {
        Some(by) => by,
        None => number(divisor)?,
    };
    number(value)?.checked_rem_euclid(divisor).ok_or_else(|| "division by zero".into())
}

fn same(_: &Rc<Unit>, arguments: Arguments) -> Result<bool, CallError> {
    let [a, b] = two(arguments)?;
    Ok(match (&a, &b) {
        (Val::List(a), Val::List(b)) => Rc::ptr_eq(a, b),
        (Val::Map(a), Val::Map(b)) => Rc::ptr_eq(a, b),
        (Val::Object(a), Val::Object(b)) => Rc::ptr_eq(a, b),
        (Val::Plain(a), Val::Plain(b)) => std::mem::discriminant(a) == std::mem::discriminant(b) && a == b,
        _ => false,
    })
}

fn equals(_: &Rc<Unit>, arguments: Arguments) -> Result<bool, CallError> {
    let [a, b] = two(arguments)?;
    equal(&a, &b)
}

fn ordered(arguments: Arguments, wanted: fn(Ordering) -> bool) -> Result<bool, CallError> {
    let [a, b] = two(arguments)?;
    Ok(order(&a, &b)?.is_some_and(wanted))
}
