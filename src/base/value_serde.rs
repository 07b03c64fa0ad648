//! [`Value`] to and from serde's data model: JSON for people and the journal, CBOR on the wire.
//!
//! What is read back is always data: no string becomes a template by crossing this border.

use std::fmt;
use std::sync::Arc;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::map::Key;
use super::value::MASK;
use super::value::Text;
use super::{Map, Value};

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Key::Str(text) | Key::Date(text) => s.serialize_str(text),
            other if s.is_human_readable() => s.serialize_str(&other.to_string()),
            Key::Int(i) => serialize_int(*i, s),
            Key::Float(f) => s.serialize_f64(*f),
            Key::Bool(b) => s.serialize_bool(*b),
            Key::Null => s.serialize_none(),
        }
    }
}

fn serialize_int<S: Serializer>(i: i128, s: S) -> Result<S::Ok, S::Error> {
    if let Ok(small) = i64::try_from(i) { s.serialize_i64(small) } else { s.serialize_i128(i) }
}

impl Serialize for Map {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut map = s.serialize_map(Some(self.len()))?;
        self.iter().try_for_each(|(k, v)| map.serialize_entry(k, v))?;
        map.end()
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null | Value::Undefined(_) | Value::Omit => s.serialize_none(),
            Value::Bool(b) => s.serialize_bool(*b),
            Value::Int(i) => serialize_int(*i, s),
            Value::Float(f) => s.serialize_f64(*f),
            // JSON is what people, the journal and reports read; the wire must carry the secret itself.
            Value::String(t) if t.is_secret() && s.is_human_readable() => s.serialize_str(MASK),
            Value::Sealed(_) if s.is_human_readable() => s.serialize_str(MASK),
            Value::Sealed(sealed) => sealed.reveal().serialize(s),
            Value::String(t) => s.serialize_str(t.as_str()),
            Value::Date(d) => s.serialize_str(d),
            Value::Bytes(b) if s.is_human_readable() => s.serialize_str(&String::from_utf8_lossy(b)),
            Value::Bytes(b) => s.serialize_bytes(b),
            Value::List(items) => items.serialize(s),
            Value::Map(map) => map.serialize(s),
        }
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<Value, D::Error> {
        Value::deserialize(d)
    }
    fn visit_bool<E>(self, b: bool) -> Result<Value, E> {
        Ok(Value::Bool(b))
    }
    fn visit_i64<E>(self, i: i64) -> Result<Value, E> {
        Ok(Value::from(i))
    }
    fn visit_u64<E>(self, i: u64) -> Result<Value, E> {
        Ok(Value::from(i))
    }
    fn visit_i128<E>(self, i: i128) -> Result<Value, E> {
        Ok(Value::Int(i))
    }
    fn visit_u128<E: de::Error>(self, i: u128) -> Result<Value, E> {
        i128::try_from(i).map(Value::Int).map_err(|_| E::custom("integer above 2^127"))
    }
    fn visit_f64<E>(self, f: f64) -> Result<Value, E> {
        Ok(Value::Float(f))
    }
    fn visit_str<E>(self, s: &str) -> Result<Value, E> {
        Ok(Value::String(Text::data(s)))
    }
    fn visit_bytes<E>(self, b: &[u8]) -> Result<Value, E> {
        Ok(Value::Bytes(Arc::from(b)))
    }
    fn visit_byte_buf<E>(self, b: Vec<u8>) -> Result<Value, E> {
        Ok(Value::Bytes(Arc::from(b)))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::with_capacity(seq.size_hint().unwrap_or(0).min(1024));
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::list(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        MapVisitor.visit_map(map).map(Value::from)
    }
}

struct MapVisitor;

impl<'de> Visitor<'de> for MapVisitor {
    type Value = Map;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Map, A::Error> {
        let mut map = Map::new();
        while let Some((key, value)) = access.next_entry::<Value, Value>()? {
            let wrong = || de::Error::custom(format!("{} cannot be a key", key.kind()));
            map.insert(Key::of(&key).ok_or_else(wrong)?, value);
        }
        Ok(map)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(ValueVisitor)
    }
}

impl<'de> Deserialize<'de> for Map {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_map(MapVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_masked_in_json_and_kept_on_the_wire() {
        let secret = Value::list(vec!["hunter2".into(), 4711.into()]).into_secret();
        assert_eq!(serde_json::to_string(&secret).unwrap(), r#"["********","********"]"#);
        let wire = cbor4ii::serde::to_vec(Vec::new(), &secret).unwrap();
        let back: Value = cbor4ii::serde::from_slice(&wire).unwrap();
        assert_eq!(back.as_list().unwrap()[0].as_str(), Some("hunter2"));
        assert_eq!(back.as_list().unwrap()[1].as_int(), Some(4711));
        assert_eq!(format!("{secret:?}"), r#"List([String("********"), Sealed(********)])"#);
    }
}
