//! Numbers: conversions as Python and Ansible make them, logarithms, sizes for people.

use super::{Filter, filter};
use crate::base::Value;
use crate::vars::call::{Call, CallError};
use crate::vars::python::size::{PREFIXES, power};
use crate::vars::python::{integer, size};

pub(super) const FILTERS: &[Filter] = &[
    filter("bool", to_bool),
    filter("int", to_int),
    filter("float", to_float),
    filter("round", round),
    filter("log", log),
    filter("pow", |call| {
        Ok(Value::Float(numeric(call.subject()?, "pow")?.powf(numeric(call.required(1, "y")?, "pow")?)))
    }),
    filter("root", root),
    filter("human_readable", human_readable),
    filter("human_to_bytes", human_to_bytes),
];

fn number(value: &Value) -> Result<f64, CallError> {
    value.as_float().ok_or_else(|| format!("a number is needed, not {}", value.kind()).into())
}

/// `yes`, `on`, `true`, `1` are true; everything else is false.
fn to_bool(call: &Call<'_>) -> Result<Value, CallError> {
    Ok(match call.subject()? {
        Value::Bool(b) => Value::Bool(*b),
        Value::String(text) => {
            let text = text.as_str().trim().to_ascii_lowercase();
            Value::Bool(matches!(text.as_str(), "yes" | "on" | "true" | "1"))
        }
        other => Value::Bool(other.as_float() == Some(1.0)),
    })
}

/// Python's `int()`; what is no number becomes the default.
fn to_int(call: &Call<'_>) -> Result<Value, CallError> {
    let default = call.arg(1, "default").cloned().unwrap_or(Value::Int(0));
    let base = u32::try_from(call.int(2, "base", 10)?).ok().filter(|base| matches!(base, 0 | 2..=36));
    let base = base.ok_or("`base` must be 2 to 36, or 0 for what the digits say")?;
    Ok(match call.subject()? {
        Value::Int(i) => Value::Int(*i),
        Value::Bool(b) => Value::from(i64::from(*b)),
        Value::Float(x) => integer::truncated(*x)?.unwrap_or(default),
        Value::String(text) => parse_int(text.as_str(), base)?.unwrap_or(default),
        _ => default,
    })
}

fn parse_int(text: &str, base: u32) -> Result<Option<Value>, CallError> {
    let text = text.trim().replace('_', "");
    let (sign, digits) =
        text.strip_prefix('-').map_or((1, text.strip_prefix('+').unwrap_or(&text)), |rest| (-1, rest));
    // The digits say it themselves.
    let base = match (base, digits.get(..2).map(str::to_ascii_lowercase).as_deref()) {
        (0, Some("0x")) => 16,
        (0, Some("0o")) => 8,
        (0, Some("0b")) => 2,
        (0, _) => 10,
        (base, _) => base,
    };
    let prefix = match base {
        16 => ["0x", "0X"],
        8 => ["0o", "0O"],
        2 => ["0b", "0B"],
        _ => ["", ""],
    };
    let digits = prefix.iter().find_map(|prefix| digits.strip_prefix(prefix)).unwrap_or(digits);
    match integer::parse(digits, base)? {
        Some(number) => Ok(Some(Value::Int(sign * number))),
        None => Ok(text.parse().map_or(Ok(None), integer::truncated)?),
    }
}

fn to_float(call: &Call<'_>) -> Result<Value, CallError> {
    let default = call.arg(1, "default").cloned().unwrap_or(Value::Float(0.0));
    Ok(match call.subject()? {
        Value::Bool(b) => Value::Float(f64::from(u8::from(*b))),
        Value::String(text) => text.as_str().trim().replace('_', "").parse().map_or(default, Value::Float),
        other => other.as_float().map_or(default, Value::Float),
    })
}

/// Half goes to the even neighbour, as in Python.
fn round(call: &Call<'_>) -> Result<Value, CallError> {
    let x = number(call.subject()?)?;
    let digits = i32::try_from(call.int(1, "precision", 0)?).map_err(|_| "`precision` is too large")?;
    let method = call.text(2, "method")?;
    if let (Value::Int(i), None | Some("common")) = (call.subject()?, method.as_deref()) {
        return Ok(Value::Int(round_int(*i, digits.min(0).unsigned_abs())));
    }
    let scale = 10_f64.powi(digits);
    let rounded = match method.as_deref() {
        None | Some("common") if digits >= 0 => {
            let digits = usize::try_from(digits).unwrap_or(0).min(300);
            format!("{x:.digits$}").parse().unwrap_or(x)
        }
        None | Some("common") => (x * scale).round_ties_even() / scale,
        Some("ceil") => (x * scale).ceil() / scale,
        Some("floor") => (x * scale).floor() / scale,
        Some(other) => return Err(format!("`{other}` is no way to round").into()),
    };
    Ok(Value::Float(rounded))
}

/// A whole number with that many digits at its end rounded to zeros.
fn round_int(i: i128, zeros: u32) -> i128 {
    let Some(step) = 10_i128.checked_pow(zeros) else { return 0 };
    let (whole, rest) = (i.div_euclid(step), i.rem_euclid(step));
    let up = rest > step - rest || (rest == step - rest && whole % 2 != 0);
    (whole + i128::from(up)).saturating_mul(step)
}

/// A number, or an error in Ansible's words.
fn numeric(value: &Value, filter: &str) -> Result<f64, CallError> {
    number(value).map_err(|_| format!("{filter}() can only be used on numbers, not {}", value.kind()).into())
}

fn log(call: &Call<'_>) -> Result<Value, CallError> {
    let x = numeric(call.subject()?, "log")?;
    let base = call.arg(1, "base").map(|base| numeric(base, "log")).transpose()?;
    if x <= 0.0 {
        return Err("a logarithm needs a number above zero".into());
    }
    Ok(Value::Float(match base {
        None => x.ln(),
        Some(10.0) => x.log10(),
        Some(base) => x.ln() / base.ln(),
    }))
}

fn root(call: &Call<'_>) -> Result<Value, CallError> {
    let x = numeric(call.subject()?, "root")?;
    let base = call.arg(1, "base").map(|base| numeric(base, "root")).transpose()?.unwrap_or(2.0);
    if base == 0.0 || (x < 0.0 && base.to_bits() == 2.0_f64.to_bits()) {
        return Err("there is no such root".into());
    }
    Ok(Value::Float(if base.to_bits() == 2.0_f64.to_bits() { x.sqrt() } else { x.powf(1.0 / base) }))
}

fn human_readable(call: &Call<'_>) -> Result<Value, CallError> {
    let size =
        number(call.subject()?).map_err(|_| "human_readable() failed on bad input: a number is needed")?;
    let bits = call.flag(1, "isbits", false)?;
    let unit = call.text(2, "unit")?;
    let wanted = unit.as_deref().and_then(|unit| unit.chars().next()).map(|c| c.to_ascii_uppercase());
    let exponent = match wanted {
        Some(prefix) => PREFIXES.find(prefix).map_or(0, |place| place + 1),
        None => (1..=PREFIXES.len()).rev().find(|n| size.abs() >= power(*n)).unwrap_or(0),
    };
    let letter = if bits { "b" } else { "B" };
    let suffix = match PREFIXES.get(exponent.wrapping_sub(1)..exponent) {
        Some(prefix) => format!("{prefix}{letter}"),
        None => if bits { "bits" } else { "Bytes" }.to_owned(),
    };
    Ok(Value::from(format!("{:.2} {suffix}", size / power(exponent))))
}

fn human_to_bytes(call: &Call<'_>) -> Result<Value, CallError> {
    let text = call.subject()?.to_string();
    let default_unit = call.text(1, "default_unit")?.unwrap_or_default();
    Ok(size::bytes(&text, &default_unit, call.flag(2, "isbits", false)?)?)
}
