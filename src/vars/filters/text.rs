//! Texts: encodings, digests, quoting, comments.

use super::{Filter, filter};
use crate::base::Value;
use crate::vars::call::{Call, CallError};

pub(super) const FILTERS: &[Filter] = &[filter("string", string)];

/// Python's `str()`.
fn string(call: &Call<'_>) -> Result<Value, CallError> {
    Ok(Value::from(call.subject()?.to_string()))
}
