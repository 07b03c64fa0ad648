//! Keywords of a task whose values are templates, read as what they must be.

use std::time::Duration;

use crate::base::{Map, Spanned, Value};
use crate::model::Inherited;
use crate::plan::TaskStep;
use crate::vars::python::type_name;
use crate::vars::{Problem, Templar, TemplateError};

/// How long a child has between TERM and KILL when nobody says.
pub const GRACE: Duration = Duration::from_secs(10);

/// A number, also one that is written as text.
pub fn number(value: &Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_str()?.trim().parse().ok()).filter(|n| n.is_finite())
}

fn wrong(value: &Spanned<Value>, keyword: &str, wanted: &str, got: &Value) -> TemplateError {
    let problem = Problem::Failed(format!("`{keyword}` must be {wanted}, not {}", got.kind()));
    TemplateError::new(problem, Some(value.span.clone()))
}

/// The value of a keyword.
fn value(said: &Spanned<Value>, keyword: &str, templar: &Templar) -> Result<Value, TemplateError> {
    templar.render(&said.value).map_err(|error| error.of_keyword(keyword, Some(&said.span)))
}

/// A boolean keyword.
pub fn boolean(
    value: Option<&Spanned<Value>>,
    keyword: &str,
    templar: &Templar,
) -> Result<Option<bool>, TemplateError> {
    let Some(value) = value else { return Ok(None) };
    match self::value(value, keyword, templar)? {
        Value::Null | Value::Omit => Ok(None),
        rendered => rendered.to_bool().map(Some).ok_or_else(|| wrong(value, keyword, "a boolean", &rendered)),
    }
}

/// A keyword that takes a number.
pub fn quantity(
    value: Option<&Spanned<Value>>,
    keyword: &str,
    templar: &Templar,
) -> Result<Option<f64>, TemplateError> {
    let Some(value) = value else { return Ok(None) };
    match self::value(value, keyword, templar)? {
        Value::Null | Value::Omit => Ok(None),
        rendered => number(&rendered).map(Some).ok_or_else(|| wrong(value, keyword, "a number", &rendered)),
    }
}

/// `throttle`: a whole number; what it says of another value is what Ansible says.
pub fn limit(value: &Spanned<Value>, templar: &Templar) -> Result<f64, String> {
    let wrong = |why: String| format!("Failed to convert the throttle value to an integer: {why}");
    match templar.render(&value.value).map_err(|error| wrong(error.to_string()))? {
        Value::Null | Value::Omit => Ok(0.0),
        Value::Undefined(name) => Err(wrong(format!("'{name}' is undefined"))),
        Value::String(text) => text.as_str().trim().parse::<i32>().map(f64::from).map_err(|_| {
            wrong(format!("invalid literal for int() with base 10: '{text}'", text = text.as_str()))
        }),
        rendered => number(&rendered).ok_or_else(|| {
            wrong(format!(
                "int() argument must be a string, a bytes-like object or a real number, not '{}'",
                type_name(&rendered)
            ))
        }),
    }
}

/// A keyword that takes seconds; zero and less mean none.
pub fn seconds(
    value: Option<&Spanned<Value>>,
    keyword: &str,
    templar: &Templar,
) -> Result<Option<Duration>, TemplateError> {
    let seconds = quantity(value, keyword, templar)?.filter(|s| *s > 0.0);
    Ok(seconds.and_then(|s| Duration::try_from_secs_f64(s).ok()))
}

/// What a task's keywords say about how it is called.
#[derive(Clone, Debug)]
pub struct Manner {
    /// Only say what would change.
    pub check: bool,
    /// Give before and after.
    pub diff: bool,
    /// Until TERM.
    pub timeout: Option<Duration>,
    /// From TERM to KILL.
    pub grace: Duration,
    /// For children.
    pub environment: Vec<(String, String)>,
    /// Whether it outlives the connection.
    pub lasting: Lasting,
    /// The folder in which files say how jobs are doing, where the user is to see some.
    pub told_in: Option<String>,
}

/// How often a job is looked at when nobody says it, in seconds: Ansible's `poll_interval`.
const POLL: f64 = 15.0;

/// Whether and how a call outlives the connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lasting {
    /// It ends with the connection.
    #[default]
    No,
    /// A round of a case: what may not be done twice is a job.
    Round,
    /// `durable: true`
    Durable,
    /// `async`: this long at most; waited for, and looked at so often, or not (`poll: 0`).
    Async(Duration, Option<Duration>),
}

impl Lasting {
    /// What a task says.
    pub fn read(task: &TaskStep, in_round: bool, templar: &Templar) -> Result<Self, TemplateError> {
        if let Some(limit) = seconds(task.r#async.as_ref(), "async", templar)? {
            let poll = quantity(task.poll.as_ref(), "poll", templar)?.unwrap_or(POLL);
            let poll = (poll > 0.0).then(|| Duration::try_from_secs_f64(poll).unwrap_or(Duration::MAX));
            return Ok(Self::Async(limit, poll));
        }
        let durable = boolean(task.durable.as_ref(), "durable", templar)? == Some(true);
        Ok(match (durable, in_round) {
            (true, _) => Self::Durable,
            (false, true) => Self::Round,
            (false, false) => Self::No,
        })
    }
}

impl Manner {
    /// Reads them; `check` and `diff` are what the command line says.
    pub fn read(said: &Inherited, check: bool, diff: bool, templar: &Templar) -> Result<Self, TemplateError> {
        Ok(Self {
            check: boolean(said.check_mode.as_ref(), "check_mode", templar)?.unwrap_or(check),
            diff: boolean(said.diff.as_ref(), "diff", templar)?.unwrap_or(diff),
            timeout: seconds(said.timeout.as_ref(), "timeout", templar)?,
            grace: seconds(said.grace.as_ref(), "grace", templar)?.unwrap_or(GRACE),
            environment: environment(&said.environment, templar)?,
            lasting: Lasting::No,
            told_in: None,
        })
    }
}

/// Environments merged, inner ones winning.
fn environment(said: &[Spanned<Value>], templar: &Templar) -> Result<Vec<(String, String)>, TemplateError> {
    variables(said, templar).map_err(|error| error.of_keyword("environment", None))
}

fn variables(said: &[Spanned<Value>], templar: &Templar) -> Result<Vec<(String, String)>, TemplateError> {
    if said.is_empty() {
        return Ok(Vec::new());
    }
    let mut merged = Map::new();
    for value in said {
        if let Value::Map(map) = &value.value {
            for (name, value) in map.iter() {
                match templar.render(value) {
                    Ok(Value::Omit) => {}
                    Ok(value) => drop(merged.insert(name.clone(), value)),
                    // As in Ansible: what is built on the target's own environment waits until its facts are there.
                    Err(error) if error.is_undefined() && error.to_string().contains("ansible_env") => {}
                    Err(error) => return Err(error),
                }
            }
            continue;
        }
        // A list of mappings is Ansible's other form.
        match templar.render(&value.value)? {
            Value::Map(map) => merged.extend(&map),
            Value::List(maps) => maps.iter().filter_map(Value::as_map).for_each(|map| merged.extend(map)),
            Value::Null | Value::Omit => {}
            other if other.as_str() == Some("") => {}
            other => return Err(wrong(value, "environment", "a mapping", &other)),
        }
    }
    Ok(merged.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect())
}
