//! Dates: their parts, their methods, and the time between two of them.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::base::Value;
use crate::vars::call::CallError;

/// The methods of a date.
pub const METHODS: &[&str] = &["strftime", "isoformat", "timestamp", "date", "time", "weekday", "isoweekday"];

fn civil(text: &str) -> Option<DateTime> {
    text.parse().or_else(|_| text.parse::<jiff::civil::Date>().map(DateTime::from)).ok()
}

fn needed(text: &str) -> Result<DateTime, CallError> {
    civil(text).ok_or_else(|| format!("`{text}` is no date").into())
}

/// A part of a date by its name.
pub fn part(text: &str, name: &str) -> Option<Value> {
    let date = civil(text)?;
    Some(match name {
        "year" => Value::from(date.year()),
        "month" => Value::from(date.month()),
        "day" => Value::from(date.day()),
        "hour" => Value::from(date.hour()),
        "minute" => Value::from(date.minute()),
        "second" => Value::from(date.second()),
        "microsecond" => Value::from(date.subsec_nanosecond() / 1000),
        _ => return None,
    })
}

/// What a method of a date gives.
pub fn method(text: &str, name: &str, argument: Option<&str>) -> Result<Value, CallError> {
    let date = needed(text)?;
    match name {
        "strftime" => {
            let format = argument.ok_or("a format is needed")?;
            let text = jiff::fmt::strtime::format(format, date).map_err(|error| error.to_string())?;
            Ok(Value::from(text))
        }
        "isoformat" => Ok(Value::from(text.replacen(' ', "T", 1))),
        "timestamp" => {
            let zoned = date.to_zoned(TimeZone::system()).map_err(|error| error.to_string())?;
            #[allow(clippy::cast_precision_loss)] // microseconds survive until the year 2255
            let seconds = zoned.timestamp().as_microsecond() as f64 / 1e6;
            Ok(Value::Float(seconds))
        }
        "date" => Ok(Value::Date(date.date().to_string().into())),
        "time" => Ok(Value::Date(date.time().to_string().into())),
        "weekday" => Ok(Value::from(date.weekday().to_monday_zero_offset())),
        "isoweekday" => Ok(Value::from(date.weekday().to_monday_one_offset())),
        _ => Err("there is no such method".into()),
    }
}

fn microseconds(text: &str) -> Result<i128, CallError> {
    let zoned = needed(text)?.to_zoned(TimeZone::UTC).map_err(|error| error.to_string())?;
    Ok(i128::from(zoned.timestamp().as_microsecond()))
}

/// The time from `b` to `a`, in microseconds.
pub fn apart(a: &str, b: &str) -> Result<i128, CallError> {
    Ok(microseconds(a)? - microseconds(b)?)
}

/// A date so many microseconds later.
pub fn moved(text: &str, by: i128) -> Result<Value, CallError> {
    let micros = i64::try_from(by).map_err(|_| "the time is too long")?;
    let span = jiff::SignedDuration::from_micros(micros);
    let date = needed(text)?.checked_add(span).map_err(|error| error.to_string())?;
    Ok(value(date))
}

/// A date with its time of day; with microseconds where it has any.
pub fn value(date: DateTime) -> Value {
    let format = if date.subsec_nanosecond() < 1000 { "%Y-%m-%d %H:%M:%S" } else { "%Y-%m-%d %H:%M:%S.%6f" };
    Value::Date(date.strftime(format).to_string().into())
}
