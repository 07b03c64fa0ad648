//! The one value type: what YAML gives, templates compute, modules answer and the journal keeps.

use std::fmt;
use std::sync::Arc;

use super::seal::Sealed;
use super::{Key, Map, Span};

/// A value of the language. Containers are shared, so a clone is cheap.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// Python's `None`.
    #[default]
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// A floating-point number.
    Float(f64),
    /// A text; see [`Text`] for what may be a template.
    String(Text),
    /// Raw bytes (`!!binary`, files).
    Bytes(Arc<[u8]>),
    /// A sequence.
    List(Arc<Vec<Value>>),
    /// An ordered mapping.
    Map(Arc<Map>),
    /// A YAML 1.1 date or time stamp, kept in its ISO 8601 text form (`2026-11-21`, `2026-11-21T20:31:00`).
    Date(Arc<str>),
    /// A name that has no value; the text says which (for messages).
    Undefined(Arc<str>),
    /// Ansible's `omit`: the key it is given to disappears.
    Omit,
    /// A secret that is no text: a number, a truth value, bytes or a date. Texts carry their mark themselves.
    Sealed(Sealed),
}

/// What stands where a secret would.
pub const MASK: &str = "********";

/// A string, with what must not get lost on its way: whether it may be a template, and whether it is secret.
#[derive(Clone)]
pub struct Text {
    characters: Arc<str>,
    place: Option<Span>,
    kind: Kind,
    seal: Seal,
}

/// Where a text comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A host, a command, a computation.
    Data,
    /// The user's files: templates are looked for in it.
    Written,
    /// A value that was encrypted in the user's files.
    Opened,
}

/// What may be seen of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seal {
    /// Everything.
    Open,
    /// It must not be shown.
    Secret,
    /// It is a secret that is still encrypted.
    Vault,
}

impl Text {
    /// Plain data: what a host, a command or a computation gave. It can never become a template.
    pub fn data(text: impl Into<Arc<str>>) -> Self {
        Self { characters: text.into(), place: None, kind: Kind::Data, seal: Seal::Open }
    }

    /// Plain data of which it is known where it came from.
    pub fn found(text: impl Into<Arc<str>>, place: Span) -> Self {
        Self { place: Some(place), ..Self::data(text) }
    }

    /// What was encrypted as a single value (`!vault`), now that it is open.
    pub fn opened(text: impl Into<Arc<str>>, place: Option<Span>) -> Self {
        Self { place, kind: Kind::Opened, ..Self::data(text) }
    }

    /// A string that was read from the user's files, where templates are looked for.
    pub fn template(text: impl Into<Arc<str>>, span: Span) -> Self {
        Self { characters: text.into(), place: Some(span), kind: Kind::Written, seal: Seal::Open }
    }

    /// A value that is encrypted in the user's files (`!vault`). Rendering decrypts it; what it holds is data and secret.
    pub fn vault(text: impl Into<Arc<str>>, span: Span) -> Self {
        Self { characters: text.into(), place: Some(span), kind: Kind::Written, seal: Seal::Vault }
    }

    /// The same text, marked as secret: shown as `********` wherever a person could read it.
    #[must_use]
    pub fn into_secret(mut self) -> Self {
        if self.seal == Seal::Open {
            self.seal = Seal::Secret;
        }
        self
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.characters
    }

    /// The shared characters.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.characters)
    }

    /// The characters alone.
    pub fn into_shared(self) -> Arc<str> {
        self.characters
    }

    /// Where it stands in the user's files, when it may be a template.
    pub fn span(&self) -> Option<&Span> {
        self.place.as_ref().filter(|_| self.kind == Kind::Written)
    }

    /// Where it came from, as far as that is known.
    pub fn origin(&self) -> Option<&Span> {
        self.place.as_ref()
    }

    /// Whether it has to be rendered: it came from the user's files and contains template marks, or is encrypted.
    pub fn is_template(&self) -> bool {
        self.kind == Kind::Written && (self.seal == Seal::Vault || has_marks(&self.characters))
    }

    /// Whether it must not be shown.
    pub fn is_secret(&self) -> bool {
        self.seal != Seal::Open
    }

    /// Whether it was encrypted as a single value, or still is.
    pub fn was_vault(&self) -> bool {
        self.is_vault() || self.kind == Kind::Opened
    }

    /// Whether it is encrypted: [`Self::as_str`] is what stands in the file.
    pub fn is_vault(&self) -> bool {
        self.seal == Seal::Vault
    }
}

/// Whether a text contains `{{`, `{%` or `{#`.
pub fn has_marks(text: &str) -> bool {
    text.as_bytes().windows(2).any(|w| matches!(w, b"{{" | b"{%" | b"{#"))
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_secret() { write!(f, "\"{MASK}\"") } else { fmt::Debug::fmt(&*self.characters, f) }
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.characters == other.characters
    }
}
impl Eq for Text {}

impl Value {
    /// A string that was read from the user's files.
    pub fn template(text: impl Into<Arc<str>>, span: Span) -> Self {
        Value::String(Text::template(text, span))
    }

    /// A list of these values.
    pub fn list(items: Vec<Value>) -> Self {
        Value::List(Arc::new(items))
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(t) => Some(t.as_str()),
            _ => None,
        }
    }

    /// The value as nobody evaluates it: a text is no template any more.
    #[must_use]
    pub fn as_data(&self) -> Value {
        match self {
            Value::String(text) if text.is_secret() => Value::from(text.shared()).into_secret(),
            Value::String(text) => Value::from(text.shared()),
            other => other.clone(),
        }
    }

    /// The truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(b) => Some(*b),
            Value::Sealed(_) => self.revealed().as_bool(),
            _ => None,
        }
    }

    /// The whole number, if it is one.
    pub fn as_int(&self) -> Option<i128> {
        match self {
            Value::Int(i) => Some(*i),
            Value::Sealed(_) => self.revealed().as_int(),
            _ => None,
        }
    }

    /// A number of either kind.
    #[allow(clippy::cast_precision_loss)] // a figure has fewer digits than a float
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Value::Int(i) => Some(*i as f64),
            Value::Float(f) => Some(*f),
            Value::Sealed(_) => self.revealed().as_float(),
            _ => None,
        }
    }

    /// The items of a list.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Value::List(l) => Some(l),
            _ => None,
        }
    }

    /// The mapping, if it is one.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Value::Map(m) => Some(m),
            _ => None,
        }
    }

    /// The value under a string key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_map().and_then(|m| m.get(key))
    }

    /// Whether this is [`Value::Undefined`].
    pub fn is_undefined(&self) -> bool {
        matches!(self, Value::Undefined(_))
    }

    /// Whether this is [`Value::Null`].
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// Python's truth of a value: empty, zero and none are false.
    pub fn is_truthy(&self) -> bool {
        match self {
            Value::Null | Value::Undefined(_) | Value::Omit => false,
            Value::Bool(b) => *b,
            Value::Int(i) => *i != 0,
            Value::Float(f) => *f != 0.0,
            Value::String(t) => !t.as_str().is_empty(),
            Value::Bytes(b) => !b.is_empty(),
            Value::List(l) => !l.is_empty(),
            Value::Map(m) => !m.is_empty(),
            Value::Date(_) => true,
            Value::Sealed(_) => self.revealed().is_truthy(),
        }
    }

    /// What kind of thing this is, in words for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "nothing",
            Value::Bool(_) => "a boolean",
            Value::Int(_) => "an integer",
            Value::Float(_) => "a float",
            Value::String(_) => "a string",
            Value::Bytes(_) => "bytes",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
            Value::Date(_) => "a date",
            Value::Undefined(_) => "undefined",
            Value::Omit => "omit",
            Value::Sealed(_) => self.revealed().kind(),
        }
    }

    /// Whether any string inside may be a template with marks.
    pub fn has_template(&self) -> bool {
        match self {
            Value::String(t) => t.is_template(),
            Value::List(l) => l.iter().any(Value::has_template),
            Value::Map(m) => m.values().any(Value::has_template),
            _ => false,
        }
    }

    /// Reads a boolean as Ansible does: booleans, 0/1, and yes/no/on/off/true/false/y/n/t/f in any case.
    pub fn to_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(b) => Some(*b),
            Value::Int(0) => Some(false),
            Value::Int(1) => Some(true),
            Value::String(t) => match t.as_str().trim().to_ascii_lowercase().as_str() {
                "yes" | "on" | "true" | "1" | "y" | "t" => Some(true),
                "no" | "off" | "false" | "0" | "n" | "f" => Some(false),
                _ => None,
            },
            Value::Sealed(_) => self.revealed().to_bool(),
            _ => None,
        }
    }
}

/// Python's `str()`: `True`, `None`, `1.0`, `[1, 'a']`, `{'a': 1}`. Secrets are printed: mask before showing.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::String(t) => f.write_str(t.as_str()),
            Value::Date(d) => f.write_str(d),
            Value::Undefined(_) | Value::Omit => Ok(()),
            Value::Sealed(_) => self.revealed().fmt(f),
            other => write_repr(other, f),
        }
    }
}

fn write_repr(value: &Value, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match value {
        Value::Null => f.write_str("None"),
        Value::Bool(true) => f.write_str("True"),
        Value::Bool(false) => f.write_str("False"),
        Value::Int(i) => write!(f, "{i}"),
        Value::Float(x) => f.write_str(&python_float(*x)),
        Value::String(t) => write_str_repr(t.as_str(), f),
        Value::Bytes(b) => {
            f.write_str("b'")?;
            b.iter().try_for_each(|c| write!(f, "{}", std::ascii::escape_default(*c)))?;
            f.write_str("'")
        }
        Value::List(items) => {
            f.write_str("[")?;
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    f.write_str(", ")?;
                }
                write_repr(item, f)?;
            }
            f.write_str("]")
        }
        Value::Map(map) => {
            f.write_str("{")?;
            for (i, (k, v)) in map.iter().enumerate() {
                if i > 0 {
                    f.write_str(", ")?;
                }
                write_repr(&k.to_value(), f)?;
                f.write_str(": ")?;
                write_repr(v, f)?;
            }
            f.write_str("}")
        }
        Value::Date(d) => f.write_str(d),
        Value::Undefined(_) => f.write_str("Undefined"),
        Value::Omit => f.write_str("omit"),
        Value::Sealed(sealed) => write_repr(sealed.reveal(), f),
    }
}

fn write_str_repr(s: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let quote = if s.contains('\'') && !s.contains('"') { '"' } else { '\'' };
    write!(f, "{quote}")?;
    for c in s.chars() {
        match c {
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            '\\' => f.write_str("\\\\")?,
            c if c == quote => write!(f, "\\{c}")?,
            c if (c as u32) < 0x20 || c as u32 == 0x7f => write!(f, "\\x{:02x}", c as u32)?,
            c => write!(f, "{c}")?,
        }
    }
    write!(f, "{quote}")
}

/// A float as Python's `repr` prints it: shortest digits, exponent below 1e-4 and from 1e16.
pub fn python_float(x: f64) -> String {
    if x.is_nan() {
        return "nan".into();
    }
    if x.is_infinite() {
        return if x > 0.0 { "inf".into() } else { "-inf".into() };
    }
    let magnitude = x.abs();
    if x != 0.0 && !(1e-4..1e16).contains(&magnitude) {
        let text = format!("{x:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |d| ('-', d));
        return format!("{mantissa}e{sign}{digits:0>2}");
    }
    let text = format!("{x}");
    if text.contains('.') { text } else { text + ".0" }
}

/// Python's equality: `1 == 1.0`, strings by their characters, no other conversion.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        use Value::{Bool, Bytes, Date, Float, Int, List, Map, Null, Omit, String, Undefined};
        match (self, other) {
            (Value::Sealed(one), _) => one.reveal() == other,
            (_, Value::Sealed(other)) => self == other.reveal(),
            (Null, Null) | (Omit, Omit) | (Undefined(_), Undefined(_)) => true,
            (Bool(a), Bool(b)) => a == b,
            (Int(a), Int(b)) => a == b,
            (Bool(a), Int(b)) | (Int(b), Bool(a)) => i128::from(*a) == *b,
            (Float(_), Float(_) | Int(_)) | (Int(_), Float(_)) => self.as_float() == other.as_float(),
            (String(a), String(b)) => a == b,
            (Bytes(a), Bytes(b)) => a == b,
            (Date(a), Date(b)) => a == b,
            (List(a), List(b)) => a == b,
            (Map(a), Map(b)) => a == b,
            _ => false,
        }
    }
}

macro_rules! from_int {
    ($($t:ty),*) => { $(impl From<$t> for Value { fn from(i: $t) -> Self { Value::Int(i128::from(i)) } })* };
}
from_int!(i8, u8, i16, u16, i32, u32, i64, u64, i128);

impl From<usize> for Value {
    fn from(i: usize) -> Self {
        Value::Int(i as i128)
    }
}
impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Value::Bool(b)
    }
}
impl From<f64> for Value {
    fn from(f: f64) -> Self {
        Value::Float(f)
    }
}
impl From<&str> for Value {
    fn from(s: &str) -> Self {
        Value::String(Text::data(s))
    }
}
impl From<String> for Value {
    fn from(s: String) -> Self {
        Value::String(Text::data(s))
    }
}
impl From<Arc<str>> for Value {
    fn from(s: Arc<str>) -> Self {
        Value::String(Text::data(s))
    }
}
impl From<Text> for Value {
    fn from(t: Text) -> Self {
        Value::String(t)
    }
}
impl From<Map> for Value {
    fn from(m: Map) -> Self {
        Value::Map(Arc::new(m))
    }
}
impl From<&Map> for Value {
    fn from(m: &Map) -> Self {
        Value::Map(Arc::new(m.clone()))
    }
}
impl From<Key> for Value {
    fn from(k: Key) -> Self {
        k.to_value()
    }
}
impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Value::list(items.into_iter().map(Into::into).collect())
    }
}
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(item: Option<T>) -> Self {
        item.map_or(Value::Null, Into::into)
    }
}
