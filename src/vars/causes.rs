//! What Ansible says around an error of a template: in which text it arose, and what was being done.

use std::path::Path;

use super::python::format::repr;
use super::{Problem, TemplateError};
use crate::base::Span;
use crate::base::cause::{Cause, in_brief};
use crate::load::absolute;

/// Where an error arose, and what was being done.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Around {
    /// The innermost template or expression: its place, and whether it is an expression.
    arose: Option<(Option<Span>, bool)>,
    /// Innermost first.
    doing: Vec<(String, Option<Span>)>,
}

/// A place as Ansible writes it within a sentence.
fn from_the_root(span: &Span) -> String {
    absolute(Path::new(&span.with_quotes().to_string()))
}

impl TemplateError {
    /// It arose in that template or expression, unless it did in one further inside.
    #[must_use]
    pub(super) fn arisen(mut self, span: Option<&Span>, is_expression: bool) -> Self {
        let around = self.around.get_or_insert_default();
        around.arose.get_or_insert_with(|| (span.cloned(), is_expression));
        self
    }

    /// What was being done when it happened: a sentence, and what it is about.
    #[must_use]
    pub fn during(mut self, doing: impl Into<String>, about: Option<&Span>) -> Self {
        self.around.get_or_insert_default().doing.push((doing.into(), about.cloned()));
        self
    }

    /// The value of a keyword was wanted.
    #[must_use]
    pub fn of_keyword(self, keyword: &str, about: Option<&Span>) -> Self {
        self.during(format!("Error processing keyword '{keyword}'."), about)
    }

    /// The chain of causes in Ansible's words, outermost first.
    pub fn causes(&self) -> Vec<Cause> {
        let place = |span: &Option<Span>| {
            let written = span.as_ref().filter(|span| !span.source().text().is_empty());
            written.map(|span| {
                if span.is_whole() { span.source().name().to_owned() } else { span.with_quotes().to_string() }
            })
        };
        let arose = self.around.as_ref().and_then(|around| around.arose.as_ref());
        let own = Cause {
            message: self.ansibles(),
            place: place(arose.map_or(&self.span, |(span, _)| span)),
            help: self.help(),
        };
        let doing = self.around.iter().flat_map(|around| around.doing.iter().rev());
        doing.map(|(doing, span)| Cause::new(doing.as_str(), place(span))).chain([own]).collect()
    }

    /// All of it in one sentence, in Ansible's words.
    pub fn in_brief(&self) -> String {
        in_brief(self.causes().iter().map(|cause| cause.message.as_str()))
    }

    /// The words of Ansible, which playbooks look for.
    pub fn ansibles(&self) -> String {
        let arose = self.around.as_ref().and_then(|around| around.arose.as_ref());
        let kind =
            if arose.is_some_and(|(_, is_expression)| *is_expression) { "expression" } else { "template" };
        match &self.problem {
            Problem::Syntax(message) => format!("Syntax error in {kind}: {message}"),
            Problem::Unknown { what: "lookup", name, .. } => {
                format!("The lookup plugin '{name}' was not found.")
            }
            Problem::Unknown { what: what @ ("filter" | "test"), name, .. } => {
                format!("Syntax error in {kind}: No {what} named '{name}'.")
            }
            Problem::Plugin { what: "lookup", name, message } => {
                format!("The lookup plugin '{name}' failed: {message}")
            }
            Problem::Plugin { what: what @ ("filter" | "test"), name, message } => {
                format!("The {what} plugin 'ansible.builtin.{name}' failed: {message}")
            }
            Problem::Cycle(names) => {
                let chain = names.join(" -> ");
                format!("Recursive loop detected in {kind}: a variable needs itself: {chain}")
            }
            Problem::Vault(error) => format!("Attempt to use undecryptable variable: {error}"),
            Problem::NotBoolean { kind, holds, .. } => {
                let holds = if *holds { "True" } else { "False" };
                let place = self.span.as_ref().map_or_else(|| "<unknown>".to_owned(), from_the_root);
                format!(
                    "Conditional result ({holds}) was derived from value of type '{kind}' at '{place}'. \
                     Conditionals must have a boolean result."
                )
            }
            Problem::EmptyCondition => "Empty conditional expressions are not allowed.".to_owned(),
            Problem::NoCondition { .. } => "Conditional expressions must be strings.".to_owned(),
            Problem::Unfit { value, wanted } => {
                format!("The value {} could not be converted to '{wanted}'.", repr(value))
            }
            Problem::NoList { kind, .. } => {
                format!("The `loop` value must resolve to a 'list', not '{kind}'.")
            }
            Problem::Failed(message) if arose.is_some() => format!("Error rendering {kind}: {message}"),
            other => other.to_string(),
        }
    }

    fn help(&self) -> Option<&'static str> {
        match self.problem {
            Problem::NotBoolean { .. } | Problem::EmptyCondition | Problem::NoCondition { .. } => Some(
                "Broken conditionals can be temporarily allowed with the `ALLOW_BROKEN_CONDITIONALS` configuration option.",
            ),
            Problem::NoList { .. } => {
                Some("Provide a list of items/templates, or a template resolving to a list.")
            }
            _ => None,
        }
    }
}
