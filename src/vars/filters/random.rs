//! Chance. With `seed` the same playbook makes the same choice in every run, and the one that Ansible makes.

use std::fs::File;
use std::io::Read as _;

use super::collections::items_of;
use super::{Filter, filter};
use crate::base::Value;
use crate::vars::call::{Call, CallError};
use twister::Twister;

mod twister;

pub(super) const FILTERS: &[Filter] = &[filter("shuffle", shuffle)];

/// Where chance comes from.
pub enum Chance {
    /// The system: nobody can guess it.
    System,
    /// Python's generator, which begins with a seed.
    Seeded(Box<Twister>),
}

impl Chance {
    /// From a seed, or from the system without one.
    pub fn new(seed: Option<&Value>) -> Result<Self, CallError> {
        Ok(match seed {
            None | Some(Value::Null) => Self::System,
            Some(Value::String(text)) => Self::Seeded(Box::new(Twister::from_text(text.as_str()))),
            Some(Value::Int(number)) => Self::Seeded(Box::new(Twister::from_number(number.unsigned_abs()))),
            Some(Value::Bool(yes)) => Self::Seeded(Box::new(Twister::from_number(u128::from(*yes)))),
            Some(other) => {
                return Err(format!("a seed must be a string or an integer, not {}", other.kind()).into());
            }
        })
    }

    /// A number below `end`, which is above zero.
    pub fn below(&mut self, end: u128) -> Result<u128, CallError> {
        let bits = 128 - end.leading_zeros();
        loop {
            let number = match self {
                Self::Seeded(twister) => twister.bits(bits),
                Self::System => {
                    let bytes = unguessable(16)?.try_into().expect("there are as many as were asked for");
                    u128::from_le_bytes(bytes) >> (128 - bits)
                }
            };
            if number < end {
                return Ok(number);
            }
        }
    }

    /// One of them; none of nothing.
    pub fn choice<'a, T>(&mut self, items: &'a [T]) -> Result<Option<&'a T>, CallError> {
        if items.is_empty() {
            return Ok(None);
        }
        let place = self.below(items.len() as u128)?;
        Ok(usize::try_from(place).ok().and_then(|place| items.get(place)))
    }
}

/// Bytes that nobody can guess.
pub fn unguessable(count: usize) -> Result<Vec<u8>, String> {
    let mut bytes = vec![0; count];
    let read = File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    read.map_err(|error| format!("/dev/urandom cannot be read: {error}"))?;
    Ok(bytes)
}

/// An item of a list, or a number from `start` below the subject in steps.
pub fn random(call: &Call<'_>) -> Result<Value, CallError> {
    let given = |place, name| call.arg(place, name).filter(|value| value.is_truthy());
    let (start, step) = (given(1, "start"), given(2, "step"));
    let mut chance = Chance::new(call.arg(3, "seed"))?;
    let Value::Int(end) = call.subject()? else {
        if start.or(step).is_some() {
            return Err("start and step can only be used with integer values".into());
        }
        let items = items_of(call.subject()?)
            .map_err(|_| CallError::from("random can only be used on sequences and integers"))?;
        return chance.choice(&items)?.cloned().ok_or_else(|| "Cannot choose from an empty sequence".into());
    };
    let start = call.int(1, "start", 0)?;
    let step = call.int(2, "step", 1)?.max(1);
    let steps =
        end.checked_sub(start).and_then(|width| width.checked_add(step - 1)).map_or(0, |width| width / step);
    let steps = u128::try_from(steps).ok().filter(|steps| *steps > 0);
    let steps = steps.ok_or_else(|| format!("there is no number from {start} below {end}"))?;
    let chosen = i128::try_from(chance.below(steps)?).unwrap_or(i128::MAX);
    Ok(Value::Int(start + step * chosen))
}

/// What has no order stays as it is.
fn shuffle(call: &Call<'_>) -> Result<Value, CallError> {
    let mut chance = Chance::new(call.arg(1, "seed").filter(|seed| seed.is_truthy()))?;
    let Ok(mut items) = items_of(call.subject()?) else { return Ok(call.subject()?.clone()) };
    for last in (1..items.len()).rev() {
        let other = chance.below(last as u128 + 1)?;
        items.swap(last, usize::try_from(other).unwrap_or(last));
    }
    Ok(Value::list(items))
}
