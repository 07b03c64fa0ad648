//! What a monitor is: built in, or declared by a variable `monitor_NAME`. Reads variables, and knows no agent.

use super::unit::said;
use crate::base::suggest::nearest;
use crate::base::unit::{Quantity, Unit};
use crate::base::{Map, Value, shlex};
use crate::plan::{DECLARED, MonitorUse};
use crate::vars::Templar;
use crate::wire::samples::BUILT_IN;

/// From one sample to the next, in seconds, when nobody says.
const PERIOD: f64 = 1.0;
/// So many names may lead to each other.
const DEPTH: usize = 8;
/// What a declaration may say.
const KEYS: [&str; 5] = ["command", "period", "parser", "pattern", "columns"];

/// What the agent is asked for, or why there is no such monitor.
pub fn arguments(name: &str, wanted: &MonitorUse, templar: &Templar) -> Result<Map, String> {
    let found = find(name, templar)?;
    let declared = match &found {
        Found::Declared(map) => Some(map),
        Found::BuiltIn(_) => None,
    };
    let said_here = wanted.period.as_ref().map(|p| templar.render(&p.value)).transpose();
    let said_here = said_here.map_err(|error| said(&error))?;
    let period = said_here.as_ref().or_else(|| declared?.get("period"));
    let period = period.map_or(Ok(PERIOD), seconds)?;
    let mut args = Map::from_iter([("period_ms", Value::from((period * 1e3).round()))]);
    match found {
        Found::BuiltIn(name) => _ = args.insert("monitor", name),
        Found::Declared(map) => {
            args.insert("monitor", name);
            args.insert("command", command(&map)?);
            let mut how = map;
            how.remove("command");
            how.remove("period");
            args.insert("declared", how);
        }
    }
    Ok(args)
}

enum Found {
    BuiltIn(&'static str),
    Declared(Map),
}

/// A variable is asked first, so that a name that is built in may be declared otherwise.
fn find(name: &str, templar: &Templar) -> Result<Found, String> {
    let mut name = name.to_owned();
    for _ in 0..DEPTH {
        let Some((value, _)) = templar.scope().lookup(&format!("{DECLARED}{name}")) else {
            let built_in = BUILT_IN.iter().find(|known| **known == name);
            return built_in.map(|known| Found::BuiltIn(known)).ok_or_else(|| unknown(&name, templar));
        };
        match templar.render(value).map_err(|error| said(&error))? {
            Value::Map(map) => {
                if let Some(key) = map.keys().filter_map(|key| key.as_str()).find(|key| !KEYS.contains(key)) {
                    let hint = nearest(key, KEYS).map(|near| format!("; did you mean `{near}`?"));
                    return Err(format!("its declaration has no `{key}`{}", hint.unwrap_or_default()));
                }
                return Ok(Found::Declared(Map::clone(&map)));
            }
            // Another name for one that there is.
            Value::String(other) => other.as_str().clone_into(&mut name),
            other => return Err(format!("`{DECLARED}{name}` must be a mapping, not {}", other.kind())),
        }
    }
    Err("names lead in a circle".to_owned())
}

fn unknown(name: &str, templar: &Templar) -> String {
    let names = templar.scope().names();
    let declared = names.iter().filter_map(|variable| variable.strip_prefix(DECLARED));
    let near = nearest(name, BUILT_IN.into_iter().chain(declared));
    let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    format!("there is none of this name: the variable `{DECLARED}{name}` would declare it{hint}")
}

/// A list of words, or a line that is split as a shell would; no shell runs it.
fn command(map: &Map) -> Result<Value, String> {
    match map.get("command") {
        None => Err("its declaration has no `command`".to_owned()),
        Some(Value::List(words)) => {
            Ok(Value::list(words.iter().map(|word| word.to_string().into()).collect()))
        }
        Some(line) => {
            let words = shlex::split(&line.to_string()).map_err(|error| format!("its command: {error}"))?;
            Ok(Value::list(words.into_iter().map(Value::from).collect()))
        }
    }
}

/// `100ms`, or a number of seconds.
fn seconds(value: &Value) -> Result<f64, String> {
    let seconds = match super::keyword::number(value) {
        Some(seconds) => Ok(seconds),
        None => Quantity::parse(&value.to_string()).and_then(|q| q.value_in(&Unit::parse("s"))),
    };
    match seconds {
        Ok(seconds) if seconds > 0.0 => Ok(seconds),
        Ok(_) => Err(format!("`{value}` is no period: it must be longer than nothing")),
        Err(error) => Err(format!("`{value}` is no period: {error}")),
    }
}
