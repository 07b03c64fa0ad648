//! What a monitor is: built in, or declared by a variable `monitor_NAME`. Reads variables, and knows no agent.

use super::step::MonitorUse;
use crate::base::monitors::{BUILT_IN, DECLARED};
use crate::base::suggest::nearest;
use crate::base::unit::{Quantity, Unit};
use crate::base::{Map, Value, shlex};
use crate::vars::{Templar, TemplateError};

/// From one sample to the next, in seconds, when nobody says.
const PERIOD: f64 = 1.0;
/// So many names may lead to each other.
const DEPTH: usize = 8;
/// What a declaration may say.
const KEYS: [&str; 5] = ["command", "period", "parser", "pattern", "columns"];
/// What it may say of a column.
const COLUMN_KEYS: [&str; 4] = ["name", "unit", "label", "counter"];
/// What separates the fields of a row.
const PARSERS: [&str; 3] = ["words", "csv", "regex"];

/// Why a monitor cannot sample.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DeclarationError {
    /// Nobody declares it.
    #[error("there is none of this name: the variable `{DECLARED}{name}` would declare it{}", hint(.near.as_ref()))]
    Unknown {
        /// The name that leads nowhere.
        name: String,
        /// A name that there is and that is much like it.
        near: Option<String>,
    },
    /// A template in it has no value, or none yet.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// It says what it may not.
    #[error("{0}")]
    Wrong(String),
}

fn hint(near: Option<&String>) -> String {
    near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

/// What the agent is asked for, or why there is no such monitor.
pub fn arguments(name: &str, wanted: &MonitorUse, templar: &Templar) -> Result<Map, DeclarationError> {
    let found = find(name, templar)?;
    let period = period(wanted, &found, templar)?;
    let mut args = Map::from_iter([("period_ms", Value::from((period * 1e3).round()))]);
    match found {
        Found::BuiltIn(name) => _ = args.insert("monitor", name),
        Found::Declared(mut map) => {
            args.insert("monitor", name);
            let command = map.remove("command").unwrap_or_default();
            map.remove("period");
            args.insert("command", words(&templar.render(&command)?)?);
            args.insert("declared", templar.render(&map.into())?);
        }
    }
    Ok(args)
}

/// Whether there is such a monitor, as far as that is known.
pub(super) fn check(name: &str, wanted: &MonitorUse, templar: &Templar) -> Result<(), DeclarationError> {
    let found = find(name, templar)?;
    period(wanted, &found, templar).map(|_| ())
}

enum Found {
    BuiltIn(&'static str),
    /// Its templates are not rendered yet.
    Declared(Map),
}

/// A variable is asked first, so that a name that is built in may be declared otherwise.
fn find(name: &str, templar: &Templar) -> Result<Found, DeclarationError> {
    let mut name = name.to_owned();
    for _ in 0..DEPTH {
        let Some((value, _)) = templar.scope().lookup(&format!("{DECLARED}{name}")) else {
            let built_in = BUILT_IN.iter().find(|known| **known == name);
            return built_in.map(|known| Found::BuiltIn(known)).ok_or_else(|| unknown(&name, templar));
        };
        let rendered = match value {
            Value::Map(_) => value.clone(),
            other => templar.render(other)?,
        };
        match rendered {
            Value::Map(map) => {
                look_over(&map)?;
                return Ok(Found::Declared(Map::clone(&map)));
            }
            // Another name for one that there is.
            Value::String(other) => other.as_str().clone_into(&mut name),
            other => {
                let text = format!("`{DECLARED}{name}` must be a mapping, not {}", other.kind());
                return Err(DeclarationError::Wrong(text));
            }
        }
    }
    Err(DeclarationError::Wrong("names lead in a circle".to_owned()))
}

fn unknown(name: &str, templar: &Templar) -> DeclarationError {
    let names = templar.scope().names();
    let declared = names.iter().filter_map(|variable| variable.strip_prefix(DECLARED));
    let near = nearest(name, BUILT_IN.into_iter().chain(declared)).map(ToOwned::to_owned);
    DeclarationError::Unknown { name: name.to_owned(), near }
}

/// The words of a declaration.
fn look_over(map: &Map) -> Result<(), DeclarationError> {
    known_keys(map, "its declaration has", &KEYS)?;
    if !map.contains_key("command") {
        return Err(DeclarationError::Wrong("its declaration has no `command`".to_owned()));
    }
    for column in map.get("columns").and_then(Value::as_list).unwrap_or_default() {
        if let Some(column) = column.as_map() {
            known_keys(column, "a column has", &COLUMN_KEYS)?;
        }
    }
    match map.get("parser").filter(|parser| !parser.has_template()).map(ToString::to_string) {
        Some(parser) if !PARSERS.contains(&parser.as_str()) => {
            let near = nearest(&parser, PARSERS).map(ToOwned::to_owned);
            let text = format!("there is no parser `{parser}`{}", hint(near.as_ref()));
            Err(DeclarationError::Wrong(text))
        }
        _ => Ok(()),
    }
}

fn known_keys(map: &Map, who: &str, known: &[&str]) -> Result<(), DeclarationError> {
    match map.keys().filter_map(|key| key.as_str()).find(|key| !known.contains(key)) {
        Some(key) => {
            let near = nearest(key, known.iter().copied()).map(ToOwned::to_owned);
            Err(DeclarationError::Wrong(format!("{who} no `{key}`{}", hint(near.as_ref()))))
        }
        None => Ok(()),
    }
}

/// A list of words, or a line that is split as a shell would; no shell runs it.
fn words(command: &Value) -> Result<Value, DeclarationError> {
    if let Value::List(words) = command {
        return Ok(Value::list(words.iter().map(|word| word.to_string().into()).collect()));
    }
    let words = shlex::split(&command.to_string());
    let words = words.map_err(|error| DeclarationError::Wrong(format!("its command: {error}")))?;
    Ok(Value::list(words.into_iter().map(Value::from).collect()))
}

/// In seconds: what stands beside the name, else what the declaration says.
fn period(wanted: &MonitorUse, found: &Found, templar: &Templar) -> Result<f64, DeclarationError> {
    let declared = match found {
        Found::Declared(map) => map.get("period"),
        Found::BuiltIn(_) => None,
    };
    let said = wanted.period.as_ref().map(|period| &period.value).or(declared);
    let Some(said) = said else { return Ok(PERIOD) };
    let value = templar.render(said)?;
    let wrong = |why: &dyn std::fmt::Display| {
        DeclarationError::Wrong(format!("`{value}` is no period, such as `100ms`: {why}"))
    };
    let seconds = Quantity::parse(&value.to_string()).and_then(|q| q.value_in(&Unit::parse("s")));
    match seconds {
        Ok(seconds) if seconds > 0.0 => Ok(seconds),
        Ok(_) => Err(wrong(&"it must be longer than nothing")),
        Err(error) => Err(wrong(&error)),
    }
}
