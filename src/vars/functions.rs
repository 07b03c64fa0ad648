//! Functions of expressions besides `lookup` and `query`.

use jiff::tz::TimeZone;

use super::call::{Call, CallError};
use super::filters::collections::key_of;
use super::filters::time::moment;
use super::python::type_name;
use crate::base::{Map, Value};

/// A function.
pub struct Function {
    /// As it is called.
    pub name: &'static str,
    /// What it gives.
    pub run: fn(&Call<'_>) -> Result<Value, CallError>,
}

/// What `undef()` says by itself.
pub const UNDEFINED: &str = "Mandatory variable has not been overridden";

const FUNCTIONS: &[Function] = &[
    Function { name: "dict", run: dict },
    Function { name: "now", run: now },
    Function { name: "undef", run: undef },
];

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Function> {
    FUNCTIONS.iter()
}

/// Python's `dict`: from a mapping or from pairs, with named arguments over it.
fn dict(call: &Call<'_>) -> Result<Value, CallError> {
    let mut map = Map::new();
    match call.arg(0, "mapping") {
        None => {}
        Some(Value::Map(given)) => map.extend(given),
        Some(pairs) => {
            for pair in pairs.as_list().ok_or("a mapping or a list of pairs is needed")? {
                let Some([key, value]) = pair.as_list() else {
                    return Err("each item must be a pair".into());
                };
                map.insert(key_of(key)?, value.clone());
            }
        }
    }
    map.extend(call.all_named());
    Ok(Value::from(map))
}

/// `now(utc=false, fmt=none)`: the time as a date, or as text in that format.
fn now(call: &Call<'_>) -> Result<Value, CallError> {
    let utc = call.flag(0, "utc", false)?;
    let format = call.text(1, "fmt")?;
    let time = moment(call.caller().environment().clock().now())?;
    let zoned = time.to_zoned(if utc { TimeZone::UTC } else { TimeZone::system() });
    let text = |format: &str| jiff::fmt::strtime::format(format, &zoned).map_err(|error| error.to_string());
    Ok(match format {
        Some(format) => Value::from(text(&format)?),
        None => Value::Date(text("%Y-%m-%d %H:%M:%S.%6f")?.into()),
    })
}

/// Says that a value must be given by whoever uses the role.
fn undef(call: &Call<'_>) -> Result<Value, CallError> {
    let hint = match call.arg(0, "hint") {
        None | Some(Value::Null) => UNDEFINED.to_owned(),
        Some(Value::String(hint)) => hint.as_str().to_owned(),
        Some(other) => {
            let found = type_name(other);
            return Err(
                format!("The 'hint' argument must be of type 'str' or 'NoneType', not '{found}'.").into()
            );
        }
    };
    Err(CallError::Undefined(hint))
}
