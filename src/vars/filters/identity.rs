//! Names that are the same for the same text: UUIDs of version 5.

use sha1::{Digest, Sha1};

use super::{Filter, filter};
use crate::base::Value;
use crate::vars::call::{Call, CallError};

pub(super) const FILTERS: &[Filter] = &[filter("to_uuid", to_uuid)];

/// Ansible's own namespace.
const NAMESPACE: &str = "361E6D51-FAEC-444A-9079-341386DA8E2E";

fn to_uuid(call: &Call<'_>) -> Result<Value, CallError> {
    let text = call.subject()?.to_string();
    let namespace = match call.arg(1, "namespace") {
        None => NAMESPACE.to_owned(),
        Some(Value::String(namespace)) => namespace.as_str().to_owned(),
        Some(other) => return Err(invalid(&other.to_string(), &format!("no string but {}", other.kind()))),
    };
    let digits: String = namespace.chars().filter(char::is_ascii_hexdigit).collect();
    if digits.len() != 32 {
        return Err(invalid(&namespace, "badly formed hexadecimal UUID string"));
    }
    let number = u128::from_str_radix(&digits, 16).map_err(|error| error.to_string())?;
    let mut hash = Sha1::new();
    hash.update(number.to_be_bytes());
    hash.update(text.as_bytes());
    let digest = hash.finalize();
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = (bytes[6] & 0x0f) | 0x50;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = crate::base::hexadecimal(&bytes);
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    Ok(Value::from(parts.join("-")))
}

fn invalid(namespace: &str, why: &str) -> CallError {
    format!("Invalid value '{namespace}' for 'namespace': {why}").into()
}
