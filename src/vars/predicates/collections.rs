//! Tests of lists, mappings and truth.

use super::text::truth;
use super::{Predicate, predicate};
use crate::base::Value;
use crate::vars::call::{Call, CallError};
use crate::vars::filters::collections::items_of;

pub(super) const PREDICATES: &[Predicate] = &[
    predicate("subset", &["issubset"], |call| {
        let (a, b) = both(call)?;
        Ok(a.iter().all(|item| b.contains(item)))
    }),
    predicate("superset", &["issuperset"], |call| {
        let (a, b) = both(call)?;
        Ok(b.iter().all(|item| a.contains(item)))
    }),
    predicate("nan", &["isnan"], |call| Ok(matches!(call.subject()?, Value::Float(x) if x.is_nan()))),
    predicate("all", &[], |call| Ok(items_of(call.subject()?)?.iter().all(Value::is_truthy))),
    predicate("any", &[], |call| Ok(items_of(call.subject()?)?.iter().any(Value::is_truthy))),
    predicate("truthy", &[], truthy),
    predicate("falsy", &[], |call| Ok(!truthy(call)?)),
];

fn both(call: &Call<'_>) -> Result<(Vec<Value>, Vec<Value>), CallError> {
    Ok((items_of(call.subject()?)?, items_of(call.required(1, "other")?)?))
}

fn truthy(call: &Call<'_>) -> Result<bool, CallError> {
    let convert = call.flag(1, "convert_bool", false)?;
    Ok(truth(call.subject()?, convert))
}
