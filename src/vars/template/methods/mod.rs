//! Python's methods on values, which playbooks call: `'a,b'.split(',')`, `groups.gpu.index(h)`, `list.append(x)`.

mod mapping;
mod sequence;
mod text;

use std::rc::Rc;

use super::calling::Arguments;
use super::object::{Object, Sequence, Val};
use super::run::Unit;
use crate::base::Value;
use crate::vars::call::CallError;
use crate::vars::python::dates;

pub(super) use mapping::NAMES as OF_MAPPING;

/// Whether a scalar has a method of that name.
pub(super) fn has(value: &Value, name: &str) -> bool {
    match value {
        Value::String(_) => text::NAMES.contains(&name),
        Value::Bytes(_) => name == "decode",
        Value::Date(_) => dates::METHODS.contains(&name),
        Value::Float(_) => name == "is_integer",
        Value::Int(_) | Value::Bool(_) => name == "bit_length",
        _ => false,
    }
}

/// The methods of a list or a tuple.
pub(super) fn of_sequence(sequence: Sequence) -> &'static [&'static str] {
    match sequence {
        Sequence::List => sequence::NAMES,
        Sequence::Tuple | Sequence::Group => &["index", "count"],
    }
}

/// Calls a method.
pub(super) fn call(unit: &Rc<Unit>, of: &Val, name: &str, arguments: Arguments) -> Result<Val, CallError> {
    match of {
        Val::Plain(Value::String(subject)) => text::call(unit, subject.as_str(), name, arguments),
        Val::Plain(Value::Bytes(bytes)) => {
            let [_encoding, _errors] = arguments.bind(["encoding", "errors"])?;
            let decoded = std::str::from_utf8(bytes).map(Val::text);
            decoded.map_err(|_| "these bytes are no UTF-8".into())
        }
        Val::Plain(Value::Date(date)) => {
            let [argument] = arguments.bind(["format"])?;
            let argument = argument.as_ref().and_then(Val::as_str);
            dates::method(date, name, argument).map(Val::Plain)
        }
        Val::Plain(Value::Float(x)) => Ok(Val::bool(x.is_finite() && x.fract() == 0.0)),
        Val::Plain(_) => {
            let bits = of.as_index().map_or(0, |i| 128 - i.unsigned_abs().leading_zeros());
            Ok(Val::int(bits))
        }
        Val::List(list) => sequence::call(list, name, arguments),
        Val::Map(map) => mapping::call(map, name, arguments),
        Val::Object(object) => of_object(unit, of, object, name, arguments),
        Val::Missing(missing) => Err(missing.to_error().into()),
    }
}

fn of_object(
    unit: &Rc<Unit>,
    of: &Val,
    object: &Object,
    name: &str,
    arguments: Arguments,
) -> Result<Val, CallError> {
    let entries = |of: &Val| -> Result<Vec<(Val, Val)>, CallError> {
        let keys = of.items()?.into_iter();
        keys.map(|key| {
            Ok((key.clone(), super::attribute::item(unit, of, &key, super::syntax::Place::default())?))
        })
        .collect()
    };
    Ok(match (object, name) {
        (Object::Lazy(..) | Object::Variables(_), "get") => {
            let [key, default] = arguments.bind(["key", "default"])?;
            let key = key.unwrap_or_else(Val::null);
            match super::attribute::item(unit, of, &key, super::syntax::Place::default())? {
                Val::Missing(_) => default.unwrap_or_else(Val::null),
                value => value,
            }
        }
        (Object::Lazy(..) | Object::Variables(_), "keys") => Val::list(of.items()?),
        (Object::Lazy(..) | Object::Variables(_), "values") => {
            Val::list(entries(of)?.into_iter().map(|(_, value)| value).collect())
        }
        (Object::Lazy(..) | Object::Variables(_), "items") => {
            Val::list(entries(of)?.into_iter().map(|(key, value)| Val::tuple(vec![key, value])).collect())
        }
        (Object::Loop(state), "cycle") => {
            let count = arguments.positional.len();
            if count == 0 {
                return Err("nothing to go through was given".into());
            }
            arguments.positional[state.at.get() % count].clone()
        }
        (Object::Loop(state), "changed") => {
            let now = Val::tuple(arguments.positional);
            let before = state.changed.replace(Some(now.clone()));
            Val::bool(match before {
                Some(before) => !super::operators::equal(&before, &now)?,
                None => true,
            })
        }
        (Object::Cycler(items, at), "next") => {
            let item = items.get(at.get()).cloned().ok_or("there is nothing to go through")?;
            at.set((at.get() + 1) % items.len());
            item
        }
        (Object::Cycler(_, at), "reset") => {
            at.set(0);
            Val::null()
        }
        #[allow(clippy::cast_precision_loss)] // as in Python
        (Object::Duration(microseconds), "total_seconds") => {
            Val::Plain(Value::Float(*microseconds as f64 / 1e6))
        }
        _ => return Err("there is no such method".into()),
    })
}
