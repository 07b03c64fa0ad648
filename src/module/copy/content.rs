//! `content:` as bytes. Lists and mappings become JSON as Python's `json.dumps` writes it.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use crate::base::Value;

/// The bytes of the file.
pub fn bytes(content: &Value) -> Vec<u8> {
    match content {
        Value::List(_) | Value::Map(_) => json(content),
        Value::Bytes(bytes) => bytes.to_vec(),
        scalar => scalar.to_string().into_bytes(),
    }
}

/// As JSON, whatever it is.
pub fn json(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    // Values have no failing serialization and a vector takes every byte.
    let _ = value.serialize(&mut Serializer::with_formatter(&mut out, Python));
    out
}

/// A blank after `,` and `:`, and nothing but ASCII.
struct Python;

impl Formatter for Python {
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { w.write_all(b", ") }
    }
    fn begin_object_key<W: ?Sized + io::Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { w.write_all(b", ") }
    }
    fn begin_object_value<W: ?Sized + io::Write>(&mut self, w: &mut W) -> io::Result<()> {
        w.write_all(b": ")
    }
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, w: &mut W, fragment: &str) -> io::Result<()> {
        for unit in fragment.encode_utf16() {
            match u8::try_from(unit) {
                Ok(byte) if byte.is_ascii() => w.write_all(&[byte])?,
                _ => write!(w, "\\u{unit:04x}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::bytes;
    use crate::base::{Map, Value};

    #[test]
    fn containers_become_json_as_python_writes_it() {
        let value: Map = serde_yaml::from_str("{b: [1, 2.5, null], a: 'é😀\"', c: {}}").unwrap();
        let text = String::from_utf8(bytes(&Value::from(value))).unwrap();
        assert_eq!(text, r#"{"b": [1, 2.5, null], "a": "\u00e9\ud83d\ude00\"", "c": {}}"#);
        assert_eq!(bytes(&Value::from(5_u8)), b"5");
    }
}
