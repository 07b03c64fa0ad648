//! `a.b`, `a['b']`, `a[1:]`: attributes, items and slices.

use std::rc::Rc;
use std::sync::Arc;

use super::methods;
use super::missing::Missing;
use super::object::{LoopObject, Object, Sequence, Val, range_length};
use super::run::Unit;
use super::syntax::Place;
use crate::base::{Key, Value};
use crate::vars::python::dates;
use crate::vars::{Entry, TemplateError};

/// Whether `of.name` is a method: those come before the keys of a mapping.
pub(super) fn is_method(of: &Val, name: &str) -> bool {
    match of {
        Val::Plain(value) => methods::has(value, name),
        Val::List(list) => methods::of_sequence(list.sequence).contains(&name),
        Val::Map(_) => methods::OF_MAPPING.contains(&name),
        Val::Object(object) => match &**object {
            Object::Lazy(..) | Object::Variables(_) => ["get", "keys", "items", "values"].contains(&name),
            Object::Loop(_) => ["cycle", "changed"].contains(&name),
            Object::Cycler(..) => ["next", "reset"].contains(&name),
            Object::Duration(_) => name == "total_seconds",
            _ => false,
        },
        Val::Missing(_) => false,
    }
}

pub(super) fn attribute(
    unit: &Rc<Unit>,
    of: &Val,
    name: &Arc<str>,
    place: Place,
) -> Result<Val, TemplateError> {
    if let Val::Missing(_) = of {
        return Ok(of.clone());
    }
    if is_method(of, name) {
        return Ok(Val::object(Object::Method(of.clone(), Arc::clone(name))));
    }
    found(unit, of, name, place)
        .map(|value| value.unwrap_or_else(|| Missing::attribute(name.to_string(), of.clone(), unit, place)))
}

fn found(unit: &Rc<Unit>, of: &Val, name: &Arc<str>, place: Place) -> Result<Option<Val>, TemplateError> {
    Ok(match of {
        Val::Map(map) => {
            let value = map.get(&Key::Str(Arc::clone(name)));
            reached(unit, value, place)?
        }
        Val::List(list) if list.sequence == Sequence::Group => match &**name {
            "grouper" => list.get(0)?,
            "list" => list.get(1)?,
            _ => None,
        },
        Val::Plain(Value::Date(date)) => dates::part(date, name).map(Val::Plain),
        Val::Plain(value @ (Value::Int(_) | Value::Bool(_))) => match &**name {
            "real" | "numerator" => Some(Val::int(match value {
                Value::Int(i) => *i,
                other => i128::from(other.is_truthy()),
            })),
            "imag" => Some(Val::int(0)),
            "denominator" => Some(Val::int(1)),
            _ => None,
        },
        Val::Plain(Value::Undefined(_)) => {
            return Err(unit.failed(format!("what has no value has no `{name}`"), place));
        }
        Val::Object(object) => match &**object {
            Object::Namespace(entries) => entries.borrow().get(name).cloned(),
            Object::Module(module) => module.names.get(name).cloned(),
            Object::Loop(state) => loop_part(state, name),
            Object::Cycler(items, at) if &**name == "current" => items.get(at.get()).cloned(),
            Object::Duration(microseconds) => duration_part(*microseconds, name),
            Object::Lazy(map, session) => match map.get(name) {
                Some(Entry::Value(value)) => {
                    let value = session.touch(&value, || unit.words(place).to_owned()).map(Some);
                    reached(unit, value, place)?
                }
                Some(Entry::Scope(scope)) => Some(Val::object(Object::Variables(session.in_scope(scope)))),
                None => None,
            },
            Object::Variables(session) => reached(unit, session.variable(name), place)?,
            Object::Blocks(of) => of.block_at(name, 0),
            Object::Super(block, level) if &**name == "super" => unit.block_at(&block.name, level + 1),
            Object::Macro(object) => match &**name {
                "name" => Some(Val::text(Arc::clone(&object.definition.name))),
                "arguments" => {
                    let names = object.definition.parameters.iter();
                    Some(Val::tuple(names.map(|(name, _)| Val::text(Arc::clone(name))).collect()))
                }
                "catch_varargs" => Some(Val::bool(object.takes.varargs)),
                "catch_kwargs" => Some(Val::bool(object.takes.kwargs)),
                "caller" => Some(Val::bool(object.takes.caller)),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    })
}

/// A value that was found inside another one; an error of its template came through here.
fn reached(
    unit: &Rc<Unit>,
    value: Result<Option<Val>, TemplateError>,
    place: Place,
) -> Result<Option<Val>, TemplateError> {
    match value {
        Ok(Some(Val::Missing(missing))) => {
            let error = unit.passed(missing.to_error(), place, unit.words(place));
            Ok(Some(missing.passed(error)))
        }
        Ok(value) => Ok(value),
        Err(error) => Err(unit.passed(error, place, unit.words(place))),
    }
}

fn loop_part(state: &LoopObject, name: &str) -> Option<Val> {
    let (at, length) = (state.at.get(), state.items.len());
    let neighbour = |place: Option<usize>, what: &str| {
        let item = place.and_then(|place| state.items.get(place)).cloned();
        item.unwrap_or_else(|| Missing::said(format!("there is no {what} item in this loop")))
    };
    Some(match name {
        "index" => Val::size(at + 1),
        "index0" => Val::size(at),
        "revindex" => Val::size(length - at),
        "revindex0" => Val::size(length - at - 1),
        "first" => Val::bool(at == 0),
        "last" => Val::bool(at + 1 == length),
        "length" => Val::size(length),
        "depth" => Val::size(state.depth + 1),
        "depth0" => Val::size(state.depth),
        "previtem" => neighbour(at.checked_sub(1), "previous"),
        "nextitem" => neighbour(Some(at + 1), "next"),
        _ => return None,
    })
}

fn duration_part(microseconds: i128, name: &str) -> Option<Val> {
    const DAY: i128 = 86_400_000_000;
    Some(Val::int(match name {
        "days" => microseconds.div_euclid(DAY),
        "seconds" => microseconds.rem_euclid(DAY) / 1_000_000,
        "microseconds" => microseconds.rem_euclid(1_000_000),
        _ => return None,
    }))
}

pub(super) fn item(unit: &Rc<Unit>, of: &Val, key: &Val, place: Place) -> Result<Val, TemplateError> {
    if let Val::Missing(_) = of {
        return Ok(of.clone());
    }
    if let Val::Missing(missing) = key {
        return Err(missing.to_error());
    }
    let missing = || {
        let mut name = String::new();
        let printed = unit.print(key, &mut name);
        printed.map(|()| Missing::attribute(name, of.clone(), unit, place))
    };
    let at = |length: usize| {
        let index = key.as_index()?;
        let index = if index < 0 { index + i128::try_from(length).unwrap_or(i128::MAX) } else { index };
        usize::try_from(index).ok().filter(|index| *index < length)
    };
    let value = match of {
        Val::Map(map) => match key.key() {
            Ok(key) => reached(unit, map.get(&key), place)?,
            Err(error) => return Err(unit.refused(error, place)),
        },
        Val::List(list) => match at(list.len()) {
            Some(index) => reached(unit, list.get(index), place)?,
            None => None,
        },
        Val::Plain(Value::String(text)) if key.as_index().is_some() => {
            let text = text.as_str();
            let index = at(text.chars().count());
            index.and_then(|index| text.chars().nth(index)).map(|c| Val::text(c.to_string()))
        }
        Val::Object(object) => match &**object {
            Object::Range { start, stop, stride } => {
                let length = range_length(*start, *stop, *stride);
                let index = key.as_index().map(|index| if index < 0 { index + length } else { index });
                index
                    .filter(|index| (0..length).contains(index))
                    .map(|index| Val::int(start + index * stride))
            }
            _ => None,
        },
        _ => None,
    };
    match (value, key.as_str()) {
        (Some(value), _) => Ok(value),
        (None, Some(name)) => attribute(unit, of, &name.into(), place),
        (None, None) => missing(),
    }
}

/// Start, stop and step of a slice.
pub(super) type Bounds = (Option<i128>, Option<i128>, Option<i128>);

pub(super) fn slice(unit: &Rc<Unit>, of: &Val, bounds: Bounds, place: Place) -> Result<Val, TemplateError> {
    let taken = |length: usize| places(length, bounds).map_err(|message| unit.failed(message, place));
    match of {
        Val::List(list) => {
            let items = list.to_vec()?;
            let kept = taken(items.len())?.into_iter().map(|place| items[place].clone()).collect();
            Ok(Val::sequence(list.sequence, kept))
        }
        Val::Plain(Value::String(text)) => {
            let chars: Vec<char> = text.as_str().chars().collect();
            let kept: String = taken(chars.len())?.into_iter().map(|place| chars[place]).collect();
            Ok(Val::text(kept))
        }
        Val::Object(object) if matches!(**object, Object::Range { .. }) => {
            let items = of.items().map_err(|error| unit.refused(error, place))?;
            Ok(Val::list(taken(items.len())?.into_iter().map(|place| items[place].clone()).collect()))
        }
        // Jinja asks for an item, and a slice is none of these.
        other => Ok(Missing::attribute(unit.words(place).to_owned(), other.clone(), unit, place)),
    }
}

/// The places that a slice takes, as Python counts.
fn places(length: usize, (start, stop, stride): Bounds) -> Result<Vec<usize>, &'static str> {
    let stride = stride.unwrap_or(1);
    let length = i128::try_from(length).unwrap_or(i128::MAX);
    if stride == 0 {
        return Err("the step of a slice must not be 0");
    }
    let (low, high) = if stride > 0 { (0, length) } else { (-1, length - 1) };
    let bound = |given: Option<i128>, default: i128| match given {
        None => default,
        Some(i) if i < 0 => i.saturating_add(length).clamp(low, high),
        Some(i) => i.clamp(low, high),
    };
    let start = bound(start, if stride > 0 { low } else { high });
    let stop = bound(stop, if stride > 0 { high } else { low });
    let mut out = Vec::new();
    let mut at = start;
    while if stride > 0 { at < stop } else { at > stop } {
        out.extend(usize::try_from(at));
        at = at.saturating_add(stride);
    }
    Ok(out)
}
