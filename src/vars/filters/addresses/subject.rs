//! What stands left of the filters: a text, a number or neither, and which form of answer it asks for.

use super::network::{Address, Network, Version, python_int};
use crate::base::Value;

/// How the address was written; answers follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Alone.
    Address,
    /// With a prefix.
    Network,
}

/// An address as it was given.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub(super) network: Network,
    pub(super) form: Form,
    /// What is answered where the address itself is the answer.
    pub(super) value: Value,
}

impl Subject {
    /// `None` when it is no address. Of numbers, small ones are of version 4 unless version 6 is wanted.
    pub(super) fn read(value: &Value, wanted: Option<i128>) -> Option<Self> {
        let text = match value {
            Value::Int(number) if *number != 0 => number.to_string(),
            Value::String(text) if !text.as_str().is_empty() => text.as_str().to_owned(),
            _ => return None,
        };
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            let network = Self::numbered(&text, wanted)?;
            return Some(Self { network, form: Form::Address, value: Value::from(network.to_string()) });
        }
        if !matches!(value, Value::String(_)) {
            return None;
        }
        if let Some(network) = Network::parse(&text) {
            let form = if text.matches('/').count() == 1 { Form::Network } else { Form::Address };
            return Some(Self { network, form, value: value.clone() });
        }
        let (number, prefix) = text.split_once('/')?;
        let number = u128::try_from(python_int(number)?).ok()?;
        let prefix = u32::try_from(python_int(prefix)?).ok()?;
        let of = |version| Network::new(Address::new(version, number)?, prefix);
        let network = of(Version::V4).or_else(|| of(Version::V6))?;
        Some(Self { network, form: Form::Network, value: Value::from(network.to_string()) })
    }

    fn numbered(digits: &str, wanted: Option<i128>) -> Option<Network> {
        let number: u128 = digits.parse().ok()?;
        let of = |version| Address::new(version, number).map(Address::alone);
        let small = || of(Version::V4).filter(|_| wanted.is_none_or(|version| version == 4));
        small().or_else(|| of(Version::V6))
    }
}
