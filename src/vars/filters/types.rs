//! Kinds of values, and the choice between two.

use super::{Filter, filter};
use crate::base::Value;
use crate::vars::call::{Call, CallError};

pub(super) const FILTERS: &[Filter] = &[filter("ternary", ternary), filter("type_debug", type_debug)];

fn ternary(call: &Call<'_>) -> Result<Value, CallError> {
    let when_true = call.required(1, "true_val")?;
    let when_false = call.required(2, "false_val")?;
    let when_null = call.arg(3, "none_val");
    Ok(match (call.subject()?, when_null) {
        (Value::Null, Some(value)) => value.clone(),
        (subject, _) if subject.is_truthy() => when_true.clone(),
        _ => when_false.clone(),
    })
}

/// The name Python gives to the kind.
fn type_debug(call: &Call<'_>) -> Result<Value, CallError> {
    Ok(Value::from(match call.subject()? {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Float(_) => "float",
        Value::String(_) => "str",
        Value::Bytes(_) => "bytes",
        Value::List(_) => "list",
        Value::Map(_) => "dict",
        Value::Date(date) if date.len() == 10 => "date",
        Value::Date(_) => "datetime",
        Value::Undefined(_) => "Undefined",
        Value::Omit => "Omit",
    }))
}
