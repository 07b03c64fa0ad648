//! The arguments of a filter, a test, a lookup or a function, and what it may reach.
//!
//! Whoever implements one takes the arguments it knows; what nobody took is an error, so no argument is ignored.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::{Environment, FileOptions, Scope, TemplateError};
use crate::base::{Map, Value};

/// Why a filter, test, lookup or function gave nothing: one sentence, lower case, no full stop.
#[derive(Clone, Debug, PartialEq)]
pub enum CallError {
    /// It refused.
    Refused(String),
    /// A lookup refused.
    Lookup {
        /// Its short name.
        name: String,
        /// Why.
        message: String,
    },
    /// A template it rendered failed.
    Template(Box<TemplateError>),
    /// There is nothing of that name.
    Unknown {
        /// `lookup`.
        what: &'static str,
        /// As it was written.
        name: String,
        /// A name that exists and is much like it.
        suggestion: Option<String>,
    },
    /// What it was asked for has no value; the whole sentence.
    Undefined(String),
}

impl From<String> for CallError {
    fn from(message: String) -> Self {
        CallError::Refused(message)
    }
}
impl From<&str> for CallError {
    fn from(message: &str) -> Self {
        CallError::Refused(message.to_owned())
    }
}
impl From<TemplateError> for CallError {
    fn from(error: TemplateError) -> Self {
        CallError::Template(Box::new(error))
    }
}

/// What a function may ask of the place it is called from.
pub trait Caller {
    /// Files, clock, search paths.
    fn environment(&self) -> &Environment;
    /// The rendered value of a variable.
    fn variable(&self, name: &str) -> Result<Option<Value>, CallError>;
    /// Renders the text of a template file with these variables on top; one `{{ }}` alone keeps its type.
    fn template(&self, name: &str, text: &str, vars: &Map, options: &FileOptions)
    -> Result<Value, CallError>;
    /// The names of all variables.
    fn names(&self) -> Vec<String>;
    /// The variables that are seen there.
    fn scope(&self) -> &Scope;
    /// Every variable of a scope, not yet rendered; see [`plugins::unrendered`](super::plugins::unrendered).
    fn unrendered(&self, scope: &Scope) -> Map;
    /// A secret was read: what is rendered now must not be shown.
    fn mark_secret(&self);
}

/// The arguments of one call.
pub struct Call<'a> {
    /// By place; of a filter or a test the first is what stands left of `|` or `is`.
    positional: Vec<Value>,
    named: Map,
    caller: &'a dyn Caller,
    taken: RefCell<(usize, BTreeSet<String>)>,
}

impl<'a> Call<'a> {
    /// These arguments.
    pub fn new(positional: Vec<Value>, named: Map, caller: &'a dyn Caller) -> Self {
        Self { positional, named, caller, taken: RefCell::default() }
    }

    /// The place of the call.
    pub fn caller(&self) -> &'a dyn Caller {
        self.caller
    }

    /// What stands left of `|` or `is`.
    pub fn subject(&self) -> Result<&Value, CallError> {
        self.taken.borrow_mut().0 |= 1;
        self.positional.first().ok_or_else(|| "a value is missing".into())
    }

    /// The argument at `place` (the first after the subject is 1), or of that name.
    pub fn arg(&self, place: usize, name: &str) -> Option<&Value> {
        let mut taken = self.taken.borrow_mut();
        if let Some(value) = self.positional.get(place) {
            taken.0 |= 1 << place.min(63);
            return Some(value);
        }
        taken.1.insert(name.to_owned());
        self.named.get(name)
    }

    /// An argument that must be there.
    pub fn required(&self, place: usize, name: &str) -> Result<&Value, CallError> {
        self.arg(place, name).ok_or_else(|| format!("the argument `{name}` is missing").into())
    }

    /// An argument that can only be given by name.
    pub fn named(&self, name: &str) -> Option<&Value> {
        self.taken.borrow_mut().1.insert(name.to_owned());
        self.named.get(name)
    }

    /// A boolean argument.
    pub fn flag(&self, place: usize, name: &str, default: bool) -> Result<bool, CallError> {
        match self.arg(place, name) {
            None => Ok(default),
            Some(value) => value
                .to_bool()
                .ok_or_else(|| format!("`{name}` must be a boolean, not {}", value.kind()).into()),
        }
    }

    /// A whole number argument.
    pub fn int(&self, place: usize, name: &str, default: i128) -> Result<i128, CallError> {
        match self.arg(place, name) {
            None => Ok(default),
            Some(value) => value
                .as_int()
                .ok_or_else(|| format!("`{name}` must be an integer, not {}", value.kind()).into()),
        }
    }

    /// A text argument; numbers are taken by their text.
    pub fn text(&self, place: usize, name: &str) -> Result<Option<String>, CallError> {
        match self.arg(place, name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => text_of(value).map(Some),
        }
    }

    /// A text argument that must be there.
    pub fn required_text(&self, place: usize, name: &str) -> Result<String, CallError> {
        text_of(self.required(place, name)?)
    }

    /// The subject as text.
    pub fn subject_text(&self) -> Result<String, CallError> {
        text_of(self.subject()?)
    }

    /// The subject as a list.
    pub fn subject_list(&self) -> Result<&[Value], CallError> {
        let subject = self.subject()?;
        subject.as_list().ok_or_else(|| format!("a list is needed, not {}", subject.kind()).into())
    }

    /// The subject as a mapping.
    pub fn subject_map(&self) -> Result<&Map, CallError> {
        let subject = self.subject()?;
        subject.as_map().ok_or_else(|| format!("a mapping is needed, not {}", subject.kind()).into())
    }

    /// All arguments by place from `place` on.
    pub fn rest(&self, place: usize) -> &[Value] {
        self.taken.borrow_mut().0 = usize::MAX;
        self.positional.get(place..).unwrap_or(&[])
    }

    /// All named arguments.
    pub fn all_named(&self) -> &Map {
        let names = self.named.keys().map(ToString::to_string);
        self.taken.borrow_mut().1.extend(names);
        &self.named
    }

    /// An error when an argument was given that nobody took.
    pub fn finish(&self) -> Result<(), CallError> {
        let taken = self.taken.borrow();
        if (0..self.positional.len()).any(|place| taken.0 & (1 << place.min(63)) == 0) {
            return Err(format!("{} arguments are too many", self.positional.len()).into());
        }
        match self.named.keys().map(ToString::to_string).find(|name| !taken.1.contains(name)) {
            Some(name) => Err(format!("there is no argument `{name}`").into()),
            None => Ok(()),
        }
    }
}

/// A scalar by its text.
pub fn text_of(value: &Value) -> Result<String, CallError> {
    match value {
        Value::List(_) | Value::Map(_) | Value::Undefined(_) | Value::Omit => {
            Err(format!("a string is needed, not {}", value.kind()).into())
        }
        Value::Bytes(bytes) => String::from_utf8(bytes.to_vec())
            .map_err(|_| "a string is needed, these bytes are no UTF-8".into()),
        other => Ok(other.to_string()),
    }
}
