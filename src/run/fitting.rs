//! Whether the keywords of a task have values of their kinds, as Ansible looks at them: at all of them, before anything is done.
//!
//! Our own verbs refuse what is written wrong before the run, and read a template's value where it is wanted.

use std::borrow::Cow;

use crate::base::{Spanned, Value};
use crate::model::Inherited;
use crate::plan::TaskStep;
use crate::vars::python::format::repr;
use crate::vars::{Problem, Templar, TemplateError};

/// The longest `timeout`, in seconds.
const LONGEST: i128 = 100_000_000;

/// What the value of a keyword must be.
#[derive(Clone, Copy)]
enum Kind {
    Bool,
    Int,
    Float,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Float => "float",
        }
    }

    fn takes(self, value: &Value) -> bool {
        match self {
            Self::Bool => value.to_bool().is_some(),
            Self::Int => whole(value).is_some(),
            Self::Float => number(value).is_some(),
        }
    }
}

/// A keyword: its name, what is said, and what that must be.
type Keyword<'a> = (&'static str, &'a Option<Spanned<Value>>, Kind);

/// Looks at the keywords of a task.
pub fn fit(task: &TaskStep, templar: &Templar) -> Result<(), TemplateError> {
    let said = &task.inherited;
    let keywords: [Keyword<'_>; 15] = [
        ("port", &said.port, Kind::Int),
        ("run_once", &said.run_once, Kind::Bool),
        ("ignore_errors", &said.ignore_errors, Kind::Bool),
        ("ignore_unreachable", &said.ignore_unreachable, Kind::Bool),
        ("check_mode", &said.check_mode, Kind::Bool),
        ("diff", &said.diff, Kind::Bool),
        ("any_errors_fatal", &said.any_errors_fatal, Kind::Bool),
        ("throttle", &said.throttle, Kind::Int),
        ("timeout", &said.timeout, Kind::Int),
        ("become", &said.becoming.r#become, Kind::Bool),
        ("delegate_facts", &said.delegate_facts, Kind::Bool),
        ("async_val", &task.r#async, Kind::Int),
        ("poll", &task.poll, Kind::Int),
        ("retries", &task.retries, Kind::Int),
        ("delay", &task.delay, Kind::Float),
    ];
    all(&keywords, templar)?;
    match &said.timeout {
        Some(timeout) => reasonable(&templar.render(&timeout.value)?),
        None => Ok(()),
    }
}

/// Looks at what says how a loop goes.
pub fn fit_loop(task: &TaskStep, templar: &Templar) -> Result<(), TemplateError> {
    let control = &task.loop_control;
    let keywords: [Keyword<'_>; 3] = [
        ("pause", &control.pause, Kind::Float),
        ("extended", &control.extended, Kind::Bool),
        ("extended_allitems", &control.extended_allitems, Kind::Bool),
    ];
    all(&keywords, templar)
}

/// The keywords without environments that are no mapping, and what the user is told of these.
pub fn with_environments_read<'s>(
    said: &'s Inherited,
    templar: &Templar,
) -> (Cow<'s, Inherited>, Option<String>) {
    let is_read = |one: &&Spanned<Value>| match &one.value {
        Value::Map(_) | Value::Null => true,
        // What cannot be rendered fails the task.
        other => templar.render(other).map_or(true, |value| match value {
            Value::Map(_) | Value::Null | Value::Omit => true,
            other => other.as_str() == Some(""),
        }),
    };
    let read: Vec<_> = said.environment.iter().filter(is_read).cloned().collect();
    if read.len() == said.environment.len() {
        return (Cow::Borrowed(said), None);
    }
    let written: Value = said.environment.iter().map(|one| one.value.clone()).collect::<Vec<_>>().into();
    let warning = format!("could not parse environment value, skipping: {}", repr(&written));
    (Cow::Owned(Inherited { environment: read, ..said.clone() }), Some(warning))
}

fn all(keywords: &[Keyword<'_>], templar: &Templar) -> Result<(), TemplateError> {
    for (name, said, kind) in keywords {
        let Some(said) = said else { continue };
        let wrong = |error: TemplateError| error.of_keyword(name, Some(&said.span));
        let value = templar.render(&said.value).map_err(wrong)?;
        if !matches!(value, Value::Null | Value::Omit) && !kind.takes(&value) {
            let problem = Problem::Unfit { value, wanted: kind.name() };
            return Err(wrong(TemplateError::new(problem, Some(said.span.clone()))));
        }
    }
    Ok(())
}

fn reasonable(timeout: &Value) -> Result<(), TemplateError> {
    match whole(timeout).filter(|seconds| !(0..=LONGEST).contains(seconds)) {
        Some(seconds) => {
            let message = format!("Timeout {seconds} is invalid, it must be between 0 and {LONGEST}.");
            Err(TemplateError::new(Problem::Failed(message), None))
        }
        None => Ok(()),
    }
}

/// A whole number, also one that is written as text.
fn whole(value: &Value) -> Option<i128> {
    match value {
        Value::Bool(flag) => Some(i128::from(*flag)),
        Value::Int(number) => Some(*number),
        other => {
            let number = number(other).filter(|number| number.fract() == 0.0 && number.abs() < 1e15)?;
            #[allow(clippy::cast_possible_truncation)] // whole, and small enough
            Some(number as i128)
        }
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Bool(flag) => Some(f64::from(*flag)),
        other => super::keyword::number(other),
    }
}
