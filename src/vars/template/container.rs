//! Lists and mappings of a running template: taking from them, walking through them, changing them, comparing, printing.

use std::cell::RefMut;
use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;

use super::object::{Dict, Entries, Items, List, Object, Sequence, Val, range_length};
use super::session::Session;
use crate::base::{Key, Map, Value};
use crate::vars::call::CallError;
use crate::vars::{Entry, TemplateError};

/// Longer sequences are slips that would only fill the memory.
pub(super) const LONGEST: usize = 10_000_000;

/// The variable that has other hosts' variables.
const HOSTVARS: &str = "hostvars";
/// What an item without a value is told.
const NOTHING: &str = "an `if` without `else` gave no value for an item";

/// What was built in rounds of a loop may be nested more deeply than the stack allows, so it is let go without recursion.
fn let_go(mut values: Vec<Val>) {
    while let Some(value) = values.pop() {
        match value {
            Val::List(list) => {
                if let Some(mut list) = Rc::into_inner(list)
                    && let Items::Own(items) = list.items.get_mut()
                {
                    values.append(items);
                }
            }
            Val::Map(map) => {
                if let Some(mut map) = Rc::into_inner(map)
                    && let Entries::Own(entries) = map.entries.get_mut()
                {
                    values.extend(entries.drain(..).map(|(_, value)| value));
                }
            }
            _ => {}
        }
    }
}

impl Drop for List {
    fn drop(&mut self) {
        if let Items::Own(items) = self.items.get_mut()
            && items.iter().any(|item| matches!(item, Val::List(_) | Val::Map(_)))
        {
            let_go(std::mem::take(items));
        }
    }
}

impl Drop for Dict {
    fn drop(&mut self) {
        if let Entries::Own(entries) = self.entries.get_mut()
            && entries.values().any(|item| matches!(item, Val::List(_) | Val::Map(_)))
        {
            let_go(entries.drain(..).map(|(_, value)| value).collect());
        }
    }
}

impl List {
    /// Whether it was made in the template.
    pub(super) fn is_own(&self) -> bool {
        matches!(&*self.items.borrow(), Items::Own(_))
    }

    pub(super) fn len(&self) -> usize {
        match &*self.items.borrow() {
            Items::Shared(items, _) => items.len(),
            Items::Own(items) => items.len(),
        }
    }

    pub(super) fn get(&self, place: usize) -> Result<Option<Val>, TemplateError> {
        let (value, session) = match &*self.items.borrow() {
            Items::Own(items) => return Ok(items.get(place).cloned()),
            Items::Shared(items, session) => match items.get(place) {
                Some(value) => (value.clone(), Rc::clone(session)),
                None => return Ok(None),
            },
        };
        session.touch(&value, || format!("[{place}]")).map(Some)
    }

    /// All items, rendered.
    pub(super) fn to_vec(&self) -> Result<Vec<Val>, TemplateError> {
        let (items, session) = match &*self.items.borrow() {
            Items::Own(items) => return Ok(items.clone()),
            Items::Shared(items, session) => (Arc::clone(items), Rc::clone(session)),
        };
        items.iter().enumerate().map(|(place, item)| session.touch(item, || format!("[{place}]"))).collect()
    }

    /// The items, to change them.
    pub(super) fn own(&self) -> Result<RefMut<'_, Vec<Val>>, TemplateError> {
        let shared = matches!(&*self.items.borrow(), Items::Shared(..));
        if shared {
            let items = self.to_vec()?;
            if let Items::Shared(_, session) = &*self.items.borrow() {
                session.variable_changed();
            }
            *self.items.borrow_mut() = Items::Own(items);
        }
        Ok(RefMut::map(self.items.borrow_mut(), |items| match items {
            Items::Own(items) => items,
            Items::Shared(..) => unreachable!("made its own above"),
        }))
    }
}

impl Dict {
    /// Whether it was made in the template.
    pub(super) fn is_own(&self) -> bool {
        matches!(&*self.entries.borrow(), Entries::Own(_))
    }

    pub(super) fn len(&self) -> usize {
        match &*self.entries.borrow() {
            Entries::Shared(map, _) => map.len(),
            Entries::Own(map) => map.len(),
        }
    }

    pub(super) fn contains(&self, key: &Key) -> bool {
        match &*self.entries.borrow() {
            Entries::Shared(map, _) => map.get_key(key).is_some(),
            Entries::Own(map) => map.contains_key(key),
        }
    }

    pub(super) fn get(&self, key: &Key) -> Result<Option<Val>, TemplateError> {
        let (value, session) = match &*self.entries.borrow() {
            Entries::Own(map) => return Ok(map.get(key).cloned()),
            Entries::Shared(map, session) => match map.get_key(key) {
                Some(value) => (value.clone(), Rc::clone(session)),
                None => return Ok(None),
            },
        };
        session.touch(&value, || key.to_string()).map(Some)
    }

    pub(super) fn keys(&self) -> Vec<Key> {
        match &*self.entries.borrow() {
            Entries::Shared(map, _) => map.keys().cloned().collect(),
            Entries::Own(map) => map.keys().cloned().collect(),
        }
    }

    /// All entries, rendered.
    pub(super) fn to_map(&self) -> Result<IndexMap<Key, Val>, TemplateError> {
        let (map, session) = match &*self.entries.borrow() {
            Entries::Own(map) => return Ok(map.clone()),
            Entries::Shared(map, session) => (Arc::clone(map), Rc::clone(session)),
        };
        map.iter().map(|(key, value)| Ok((key.clone(), session.touch(value, || key.to_string())?))).collect()
    }

    /// The entries, to change them.
    pub(super) fn own(&self) -> Result<RefMut<'_, IndexMap<Key, Val>>, TemplateError> {
        let shared = matches!(&*self.entries.borrow(), Entries::Shared(..));
        if shared {
            let entries = self.to_map()?;
            if let Entries::Shared(_, session) = &*self.entries.borrow() {
                session.variable_changed();
            }
            *self.entries.borrow_mut() = Entries::Own(entries);
        }
        Ok(RefMut::map(self.entries.borrow_mut(), |entries| match entries {
            Entries::Own(map) => map,
            Entries::Shared(..) => unreachable!("made its own above"),
        }))
    }
}

impl Val {
    /// A value that is no template, and has none at its top.
    pub(super) fn of(value: &Value, session: &Rc<Session>) -> Self {
        match value {
            Value::List(items) => {
                let items = Items::Shared(Arc::clone(items), Rc::clone(session));
                Val::List(Rc::new(List { sequence: Sequence::List, items: items.into() }))
            }
            Value::Map(map) => {
                let entries = Entries::Shared(Arc::clone(map), Rc::clone(session));
                Val::Map(Rc::new(Dict { entries: entries.into() }))
            }
            Value::Undefined(name) => super::missing::Missing::said(format!("'{name}' is undefined")),
            Value::String(text) => {
                if text.is_secret() {
                    session.mark_secret();
                }
                Val::Plain(value.clone())
            }
            Value::Sealed(sealed) => {
                session.mark_secret();
                Val::Plain(sealed.reveal().clone())
            }
            plain => Val::Plain(plain.clone()),
        }
    }

    /// As a value to compute with.
    pub(super) fn to_value(&self, session: &Rc<Session>) -> Result<Value, TemplateError> {
        let value = self.to_result(session)?;
        if matches!(self, Val::Plain(_)) || !value.has_seal() {
            return Ok(value);
        }
        session.mark_secret();
        Ok(value.unsealed())
    }

    /// As a value that leaves the template, with everything in it rendered. What was undefined stays so only at the top.
    pub(super) fn to_result(&self, session: &Rc<Session>) -> Result<Value, TemplateError> {
        match self {
            Val::List(_) | Val::Map(_) => session.deeper(|| self.convert(session)),
            _ => self.convert(session),
        }
    }

    fn convert(&self, session: &Rc<Session>) -> Result<Value, TemplateError> {
        Ok(match self {
            // A literal that looks like a template is none once it has been computed with.
            Val::Plain(Value::String(text)) if text.is_template() => Value::from(text.shared()),
            Val::Plain(value) => value.clone(),
            Val::List(list) => {
                if let Items::Shared(items, of) = &*list.items.borrow() {
                    return of.render_inside(&Value::List(Arc::clone(items)));
                }
                let mut items = Vec::with_capacity(list.len());
                for item in list.to_vec()? {
                    match session.item(item.to_value(session))? {
                        Value::Omit => {}
                        Value::Undefined(_) => return Err(session.failed(NOTHING)),
                        value => items.push(value),
                    }
                }
                Value::list(items)
            }
            Val::Map(map) => {
                if let Entries::Shared(map, of) = &*map.entries.borrow() {
                    return of.render_inside(&Value::Map(Arc::clone(map)));
                }
                let mut out = Map::new();
                for (key, item) in map.to_map()? {
                    match session.item(item.to_value(session))? {
                        Value::Omit => {}
                        Value::Undefined(_) => return Err(session.failed(NOTHING)),
                        value => drop(out.insert(key, value)),
                    }
                }
                Value::from(out)
            }
            Val::Missing(missing) => return session.stand_in(missing.to_error()),
            Val::Object(object) => return object.to_value(self, session),
        })
    }

    /// The items a loop goes through.
    pub(super) fn items(&self) -> Result<Vec<Val>, CallError> {
        Ok(match self {
            Val::List(list) => list.to_vec()?,
            Val::Map(map) => map.keys().iter().map(|key| Val::Plain(key.to_value())).collect(),
            Val::Plain(Value::String(text)) => {
                text.as_str().chars().map(|c| Val::text(c.encode_utf8(&mut [0; 4]) as &str)).collect()
            }
            Val::Plain(Value::Bytes(bytes)) => bytes.iter().map(|byte| Val::int(*byte)).collect(),
            Val::Missing(missing) => return Err(missing.to_error().into()),
            Val::Object(object) => match &**object {
                Object::Range { start, stop, stride } => {
                    let length = range_length(*start, *stop, *stride);
                    if usize::try_from(length).is_ok_and(|length| length <= LONGEST) {
                        (0..length).map(|n| Val::int(start + n * stride)).collect()
                    } else {
                        return Err(format!("a range of {length} numbers is too long").into());
                    }
                }
                Object::Lazy(map, _) => map.keys().into_iter().map(Val::text).collect(),
                Object::Variables(session) => {
                    session.scope().names().into_iter().map(|name| Val::text(&*name)).collect()
                }
                _ => return Err(format!("'{}' object is not iterable", self.type_name()).into()),
            },
            Val::Plain(_) => return Err(format!("'{}' object is not iterable", self.type_name()).into()),
        })
    }

    /// How many items there are.
    pub(super) fn length(&self) -> Result<usize, CallError> {
        Ok(match self {
            Val::List(list) => list.len(),
            Val::Map(map) => map.len(),
            Val::Plain(Value::String(text)) => text.as_str().chars().count(),
            Val::Plain(Value::Bytes(bytes)) => bytes.len(),
            Val::Missing(missing) => return Err(missing.to_error().into()),
            Val::Object(object) => match &**object {
                Object::Range { start, stop, stride } => {
                    usize::try_from(range_length(*start, *stop, *stride)).unwrap_or(usize::MAX)
                }
                Object::Lazy(map, _) => map.keys().len(),
                Object::Variables(session) => session.scope().names().len(),
                Object::Loop(state) => state.items.len(),
                _ => return Err(format!("{} has no length", self.kind()).into()),
            },
            Val::Plain(_) => return Err(format!("{} has no length", self.kind()).into()),
        })
    }

    /// Python's truth of a value.
    pub(super) fn truth(&self) -> Result<bool, CallError> {
        Ok(match self {
            Val::Plain(value) => value.is_truthy(),
            Val::List(list) => list.len() > 0,
            Val::Map(map) => map.len() > 0,
            Val::Missing(missing) => return Err(missing.to_error().into()),
            Val::Object(object) => match &**object {
                Object::Range { .. } | Object::Lazy(..) | Object::Variables(_) => self.length()? > 0,
                Object::Duration(microseconds) => *microseconds != 0,
                _ => true,
            },
        })
    }

    /// As a key of a mapping.
    pub(super) fn key(&self) -> Result<Key, CallError> {
        match self {
            Val::Plain(value) => crate::vars::filters::collections::key_of(value),
            Val::Missing(missing) => Err(missing.to_error().into()),
            other => Err(format!("{} cannot be a key", other.kind()).into()),
        }
    }
}

impl Object {
    fn to_value(&self, this: &Val, session: &Rc<Session>) -> Result<Value, TemplateError> {
        match self {
            Object::Lazy(map, of) => {
                let mut out = Map::new();
                for key in map.keys() {
                    let value = match map.get(&key) {
                        Some(Entry::Value(value)) => of.render_inside(&value)?,
                        Some(Entry::Scope(scope)) => of.in_scope(scope).all_variables()?,
                        None => continue,
                    };
                    out.insert(key, value);
                }
                Ok(Value::from(out))
            }
            Object::Variables(of) => match of.scope().lookup_lazy(HOSTVARS) {
                Some(map) if of.is_outermost() => {
                    let hosts = Val::object(Object::Lazy(Arc::clone(map), Rc::clone(of)));
                    let mut all = of.all_variables()?.as_map().cloned().unwrap_or_default();
                    all.insert(HOSTVARS, hosts.to_value(of)?);
                    Ok(Value::from(all))
                }
                _ => of.all_variables(),
            },
            Object::Duration(microseconds) => Ok(Value::from(duration_text(*microseconds))),
            Object::Module(module) => Ok(Value::from(module.printed.as_str())),
            _ => {
                let message = format!("{} cannot be a value", this.kind());
                Err(session.failed(message))
            }
        }
    }
}

/// As Python prints a `timedelta`.
pub(super) fn duration_text(microseconds: i128) -> String {
    let days = microseconds.div_euclid(86_400_000_000);
    let rest = microseconds.rem_euclid(86_400_000_000);
    let (seconds, fraction) = (rest / 1_000_000, rest % 1_000_000);
    let time = format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    let time = if fraction == 0 { time } else { format!("{time}.{fraction:06}") };
    match days {
        0 => time,
        1 | -1 => format!("{days} day, {time}"),
        _ => format!("{days} days, {time}"),
    }
}
