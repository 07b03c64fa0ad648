//! `default`, `is defined`, `mandatory`: the only ones that may be given what has no value.

// The engine hands over what it was given.
#![allow(clippy::needless_pass_by_value)]

use std::sync::Arc;

use minijinja::value::{Kwargs, Rest};
use minijinja::{Environment, Error, ErrorKind};

use super::objects::{Missing, OmitMark};

type Engine = minijinja::Value;

pub(super) fn register(engine: &mut Environment<'static>) {
    engine.add_filter("default", default);
    engine.add_filter("d", default);
    engine.add_filter("mandatory", mandatory);
    for name in ["defined", "undefined"] {
        let wanted = name == "defined";
        engine.add_test(name, move |value: Engine| is_there(&value) == wanted);
    }
    engine.add_global("omit", Engine::from_object(OmitMark));
}

/// Whether a value is there; what is missing has now met somebody who was prepared.
fn is_there(value: &Engine) -> bool {
    match value.downcast_object_ref::<Missing>() {
        Some(missing) => {
            missing.guard();
            false
        }
        None => !value.is_undefined(),
    }
}

fn default(value: Engine, args: Rest<Engine>, named: Kwargs) -> Result<Engine, Error> {
    if args.len() > 2 {
        return Err(ErrorKind::TooManyArguments.into());
    }
    let fallback = match args.first() {
        Some(value) => value.clone(),
        None => named.get::<Option<Engine>>("default_value")?.unwrap_or_else(|| Engine::from("")),
    };
    let for_false = match args.get(1) {
        Some(value) => value.is_true(),
        None => named.get::<Option<Engine>>("boolean")?.is_some_and(|value| value.is_true()),
    };
    named.assert_all_used()?;
    Ok(if is_there(&value) && (value.is_true() || !for_false) { value } else { fallback })
}

fn mandatory(value: Engine, message: Option<Arc<str>>, named: Kwargs) -> Result<Engine, Error> {
    let message = match message {
        Some(message) => Some(message),
        None => named.get::<Option<Arc<str>>>("msg")?,
    };
    named.assert_all_used()?;
    if is_there(&value) {
        return Ok(value);
    }
    let message = message.map_or_else(|| "a mandatory variable is not defined".to_owned(), |m| m.to_string());
    Err(Error::new(ErrorKind::InvalidOperation, message))
}
