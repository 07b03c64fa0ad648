//! Functions of expressions besides `lookup` and `query`.

use super::call::{Call, CallError};
use crate::base::Value;

/// A function.
pub struct Function {
    /// As it is called.
    pub name: &'static str,
    /// What it gives.
    pub run: fn(&Call<'_>) -> Result<Value, CallError>,
}

const FUNCTIONS: &[Function] = &[Function { name: "undef", run: undef }];

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Function> {
    FUNCTIONS.iter()
}

/// Says that a value must be given by whoever uses the role.
fn undef(call: &Call<'_>) -> Result<Value, CallError> {
    let hint = call.text(0, "hint")?.unwrap_or_else(|| "a mandatory variable".into());
    Err(CallError::Undefined(hint))
}
