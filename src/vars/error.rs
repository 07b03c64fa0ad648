//! What can go wrong with a template, and how the user is told.

use super::causes::Around;
use crate::base::{Diagnostic, Span};
use crate::load::vault::VaultError;

/// Why a template gave no value.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    /// A name or an attribute has no value.
    #[error("{message}")]
    Undefined {
        /// In Ansible's words, which playbooks look for.
        message: String,
        /// A name that exists and is much like it.
        suggestion: Option<String>,
    },
    /// The text is no template.
    #[error("{0}")]
    Syntax(String),
    /// Marks inside an expression, where they would be taken as a literal text, which nobody means.
    #[error("an expression takes no `{{{{ }}}}` inside")]
    Marks,
    /// A filter, test, lookup or function that does not exist.
    #[error("unknown {what} `{name}`")]
    Unknown {
        /// `filter`, `test`, `lookup` or `function`.
        what: &'static str,
        /// As it was written.
        name: String,
        /// A name that exists and is much like it.
        suggestion: Option<String>,
    },
    /// An operation, a filter or a lookup refused.
    #[error("{0}")]
    Failed(String),
    /// A filter, a test, a lookup or a method refused.
    #[error("{}", refused(what, name, message))]
    Plugin {
        /// `filter`, `test`, `lookup` or `method`.
        what: &'static str,
        /// Its short name.
        name: String,
        /// Why.
        message: String,
    },
    /// A variable that needs itself; the chain ends with the name it began with.
    #[error("a variable needs itself: {}", .0.join(" -> "))]
    Cycle(Vec<String>),
    /// A condition whose result is no boolean.
    #[error("a condition must give true or false, this gave {gave}")]
    NotBoolean {
        /// What it gave, in words.
        gave: String,
        /// Its type, as Python has it.
        kind: &'static str,
        /// Whether it counts as true.
        holds: bool,
    },
    /// A condition of which nothing is written.
    #[error("an empty expression")]
    EmptyCondition,
    /// What is no condition at all: a number, a mapping.
    #[error("a condition must give true or false, this gave {gave}")]
    NoCondition {
        /// What it is, in words.
        gave: String,
    },
    /// The value of a keyword that is not of its kind.
    #[error("this must be of type {wanted}, not {}", value.kind())]
    Unfit {
        /// What it is.
        value: crate::base::Value,
        /// Its kind, as Python has it.
        wanted: &'static str,
    },
    /// What `loop` takes no items from.
    #[error("`loop` takes a list, this is {gave}; `dict2items` or `list` may help")]
    NoList {
        /// What it is, in words.
        gave: &'static str,
        /// Its type, as Python has it.
        kind: &'static str,
    },
    /// A text that is no one's to evaluate: of a host, or marked `!unsafe`.
    #[error("Encountered untrusted template or expression")]
    Untrusted,
    /// An encrypted value that no password opens.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl Problem {
    /// No variable has that name.
    pub fn undefined(name: &str) -> Self {
        Self::Undefined { message: format!("'{name}' is undefined"), suggestion: None }
    }
}

fn refused(what: &str, name: &str, message: &str) -> String {
    match what {
        "lookup" => format!("lookup `{name}`: {message}"),
        _ => format!("{name}: {message}"),
    }
}

/// What was undefined where a text stands in its place: the template, and why.
pub type StoodIn = Vec<(std::sync::Arc<str>, String)>;

/// A problem and its place.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{problem}")]
pub struct TemplateError {
    /// Why.
    pub problem: Problem,
    /// Where, when the text was read from a file; narrowed to the expression where possible.
    pub span: Option<Span>,
    /// The templates that led here, innermost first, each with the name of the variable it used.
    pub trail: Vec<(Span, String)>,
    /// What Ansible says around it.
    pub(super) around: Option<Box<Around>>,
}

impl TemplateError {
    /// A problem at a place.
    pub fn new(problem: Problem, span: Option<Span>) -> Self {
        Self { problem, span, trail: Vec::new(), around: None }
    }

    /// Whether a name had no value (`default` and `is defined` may catch it).
    pub fn is_undefined(&self) -> bool {
        matches!(self.problem, Problem::Undefined { .. })
    }

    /// Whether it names a filter, a test, a lookup or a function that there is not.
    pub fn is_unknown(&self) -> bool {
        matches!(self.problem, Problem::Unknown { .. })
    }

    fn code(&self) -> &'static str {
        match self.problem {
            Problem::Undefined { .. } => "undefined-variable",
            Problem::Syntax(_) | Problem::Marks | Problem::EmptyCondition => "template-syntax",
            Problem::Unknown { what: "filter", .. } => "unknown-filter",
            Problem::Unknown { what: "test", .. } => "unknown-test",
            Problem::Unknown { what: "lookup", .. } => "unknown-lookup",
            Problem::Unknown { .. } => "unknown-function",
            Problem::Failed(_) | Problem::NoList { .. } | Problem::Unfit { .. } | Problem::Plugin { .. } => {
                "template-failed"
            }
            Problem::Cycle(_) => "variable-cycle",
            Problem::NotBoolean { .. } | Problem::NoCondition { .. } => "condition-not-boolean",
            Problem::Untrusted => "untrusted-expression",
            Problem::Vault(_) => "vault",
        }
    }
}

impl From<TemplateError> for Diagnostic {
    fn from(error: TemplateError) -> Self {
        let mut diagnostic = Diagnostic::error(error.code(), error.problem.to_string());
        if let Some(span) = &error.span {
            diagnostic = diagnostic.at(span);
        }
        for (span, name) in &error.trail {
            diagnostic = diagnostic.related(span, format!("needs `{name}`"));
        }
        match &error.problem {
            Problem::Undefined { suggestion: Some(near), .. }
            | Problem::Unknown { suggestion: Some(near), .. } => {
                diagnostic.help(format!("did you mean `{near}`?"))
            }
            Problem::Undefined { suggestion: None, .. } => {
                diagnostic.help("give it a value, or say what to use without one: `| default(…)`")
            }
            Problem::NotBoolean { .. } | Problem::NoCondition { .. } => diagnostic.help(
                "say what is meant: `| bool` for yes and no, `is defined`, `| length > 0`, `== …`; or take the rules of \
                 older playbooks: `--expressions lenient`",
            ),
            Problem::Untrusted => diagnostic.help(
                "what a host said, what a template made and what is `!unsafe` is data; write the condition itself in the \
                 playbook",
            ),
            Problem::Marks => diagnostic
                .help("write the name alone; or take the rules of older playbooks: `--expressions lenient`"),
            Problem::Vault(vault) => vault.diagnostic().help.into_iter().fold(diagnostic, Diagnostic::help),
            _ => diagnostic,
        }
    }
}
