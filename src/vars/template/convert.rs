//! Values on their way into the engine and back, without loss.

use std::sync::Arc;

use minijinja::value::ValueKind;

use super::Session;
use super::date::DateObject;
use super::objects::{LazyObject, ListObject, MapObject, Missing, OmitMark, Variables};
use crate::base::{Key, Map, Text, Value};
use crate::vars::Entry;

type Engine = minijinja::Value;

/// A value that is no template, for the engine. Containers are wrapped, not copied.
pub(super) fn to_engine(session: &Arc<Session>, value: &Value, path: impl FnOnce() -> String) -> Engine {
    match value {
        Value::Null => Engine::from(()),
        Value::Bool(b) => Engine::from(*b),
        Value::Int(i) => i64::try_from(*i).map_or_else(|_| Engine::from(*i), Engine::from),
        Value::Float(f) => Engine::from(*f),
        Value::String(text) => {
            if text.is_secret() {
                session.mark_secret();
            }
            Engine::from(text.shared())
        }
        Value::Bytes(bytes) => Engine::from_bytes(bytes.to_vec()),
        Value::List(items) => Engine::from_object(ListObject {
            items: Arc::clone(items),
            session: Arc::clone(session),
            path: path().into(),
        }),
        Value::Map(map) => Engine::from_object(MapObject {
            map: Arc::clone(map),
            session: Arc::clone(session),
            path: path().into(),
        }),
        Value::Date(date) => Engine::from_object(DateObject(Arc::clone(date))),
        Value::Undefined(_) => session.missing().unwrap_or(Engine::UNDEFINED),
        Value::Omit => Engine::from_object(OmitMark),
    }
}

/// A value the engine gave. Fails on errors that were waiting inside, and on what is no data (a macro, a function).
pub(super) fn from_engine(session: &Arc<Session>, value: &Engine) -> Result<Value, minijinja::Error> {
    if let Some(ours) = from_object(value) {
        return ours;
    }
    Ok(match value.kind() {
        ValueKind::None => Value::Null,
        ValueKind::Undefined => Value::Undefined("".into()),
        ValueKind::Bool => Value::Bool(value.is_true()),
        ValueKind::Number if value.is_integer() => Value::Int(value.clone().try_into()?),
        ValueKind::Number => Value::Float(value.clone().try_into()?),
        ValueKind::String => Value::String(session.text_from(value.as_str().unwrap_or_default())),
        ValueKind::Bytes => Value::Bytes(value.as_bytes().unwrap_or_default().into()),
        ValueKind::Seq | ValueKind::Iterable => {
            let items = value.try_iter()?.checked().map(|item| inner(session, &item?));
            Value::list(items.collect::<Result<_, _>>()?)
        }
        ValueKind::Map => {
            let mut map = Map::new();
            for key in value.try_iter()?.checked() {
                let key = key?;
                let item = inner(session, &value.get_item(&key)?)?;
                map.insert(key_from_engine(&key).ok_or_else(|| refuse("a key", &key))?, item);
            }
            Value::from(map)
        }
        // An error that waits inside comes out when the value is taken from a list.
        ValueKind::Invalid => {
            let list = Engine::from(vec![value.clone()]);
            let error = list.try_iter()?.checked().next().and_then(Result::err);
            return Err(error.unwrap_or_else(|| refuse("a value", value)));
        }
        _ => return Err(refuse("a value", value)),
    })
}

/// A value inside of another one, which cannot be undefined.
fn inner(session: &Arc<Session>, value: &Engine) -> Result<Value, minijinja::Error> {
    match from_engine(session, value)? {
        Value::Undefined(_) => Err(minijinja::ErrorKind::UndefinedError.into()),
        value => Ok(value),
    }
}

fn from_object(value: &Engine) -> Option<Result<Value, minijinja::Error>> {
    value.as_object()?;
    if let Some(list) = value.downcast_object_ref::<ListObject>() {
        return Some(list.session.resolve(&Value::List(Arc::clone(&list.items)), &list.path));
    }
    if let Some(map) = value.downcast_object_ref::<MapObject>() {
        return Some(map.session.resolve(&Value::Map(Arc::clone(&map.map)), &map.path));
    }
    if let Some(lazy) = value.downcast_object_ref::<LazyObject>() {
        return Some(from_lazy(lazy));
    }
    if let Some(variables) = value.downcast_object_ref::<Variables>() {
        return Some(from_variables(&variables.0));
    }
    if let Some(date) = value.downcast_object_ref::<DateObject>() {
        return Some(Ok(Value::Date(Arc::clone(&date.0))));
    }
    if value.downcast_object_ref::<OmitMark>().is_some() {
        return Some(Ok(Value::Omit));
    }
    if value.downcast_object_ref::<Missing>().is_some() {
        return Some(Ok(Value::Undefined("".into())));
    }
    None
}

fn from_lazy(lazy: &LazyObject) -> Result<Value, minijinja::Error> {
    let mut map = Map::new();
    for key in lazy.map.keys() {
        let value = match lazy.map.get(&key) {
            Some(Entry::Value(value)) => lazy.session.resolve(&value, &lazy.path)?,
            Some(Entry::Scope(scope)) => from_variables(&lazy.session.in_scope(scope))?,
            None => continue,
        };
        map.insert(key, value);
    }
    Ok(Value::from(map))
}

fn from_variables(session: &Arc<Session>) -> Result<Value, minijinja::Error> {
    let mut map = Map::new();
    for name in session.scope().names() {
        if let Some((value, _)) = session.scope().lookup(&name) {
            map.insert(name.as_ref(), session.resolve(value, &name)?);
        }
    }
    Ok(Value::from(map))
}

/// A key the engine gave, if it can be one of ours.
pub(super) fn key_from_engine(key: &Engine) -> Option<Key> {
    match key.kind() {
        ValueKind::String => Some(Key::from(key.as_str()?)),
        ValueKind::Bool => Some(Key::Bool(key.is_true())),
        ValueKind::Number if key.is_integer() => Some(Key::Int(key.clone().try_into().ok()?)),
        ValueKind::None => Some(Key::Null),
        _ => None,
    }
}

fn refuse(role: &str, value: &Engine) -> minijinja::Error {
    let kind = value.kind();
    minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, format!("{kind} cannot be {role}"))
}

/// The text of a computation, secret when a secret was touched.
pub(super) fn text(content: &str, secret: bool) -> Text {
    let text = Text::data(content);
    if secret { text.into_secret() } else { text }
}
