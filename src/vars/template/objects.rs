//! How the engine sees our values: objects that render what they hold when it is touched.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use minijinja::value::{Enumerator, Object, ObjectRepr};

use super::Session;
use super::convert::key_from_engine;
use crate::base::{Map, Value};
use crate::vars::{Entry, LazyMap};

type Engine = minijinja::Value;

/// A list, with the name it was reached by.
pub(super) struct ListObject {
    pub(super) items: Arc<Vec<Value>>,
    pub(super) session: Arc<Session>,
    pub(super) path: Arc<str>,
}

/// A mapping, with the name it was reached by.
pub(super) struct MapObject {
    pub(super) map: Arc<Map>,
    pub(super) session: Arc<Session>,
    pub(super) path: Arc<str>,
}

/// A mapping that is filled when asked.
pub(super) struct LazyObject {
    pub(super) map: Arc<dyn LazyMap>,
    pub(super) session: Arc<Session>,
    pub(super) path: Arc<str>,
}

/// All variables of a session's scope, as a mapping.
pub(super) struct Variables(pub(super) Arc<Session>);

/// The context of a rendering.
pub(super) struct Root(pub(super) Arc<Session>);

/// A name or attribute without value, on its way to `default`, to `is defined`, or to an error.
#[derive(Clone)]
pub(super) struct Missing {
    /// Whether something asked for was prepared to find it missing.
    pub(super) guarded: Arc<AtomicBool>,
}

impl Missing {
    pub(super) fn guard(&self) {
        self.guarded.store(true, Ordering::Relaxed);
    }
}

/// Ansible's `omit`.
#[derive(Debug)]
pub(super) struct OmitMark;

impl Object for ListObject {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }
    fn get_value(self: &Arc<Self>, key: &Engine) -> Option<Engine> {
        let index = key.as_usize()?;
        let item = self.items.get(index)?;
        Some(self.session.wrap(item, || format!("{}[{index}]", self.path)))
    }
    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.items.len())
    }
    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(&self.session, &Value::List(Arc::clone(&self.items)), f)
    }
}

impl Object for MapObject {
    fn get_value(self: &Arc<Self>, key: &Engine) -> Option<Engine> {
        let key = key_from_engine(key)?;
        let value = self.map.get_key(&key)?;
        Some(self.session.wrap(value, || format!("{}.{key}", self.path)))
    }
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Engine> {
        match self.map.get(key) {
            Some(value) => Some(self.session.wrap(value, || format!("{}.{key}", self.path))),
            None => self.session.missing(),
        }
    }
    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(
            self.map.keys().map(|key| self.session.wrap(&key.to_value(), String::new)).collect(),
        )
    }
    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(&self.session, &Value::Map(Arc::clone(&self.map)), f)
    }
}

impl Object for LazyObject {
    fn get_value(self: &Arc<Self>, key: &Engine) -> Option<Engine> {
        let key = key.as_str()?;
        Some(match self.map.get(key)? {
            Entry::Value(value) => self.session.wrap(&value, || format!("{}['{key}']", self.path)),
            Entry::Scope(scope) => Engine::from_object(Variables(self.session.in_scope(scope))),
        })
    }
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Engine> {
        self.get_value(&Engine::from(key)).or_else(|| self.session.missing())
    }
    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.map.keys().into_iter().map(Engine::from).collect())
    }
}

impl Object for Variables {
    fn get_value(self: &Arc<Self>, key: &Engine) -> Option<Engine> {
        self.0.variable(key.as_str()?)
    }
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Engine> {
        self.0.variable(key).or_else(|| self.0.missing())
    }
    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.scope().names().iter().map(|name| Engine::from(name.as_ref())).collect())
    }
}

impl Object for Root {
    fn get_value(self: &Arc<Self>, key: &Engine) -> Option<Engine> {
        self.get_value_by_str(key.as_str()?)
    }
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Engine> {
        if key == Session::NAME {
            return Some(Engine::from_dyn_object(Arc::clone(self)));
        }
        self.0.root(key)
    }
}

impl Object for Missing {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }
    fn get_value(self: &Arc<Self>, _: &Engine) -> Option<Engine> {
        Some(Engine::from_dyn_object(Arc::clone(self)))
    }
    fn is_true(self: &Arc<Self>) -> bool {
        false
    }
    fn render(self: &Arc<Self>, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl Object for OmitMark {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }
    fn render(self: &Arc<Self>, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

/// Prints what a container holds, rendered; a failure inside shows when the value itself is taken.
fn print(session: &Arc<Session>, value: &Value, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let rendered = session.render_inside(value).map_err(|_| fmt::Error)?;
    write!(f, "{rendered}")
}

macro_rules! named_debug {
    ($($name:ident),*) => { $(impl fmt::Debug for $name {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(stringify!($name))
        }
    })* };
}
named_debug!(ListObject, MapObject, LazyObject, Variables, Root, Missing);
