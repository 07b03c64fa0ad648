//! An ordered map whose keys are what YAML and Ansible allow as keys.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use foldhash::fast::RandomState;
use indexmap::{Equivalent, IndexMap};

use super::Value;

/// A key of a [`Map`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// Nearly always.
    Str(Arc<str>),
    /// `{1: a}`
    Int(i128),
    /// `{true: a}`
    Bool(bool),
    /// `{~: a}`
    Null,
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            // Equal to the hash of `str`, so that a map can be asked with a `&str`.
            Key::Str(s) => s.as_ref().hash(state),
            Key::Int(i) => i.hash(state),
            Key::Bool(b) => b.hash(state),
            Key::Null => 0_u8.hash(state),
        }
    }
}

impl Equivalent<Key> for str {
    fn equivalent(&self, key: &Key) -> bool {
        matches!(key, Key::Str(s) if s.as_ref() == self)
    }
}

impl Key {
    /// The text of a string key.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Key::Str(s) => Some(s),
            _ => None,
        }
    }

    /// The key as a value.
    pub fn to_value(&self) -> Value {
        match self {
            Key::Str(s) => Value::from(s.as_ref()),
            Key::Int(i) => Value::Int(*i),
            Key::Bool(b) => Value::Bool(*b),
            Key::Null => Value::Null,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Str(s) => f.write_str(s),
            Key::Int(i) => write!(f, "{i}"),
            Key::Bool(b) => write!(f, "{b}"),
            Key::Null => f.write_str("null"),
        }
    }
}

impl From<&str> for Key {
    fn from(s: &str) -> Self {
        Key::Str(Arc::from(s))
    }
}
impl From<String> for Key {
    fn from(s: String) -> Self {
        Key::Str(Arc::from(s))
    }
}
impl From<Arc<str>> for Key {
    fn from(s: Arc<str>) -> Self {
        Key::Str(s)
    }
}
impl From<&Arc<str>> for Key {
    fn from(s: &Arc<str>) -> Self {
        Key::Str(Arc::clone(s))
    }
}

/// An ordered map of values. Equality ignores the order, as in Python.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map(IndexMap<Key, Value, RandomState>);

impl Map {
    /// An empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty map with room for so many keys.
    pub fn with_capacity(keys: usize) -> Self {
        Self(IndexMap::with_capacity_and_hasher(keys, RandomState::default()))
    }

    /// The value under a string key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// The value under any key.
    pub fn get_key(&self, key: &Key) -> Option<&Value> {
        self.0.get(key)
    }

    /// Whether a string key is there.
    pub fn contains_key(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Sets a key; an existing key keeps its place. Gives back what was there.
    pub fn insert(&mut self, key: impl Into<Key>, value: impl Into<Value>) -> Option<Value> {
        self.0.insert(key.into(), value.into())
    }

    /// Removes a string key and keeps the order of the others.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.0.shift_remove(key)
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keys and values in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Key, &Value)> + ExactSizeIterator {
        self.0.iter()
    }

    /// Keys in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &Key> + ExactSizeIterator {
        self.0.keys()
    }

    /// Values in order.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Value> + ExactSizeIterator {
        self.0.values()
    }

    /// Sets every key of `other` here.
    pub fn extend(&mut self, other: &Map) {
        self.0.extend(other.iter().map(|(k, v)| (k.clone(), v.clone())));
    }
}

impl<K: Into<Key>, V: Into<Value>> FromIterator<(K, V)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(items: I) -> Self {
        Self(items.into_iter().map(|(k, v)| (k.into(), v.into())).collect())
    }
}

impl IntoIterator for Map {
    type Item = (Key, Value);
    type IntoIter = indexmap::map::IntoIter<Key, Value>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
