//! A date in the engine: its parts as attributes and Python's methods of it.

use std::fmt;
use std::sync::Arc;

use jiff::civil::DateTime;
use minijinja::value::{Object, ObjectRepr, Value, from_args};
use minijinja::{Error, ErrorKind, State};

/// A date or a moment, in its ISO 8601 text.
#[derive(Debug)]
pub(super) struct DateObject(pub(super) Arc<str>);

impl DateObject {
    fn civil(&self) -> Option<DateTime> {
        let text = self.0.as_ref();
        text.parse().or_else(|_| text.parse::<jiff::civil::Date>().map(DateTime::from)).ok()
    }
}

impl Object for DateObject {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let date = self.civil()?;
        Some(match key.as_str()? {
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

    fn call_method(self: &Arc<Self>, _: &mut State, method: &str, args: &[Value]) -> Result<Value, Error> {
        let refuse = |message: String| Error::new(ErrorKind::InvalidOperation, message);
        let date = self.civil().ok_or_else(|| refuse(format!("`{}` is no date", self.0)))?;
        match method {
            "strftime" => {
                let (format,): (&str,) = from_args(args)?;
                let text = jiff::fmt::strtime::format(format, date);
                text.map(Value::from).map_err(|error| refuse(error.to_string()))
            }
            "isoformat" => {
                let () = from_args(args)?;
                Ok(Value::from(self.0.replacen(' ', "T", 1)))
            }
            "timestamp" => {
                let () = from_args(args)?;
                let zoned =
                    date.to_zoned(jiff::tz::TimeZone::system()).map_err(|error| refuse(error.to_string()))?;
                #[allow(clippy::cast_precision_loss)] // microseconds survive until the year 2255
                let seconds = zoned.timestamp().as_microsecond() as f64 / 1e6;
                Ok(Value::from(seconds))
            }
            _ => Err(ErrorKind::UnknownMethod.into()),
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
