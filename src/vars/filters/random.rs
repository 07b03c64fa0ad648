//! Chance. With `seed` the same playbook makes the same choice in every run.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::collections::items_of;
use super::{Filter, filter};
use crate::base::Value;
use crate::vars::call::{Call, CallError};

pub(super) const FILTERS: &[Filter] = &[filter("shuffle", shuffle)];

/// A generator; with a seed always the same.
pub fn generator(seed: Option<&Value>) -> fastrand::Rng {
    match seed {
        None | Some(Value::Null) => fastrand::Rng::new(),
        Some(seed) => {
            let mut hasher = DefaultHasher::new();
            seed.to_string().hash(&mut hasher);
            fastrand::Rng::with_seed(hasher.finish())
        }
    }
}

/// An item of a list, or a number from `start` below the subject in steps.
pub fn random(call: &Call<'_>) -> Result<Value, CallError> {
    let start = call.int(1, "start", 0)?;
    let step = call.int(2, "step", 1)?;
    let mut generator = generator(call.named("seed"));
    match call.subject()? {
        Value::Int(end) if step > 0 && *end > start => {
            let steps = (end - start + step - 1) / step;
            Ok(Value::Int(start + step * generator.i128(0..steps)))
        }
        Value::Int(end) => Err(format!("there is no number from {start} below {end}").into()),
        other => {
            let items = items_of(other)?;
            generator.choice(&items).cloned().ok_or_else(|| "the list is empty".into())
        }
    }
}

fn shuffle(call: &Call<'_>) -> Result<Value, CallError> {
    let mut items = items_of(call.subject()?)?;
    generator(call.arg(1, "seed")).shuffle(&mut items);
    Ok(Value::list(items))
}
