//! YAML texts. Written here, because `to_nice_yaml` ends up in files of others, where the layout counts: that of
//! `PyYAML`, except that long lines are not folded.

use std::fmt::Write as _;

use super::json::sorted;
use super::{Filter, filter};
use crate::base::{Diagnostics, Map, Source, Value};
use crate::syntax::reads_as_text;
use crate::vars::call::{Call, CallError};

pub(super) const FILTERS: &[Filter] = &[
    filter("to_yaml", |call| write(call, 2, None)),
    filter("to_nice_yaml", |call| write(call, 4, Some(false))),
    filter("from_yaml", |call| Ok(documents(call)?.into_iter().next().unwrap_or_default())),
    filter("from_yaml_all", |call| documents(call).map(Value::list)),
];

fn write(call: &Call<'_>, indent: i128, flow: Option<bool>) -> Result<Value, CallError> {
    let indent = call.named("indent").and_then(Value::as_int).unwrap_or(indent);
    let indent = usize::try_from(indent).ok().filter(|n| (2..=16).contains(n)).unwrap_or(2);
    let flow = match call.named("default_flow_style") {
        None => flow,
        Some(value) => value.as_bool(),
    };
    // Lines are never folded and nothing but Unicode is written.
    if call.named("width").is_some_and(|width| width.as_int().is_none()) {
        return Err("`width` must be an integer".into());
    }
    if call.named("allow_unicode").is_some_and(|allow| !allow.is_truthy()) {
        return Err("`allow_unicode=false` is not supported".into());
    }
    let sort = call.named("sort_keys").is_none_or(Value::is_truthy);
    let explicit = call.named("explicit_start").is_some_and(Value::is_truthy);
    let subject = call.subject()?;
    let value = if sort { sorted(subject) } else { subject.clone() };
    let mut writer = Writer { out: String::new(), indent, flow };
    if explicit {
        writer.out.push_str("---\n");
    }
    writer.root(&value);
    Ok(Value::from(writer.out))
}

struct Writer {
    out: String,
    indent: usize,
    /// Collections on one line: all, none, or (`None`) those without collections inside.
    flow: Option<bool>,
}

impl Writer {
    fn root(&mut self, value: &Value) {
        if self.on_one_line(value) {
            self.one_line(value);
            self.out.push('\n');
            return;
        }
        self.block(value, 0);
    }

    fn on_one_line(&self, value: &Value) -> bool {
        let is_collection = |item: &Value| matches!(item, Value::List(_) | Value::Map(_));
        match value {
            Value::List(items) if !items.is_empty() => {
                self.flow.unwrap_or_else(|| !items.iter().any(is_collection))
            }
            Value::Map(map) if !map.is_empty() => {
                self.flow.unwrap_or_else(|| !map.values().any(is_collection))
            }
            _ => true,
        }
    }

    /// A collection on lines of its own; the cursor stands at column `column` of its first line.
    fn block(&mut self, value: &Value, column: usize) {
        match value {
            Value::List(items) => {
                for (place, item) in items.iter().enumerate() {
                    self.begin(place, column);
                    let _ = write!(self.out, "{:<width$}", "-", width = self.indent.max(2));
                    if self.on_one_line(item) {
                        self.out.truncate(self.out.len() - (self.indent.max(2) - 2));
                        self.one_line(item);
                        self.out.push('\n');
                    } else {
                        self.block(item, column + self.indent.max(2));
                    }
                }
            }
            Value::Map(map) => {
                for (place, (key, item)) in map.iter().enumerate() {
                    self.begin(place, column);
                    self.scalar(&key.to_value(), false);
                    self.out.push(':');
                    if self.on_one_line(item) {
                        self.out.push(' ');
                        self.one_line(item);
                        self.out.push('\n');
                    } else {
                        self.out.push('\n');
                        // A list stands below its key, a mapping one step further right.
                        let inner = column + if matches!(item, Value::List(_)) { 0 } else { self.indent };
                        self.out.push_str(&" ".repeat(inner));
                        self.block(item, inner);
                    }
                }
            }
            other => self.one_line(other),
        }
    }

    fn begin(&mut self, place: usize, column: usize) {
        if place > 0 {
            self.out.push_str(&" ".repeat(column));
        }
    }

    fn one_line(&mut self, value: &Value) {
        match value {
            Value::List(items) => {
                self.out.push('[');
                for (place, item) in items.iter().enumerate() {
                    self.out.push_str(if place > 0 { ", " } else { "" });
                    self.inside(item);
                }
                self.out.push(']');
            }
            Value::Map(map) => {
                self.out.push('{');
                for (place, (key, item)) in map.iter().enumerate() {
                    self.out.push_str(if place > 0 { ", " } else { "" });
                    self.scalar(&key.to_value(), true);
                    self.out.push_str(": ");
                    self.inside(item);
                }
                self.out.push('}');
            }
            other => self.scalar(other, false),
        }
    }

    fn inside(&mut self, item: &Value) {
        if matches!(item, Value::List(_) | Value::Map(_)) {
            self.one_line(item);
        } else {
            self.scalar(item, true);
        }
    }

    fn scalar(&mut self, value: &Value, in_flow: bool) {
        match value {
            Value::Null | Value::Undefined(_) | Value::Omit => self.out.push_str("null"),
            Value::Bool(b) => self.out.push_str(if *b { "true" } else { "false" }),
            Value::Float(x) if x.is_nan() => self.out.push_str(".nan"),
            Value::Float(x) if x.is_infinite() => self.out.push_str(if *x > 0.0 { ".inf" } else { "-.inf" }),
            Value::Float(x) => {
                let text = crate::base::value::python_float(*x);
                // `1e+20` would be read as a text.
                self.out.push_str(&if text.contains('.') { text } else { text.replacen('e', ".0e", 1) });
            }
            Value::Bytes(bytes) => self.text(&String::from_utf8_lossy(bytes), in_flow),
            Value::String(text) => self.text(text.as_str(), in_flow),
            other => {
                let _ = write!(self.out, "{other}");
            }
        }
    }

    fn text(&mut self, text: &str, in_flow: bool) {
        if text.chars().any(|c| c.is_control() || is_special(c)) {
            self.quoted(text);
        } else if is_plain(text, in_flow) {
            self.out.push_str(text);
        } else {
            let _ = write!(self.out, "'{}'", text.replace('\'', "''"));
        }
    }

    /// In double quotes, with the escapes that `PyYAML` writes.
    fn quoted(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            let code = u32::from(c);
            let _ = match c {
                '"' | '\\' => write!(self.out, "\\{c}"),
                '\n' => write!(self.out, "\\n"),
                '\t' => write!(self.out, "\\t"),
                '\r' => write!(self.out, "\\r"),
                '\0' => write!(self.out, "\\0"),
                '\x1b' => write!(self.out, "\\e"),
                c if c.is_control() => write!(self.out, "\\x{code:02X}"),
                c if is_special(c) => write!(self.out, "\\u{code:04X}"),
                c => write!(self.out, "{c}"),
            };
        }
        self.out.push('"');
    }
}

/// What YAML does not print, beside control characters: other ends of lines, the byte order mark, and what is no character.
fn is_special(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Whether a text without quotes is read back as the same text.
fn is_plain(text: &str, in_flow: bool) -> bool {
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return false };
    let second = chars.next();
    let indicator = "#,[]{}&*!|>'\"%@`".contains(first)
        || ("-?:".contains(first) && (in_flow || second.is_none_or(|c| c == ' ')));
    !indicator
        && !text.starts_with(' ')
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.starts_with("---")
        && !text.starts_with("...")
        && !matches!(text, "=" | "<<")
        && !(in_flow && text.contains([',', '?', '[', ']', '{', '}', ':']))
        && reads_as_text(text)
}

/// YAML as playbooks are read, but what it gives is data: no string of it is a template.
fn documents(call: &Call<'_>) -> Result<Vec<Value>, CallError> {
    let source = Source::new("from_yaml", call.subject_text()?);
    let documents = crate::syntax::yaml::parse(&source, &mut Diagnostics::new())
        .map_err(|error| format!("not YAML: {}", error.message))?;
    Ok(documents.iter().map(|document| data(&document.to_value())).collect())
}

fn data(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::from(text.shared()),
        Value::List(items) => Value::list(items.iter().map(data).collect()),
        Value::Map(map) => {
            Value::from(map.iter().map(|(key, item)| (key.clone(), data(item))).collect::<Map>())
        }
        other => other.clone(),
    }
}
