//! Filters and tests of the collection `ansible._protomatter`, by which playbooks look at what values carry unseen: where they
//! came from, and whether they may be templates.

use std::rc::Rc;

use super::super::calling::Arguments;
use super::super::object::Val;
use super::super::run::Unit;
use crate::base::{Map, Text, Value};
use crate::vars::Problem;
use crate::vars::call::CallError;

pub(super) const DUMP_OBJECT: &str = "ansible._protomatter.dump_object";
pub(super) const FINALIZE: &str = "ansible._protomatter.finalize";
pub(super) const ORIGIN: &str = "ansible._protomatter.origin";
pub(super) const TAG_NAMES: &str = "ansible._protomatter.tag_names";
pub(super) const TRUE_TYPE: &str = "ansible._protomatter.true_type";
pub(super) const TAGGED: &str = "ansible._protomatter.tagged";
pub(super) const TAGGED_WITH: &str = "ansible._protomatter.tagged_with";

/// A failure as a value; anything else as it is.
pub(super) fn dump_object(unit: &Rc<Unit>, arguments: Arguments) -> Result<Val, CallError> {
    let [value] = arguments.bind(["value"])?;
    match value {
        Some(Val::Missing(missing)) if !missing.is_undefined() => {
            let error = missing.to_error();
            let message = match error.problem {
                Problem::Failed(message) => message,
                _ => error.ansibles(),
            };
            let exception = Map::from_iter([("message", Value::from(message))]);
            let shown = Map::from_iter([("exception", Value::from(exception))]);
            Ok(Val::of(&Value::from(shown), &unit.session))
        }
        value => Ok(value.unwrap_or_else(Val::null)),
    }
}

/// As a value that leaves the template: tuples become lists.
pub(super) fn finalize(unit: &Rc<Unit>, arguments: Arguments) -> Result<Val, CallError> {
    let [value] = arguments.bind(["value"])?;
    Ok(Val::of(&value.unwrap_or_else(Val::null).to_value(&unit.session)?, &unit.session))
}

/// Where a text came from: a place in a file, a variable of the environment.
pub(super) fn origin(_: &Rc<Unit>, arguments: Arguments) -> Result<Val, CallError> {
    let [value] = arguments.bind(["value"])?;
    let origin = value.as_ref().and_then(text).and_then(|text| text.origin().map(ToString::to_string));
    Ok(origin.map_or_else(Val::null, Val::text))
}

pub(super) fn tag_names(_: &Rc<Unit>, arguments: Arguments) -> Result<Val, CallError> {
    let [value] = arguments.bind(["value"])?;
    Ok(Val::list(tags(value.as_ref()).into_iter().map(Val::text).collect()))
}

pub(super) fn tagged(_: &Rc<Unit>, arguments: Arguments) -> Result<bool, CallError> {
    let [value] = arguments.bind(["value"])?;
    Ok(!tags(value.as_ref()).is_empty())
}

pub(super) fn tagged_with(_: &Rc<Unit>, arguments: Arguments) -> Result<bool, CallError> {
    let [value, tag] = arguments.bind(["value", "tag_name"])?;
    let tag = tag.as_ref().and_then(Val::as_str).ok_or("the name of a tag is needed")?;
    Ok(tags(value.as_ref()).contains(&tag))
}

/// What the reference calls the marks of a value.
fn tags(value: Option<&Val>) -> Vec<&'static str> {
    let Some(text) = value.and_then(text) else { return Vec::new() };
    let marks = [
        ("Origin", text.origin().is_some()),
        ("TrustedAsTemplate", text.span().is_some()),
        ("VaultedValue", text.was_vault()),
    ];
    marks.into_iter().filter_map(|(name, there)| there.then_some(name)).collect()
}

fn text(value: &Val) -> Option<&Text> {
    match value {
        Val::Plain(Value::String(text)) => Some(text),
        _ => None,
    }
}
