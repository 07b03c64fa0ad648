//! JSON texts, with Python's blanks and Python's floats.

use std::fmt::Write as _;

use serde_json::ser::{Formatter, PrettyFormatter};

use super::{Filter, filter};
use crate::base::{Map, Value};
use crate::vars::call::{Call, CallError};
use crate::vars::python::json::refusal;

pub(super) const FILTERS: &[Filter] = &[
    filter("to_json", |call| write(call, None)),
    filter("to_nice_json", |call| write(call, Some(4))),
    filter("tojson", write_sorted),
    filter("from_json", from_json),
];

fn write_sorted(call: &Call<'_>) -> Result<Value, CallError> {
    let indent = call.arg(1, "indent").and_then(Value::as_int);
    let text = json(&sorted(call.subject()?), indent, true)?;
    // As Jinja does it, so that the text can stand in a page.
    let safe = |c: char| match c {
        '<' | '>' | '&' | '\'' => format!("\\u{:04x}", u32::from(c)),
        other => other.to_string(),
    };
    Ok(Value::from(text.chars().map(safe).collect::<String>()))
}

/// `to_json` keeps the order of keys, `to_nice_json` sorts them.
fn write(call: &Call<'_>, nice: Option<i128>) -> Result<Value, CallError> {
    let indent = match call.named("indent") {
        Some(value) => value.as_int(),
        None => nice,
    };
    let ascii = call.named("ensure_ascii").is_none_or(Value::is_truthy);
    let sort = call.named("sort_keys").map_or(nice.is_some(), Value::is_truthy);
    let subject = call.subject()?;
    let subject = if sort { sorted(subject) } else { subject.clone() };
    match call.named("separators").map(ToString::to_string).as_deref() {
        None | Some("[', ', ': ']" | "None") => json(&subject, indent, ascii).map(Value::from),
        Some("[',', ':']") if indent.is_none() && ascii => {
            compact(&subject).map(Value::from).map_err(CallError::from)
        }
        Some(other) => Err(format!("`separators` can be (',', ':'), not {other}").into()),
    }
}

/// In one line, as Python writes it.
pub fn json_text(value: &Value) -> Result<String, CallError> {
    json(value, None, true)
}

fn json(value: &Value, indent: Option<i128>, ascii: bool) -> Result<String, CallError> {
    let mut out = Vec::new();
    let blanks = " ".repeat(usize::try_from(indent.unwrap_or(0)).unwrap_or(0).min(64));
    let written = match indent {
        Some(_) => {
            let formatter = Python { inner: PrettyFormatter::with_indent(blanks.as_bytes()) };
            serialize(value, &mut serde_json::Serializer::with_formatter(&mut out, formatter))
        }
        None => serialize(value, &mut serde_json::Serializer::with_formatter(&mut out, OneLine)),
    };
    written.map_err(|error| error.to_string())?;
    let text = String::from_utf8(out).map_err(|error| error.to_string())?;
    Ok(if ascii { escape_non_ascii(&text) } else { text })
}

fn serialize<W: std::io::Write, F: Formatter>(
    value: &Value,
    to: &mut serde_json::Serializer<W, F>,
) -> serde_json::Result<()> {
    use serde::Serialize as _;
    value.serialize(to)
}

/// Without any blanks.
pub(super) fn compact(value: &Value) -> Result<String, String> {
    let mut out = Vec::new();
    serialize(value, &mut serde_json::Serializer::with_formatter(&mut out, Compact))
        .map_err(|error| error.to_string())?;
    String::from_utf8(out).map(|text| escape_non_ascii(&text)).map_err(|error| error.to_string())
}

/// The form without blanks, with Python's floats.
struct Compact;

impl Formatter for Compact {
    fn write_f64<W: ?Sized + std::io::Write>(&mut self, out: &mut W, value: f64) -> std::io::Result<()> {
        out.write_all(crate::base::value::python_float(value).as_bytes())
    }
}

/// Python's one-line form: a blank after `,` and `:`.
struct OneLine;

impl Formatter for OneLine {
    fn begin_array_value<W: ?Sized + std::io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }
    fn begin_object_key<W: ?Sized + std::io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }
    fn begin_object_value<W: ?Sized + std::io::Write>(&mut self, out: &mut W) -> std::io::Result<()> {
        out.write_all(b": ")
    }
    fn write_f64<W: ?Sized + std::io::Write>(&mut self, out: &mut W, value: f64) -> std::io::Result<()> {
        out.write_all(crate::base::value::python_float(value).as_bytes())
    }
}

/// Python's indented form, with Python's floats.
struct Python<'a> {
    inner: PrettyFormatter<'a>,
}

macro_rules! delegate {
    ($($name:ident($($arg:ident: $kind:ty),*);)*) => { $(
        fn $name<W: ?Sized + std::io::Write>(&mut self, out: &mut W $(, $arg: $kind)*) -> std::io::Result<()> {
            self.inner.$name(out $(, $arg)*)
        }
    )* };
}

impl Formatter for Python<'_> {
    delegate! {
        begin_array(); end_array(); begin_array_value(first: bool); end_array_value();
        begin_object(); end_object(); begin_object_key(first: bool); begin_object_value(); end_object_value();
    }
    fn write_f64<W: ?Sized + std::io::Write>(&mut self, out: &mut W, value: f64) -> std::io::Result<()> {
        out.write_all(crate::base::value::python_float(value).as_bytes())
    }
}

fn escape_non_ascii(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a text cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

/// The same value with the keys of every mapping in order.
pub(super) fn sorted(value: &Value) -> Value {
    match value {
        Value::List(items) => Value::list(items.iter().map(sorted).collect()),
        Value::Map(map) => {
            let mut pairs: Vec<_> = map.iter().collect();
            pairs.sort_by_cached_key(|(key, _)| key.to_string());
            Value::from(pairs.into_iter().map(|(key, item)| (key.clone(), sorted(item))).collect::<Map>())
        }
        other => other.clone(),
    }
}

fn from_json(call: &Call<'_>) -> Result<Value, CallError> {
    let text = call.subject_text()?;
    let value = serde_json::from_str(&text)
        .map_err(|error| refusal(&text).unwrap_or_else(|| format!("not JSON: {error}")))?;
    if has_large_integer(&text) { Err(LARGE.into()) } else { Ok(value) }
}

/// What is said of a number that would become a float.
const LARGE: &str = "a whole number is too large: those of JSON have 64 bits";

/// Whether valid JSON has a whole number that does not fit into 64 bits.
fn has_large_integer(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (mut place, mut quoted) = (0, false);
    while let Some(byte) = bytes.get(place) {
        match byte {
            b'\\' if quoted => place += 1,
            b'"' => quoted = !quoted,
            b'0'..=b'9' if !quoted => {
                let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
                let length = bytes[place..].iter().take_while(is_part).count();
                let number = &text[place..place + length];
                if length > 18 && number.bytes().all(|b| b.is_ascii_digit()) {
                    let negative = place > 0 && bytes[place - 1] == b'-';
                    let fits = if negative {
                        format!("-{number}").parse::<i64>().is_ok()
                    } else {
                        number.parse::<u64>().is_ok()
                    };
                    if !fits {
                        return true;
                    }
                }
                place += length - 1;
            }
            _ => {}
        }
        place += 1;
    }
    false
}
