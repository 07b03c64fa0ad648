//! Time.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Filter, filter};
use crate::base::Value;
use crate::vars::call::{Call, CallError, text_of};
use crate::vars::python::dates;
use crate::vars::python::format::repr;

pub(super) const FILTERS: &[Filter] = &[filter("strftime", strftime), filter("to_datetime", to_datetime)];

/// `'%Y' | strftime(seconds, utc=false)`: the subject is the format, now is the default.
fn strftime(call: &Call<'_>) -> Result<Value, CallError> {
    let format = call.subject_text()?;
    let utc = call.flag(2, "utc", false)?;
    let time = match call.arg(1, "second") {
        None | Some(Value::Null) => moment(call.caller().environment().clock().now())?,
        Some(second) => {
            let seconds: f64 = match second.as_float() {
                Some(seconds) => seconds,
                None => text_of(second)?
                    .parse()
                    .map_err(|_| format!("Invalid value for epoch value ({second})"))?,
            };
            #[allow(clippy::cast_possible_truncation)] // whole seconds; jiff checks the range
            Timestamp::from_second(seconds.floor() as i64).map_err(|error| error.to_string())?
        }
    };
    // Python calls it by its older name.
    let format =
        if utc { format.replace("%%", "\0").replace("%Z", "GMT").replace('\0', "%%") } else { format };
    let zone = if utc { TimeZone::UTC } else { TimeZone::system() };
    let text =
        jiff::fmt::strtime::format(&format, &time.to_zoned(zone)).map_err(|error| error.to_string())?;
    Ok(Value::from(text))
}

/// A text in a format as a date.
fn to_datetime(call: &Call<'_>) -> Result<Value, CallError> {
    let text = call.subject_text()?;
    let format = call.text(1, "format")?.unwrap_or_else(|| "%Y-%m-%d %H:%M:%S".into());
    let parsed = jiff::fmt::strtime::parse(&format, &text)
        .map_err(|_| format!("time data {} does not match format {}", quoted(&text), quoted(&format)))?;
    let date = match parsed.to_datetime() {
        Ok(date) => date,
        // Without a time of day it is midnight.
        Err(_) => parsed.to_date().map_err(|error| error.to_string())?.into(),
    };
    Ok(dates::value(date))
}

fn quoted(text: &str) -> String {
    repr(&Value::from(text))
}

/// Our time as jiff's.
pub fn moment(time: crate::base::Timestamp) -> Result<Timestamp, CallError> {
    Timestamp::from_nanosecond(i128::from(time.0)).map_err(|error| error.to_string().into())
}
