//! Lookups: values from the controller, one row each.

use std::sync::Arc;

use super::call::{Call, CallError};
use super::plugins::{self, Kind, Plugins};
use crate::base::suggest::nearest;
use crate::base::{Map, Value};

mod command;
pub mod config;
mod csvfile;
mod data;
mod files;
mod first_found;
pub(super) mod glob;
mod ini;
mod inventory;
mod password;
mod sequence;
mod url;

/// The variable by which a lookup knows that it is a `with_*`: the name of the task's module or action.
pub const WITH: &str = "benchbook_with";

/// Whether a `with_*` leaves out what is undefined among its terms.
pub fn leaves_out_undefined(name: &str) -> bool {
    bare(name) == "first_found"
}

/// What a lookup was asked.
pub struct Request<'a> {
    /// After the lookup's name, in order.
    pub terms: &'a [Value],
    /// By name.
    pub options: &'a Map,
    /// The place it is asked from.
    pub caller: &'a dyn super::call::Caller,
}

/// A lookup.
pub struct Lookup {
    /// Its name.
    pub name: &'static str,
    /// The options it knows; others are refused.
    pub options: &'static [&'static str],
    /// What it finds.
    pub run: fn(&Request<'_>) -> Result<Vec<Value>, CallError>,
}

fn all() -> impl Iterator<Item = &'static Lookup> {
    [
        csvfile::LOOKUPS,
        ini::LOOKUPS,
        password::LOOKUPS,
        data::LOOKUPS,
        files::LOOKUPS,
        first_found::LOOKUPS,
        command::LOOKUPS,
        sequence::LOOKUPS,
        config::LOOKUPS,
        inventory::LOOKUPS,
        url::LOOKUPS,
    ]
    .into_iter()
    .flatten()
}

/// The names of all lookups.
pub fn names() -> impl Iterator<Item = &'static str> {
    all().map(|lookup| lookup.name)
}

/// The options of a lookup that may be undefined, because it does not always need them; it gets [`Value::Undefined`].
pub(super) fn take_missing(name: &str) -> &'static [&'static str] {
    if bare(name) == "env" { &["default"] } else { &[] }
}

fn bare(name: &str) -> &str {
    name.strip_prefix("ansible.builtin.").unwrap_or(name)
}

/// `lookup(name, …)` gives one value or the values joined by commas; `query` gives the list.
pub(super) fn call(call: &Call<'_>, list: bool) -> Result<Value, CallError> {
    let name = call.required_text(0, "name")?;
    let bare = bare(&name);
    if let Some(plugins) = call.caller().environment().own_plugin(Kind::Lookup, &name) {
        return foreign(call, list, &name, plugins);
    }
    let Some(lookup) = all().find(|lookup| lookup.name == bare) else {
        if let Some(plugins) = call.caller().environment().plugin(Kind::Lookup, &name) {
            return foreign(call, list, &name, plugins);
        }
        let suggestion = nearest(bare, names()).map(ToOwned::to_owned);
        return Err(CallError::Unknown { what: "lookup", name, suggestion });
    };
    let mut options = call.all_named().clone();
    let want_list = options.remove("wantlist").is_some_and(|value| value.is_truthy()) || list;
    let errors = options.remove("errors").map_or_else(|| "strict".to_owned(), |value| value.to_string());
    if let Some(unknown) =
        options.keys().find(|key| !key.as_str().is_some_and(|k| lookup.options.contains(&k)))
    {
        return Err(format!("the lookup `{bare}` has no option `{unknown}`").into());
    }
    let request = Request { terms: call.rest(1), options: &options, caller: call.caller() };
    let found = match (lookup.run)(&request) {
        Ok(found) => found,
        Err(_) if errors != "strict" => {
            return Ok(if want_list { Value::list(Vec::new()) } else { Value::Null });
        }
        Err(CallError::Refused(message)) => return Err(CallError::Lookup { name: bare.to_owned(), message }),
        Err(other) => return Err(other),
    };
    Ok(told(found, want_list))
}

/// A lookup that is not built in.
fn foreign(call: &Call<'_>, list: bool, name: &str, plugins: &Arc<dyn Plugins>) -> Result<Value, CallError> {
    let mut named = call.all_named().clone();
    let want_list = named.remove("wantlist").is_some_and(|value| value.is_truthy()) || list;
    let strict = named.remove("errors").is_none_or(|value| value.to_string() == "strict");
    match plugins::run(plugins, Kind::Lookup, name, call, 1, &named) {
        Ok(Value::List(found)) => Ok(told(found.to_vec(), want_list)),
        Ok(other) => Ok(told(vec![other], want_list)),
        Err(_) if !strict => Ok(if want_list { Value::list(Vec::new()) } else { Value::Null }),
        Err(error) => Err(error),
    }
}

/// What was found, as `query` or as `lookup` gives it.
fn told(found: Vec<Value>, want_list: bool) -> Value {
    if want_list {
        return Value::list(found);
    }
    match <[Value; 1]>::try_from(found) {
        Ok([one]) => one,
        // Nothing at all stays a list.
        Err(found) if !found.is_empty() && found.iter().all(|value| value.as_str().is_some()) => {
            let texts: Vec<_> = found.iter().filter_map(Value::as_str).collect();
            Value::from(texts.join(","))
        }
        Err(found) => Value::list(found),
    }
}
