//! Renders values in a scope: the one door to the template engine.

use std::sync::Arc;

use super::python::type_name;
use super::template::Rendering;
use super::{Environment, Problem, Scope, StoodIn, TemplateError, lenient};
use crate::base::{Span, Text, Value};
use crate::load::Expressions;

/// How a template file is read; the defaults are those of Ansible's `template`.
#[derive(Clone, Debug, PartialEq)]
pub struct FileOptions {
    /// The newline after a block tag is left out.
    pub trim_blocks: bool,
    /// The blanks before a block tag are left out.
    pub lstrip_blocks: bool,
    /// What `\n` becomes in the result.
    pub newline_sequence: String,
    /// Other marks than `{%` and `%}`.
    pub block_marks: Option<(String, String)>,
    /// Other marks than `{{` and `}}`.
    pub variable_marks: Option<(String, String)>,
    /// Other marks than `{#` and `#}`.
    pub comment_marks: Option<(String, String)>,
    /// What begins a line that is a statement as a whole; empty: nothing does.
    pub line_statement_prefix: String,
    /// What begins a comment that the line ends; empty: nothing does.
    pub line_comment_prefix: String,
}

impl Default for FileOptions {
    fn default() -> Self {
        Self {
            trim_blocks: true,
            lstrip_blocks: false,
            newline_sequence: "\n".into(),
            block_marks: None,
            variable_marks: None,
            comment_marks: None,
            line_statement_prefix: String::new(),
            line_comment_prefix: String::new(),
        }
    }
}

/// Renders in one scope. Cheap to make and to clone; does no work by itself.
#[derive(Clone)]
pub struct Templar {
    scope: Scope,
    environment: Arc<Environment>,
}

impl Templar {
    /// For the variables of `scope`.
    pub fn new(scope: Scope, environment: Arc<Environment>) -> Self {
        Self { scope, environment }
    }

    /// The variables.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// What templates may reach besides variables.
    pub fn environment(&self) -> &Arc<Environment> {
        &self.environment
    }

    /// Renders every template inside a value. A string that is exactly one `{{ }}` keeps the type of its result;
    /// items and keys that become `omit` disappear.
    pub fn render(&self, value: &Value) -> Result<Value, TemplateError> {
        if !value.has_template() {
            return Ok(value.clone());
        }
        self.session().render(value)
    }

    /// The same, but what is undefined is left out of lists and mappings. A value that is undefined itself is an error.
    pub fn render_defined(&self, value: &Value) -> Result<Value, TemplateError> {
        let session = self.session();
        session.leave_out_undefined();
        session.render(value)
    }

    /// Renders to text, as Python's `str()` would print it; nothing gives the empty text.
    pub fn render_str(&self, value: &Value) -> Result<String, TemplateError> {
        Ok(match self.render(value)? {
            Value::Null => String::new(),
            other => other.to_string(),
        })
    }

    /// Renders to text that keeps the secret mark.
    pub fn render_text(&self, value: &Value) -> Result<Text, TemplateError> {
        Ok(match self.render(value)? {
            Value::String(text) => text,
            Value::Null => Text::data(""),
            other => Text::data(other.to_string()),
        })
    }

    /// Judges a condition: a boolean, an expression, or a list of them of which all must hold. Nothing holds.
    pub fn condition(&self, value: &Value) -> Result<bool, TemplateError> {
        match value {
            Value::Null => Ok(true),
            Value::Bool(holds) => Ok(*holds),
            Value::List(items) => {
                for item in items.iter() {
                    if !self.condition(item)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            _ if self.environment.expressions() == Expressions::Lenient => self.older_condition(value),
            Value::String(text) if text.span().is_some() => {
                let any = self.environment.habits().any_condition;
                if text.as_str().trim().is_empty() {
                    let problem = || TemplateError::new(Problem::EmptyCondition, text.span().cloned());
                    return if any { Ok(true) } else { Err(problem()) };
                }
                let result = self.session().condition(text).map_err(|error| {
                    if error.is_undefined() {
                        error.during("Error while evaluating conditional.", text.span())
                    } else {
                        error
                    }
                })?;
                match result.as_bool() {
                    Some(holds) => Ok(holds),
                    None if any => Ok(result.is_truthy()),
                    None => {
                        let (gave, kind) = (in_words(&result), type_name(&result));
                        let problem = Problem::NotBoolean { gave, kind, holds: result.is_truthy() };
                        Err(TemplateError::new(problem, text.span().cloned()))
                    }
                }
            }
            Value::String(_) => Err(TemplateError::new(Problem::Untrusted, None)),
            other if self.environment.habits().any_condition => Ok(other.is_truthy()),
            other => Err(TemplateError::new(Problem::NoCondition { gave: in_words(other) }, None)),
        }
    }

    /// Judges a condition by the older rules: whatever it gives is true or false, and marks in it are filled in before.
    fn older_condition(&self, value: &Value) -> Result<bool, TemplateError> {
        let Value::String(text) = value else { return Ok(value.is_truthy()) };
        let Some(span) = text.span() else { return Err(TemplateError::new(Problem::Untrusted, None)) };
        if !value.has_template() {
            return Ok(text.as_str().trim().is_empty() || self.session().expression(text)?.is_truthy());
        }
        let at = |expression: &str| Text::template(expression, span.clone());
        let raw = |name: &str| match self.scope.lookup(name)?.0 {
            Value::String(text) if text.span().is_some() => Some(text.clone()),
            _ => None,
        };
        let evaluate = |expression: &str| self.session().expression(&at(expression));
        let filled = lenient::without_marks(text.as_str(), &evaluate, &raw).map_err(|mut error| {
            error.span.get_or_insert_with(|| span.clone());
            error
        })?;
        if filled.trim().is_empty() {
            return Ok(false);
        }
        Ok(self.session().expression(&at(&filled))?.is_truthy())
    }

    /// Evaluates an expression without marks around it, as in `debug: var=…` or `that:`.
    pub fn evaluate(&self, expression: &Text) -> Result<Value, TemplateError> {
        self.evaluate_in(&self.session(), expression)
    }

    /// The same; where something is undefined, a text that says so stands in its place. Gives what was undefined, too,
    /// each behind its template.
    pub fn inspect(&self, expression: &Text) -> Result<(Value, StoodIn), TemplateError> {
        let session = self.session();
        session.replace_undefined();
        let value = self.evaluate_in(&session, expression)?;
        Ok((value, session.replaced()))
    }

    fn evaluate_in(&self, session: &Rendering, expression: &Text) -> Result<Value, TemplateError> {
        if self.environment.expressions() == Expressions::Lenient
            && let Some(span) = expression.span()
        {
            let wrapped = format!("{{{{ {} }}}}", expression.as_str());
            return session.render(&Value::String(Text::template(wrapped, span.clone())));
        }
        session.expression(expression)
    }

    /// Renders the text of a template file. `place` is the whole file: errors point into it.
    pub fn template_file(
        &self,
        text: &str,
        place: &Span,
        options: &FileOptions,
    ) -> Result<Text, TemplateError> {
        self.session().file(text, place, options)
    }

    fn session(&self) -> Rendering {
        Rendering::new(self.scope.clone(), Arc::clone(&self.environment))
    }
}

/// What a condition gave.
fn in_words(value: &Value) -> String {
    match value {
        Value::String(t) if !t.is_secret() && t.as_str().len() <= 40 => {
            format!("the string `{t}`", t = t.as_str())
        }
        Value::Int(i) => format!("the integer {i}"),
        other => other.kind().to_owned(),
    }
}
