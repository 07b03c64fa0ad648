//! The secret mark of values. A text carries it itself; numbers, truth values, dates and bytes are sealed.

use std::fmt;
use std::sync::Arc;

use super::value::MASK;
use super::{Map, Value};

/// A value that must not be shown.
#[derive(Clone)]
pub struct Sealed(Arc<Value>);

impl Sealed {
    /// The value itself; never a container, and never sealed once more.
    pub fn reveal(&self) -> &Value {
        &self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl Value {
    /// Whether anything inside is secret.
    pub fn has_secret(&self) -> bool {
        match self {
            Value::String(t) => t.is_secret(),
            Value::Sealed(_) => true,
            Value::List(l) => l.iter().any(Value::has_secret),
            Value::Map(m) => m.values().any(Value::has_secret),
            _ => false,
        }
    }

    /// The same value with everything in it marked as secret.
    #[must_use]
    pub fn into_secret(self) -> Self {
        match self {
            Value::String(text) => Value::String(text.into_secret()),
            Value::List(items) => Value::list(items.iter().cloned().map(Value::into_secret).collect()),
            Value::Map(map) => {
                map.iter().map(|(k, v)| (k.clone(), v.clone().into_secret())).collect::<Map>().into()
            }
            Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Bytes(_) | Value::Date(_) => {
                Value::Sealed(Sealed(Arc::new(self)))
            }
            other => other,
        }
    }

    /// Whether anything inside is sealed.
    pub fn has_seal(&self) -> bool {
        match self {
            Value::Sealed(_) => true,
            Value::List(l) => l.iter().any(Value::has_seal),
            Value::Map(m) => m.values().any(Value::has_seal),
            _ => false,
        }
    }

    /// What is sealed, or the value itself.
    pub fn revealed(&self) -> &Self {
        match self {
            Value::Sealed(sealed) => sealed.reveal(),
            other => other,
        }
    }

    /// The same value without marks, for a program that has to use it: nobody else may get it.
    #[must_use]
    pub fn legible(&self) -> Self {
        match self {
            Value::String(text) => Value::String(super::Text::data(text.shared())),
            Value::List(items) => Value::list(items.iter().map(Value::legible).collect()),
            Value::Map(map) => map.iter().map(|(k, v)| (k.clone(), v.legible())).collect::<Map>().into(),
            Value::Sealed(sealed) => sealed.reveal().clone(),
            other => other.clone(),
        }
    }

    /// The same value, to compute with: texts keep their marks, whatever else is secret loses its.
    #[must_use]
    pub fn unsealed(self) -> Self {
        match self {
            Value::Sealed(_) => self.revealed().clone(),
            Value::List(ref items) if self.has_seal() => {
                Value::list(items.iter().cloned().map(Value::unsealed).collect())
            }
            Value::Map(ref map) if self.has_seal() => {
                map.iter().map(|(k, v)| (k.clone(), v.clone().unsealed())).collect::<Map>().into()
            }
            other => other,
        }
    }
}
