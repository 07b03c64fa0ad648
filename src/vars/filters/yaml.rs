//! YAML texts. `to_nice_yaml` ends up in files of others, where the layout counts to the byte: the events are those of
//! `PyYAML`'s representer, and libyaml's emitter, as the reference uses it, writes them.

mod anchors;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::LazyLock;

use fancy_regex::Regex;
use libyaml_safer::{Break, Emitter, Encoding, Event, MappingStyle, ScalarStyle, SequenceStyle};

use self::anchors::{Anchors, Place};
use super::{Filter, filter};
use crate::base::{Diagnostics, Key, Map, Source, Value};
use crate::vars::call::{Call, CallError};
use crate::vars::python::integer;

pub(super) const FILTERS: &[Filter] = &[
    filter("to_yaml", |call| write(call, None, None)),
    filter("to_nice_yaml", |call| {
        let indent = call.arg(1, "indent").cloned().unwrap_or(Value::Int(4));
        write(call, Some(&indent), Some(false))
    }),
    filter("from_yaml", |call| match call.subject()? {
        Value::String(_) | Value::Bytes(_) => Ok(documents(call)?.into_iter().next().unwrap_or_default()),
        // As Ansible has it: what is no text is what it is.
        other => Ok(other.clone()),
    }),
    filter("from_yaml_all", |call| match call.subject()? {
        Value::String(_) | Value::Bytes(_) => documents(call).map(Value::list),
        Value::Null => Ok(Value::list(Vec::new())),
        other => Ok(other.clone()),
    }),
];

/// A plain scalar that is read as something else than a text: the implicit tags of YAML 1.1.
static NO_TEXT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)^(?:
        yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF
        |[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?
        |\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?
        |[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*
        |[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)
        |[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+
        |[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+
        |<<|=|~|null|Null|NULL|
        |[0-9]{4}-[0-9]{2}-[0-9]{2}
        |[0-9]{4}-[0-9][0-9]?-[0-9][0-9]?(?:[Tt]|[\ \t]+)[0-9][0-9]?:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?
            (?:[\ \t]*(?:Z|[-+][0-9][0-9]?(?::[0-9]{2})?))?
        |[!&*])$",
    )
    .expect("the pattern above is one")
});

/// A value as `to_nice_yaml(indent=2)` writes it, with anchors where a collection stands in several places.
pub fn yaml_text(value: &Value) -> Result<String, String> {
    let layout = Layout { indent: Some(2), flow: Some(false), ..Layout::default() };
    let written = layout.text(value, Anchors::of(value, &|value| parts(value, layout.sort_keys)));
    written.map_err(|error| match error {
        CallError::Refused(why) => why,
        _ => "not to be written as YAML".to_owned(),
    })
}

/// What stands in a collection, in the order in which it is written.
fn parts(value: &Value, sort_keys: bool) -> Vec<Value> {
    match value {
        Value::List(items) => items.to_vec(),
        Value::Map(map) => pairs(map, sort_keys).into_iter().map(|(_, item)| item.clone()).collect(),
        _ => Vec::new(),
    }
}

fn pairs(map: &Map, sort_keys: bool) -> Vec<(&Key, &Value)> {
    let mut pairs: Vec<_> = map.iter().collect();
    if sort_keys && are_ordered(map) {
        pairs.sort_by(|(a, _), (b, _)| order(a, b).unwrap_or(Ordering::Equal));
    }
    pairs
}

/// How a text is laid out.
#[allow(clippy::struct_excessive_bools)] // they are options of `PyYAML`'s
struct Layout {
    indent: Option<i32>,
    width: Option<i32>,
    canonical: bool,
    line_break: Break,
    style: ScalarStyle,
    flow: Option<bool>,
    sort_keys: bool,
    starts: bool,
    ends: bool,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            indent: None,
            width: None,
            canonical: false,
            line_break: Break::Ln,
            style: ScalarStyle::Any,
            flow: None,
            sort_keys: true,
            starts: false,
            ends: false,
        }
    }
}

fn write(call: &Call<'_>, indent: Option<&Value>, flow: Option<bool>) -> Result<Value, CallError> {
    let size = |name: &str, given: Option<&Value>| match given {
        None | Some(Value::Null) => Ok(None),
        Some(given) => match given.as_int().and_then(|size| i32::try_from(size).ok()) {
            Some(size) => Ok(Some(size)),
            None => Err(CallError::from(format!("`{name}` must be an integer"))),
        },
    };
    let is_set = |name: &str| call.named(name).is_some_and(Value::is_truthy);
    let line_break = match call.named("line_break").and_then(Value::as_str) {
        Some("\r") => Break::Cr,
        Some("\r\n") => Break::CrLn,
        _ => Break::Ln,
    };
    let style = match call.named("default_style") {
        None | Some(Value::Null) => ScalarStyle::Any,
        Some(style) => match style.as_str() {
            Some("") => ScalarStyle::Any,
            Some("'") => ScalarStyle::SingleQuoted,
            Some("\"") => ScalarStyle::DoubleQuoted,
            Some("|") => ScalarStyle::Literal,
            Some(">") => ScalarStyle::Folded,
            _ => return Err("`default_style` must be one of ', \", | and >".into()),
        },
    };
    let flow = match call.named("default_flow_style") {
        None => flow,
        Some(Value::Null) => None,
        Some(flow) => Some(flow.is_truthy()),
    };
    let layout = Layout {
        indent: size("indent", indent.or_else(|| call.named("indent")))?,
        width: size("width", call.named("width"))?,
        canonical: is_set("canonical"),
        line_break,
        style,
        flow,
        sort_keys: call.named("sort_keys").is_none_or(Value::is_truthy),
        starts: is_set("explicit_start"),
        ends: is_set("explicit_end"),
    };
    // What is one for the reference's templates and what is not, nobody here can tell: everything is written out.
    Ok(Value::from(layout.text(call.subject()?, Anchors::default())?))
}

impl Layout {
    fn text(&self, value: &Value, anchors: Anchors) -> Result<String, CallError> {
        let mut out = Vec::new();
        let mut emitter = Emitter::new();
        emitter.set_output_string(&mut out);
        emitter.set_unicode(true);
        emitter.set_canonical(self.canonical);
        if let Some(indent) = self.indent {
            emitter.set_indent(indent);
        }
        if let Some(width) = self.width {
            emitter.set_width(width);
        }
        emitter.set_break(self.line_break);
        let (style, flow, sort_keys) = (self.style, self.flow, self.sort_keys);
        let mut writer = Writer { emitter, style, flow, sort_keys, anchors, escaped: Vec::new() };
        writer.emit(Event::stream_start(Encoding::Utf8))?;
        writer.emit(Event::document_start(None, &[], !self.starts))?;
        writer.value(value)?;
        writer.emit(Event::document_end(!self.ends))?;
        writer.emit(Event::stream_end())?;
        let escaped = std::mem::take(&mut writer.escaped);
        drop(writer);
        let text = String::from_utf8(out).map_err(|_| "the text is no UTF-8")?;
        Ok(with_escapes(&text, &escaped))
    }
}

/// Stands for a character that libyaml escapes and its port does not: one above U+FFFF. It is as long and as wide.
const STAND_IN: &str = "\u{fffe}\u{1}";
/// How the emitter writes that.
const STAND_IN_ESCAPED: &str = r"\uFFFE\x01";

/// The text with the escapes, one after the other, where the stand-ins are.
fn with_escapes(text: &str, escapes: &[String]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut escapes = escapes.iter();
    for (place, part) in text.split(STAND_IN_ESCAPED).enumerate() {
        if place > 0 {
            out.push_str(escapes.next().map_or(STAND_IN_ESCAPED, String::as_str));
        }
        out.push_str(part);
    }
    out
}

struct Writer<'w> {
    emitter: Emitter<'w>,
    /// Of every scalar that has none of its own.
    style: ScalarStyle,
    /// Collections on one line: all, none, or (`None`) those without collections inside.
    flow: Option<bool>,
    sort_keys: bool,
    anchors: Anchors,
    /// What the stand-ins stand for, in the order in which they are written.
    escaped: Vec<String>,
}

impl Writer<'_> {
    fn emit(&mut self, event: Event) -> Result<(), CallError> {
        self.emitter.emit(event).map_err(|error| format!("not to be written as YAML: {error}").into())
    }

    fn value(&mut self, value: &Value) -> Result<(), CallError> {
        let anchor = match self.anchors.place(value) {
            Place::Here(anchor) => anchor.map(ToOwned::to_owned),
            Place::Again(anchor) => {
                let alias = Event::alias(anchor);
                return self.emit(alias);
            }
        };
        let anchor = anchor.as_deref();
        match value {
            Value::List(items) => {
                let simple = items.iter().all(|item| self.is_simple(item));
                let style =
                    if self.flow.unwrap_or(simple) { SequenceStyle::Flow } else { SequenceStyle::Block };
                self.emit(Event::sequence_start(anchor, Some("tag:yaml.org,2002:seq"), true, style))?;
                items.iter().try_for_each(|item| self.value(item))?;
                self.emit(Event::sequence_end())
            }
            Value::Map(map) => {
                let simple = self.style == ScalarStyle::Any && map.values().all(|item| self.is_simple(item));
                let style =
                    if self.flow.unwrap_or(simple) { MappingStyle::Flow } else { MappingStyle::Block };
                self.emit(Event::mapping_start(anchor, Some("tag:yaml.org,2002:map"), true, style))?;
                for (key, item) in pairs(map, self.sort_keys) {
                    self.value(&key.to_value())?;
                    self.value(item)?;
                }
                self.emit(Event::mapping_end())
            }
            scalar => self.scalar(scalar),
        }
    }

    /// Whether it may stand in a collection on one line.
    fn is_simple(&self, item: &Value) -> bool {
        self.style == ScalarStyle::Any && !matches!(item, Value::List(_) | Value::Map(_) | Value::Bytes(_))
    }

    fn scalar(&mut self, value: &Value) -> Result<(), CallError> {
        let (tag, text) = match value {
            Value::Null | Value::Undefined(_) | Value::Omit => ("null", "null".to_owned()),
            Value::Bool(b) => ("bool", b.to_string()),
            Value::Float(x) if x.is_nan() => ("float", ".nan".to_owned()),
            Value::Float(x) if x.is_infinite() => {
                ("float", if *x > 0.0 { ".inf" } else { "-.inf" }.to_owned())
            }
            Value::Float(x) => {
                let text = crate::base::value::python_float(*x);
                // `1e+20` would be read as a text.
                ("float", if text.contains('.') { text } else { text.replacen('e', ".0e", 1) })
            }
            Value::Date(date) => ("timestamp", date.replacen('T', " ", 1)),
            Value::Bytes(bytes) => return self.binary(bytes),
            Value::String(text) => {
                let plain = !NO_TEXT.is_match(text.as_str()).unwrap_or(true);
                // These end a line for YAML 1.1 only, so that YAML 1.2 would read the indent after them as text.
                let is_split = text.as_str().contains(['\u{2028}', '\u{2029}']);
                let style = if is_split { ScalarStyle::DoubleQuoted } else { self.style };
                let text = self.with_stand_ins(text.as_str());
                return self.emit(Event::scalar(
                    None,
                    Some("tag:yaml.org,2002:str"),
                    &text,
                    plain,
                    true,
                    style,
                ));
            }
            other => ("int", other.to_string()),
        };
        let tag = format!("tag:yaml.org,2002:{tag}");
        self.emit(Event::scalar(None, Some(&tag), &text, true, false, self.style))
    }

    fn with_stand_ins<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        if !text.contains(|c| c > '\u{ffff}') && !text.contains(STAND_IN) {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let length = if rest.starts_with(STAND_IN) { STAND_IN.len() } else { c.len_utf8() };
            if c > '\u{ffff}' {
                self.escaped.push(format!("\\U{:08X}", u32::from(c)));
                out.push_str(STAND_IN);
            } else {
                if rest.starts_with(STAND_IN) {
                    self.escaped.push(STAND_IN_ESCAPED.to_owned());
                }
                out.push_str(&rest[..length]);
            }
            rest = &rest[length..];
        }
        Cow::Owned(out)
    }

    /// Lines of 76 characters, as Python's `encodebytes` gives them.
    fn binary(&mut self, bytes: &[u8]) -> Result<(), CallError> {
        use base64::Engine as _;
        let encoded =
            bytes.chunks(57).map(|part| base64::engine::general_purpose::STANDARD.encode(part) + "\n");
        let text: String = encoded.collect();
        self.emit(Event::scalar(
            None,
            Some("tag:yaml.org,2002:binary"),
            &text,
            false,
            false,
            ScalarStyle::Literal,
        ))
    }
}

/// Whether Python could sort these keys; otherwise they stay as they are.
fn are_ordered(map: &Map) -> bool {
    let mut keys = map.keys();
    let Some(first) = keys.next() else { return true };
    keys.all(|key| order(first, key).is_some())
}

/// Which key comes first: texts by their characters, numbers by their value, dates in time; nothing else has an order.
fn order(a: &Key, b: &Key) -> Option<Ordering> {
    match (a, b) {
        (Key::Str(a), Key::Str(b)) | (Key::Date(a), Key::Date(b)) => Some(a.cmp(b)),
        (Key::Float(a), Key::Float(b)) => a.partial_cmp(b),
        (Key::Float(a), b) => integer::with_float(whole(b)?, *a).map(Ordering::reverse),
        (a, Key::Float(b)) => integer::with_float(whole(a)?, *b),
        _ => Some(whole(a)?.cmp(&whole(b)?)),
    }
}

fn whole(key: &Key) -> Option<i128> {
    match key {
        Key::Int(i) => Some(*i),
        Key::Bool(b) => Some(i128::from(*b)),
        Key::Str(_) | Key::Float(_) | Key::Date(_) | Key::Null => None,
    }
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
