//! An ordered map whose keys are what YAML and Ansible allow as keys.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use foldhash::fast::RandomState;
use indexmap::{Equivalent, IndexMap};

use super::Value;
use super::value::python_float;

/// A key of a [`Map`]. As in Python, `1`, `1.0` and `true` are the same key.
#[derive(Clone, Debug)]
pub enum Key {
    /// Nearly always.
    Str(Arc<str>),
    /// `{1: a}`
    Int(i128),
    /// `{1.5: a}`
    Float(f64),
    /// `{true: a}`
    Bool(bool),
    /// `{2026-11-21: a}`, see [`Value::Date`]
    Date(Arc<str>),
    /// `{~: a}`
    Null,
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Key::Str(a), Key::Str(b)) | (Key::Date(a), Key::Date(b)) => a == b,
            (Key::Null, Key::Null) => true,
            (Key::Float(a), Key::Float(b)) if a.is_nan() || b.is_nan() => a.to_bits() == b.to_bits(),
            (Key::Float(a), Key::Float(b)) => a == b,
            _ => match (self.whole(), other.whole()) {
                (Some(a), Some(b)) => a == b,
                _ => false,
            },
        }
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match (self, self.whole()) {
            // Equal to the hash of `str`, so that a map can be asked with a `&str`.
            (Key::Str(s), _) => s.as_ref().hash(state),
            (_, Some(whole)) => whole.hash(state),
            (Key::Float(f), None) => f.to_bits().hash(state),
            (Key::Date(date), _) => (1_u8, date).hash(state),
            _ => 0_u8.hash(state),
        }
    }
}

impl Equivalent<Key> for str {
    fn equivalent(&self, key: &Key) -> bool {
        matches!(key, Key::Str(s) if s.as_ref() == self)
    }
}

impl Key {
    /// A value as a key: a text, a number, a boolean, a date or nothing. Others cannot be one.
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Key::Str(text.shared())),
            Value::Int(i) => Some(Key::Int(*i)),
            Value::Float(f) => Some(Key::Float(*f)),
            Value::Bool(b) => Some(Key::Bool(*b)),
            Value::Date(date) => Some(Key::Date(Arc::clone(date))),
            Value::Null => Some(Key::Null),
            Value::Sealed(sealed) => Self::of(sealed.reveal()),
            _ => None,
        }
    }

    /// The whole number that it is equal to.
    fn whole(&self) -> Option<i128> {
        match self {
            Key::Int(i) => Some(*i),
            Key::Bool(b) => Some(i128::from(*b)),
            // A larger one is no `i128`.
            #[allow(clippy::cast_possible_truncation)] // it is in range
            Key::Float(f) if f.fract() == 0.0 && f.abs() < 1e38 => Some(*f as i128),
            _ => None,
        }
    }

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
            Key::Float(f) => Value::Float(*f),
            Key::Bool(b) => Value::Bool(*b),
            Key::Date(date) => Value::Date(Arc::clone(date)),
            Key::Null => Value::Null,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Str(s) | Key::Date(s) => f.write_str(s),
            Key::Int(i) => write!(f, "{i}"),
            Key::Float(x) => f.write_str(&python_float(*x)),
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
#[derive(Clone)]
pub struct Map(Entries);

#[derive(Clone)]
enum Entries {
    /// Searched one after the other: nearly all results and arguments are so short, and a table would cost more to make than
    /// it saves.
    Few(Vec<(Key, Value)>),
    /// In a box, so that the many short ones are small.
    Many(Box<IndexMap<Key, Value, RandomState>>),
}

/// The most keys that are searched one after the other.
const FEW: usize = 8;

impl Map {
    /// An empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty map with room for so many keys.
    pub fn with_capacity(keys: usize) -> Self {
        Self(if keys <= FEW {
            Entries::Few(Vec::with_capacity(keys))
        } else {
            Entries::Many(Box::new(IndexMap::with_capacity_and_hasher(keys, RandomState::default())))
        })
    }

    /// The value under a string key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        match &self.0 {
            Entries::Few(few) => few.iter().find(|(known, _)| key.equivalent(known)).map(|(_, value)| value),
            Entries::Many(many) => many.get(key),
        }
    }

    /// The value under any key.
    pub fn get_key(&self, key: &Key) -> Option<&Value> {
        match &self.0 {
            Entries::Few(few) => few.iter().find(|(known, _)| known == key).map(|(_, value)| value),
            Entries::Many(many) => many.get(key),
        }
    }

    /// Whether a string key is there.
    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Sets a key; an existing key keeps its place. Gives back what was there.
    pub fn insert(&mut self, key: impl Into<Key>, value: impl Into<Value>) -> Option<Value> {
        let (key, value) = (key.into(), value.into());
        let few = match &mut self.0 {
            Entries::Few(few) => few,
            Entries::Many(many) => return many.insert(key, value),
        };
        if let Some((_, old)) = few.iter_mut().find(|(known, _)| *known == key) {
            return Some(std::mem::replace(old, value));
        }
        few.push((key, value));
        if few.len() > FEW {
            self.0 = Entries::Many(Box::new(few.drain(..).collect()));
        }
        None
    }

    /// Removes a string key and keeps the order of the others.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        match &mut self.0 {
            Entries::Few(few) => {
                let place = few.iter().position(|(known, _)| key.equivalent(known))?;
                Some(few.remove(place).1)
            }
            Entries::Many(many) => many.shift_remove(key),
        }
    }

    /// Removes any key and keeps the order of the others.
    pub fn remove_key(&mut self, key: &Key) -> Option<Value> {
        match &mut self.0 {
            Entries::Few(few) => {
                let place = few.iter().position(|(known, _)| known == key)?;
                Some(few.remove(place).1)
            }
            Entries::Many(many) => many.shift_remove(key),
        }
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Entries::Few(few) => few.len(),
            Entries::Many(many) => many.len(),
        }
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Keys and values in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Key, &Value)> + ExactSizeIterator {
        (0..self.len()).map(|place| match &self.0 {
            Entries::Few(few) => (&few[place].0, &few[place].1),
            Entries::Many(many) => many.get_index(place).expect("it is counted"),
        })
    }

    /// Keys in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &Key> + ExactSizeIterator {
        self.iter().map(|(key, _)| key)
    }

    /// Values in order.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Value> + ExactSizeIterator {
        self.iter().map(|(_, value)| value)
    }

    /// Sets every key of `other` here.
    pub fn extend(&mut self, other: &Map) {
        for (key, value) in other.iter() {
            self.insert(key.clone(), value.clone());
        }
    }
}

impl Default for Map {
    fn default() -> Self {
        Self(Entries::Few(Vec::new()))
    }
}

impl PartialEq for Map {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(key, value)| other.get_key(key) == Some(value))
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Into<Key>, V: Into<Value>> FromIterator<(K, V)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(items: I) -> Self {
        let items = items.into_iter();
        let mut map = Self::with_capacity(items.size_hint().0);
        items.for_each(|(key, value)| {
            map.insert(key, value);
        });
        map
    }
}

impl IntoIterator for Map {
    type Item = (Key, Value);
    type IntoIter = std::vec::IntoIter<(Key, Value)>;
    fn into_iter(self) -> Self::IntoIter {
        match self.0 {
            Entries::Few(few) => few.into_iter(),
            Entries::Many(many) => many.into_iter().collect::<Vec<_>>().into_iter(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever its size, it is what `IndexMap` is.
        #[test]
        fn a_short_map_is_as_a_long_one(steps in prop::collection::vec((any::<bool>(), 0..14_u8, any::<i64>()), 0..40)) {
            let (mut map, mut model) = (Map::new(), IndexMap::<String, Value>::new());
            for (sets, key, value) in steps {
                let (key, value) = (key.to_string(), Value::from(value));
                if sets {
                    prop_assert_eq!(map.insert(key.as_str(), value.clone()), model.insert(key, value));
                } else {
                    prop_assert_eq!(map.remove(&key), model.shift_remove(&key));
                }
            }
            let pairs = || model.iter().map(|(key, value)| (Key::from(key.as_str()), value.clone()));
            prop_assert_eq!(&map, &pairs().rev().collect::<Map>());
            prop_assert!(pairs().all(|(key, value)| map.get_key(&key) == Some(&value)));
            prop_assert!(map.iter().rev().map(|(key, value)| (key.clone(), value.clone())).eq(pairs().rev()));
            prop_assert!(map.into_iter().eq(pairs()));
        }
    }
}
