//! Reads a task's arguments into an `Args` struct with Ansible's coercions, so that those structs are plain serde.
//!
//! A boolean may be `yes`, an integer `"5"`, a string `5`, a list `a,b`. A null or omitted argument counts as not given.
//! Nothing here knows a module; what arguments exist is said by the struct alone.

use std::fmt;

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, Expected,
    IntoDeserializer, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::suggest::nearest;
use super::{Key, Map, Text, Value};

/// Why arguments cannot be read. The text names the argument, what was given and what is expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArgError {
    /// There is no such argument.
    #[error("unknown argument `{name}`{}", hint(name, known))]
    Unknown {
        /// As it was written.
        name: String,
        /// All that would be accepted, aliases included.
        known: Vec<&'static str>,
    },
    /// A required argument is not there.
    #[error("missing required arguments: {name}")]
    Missing {
        /// Its name.
        name: &'static str,
    },
    /// The same argument was given by its name and by an alias.
    #[error("argument `{name}` is given twice, perhaps under an alias")]
    Twice {
        /// Its name.
        name: &'static str,
    },
    /// The value has the wrong type or cannot be read.
    #[error("argument `{path}`: expected {expected}, got {given}")]
    Invalid {
        /// The argument, with the way into it: `argv[2]`.
        path: String,
        /// In words.
        expected: String,
        /// The value's kind and, unless it is secret, the value.
        given: String,
    },
    /// The value is none of the choices.
    #[error("argument `{path}`: expected one of {}, got {given}", choices.join(", "))]
    Choice {
        /// The argument.
        path: String,
        /// What is accepted.
        choices: Vec<&'static str>,
        /// The value's kind and, unless it is secret, the value.
        given: String,
    },
    /// What the type itself has to say.
    #[error("argument `{path}`: {message}")]
    Other {
        /// The argument.
        path: String,
        /// One sentence.
        message: String,
    },
}

fn hint(name: &str, known: &[&'static str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(near) => format!(": did you mean `{near}`?"),
        None if known.is_empty() => ": there are no arguments".to_owned(),
        None => format!(": the arguments are {}", known.join(", ")),
    }
}

// What follows is made anew for each type of arguments: whatever does not depend on it stands in functions of its own, which
// are not repeated at each field. The agent is a third of a megabyte smaller for it.
impl ArgError {
    /// Puts the name of what contains the value in front of the path.
    #[cold]
    #[inline(never)]
    fn inside(mut self, outer: &str) -> Self {
        if let Self::Invalid { path, .. } | Self::Choice { path, .. } | Self::Other { path, .. } = &mut self {
            let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
            *path = format!("{outer}{dot}{path}");
        }
        self
    }
}

impl de::Error for ArgError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Other { path: String::new(), message: message.to_string() }
    }
    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::Invalid { path: String::new(), expected: expected.to_string(), given: String::new() }
    }
    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(unexpected, expected)
    }
    fn unknown_variant(_: &str, choices: &'static [&'static str]) -> Self {
        Self::Choice { path: String::new(), choices: choices.to_vec(), given: String::new() }
    }
    fn unknown_field(name: &str, known: &'static [&'static str]) -> Self {
        Self::Unknown { name: name.to_owned(), known: known.to_vec() }
    }
    fn missing_field(name: &'static str) -> Self {
        Self::Missing { name }
    }
    fn duplicate_field(name: &'static str) -> Self {
        Self::Twice { name }
    }
}

/// Reads a whole map of arguments.
pub fn from_map<T: DeserializeOwned>(args: &Map) -> Result<T, ArgError> {
    T::deserialize(Struct(args))
}

/// What was given, for a message: `a string 'abc'`. Secrets stay hidden, long values are cut.
fn given(value: &Value) -> String {
    const LIMIT: usize = 60;
    match value {
        Value::Null => return "nothing".to_owned(),
        Value::String(text) if text.is_secret() => return "a secret string".to_owned(),
        Value::List(_) | Value::Map(_) | Value::Bytes(_) => return value.kind().to_owned(),
        _ => {}
    }
    let text = value.to_string();
    let quote = if matches!(value, Value::String(_)) { "`" } else { "" };
    let cut: String = text.chars().take(LIMIT).collect();
    let dots = if cut.len() < text.len() { "…" } else { "" };
    format!("{} {quote}{cut}{dots}{quote}", value.kind())
}

/// The outermost map: nulls count as not given.
struct Struct<'a>(&'a Map);

impl<'de> Deserializer<'de> for Struct<'_> {
    type Error = ArgError;
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgError> {
        visitor.visit_map(Entries { iter: Box::new(self.0.iter().filter(is_given)), value: None })
    }
    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

fn is_given((_, value): &(&Key, &Value)) -> bool {
    !matches!(value, Value::Null | Value::Omit)
}

struct Entries<'a> {
    iter: Box<dyn Iterator<Item = (&'a Key, &'a Value)> + 'a>,
    value: Option<(&'a Key, &'a Value)>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = ArgError;
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ArgError> {
        self.value = self.iter.next();
        self.value.map(|(key, _)| seed.deserialize(Argument(&key.to_value()))).transpose()
    }
    #[inline(never)]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, ArgError> {
        let (key, value) = self.value.ok_or_else(|| ArgError::custom("a value without a key"))?;
        seed.deserialize(Argument(value.revealed())).map_err(|e| e.inside(&key.to_string()))
    }
}

struct Items<'a>(std::iter::Enumerate<std::slice::Iter<'a, Value>>);

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = ArgError;
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, ArgError> {
        let Some((index, value)) = self.0.next() else { return Ok(None) };
        seed.deserialize(Argument(value.revealed())).map(Some).map_err(|e| e.inside(&format!("[{index}]")))
    }
}

/// One value, read as whatever type is wanted.
struct Argument<'a>(&'a Value);

impl Argument<'_> {
    #[cold]
    #[inline(never)]
    fn wrong(&self, expected: &str) -> ArgError {
        ArgError::Invalid { path: String::new(), expected: expected.to_owned(), given: given(self.0) }
    }

    /// Fills in what was given where only the type knew that it is wrong.
    #[cold]
    #[inline(never)]
    fn explain(&self, mut error: ArgError) -> ArgError {
        if let ArgError::Invalid { given: text, path, .. } | ArgError::Choice { given: text, path, .. } =
            &mut error
            && text.is_empty()
            && path.is_empty()
        {
            *text = given(self.0);
        }
        error
    }

    #[inline(never)]
    fn to_int(&self) -> Result<i128, ArgError> {
        let read = match self.0 {
            Value::Int(i) => Some(*i),
            Value::Float(f) => whole(*f),
            Value::String(t) => {
                let text = t.as_str().trim();
                text.parse().ok().or_else(|| text.parse().ok().and_then(whole))
            }
            _ => None,
        };
        read.ok_or_else(|| self.wrong("an integer"))
    }

    #[inline(never)]
    fn to_float(&self) -> Result<f64, ArgError> {
        let read = match self.0 {
            Value::String(t) => t.as_str().trim().parse().ok(),
            other => other.as_float(),
        };
        read.ok_or_else(|| self.wrong("a number"))
    }

    #[inline(never)]
    fn to_text(&self) -> Result<String, ArgError> {
        match self.0 {
            Value::String(_) | Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Date(_) => {
                Ok(self.0.to_string())
            }
            // As in Ansible, whose modules are told its text. A list is more often a loop that was forgotten.
            Value::Map(_) => Ok(self.0.to_string()),
            Value::Bytes(b) => String::from_utf8(b.to_vec()).map_err(|_| self.wrong("text in UTF-8")),
            _ => Err(self.wrong("a string")),
        }
    }
}

/// A float that is a whole number.
#[allow(clippy::cast_possible_truncation)] // checked by the comparison
fn whole(f: f64) -> Option<i128> {
    (f.is_finite() && f.fract() == 0.0 && f.abs() < 1e18).then_some(f as i128)
}

macro_rules! integers {
    ($($method:ident $visit:ident $type:ty),*) => { $(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgError> {
            let int = self.to_int()?;
            let fits = <$type>::try_from(int).map_err(|_| {
                self.wrong(&format!("an integer from {} to {}", <$type>::MIN, <$type>::MAX))
            })?;
            visitor.$visit(fits).map_err(|e: ArgError| self.explain(e))
        }
    )* };
}

impl<'de> Deserializer<'de> for Argument<'_> {
    type Error = ArgError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgError> {
        let result = match self.0 {
            Value::Null | Value::Omit | Value::Undefined(_) => visitor.visit_unit(),
            Value::Bool(b) => visitor.visit_bool(*b),
            Value::Int(i) => match i64::try_from(*i) {
                Ok(small) => visitor.visit_i64(small),
                Err(_) => visitor.visit_i128(*i),
            },
            Value::Float(f) => visitor.visit_f64(*f),
            Value::String(t) => visitor.visit_str(t.as_str()),
            Value::Date(d) => visitor.visit_str(d),
            Value::Bytes(b) => visitor.visit_bytes(b),
            Value::List(items) => visitor.visit_seq(Items(items.iter().enumerate())),
            Value::Map(map) => visitor.visit_map(Entries { iter: Box::new(map.iter()), value: None }),
            Value::Sealed(sealed) => return Argument(sealed.reveal()).deserialize_any(visitor),
        };
        result.map_err(|e: ArgError| self.explain(e))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgError> {
        let read = match self.0 {
            Value::Float(f) => whole(*f).and_then(|i| Value::Int(i).to_bool()),
            other => other.to_bool(),
        };
        visitor.visit_bool(read.ok_or_else(|| self.wrong("a boolean (yes or no)"))?)
    }

    integers! {
        deserialize_i8 visit_i8 i8, deserialize_i16 visit_i16 i16, deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64, deserialize_i128 visit_i128 i128, deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16, deserialize_u32 visit_u32 u32, deserialize_u64 visit_u64 u64,
        deserialize_u128 visit_u128 u128
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgError> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgError> {
        visitor.visit_f64(self.to_float()?).map_err(|e: ArgError| self.explain(e))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgError> {
        visitor.visit_string(self.to_text()?).map_err(|e: ArgError| self.explain(e))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgError> {
        if matches!(self.0, Value::Null | Value::Omit) {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ArgError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgError> {
        let items = match self.0 {
            Value::List(items) => return visitor.visit_seq(Items(items.iter().enumerate())),
            Value::String(t) => t.as_str().split(',').map(|part| piece(t, part)).collect(),
            Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Date(_) => vec![self.0.clone()],
            _ => return Err(self.wrong("a list")),
        };
        visitor.visit_seq(Items(items.iter().enumerate()))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgError> {
        match self.0 {
            Value::Map(map) => visitor.visit_map(Entries { iter: Box::new(map.iter()), value: None }),
            _ => Err(self.wrong("a mapping")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ArgError> {
        match self.0 {
            Value::Map(map) => Struct(map).deserialize_any(visitor),
            _ => Err(self.wrong("a mapping")),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ArgError> {
        let word = match self.0 {
            // YAML reads the choice `no` as a boolean.
            Value::Bool(b) => variants.iter().find(|v| Value::from(**v).to_bool() == Some(*b)).copied(),
            Value::String(t) => Some(t.as_str()),
            _ => None,
        };
        let choice =
            || ArgError::Choice { path: String::new(), choices: variants.to_vec(), given: given(self.0) };
        visitor.visit_enum(Word(word.ok_or_else(choice)?)).map_err(|e| self.explain(e))
    }

    /// The name of an argument.
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgError> {
        match self.0 {
            Value::String(name) => visitor.visit_str(name.as_str()),
            other => visitor.visit_string(other.to_string()),
        }
    }

    forward_to_deserialize_any! { char bytes byte_buf unit unit_struct tuple tuple_struct ignored_any }
}

/// A part of a comma-separated list; as secret as the whole.
fn piece(whole: &Text, part: &str) -> Value {
    let text = Text::data(part);
    Value::String(if whole.is_secret() { text.into_secret() } else { text })
}

/// A unit variant by its name.
struct Word<'a>(&'a str);

impl<'de> EnumAccess<'de> for Word<'_> {
    type Error = ArgError;
    type Variant = Self;
    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), ArgError> {
        Ok((seed.deserialize(self.0.into_deserializer())?, self))
    }
}

impl<'de> VariantAccess<'de> for Word<'_> {
    type Error = ArgError;
    fn unit_variant(self) -> Result<(), ArgError> {
        Ok(())
    }
    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, _: S) -> Result<S::Value, ArgError> {
        Err(ArgError::custom("a choice takes no value"))
    }
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, ArgError> {
        Err(ArgError::custom("a choice takes no value"))
    }
    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, ArgError> {
        Err(ArgError::custom("a choice takes no value"))
    }
}

#[cfg(test)]
mod tests;
