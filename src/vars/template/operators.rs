//! What Python's operators do.

use std::cmp::Ordering;
use std::rc::Rc;

use super::container::LONGEST;
use super::object::{Object, Sequence, Val, range_length};
use super::session::Session;
use super::syntax::{Arithmetic, Comparison, DEEPEST};
use crate::base::Value;
use crate::vars::call::CallError;
use crate::vars::python::{dates, integer, printf};

type Outcome<T> = Result<T, CallError>;

enum Number {
    Int(i128),
    Float(f64),
}

fn number(value: &Val) -> Option<Number> {
    match value {
        Val::Plain(Value::Float(x)) => Some(Number::Float(*x)),
        other => other.as_index().map(Number::Int),
    }
}

#[allow(clippy::cast_precision_loss)] // as in Python
fn float(number: &Number) -> f64 {
    match number {
        Number::Int(i) => *i as f64,
        Number::Float(x) => *x,
    }
}

fn large() -> CallError {
    integer::TOO_LARGE.into()
}

pub(super) fn negative(value: &Val) -> Outcome<Val> {
    match number(value) {
        Some(Number::Int(i)) => Ok(Val::int(i.checked_neg().ok_or_else(large)?)),
        Some(Number::Float(x)) => Ok(Val::Plain(Value::Float(-x))),
        None => Err(format!("`-` needs a number, not {}", value.kind()).into()),
    }
}

pub(super) fn positive(value: &Val) -> Outcome<Val> {
    match number(value) {
        Some(Number::Int(i)) => Ok(Val::int(i)),
        Some(Number::Float(x)) => Ok(Val::Plain(Value::Float(x))),
        None => Err(format!("`+` needs a number, not {}", value.kind()).into()),
    }
}

pub(super) fn arithmetic(
    session: &Rc<Session>,
    operator: Arithmetic,
    left: &Val,
    right: &Val,
) -> Outcome<Val> {
    if let (Some(a), Some(b)) = (number(left), number(right)) {
        return match (a, b) {
            (Number::Int(a), Number::Int(b)) => integers(operator, a, b),
            (a, b) => floats(operator, float(&a), float(&b)).map(|x| Val::Plain(Value::Float(x))),
        };
    }
    match operator {
        Arithmetic::Add => add(left, right),
        Arithmetic::Multiply => repeat(left, right),
        Arithmetic::Modulo if left.as_str().is_some() => {
            let format = left.as_str().unwrap_or_default();
            let arguments = match right {
                Val::List(list) if list.sequence.is_tuple() => {
                    let items = list.to_vec()?;
                    let items = items.iter().map(|item| item.to_value(session));
                    printf::Arguments::Several(items.collect::<Result<_, _>>()?)
                }
                one => printf::Arguments::One(one.to_value(session)?),
            };
            Ok(Val::text(printf::print(format, &arguments)?))
        }
        Arithmetic::Subtract => dates_apart(left, right),
        _ => Err(unfit(operator, left, right)),
    }
}

fn unfit(operator: Arithmetic, left: &Val, right: &Val) -> CallError {
    let sign = match operator {
        Arithmetic::Add => "+",
        Arithmetic::Subtract => "-",
        Arithmetic::Multiply => "*",
        Arithmetic::Divide => "/",
        Arithmetic::FloorDivide => "//",
        Arithmetic::Modulo => "%",
        Arithmetic::Power => "**",
    };
    format!("`{sign}` cannot join {} and {}", left.kind(), right.kind()).into()
}

fn integers(operator: Arithmetic, a: i128, b: i128) -> Outcome<Val> {
    let whole = |result: Option<i128>| result.map(Val::int).ok_or_else(large);
    let divides = || if b == 0 { Err(CallError::from("division by zero")) } else { Ok(()) };
    match operator {
        Arithmetic::Add => whole(a.checked_add(b)),
        Arithmetic::Subtract => whole(a.checked_sub(b)),
        Arithmetic::Multiply => whole(a.checked_mul(b)),
        Arithmetic::Divide => {
            divides()?;
            #[allow(clippy::cast_precision_loss)] // as in Python
            Ok(Val::Plain(Value::Float(a as f64 / b as f64)))
        }
        Arithmetic::FloorDivide => {
            divides()?;
            let quotient = a.checked_div(b).ok_or_else(large)?;
            Ok(Val::int(if a % b != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient }))
        }
        Arithmetic::Modulo => {
            divides()?;
            let rest = a.checked_rem(b).unwrap_or(0);
            Ok(Val::int(if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest }))
        }
        Arithmetic::Power => match u32::try_from(b) {
            Ok(exponent) => whole(a.checked_pow(exponent)),
            Err(_) if b > 0 && matches!(a, 0 | 1) => Ok(Val::int(a)),
            Err(_) if b > 0 => Err(large()),
            #[allow(clippy::cast_precision_loss)] // as in Python
            Err(_) => floats(operator, a as f64, b as f64).map(|x| Val::Plain(Value::Float(x))),
        },
    }
}

fn floats(operator: Arithmetic, a: f64, b: f64) -> Outcome<f64> {
    let divides = || if b == 0.0 { Err(CallError::from("division by zero")) } else { Ok(()) };
    Ok(match operator {
        Arithmetic::Add => a + b,
        Arithmetic::Subtract => a - b,
        Arithmetic::Multiply => a * b,
        Arithmetic::Divide => {
            divides()?;
            a / b
        }
        Arithmetic::FloorDivide => {
            divides()?;
            ((a - modulo(a, b)) / b).round()
        }
        Arithmetic::Modulo => {
            divides()?;
            modulo(a, b)
        }
        Arithmetic::Power => {
            if a == 0.0 && b < 0.0 {
                return Err("zero cannot be raised to a negative power".into());
            }
            if a < 0.0 && b.fract() != 0.0 {
                return Err("the result would be a complex number".into());
            }
            a.powf(b)
        }
    })
}

/// The rest has the sign of the divisor.
fn modulo(a: f64, b: f64) -> f64 {
    let rest = a % b;
    if rest != 0.0 && (rest < 0.0) != (b < 0.0) { rest + b } else { rest }
}

fn add(left: &Val, right: &Val) -> Outcome<Val> {
    match (left, right) {
        (Val::Plain(Value::String(a)), Val::Plain(Value::String(b))) => {
            Ok(Val::text(format!("{}{}", a.as_str(), b.as_str())))
        }
        (Val::List(a), Val::List(b)) if a.sequence.is_tuple() == b.sequence.is_tuple() => {
            let mut items = a.to_vec()?;
            items.extend(b.to_vec()?);
            let sequence = if a.sequence.is_tuple() { Sequence::Tuple } else { Sequence::List };
            Ok(Val::sequence(sequence, items))
        }
        (Val::Plain(Value::Date(date)), Val::Object(object))
        | (Val::Object(object), Val::Plain(Value::Date(date))) => match &**object {
            Object::Duration(by) => Ok(Val::Plain(dates::moved(date, *by)?)),
            _ => Err(unfit(Arithmetic::Add, left, right)),
        },
        _ => Err(unfit(Arithmetic::Add, left, right)),
    }
}

fn dates_apart(left: &Val, right: &Val) -> Outcome<Val> {
    match (left, right) {
        (Val::Plain(Value::Date(a)), Val::Plain(Value::Date(b))) => {
            Ok(Val::object(Object::Duration(dates::apart(a, b)?)))
        }
        (Val::Plain(Value::Date(a)), Val::Object(object)) => match &**object {
            Object::Duration(by) => Ok(Val::Plain(dates::moved(a, -by)?)),
            _ => Err(unfit(Arithmetic::Subtract, left, right)),
        },
        _ => Err(unfit(Arithmetic::Subtract, left, right)),
    }
}

/// A text or a list so many times.
fn repeat(left: &Val, right: &Val) -> Outcome<Val> {
    let (what, times) = match (left.as_index(), right.as_index()) {
        (None, Some(times)) => (left, times),
        (Some(times), None) => (right, times),
        _ => return Err(unfit(Arithmetic::Multiply, left, right)),
    };
    let times = usize::try_from(times.max(0)).unwrap_or(usize::MAX);
    let fits = |length: usize| {
        let total = length.checked_mul(times).filter(|total| *total <= LONGEST);
        total.map(|_| ()).ok_or_else(|| CallError::from("the result would be too long"))
    };
    match what {
        Val::Plain(Value::String(text)) => {
            fits(text.as_str().len())?;
            Ok(Val::text(text.as_str().repeat(times)))
        }
        Val::List(list) => {
            fits(list.len())?;
            let items = list.to_vec()?;
            Ok(Val::sequence(
                list.sequence,
                items.iter().cycle().take(items.len() * times).cloned().collect(),
            ))
        }
        _ => Err(unfit(Arithmetic::Multiply, left, right)),
    }
}

pub(super) fn compare(comparison: Comparison, left: &Val, right: &Val) -> Outcome<bool> {
    let ordered = |wanted: fn(Ordering) -> bool| Ok(order(left, right)?.is_some_and(wanted));
    match comparison {
        Comparison::Equal => equal(left, right),
        Comparison::NotEqual => Ok(!equal(left, right)?),
        Comparison::Less => ordered(Ordering::is_lt),
        Comparison::LessOrEqual => ordered(Ordering::is_le),
        Comparison::Greater => ordered(Ordering::is_gt),
        Comparison::GreaterOrEqual => ordered(Ordering::is_ge),
        Comparison::In => contains(right, left),
        Comparison::NotIn => Ok(!contains(right, left)?),
    }
}

/// What holds itself has no end.
fn deeper(depth: u16) -> Outcome<u16> {
    if depth < DEEPEST { Ok(depth + 1) } else { Err("the value is nested too deeply".into()) }
}

/// Which of two numbers is larger; a float is not rounded for it, as in Python.
fn numbers(a: &Number, b: &Number) -> Option<Ordering> {
    match (a, b) {
        (Number::Int(a), Number::Int(b)) => Some(a.cmp(b)),
        (Number::Float(a), Number::Float(b)) => a.partial_cmp(b),
        (Number::Int(a), Number::Float(b)) => integer::with_float(*a, *b),
        (Number::Float(a), Number::Int(b)) => integer::with_float(*b, *a).map(Ordering::reverse),
    }
}

pub(super) fn equal(left: &Val, right: &Val) -> Outcome<bool> {
    equal_at(left, right, 0)
}

fn equal_at(left: &Val, right: &Val, depth: u16) -> Outcome<bool> {
    let depth = deeper(depth)?;
    if let (Some(a), Some(b)) = (number(left), number(right)) {
        return Ok(numbers(&a, &b) == Some(Ordering::Equal));
    }
    Ok(match (left, right) {
        (Val::Missing(missing), _) | (_, Val::Missing(missing)) => return Err(missing.to_error().into()),
        (Val::Plain(a), Val::Plain(b)) => a == b,
        (Val::List(a), Val::List(b)) => {
            if Rc::ptr_eq(a, b) {
                return Ok(true);
            }
            if a.sequence.is_tuple() != b.sequence.is_tuple() || a.len() != b.len() {
                return Ok(false);
            }
            for (a, b) in a.to_vec()?.iter().zip(b.to_vec()?.iter()) {
                if !equal_at(a, b, depth)? {
                    return Ok(false);
                }
            }
            true
        }
        (Val::Map(a), Val::Map(b)) => {
            if Rc::ptr_eq(a, b) {
                return Ok(true);
            }
            if a.len() != b.len() {
                return Ok(false);
            }
            for (key, a) in a.to_map()? {
                match b.get(&key)? {
                    Some(b) if equal_at(&a, &b, depth)? => {}
                    _ => return Ok(false),
                }
            }
            true
        }
        (Val::Object(a), Val::Object(b)) => match (&**a, &**b) {
            (Object::Duration(a), Object::Duration(b)) => a == b,
            (Object::Range { start, stop, stride }, Object::Range { start: a, stop: b, stride: c }) => {
                (start, stop, stride) == (a, b, c)
            }
            _ => Rc::ptr_eq(a, b),
        },
        _ => false,
    })
}

/// Which comes first; `None` for what is no number.
pub(super) fn order(left: &Val, right: &Val) -> Outcome<Option<Ordering>> {
    order_at(left, right, 0)
}

fn order_at(left: &Val, right: &Val, depth: u16) -> Outcome<Option<Ordering>> {
    let depth = deeper(depth)?;
    if let (Some(a), Some(b)) = (number(left), number(right)) {
        return Ok(numbers(&a, &b));
    }
    Ok(Some(match (left, right) {
        (Val::Missing(missing), _) | (_, Val::Missing(missing)) => return Err(missing.to_error().into()),
        (Val::Plain(Value::String(a)), Val::Plain(Value::String(b))) => a.as_str().cmp(b.as_str()),
        (Val::Plain(Value::Date(a)), Val::Plain(Value::Date(b))) => dates::apart(a, b)?.cmp(&0),
        (Val::List(a), Val::List(b)) if a.sequence.is_tuple() == b.sequence.is_tuple() => {
            let (a, b) = (a.to_vec()?, b.to_vec()?);
            for (a, b) in a.iter().zip(&b) {
                if !equal_at(a, b, depth)? {
                    return order_at(a, b, depth);
                }
            }
            a.len().cmp(&b.len())
        }
        (Val::Object(a), Val::Object(b)) => match (&**a, &**b) {
            (Object::Duration(a), Object::Duration(b)) => a.cmp(b),
            _ => return Err(no_order(left, right)),
        },
        _ => return Err(no_order(left, right)),
    }))
}

fn no_order(left: &Val, right: &Val) -> CallError {
    format!("{} and {} have no order", left.kind(), right.kind()).into()
}

/// Python's `in`.
pub(super) fn contains(container: &Val, item: &Val) -> Outcome<bool> {
    match container {
        Val::Plain(Value::String(text)) => match item.as_str() {
            Some(part) => Ok(text.as_str().contains(part)),
            None => Err(format!("`in` of a string needs a string, not {}", item.kind()).into()),
        },
        Val::List(list) => {
            for known in list.to_vec()? {
                if equal(&known, item)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Val::Map(map) => match item {
            Val::Plain(value @ (Value::String(_) | Value::Int(_) | Value::Bool(_) | Value::Null)) => {
                Ok(map.contains(&crate::vars::filters::collections::key_of(value)?))
            }
            Val::Plain(_) => Ok(false),
            other => Err(format!("{} cannot be a key", other.kind()).into()),
        },
        Val::Object(object) => match &**object {
            Object::Range { start, stop, stride } => Ok(item.as_index().is_some_and(|i| {
                let place = (i - start) / stride;
                (i - start) % stride == 0 && (0..range_length(*start, *stop, *stride)).contains(&place)
            })),
            Object::Lazy(map, _) => Ok(item.as_str().is_some_and(|name| map.get(name).is_some())),
            Object::Variables(session) => Ok(item.as_str().is_some_and(|name| session.scope().defines(name))),
            _ => Err(format!("{} contains nothing", container.kind()).into()),
        },
        Val::Plain(Value::Undefined(_)) => Ok(false),
        Val::Missing(missing) => Err(missing.to_error().into()),
        Val::Plain(_) => Err(format!("{} contains nothing", container.kind()).into()),
    }
}
