//! Filters that choose: what is there, or something else.

use std::rc::Rc;

use super::super::calling::Arguments;
use super::super::object::Val;
use super::super::run::Unit;
use crate::base::Value;
use crate::vars::call::CallError;

/// Whether a value is there. What failed is no less an error for being asked.
pub(super) fn is_there(value: &Val) -> Result<bool, CallError> {
    match value {
        Val::Missing(missing) if !missing.is_undefined() => Err(missing.to_error().into()),
        Val::Missing(_) | Val::Plain(Value::Undefined(_)) => Ok(false),
        _ => Ok(true),
    }
}

pub(super) fn default(_: &Rc<Unit>, arguments: Arguments) -> Result<Val, CallError> {
    let [value, fallback, for_false] = arguments.bind(["value", "default_value", "boolean"])?;
    let value = value.unwrap_or_else(Val::null);
    let for_false = for_false.map_or(Ok(false), |flag| flag.truth())?;
    if is_there(&value)? && (!for_false || value.truth()?) {
        return Ok(value);
    }
    Ok(fallback.unwrap_or_else(|| Val::text("")))
}

pub(super) fn mandatory(_: &Rc<Unit>, arguments: Arguments) -> Result<Val, CallError> {
    let [value, message] = arguments.bind(["value", "msg"])?;
    let value = value.unwrap_or_else(Val::null);
    if is_there(&value)? {
        return Ok(value);
    }
    let said = message.as_ref().and_then(Val::as_str).map(ToOwned::to_owned);
    let name = match &value {
        Val::Missing(missing) => missing.asked(),
        _ => None,
    };
    let named = name.map_or_else(String::new, |name| format!("'{name}' "));
    Err(said.unwrap_or_else(|| format!("Mandatory variable {named}not defined.")).into())
}

pub(super) fn ternary(_: &Rc<Unit>, arguments: Arguments) -> Result<Val, CallError> {
    let [value, when_true, when_false, when_null] =
        arguments.bind(["value", "true_val", "false_val", "none_val"])?;
    let value = value.unwrap_or_else(Val::null);
    let (Some(when_true), Some(when_false)) = (when_true, when_false) else {
        return Err("two values to choose from are needed".into());
    };
    Ok(match when_null {
        Some(when_null) if value.is_null() && !when_null.is_null() => when_null,
        _ if value.truth()? => when_true,
        _ => when_false,
    })
}

pub(super) fn type_debug(_: &Rc<Unit>, arguments: Arguments) -> Result<Val, CallError> {
    let [value] = arguments.bind(["value"])?;
    Ok(Val::text(value.unwrap_or_else(Val::null).type_name()))
}
