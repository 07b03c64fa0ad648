//! Whole numbers: Python's have no bounds, ours have 128 bits. What does not fit is an error, never another number.

use std::cmp::Ordering;
use std::num::IntErrorKind;

use crate::base::Value;

/// What is said of a number that does not fit.
pub const TOO_LARGE: &str = "the number is too large: whole numbers have 128 bits";

/// A number by its digits in a base (2 to 36), without a prefix or a sign; nothing when these are no digits.
pub fn parse(digits: &str, base: u32) -> Result<Option<i128>, &'static str> {
    if digits.starts_with(['+', '-']) {
        return Ok(None);
    }
    match i128::from_str_radix(digits, base) {
        Ok(number) => Ok(Some(number)),
        Err(error) if *error.kind() == IntErrorKind::PosOverflow => Err(TOO_LARGE),
        Err(_) => Ok(None),
    }
}

/// A float without its fraction; nothing for what is no number.
pub fn truncated(x: f64) -> Result<Option<Value>, &'static str> {
    /// 2 to the power of 127.
    const BOUND: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0;
    match x {
        x if !x.is_finite() => Ok(None),
        x if x.abs() >= BOUND => Err(TOO_LARGE),
        #[allow(clippy::cast_possible_truncation)] // the range was checked
        x => Ok(Some(Value::Int(x.trunc() as i128))),
    }
}

/// Whether a whole number is less or more than a float, which is not rounded for it; nothing for what is no number.
pub fn with_float(a: i128, b: f64) -> Option<Ordering> {
    match truncated(b) {
        Ok(Some(Value::Int(whole))) => Some(a.cmp(&whole).then(0.0_f64.partial_cmp(&b.fract())?)),
        _ if b.is_nan() => None,
        _ => Some(if b > 0.0 { Ordering::Less } else { Ordering::Greater }),
    }
}
