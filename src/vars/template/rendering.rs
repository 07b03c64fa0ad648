//! The door to the engine: renders one value in one scope, and lets go of everything at its end.

use std::rc::Rc;
use std::sync::Arc;

use super::marks::is_all_marks;
use super::session::Session;
use crate::base::{Span, Text, Value};
use crate::vars::{Environment, FileOptions, Problem, Scope, StoodIn, TemplateError};

/// The outermost session. Values and sessions know each other while a template runs; this lets go of them at its end.
pub struct Rendering(Rc<Session>);

impl Drop for Rendering {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Rendering {
    /// For one value.
    pub fn new(scope: Scope, environment: Arc<Environment>) -> Self {
        Self(Session::new(scope, environment))
    }

    /// Renders every template inside a value.
    pub fn render(&self, value: &Value) -> Result<Value, TemplateError> {
        self.0.render(value)
    }

    /// Evaluates an expression; `{{ }}` around the whole of it is allowed.
    pub fn expression(&self, text: &Text) -> Result<Value, TemplateError> {
        self.0.expression(text, false)
    }

    /// From now on a text stands where something undefined would be an error.
    pub fn replace_undefined(&self) {
        self.0.replace_undefined();
    }

    /// From now on what is undefined is left out of lists and mappings.
    pub fn leave_out_undefined(&self) {
        self.0.leave_out_undefined();
    }

    /// What was undefined since then, in words, each behind its template.
    pub fn replaced(&self) -> StoodIn {
        self.0.replaced()
    }

    /// Evaluates a condition: an expression in which literals with marks are rendered, or a template that gives one.
    pub fn condition(&self, text: &Text) -> Result<Value, TemplateError> {
        match self.0.expression(text, true)? {
            // A variable may hold the text of a condition.
            Value::String(inner) if is_all_marks(text.as_str()) => match inner.span() {
                Some(_) => self.0.expression(&inner, true),
                None => Err(TemplateError::new(Problem::Untrusted, text.span().cloned())),
            },
            value => Ok(value),
        }
    }

    /// Renders the text of a template file.
    pub fn file(&self, text: &str, place: &Span, options: &FileOptions) -> Result<Text, TemplateError> {
        self.0.file(text, place, options)
    }
}
