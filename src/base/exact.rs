//! [`Value`] as JSON from which exactly the same value comes back: for the journal, where a run goes on from what it has
//! written down.
//!
//! Most values look as they do in any JSON. What JSON has no word for is a mapping with one key that begins with `!`:
//! `{"!bytes": "base64"}`, `{"!template": ["{{ x }}", "vars.yml:3"]}`, `{"!secret": "in clear"}`. A secret is written in
//! clear, so whoever keeps such a text must keep it encrypted; [`has_secret`] tells.

use std::sync::Arc;

use base64::Engine;
use serde_json::{Map as JsonMap, Value as Json, json};

use super::value::Text;
use super::{Key, Map, Span, Value};

/// Whether a value, or anything in it, must not be kept in clear.
pub fn has_secret(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_secret(),
        Value::Sealed(_) => true,
        Value::List(items) => items.iter().any(has_secret),
        Value::Map(map) => map.iter().any(|(_, value)| has_secret(value)),
        _ => false,
    }
}

/// Whether a value looks in this JSON as in any other, so that ordinary JSON loses nothing of it.
pub fn is_plain(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => true,
        Value::Int(i) => i64::try_from(*i).is_ok(),
        Value::Float(f) => f.is_finite(),
        Value::String(text) => text.span().is_none() && !text.is_secret(),
        Value::Bytes(_) | Value::Date(_) | Value::Undefined(_) | Value::Omit | Value::Sealed(_) => false,
        Value::List(items) => items.iter().all(is_plain),
        Value::Map(map) => is_plain_map(map),
    }
}

/// [`is_plain`] for a mapping.
pub fn is_plain_map(map: &Map) -> bool {
    !has_mark(map) && map.iter().all(|(key, value)| key.as_str().is_some() && is_plain(value))
}

/// Whether a mapping could be taken for one of ours.
fn has_mark(map: &Map) -> bool {
    map.len() == 1 && map.iter().any(|(key, _)| key.as_str().is_some_and(|name| name.starts_with('!')))
}

/// The JSON of a value.
pub fn encode(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(b) => Json::Bool(*b),
        Value::Int(i) => i64::try_from(*i).map_or_else(|_| json!({"!int": i.to_string()}), Json::from),
        Value::Float(f) if f.is_finite() => Json::from(*f),
        Value::Float(f) => json!({"!float": f.to_string()}),
        Value::String(text) => encode_text(text),
        Value::Bytes(bytes) => json!({"!bytes": base64::engine::general_purpose::STANDARD.encode(bytes)}),
        Value::List(items) => Json::Array(items.iter().map(encode).collect()),
        Value::Map(map) => encode_map(map),
        Value::Date(date) => json!({"!date": **date}),
        Value::Undefined(name) => json!({"!undefined": **name}),
        Value::Omit => json!({"!omit": null}),
        Value::Sealed(sealed) => json!({"!secret": encode(sealed.reveal())}),
    }
}

fn encode_text(text: &Text) -> Json {
    if let Some(span) = text.span().filter(|_| text.is_vault()) {
        return json!({"!vault": [text.as_str(), span.to_string()]});
    }
    let plain = match text.span() {
        Some(span) => json!({"!template": [text.as_str(), span.to_string()]}),
        None => Json::from(text.as_str()),
    };
    if text.is_secret() { json!({"!secret": plain}) } else { plain }
}

/// The JSON of a mapping.
pub fn encode_map(map: &Map) -> Json {
    let names: Option<Vec<&str>> = map.iter().map(|(key, _)| key.as_str()).collect();
    if let Some(names) = names.filter(|_| !has_mark(map)) {
        return names.iter().zip(map.iter()).map(|(name, (_, v))| (*name, encode(v))).collect();
    }
    let pair = |(key, value): (&Key, &Value)| json!([encode(&key.to_value()), encode(value)]);
    json!({"!map": map.iter().map(pair).collect::<Vec<Json>>()})
}

/// The value of a JSON text that [`encode`] made, or why it is none.
pub fn decode(json: &Json) -> Result<Value, String> {
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(b) => Value::Bool(*b),
        Json::Number(number) => match number.as_i64() {
            Some(i) => Value::Int(i.into()),
            None => Value::Float(number.as_f64().ok_or("a number that is none")?),
        },
        Json::String(text) => Value::String(Text::data(text.as_str())),
        Json::Array(items) => Value::list(items.iter().map(decode).collect::<Result<_, _>>()?),
        Json::Object(object) => match object.iter().next() {
            Some((mark, inner)) if object.len() == 1 && mark.starts_with('!') => decode_marked(mark, inner)?,
            _ => decode_object(object)?.into(),
        },
    })
}

fn decode_object(object: &JsonMap<String, Json>) -> Result<Map, String> {
    object.iter().map(|(key, v)| Ok((Key::from(key.as_str()), decode(v)?))).collect()
}

fn decode_marked(mark: &str, inner: &Json) -> Result<Value, String> {
    let text = || inner.as_str().ok_or_else(|| format!("`{mark}` without its text"));
    Ok(match mark {
        "!int" => Value::Int(text()?.parse().map_err(|_| "`!int` without a number")?),
        "!float" => Value::Float(text()?.parse().map_err(|_| "`!float` without a number")?),
        "!bytes" => {
            let bytes = base64::engine::general_purpose::STANDARD.decode(text()?);
            Value::Bytes(Arc::from(bytes.map_err(|e| format!("`!bytes`: {e}"))?))
        }
        "!date" => Value::Date(text()?.into()),
        "!undefined" => Value::Undefined(text()?.into()),
        "!omit" => Value::Omit,
        "!template" | "!vault" => match inner.as_array().map(Vec::as_slice) {
            Some([Json::String(text), Json::String(place)]) => {
                let make = if mark == "!vault" { Text::vault } else { Text::template };
                Value::String(make(Arc::from(text.as_str()), Span::nowhere(place)))
            }
            _ => return Err(format!("`{mark}` without its text and place")),
        },
        "!secret" => match decode(inner)?.into_secret() {
            secret @ (Value::String(_) | Value::Sealed(_)) => secret,
            _ => return Err("`!secret` without its value".to_owned()),
        },
        "!map" => decode_pairs(inner)?.into(),
        _ => return Err(format!("`{mark}` is not known")),
    })
}

fn decode_pairs(pairs: &Json) -> Result<Map, String> {
    let mut map = Map::new();
    for pair in pairs.as_array().ok_or("`!map` without pairs")? {
        let Some([key, value]) = pair.as_array().map(Vec::as_slice) else {
            return Err("`!map` without pairs".to_owned());
        };
        let key = decode(key)?;
        let key = Key::of(&key).ok_or_else(|| format!("{} cannot be a key", key.kind()))?;
        map.insert(key, decode(value)?);
    }
    Ok(map)
}

/// For `#[serde(with = "exact::map")]` on a [`Map`].
pub mod map {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Json, Map, decode, encode_map};
    use crate::base::Value;

    /// Writes it.
    pub fn serialize<S: Serializer>(map: &Map, serializer: S) -> Result<S::Ok, S::Error> {
        encode_map(map).serialize(serializer)
    }

    /// Reads it.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Map, D::Error> {
        match decode(&Json::deserialize(deserializer)?).map_err(serde::de::Error::custom)? {
            Value::Map(map) => Ok(std::sync::Arc::unwrap_or_clone(map)),
            other => Err(serde::de::Error::custom(format!("{} is no mapping", other.kind()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value() -> impl Strategy<Value = Value> {
        let text = prop_oneof!["\\PC{0,6}", Just("!secret".to_owned())];
        let leaf = prop_oneof![
            Just(Value::Null),
            Just(Value::Omit),
            any::<bool>().prop_map(Value::Bool),
            any::<i128>().prop_map(Value::Int),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::Float),
            text.clone().prop_map(|t| Value::from(t.as_str())),
            "\\PC{0,6}".prop_map(|t| Value::String(Text::data(t.as_str()).into_secret())),
            any::<i64>().prop_map(|i| Value::from(i).into_secret()),
            "\\PC{0,6}".prop_map(|t| Value::template(t.as_str(), Span::nowhere("x.yml:3"))),
            "\\PC{0,6}".prop_map(|t| Value::String(Text::vault(t.as_str(), Span::nowhere("x.yml:3")))),
            "\\PC{0,6}".prop_map(|t| Value::Undefined(t.as_str().into())),
            Just(Value::Date("2026-11-21".into())),
            prop::collection::vec(any::<u8>(), 0..6).prop_map(|b| Value::Bytes(b.into())),
        ];
        let key = prop_oneof![
            text.prop_map(|t| Key::from(t.as_str())),
            any::<i128>().prop_map(Key::Int),
            any::<f64>().prop_map(Key::Float),
            any::<bool>().prop_map(Key::Bool),
            Just(Key::Date("2026-11-21".into())),
            Just(Key::Null),
        ];
        leaf.prop_recursive(3, 24, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::list),
                prop::collection::vec((key.clone(), inner), 0..4)
                    .prop_map(|pairs| Value::from(pairs.into_iter().collect::<Map>())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_same_value_comes_back(value in value()) {
            let text = encode(&value).to_string();
            let back = decode(&serde_json::from_str(&text).unwrap()).unwrap();
            // Shows kinds, marks and bits, which equality passes over.
            prop_assert_eq!(format!("{back:?}"), format!("{value:?}"));
            prop_assert_eq!(has_secret(&back), has_secret(&value));
            let ordinary = serde_json::to_string(&value).unwrap();
            if is_plain(&value) {
                prop_assert_eq!(text, ordinary);
            }
        }
    }

    #[test]
    fn most_values_look_as_usual() {
        let map =
            Map::from_iter([("a", Value::from(1)), ("b", Value::list(vec![Value::from("x"), 1.5.into()]))]);
        assert_eq!(encode_map(&map).to_string(), r#"{"a":1,"b":["x",1.5]}"#);
        assert!(decode(&json!({"!nothing": 1})).is_err());
    }
}
