//! `extract`, which must not render the whole of what it takes one item from (`hostvars`).

// The engine hands over what it was given.
#![allow(clippy::needless_pass_by_value)]

use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error, ErrorKind};

pub(super) fn register(engine: &mut Environment<'static>) {
    engine.add_filter("extract", extract);
}

/// `key | extract(container, morekeys)`.
fn extract(key: Value, container: Value, more: Option<Value>, named: Kwargs) -> Result<Value, Error> {
    let more = match more {
        Some(more) => Some(more),
        None => named.get::<Option<Value>>("morekeys")?,
    };
    named.assert_all_used()?;
    let mut value = take(&container, &key)?;
    match more {
        None => {}
        Some(keys) if keys.as_str().is_none() && keys.try_iter().is_ok() => {
            for key in keys.try_iter()?.checked() {
                value = take(&value, &key?)?;
            }
        }
        Some(key) => value = take(&value, &key)?,
    }
    Ok(value)
}

fn take(container: &Value, key: &Value) -> Result<Value, Error> {
    let value = container.get_item(key)?;
    if value.is_undefined() {
        return Err(Error::new(ErrorKind::UndefinedError, format!("there is no `{key}`")));
    }
    Ok(value)
}
