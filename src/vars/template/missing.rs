//! What has no value, on its way to `default`, to `is defined`, or to an error. Made often and looked at seldom, so it keeps
//! only what it needs to explain itself.

use std::rc::Rc;
use std::sync::Arc;

use super::object::{Entries, Object, Val};
use super::run::Unit;
use super::syntax::Place;
use crate::base::Text;
use crate::base::suggest::nearest;
use crate::vars::{Problem, TemplateError};

/// What has no value.
pub(super) struct Missing {
    cause: Cause,
    /// Where it was asked for.
    at: Option<(Rc<Unit>, Place)>,
}

enum Cause {
    /// No variable has that name.
    Name(Arc<str>),
    /// No such attribute or item of that value.
    Attribute(String, Val),
    /// A parameter that was not given, a hint.
    Said(String),
    /// An encrypted text that no password opens, and what was said about it.
    Sealed(Text, Box<TemplateError>),
    /// The template of a variable could not be rendered.
    Error(Box<TemplateError>),
}

impl Missing {
    pub(super) fn name(name: Arc<str>, unit: &Rc<Unit>, place: Place) -> Val {
        Self::make(Cause::Name(name), Some((Rc::clone(unit), place)))
    }

    pub(super) fn attribute(name: String, of: Val, unit: &Rc<Unit>, place: Place) -> Val {
        Self::make(Cause::Attribute(name, of), Some((Rc::clone(unit), place)))
    }

    pub(super) fn said(message: impl Into<String>) -> Val {
        Self::make(Cause::Said(message.into()), None)
    }

    pub(super) fn error(error: TemplateError) -> Val {
        Self::make(Cause::Error(Box::new(error)), None)
    }

    pub(super) fn sealed(text: Text, error: TemplateError) -> Val {
        Self::make(Cause::Sealed(text, Box::new(error)), None)
    }

    /// The same, where its error has come through another place.
    pub(super) fn passed(&self, error: TemplateError) -> Val {
        match self.ciphertext() {
            Some(text) => Self::sealed(text.clone(), error),
            None => Self::error(error),
        }
    }

    /// The encrypted text, if that is what has no value.
    pub(super) fn ciphertext(&self) -> Option<&Text> {
        match &self.cause {
            Cause::Sealed(text, _) => Some(text),
            _ => None,
        }
    }

    fn make(cause: Cause, at: Option<(Rc<Unit>, Place)>) -> Val {
        Val::Missing(Rc::new(Self { cause, at }))
    }

    /// Whether it is only undefined; otherwise something failed on the way to it, which nothing may hide.
    pub(super) fn is_undefined(&self) -> bool {
        match &self.cause {
            Cause::Error(error) => error.is_undefined(),
            Cause::Sealed(..) => false,
            Cause::Name(_) | Cause::Attribute(..) | Cause::Said(_) => true,
        }
    }

    /// The name or attribute that was asked for.
    pub(super) fn asked(&self) -> Option<&str> {
        match &self.cause {
            Cause::Name(name) => Some(name),
            Cause::Attribute(name, _) => Some(name),
            Cause::Said(_) | Cause::Error(_) | Cause::Sealed(..) => None,
        }
    }

    /// The error that it is to use this.
    pub(super) fn to_error(&self) -> TemplateError {
        let problem = match &self.cause {
            Cause::Error(error) | Cause::Sealed(_, error) => return (**error).clone(),
            Cause::Name(name) => {
                let suggestion = self.at.as_ref().and_then(|(unit, _)| {
                    let known = unit.session.scope().names();
                    nearest(name, known.iter().map(AsRef::as_ref)).map(ToOwned::to_owned)
                });
                Problem::Undefined { message: format!("'{name}' is undefined"), suggestion }
            }
            Cause::Attribute(name, of) => {
                let keys = keys_of(of);
                let suggestion = nearest(name, keys.iter().map(String::as_str)).map(ToOwned::to_owned);
                let named = if name.parse::<i64>().is_ok() { name.clone() } else { format!("'{name}'") };
                let message = match name.as_str() {
                    // As Jinja has it where the name counts as nothing.
                    "0" => format!("{} object has no element 0", of.type_name()),
                    _ => format!("object of type '{}' has no attribute {named}", of.type_name()),
                };
                Problem::Undefined { message, suggestion }
            }
            Cause::Said(message) => Problem::Undefined { message: message.clone(), suggestion: None },
        };
        match &self.at {
            Some((unit, place)) => unit.error(problem, *place),
            None => TemplateError::new(problem, None),
        }
    }
}

fn keys_of(of: &Val) -> Vec<String> {
    match of {
        Val::Map(map) => match &*map.entries.borrow() {
            Entries::Shared(map, _) => map.keys().map(ToString::to_string).collect(),
            Entries::Own(map) => map.keys().map(ToString::to_string).collect(),
        },
        Val::Object(object) => match &**object {
            Object::Lazy(map, _) => map.keys().iter().map(ToString::to_string).collect(),
            Object::Variables(session) => session.scope().names().iter().map(ToString::to_string).collect(),
            Object::Namespace(map) => map.borrow().keys().map(ToString::to_string).collect(),
            Object::Module(module) => module.names.keys().map(ToString::to_string).collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}
