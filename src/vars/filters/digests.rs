//! Texts as bytes: base64 and digests.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use super::{Filter, filter};
use crate::base::encoding::Encoding;
use crate::base::{Value, hexadecimal};
use crate::vars::call::{Call, CallError};

pub(super) const FILTERS: &[Filter] = &[
    filter("b64encode", |call| {
        let bytes = match encoding(call)? {
            Encoding::Utf8 => bytes(call.subject()?),
            other => other.encode(&call.subject()?.to_string())?,
        };
        let urlsafe = call.flag(2, "urlsafe", false)?;
        Ok(Value::from(if urlsafe { URL_SAFE.encode(bytes) } else { STANDARD.encode(bytes) }))
    }),
    filter("b64decode", b64decode),
    filter("hash", |call| digest(call, &call.text(1, "hashtype")?.unwrap_or_else(|| "sha1".into()))),
    filter("checksum", |call| digest(call, "sha1")),
    filter("md5", |call| digest(call, "md5")),
    filter("sha1", |call| digest(call, "sha1")),
];

fn encoding(call: &Call<'_>) -> Result<Encoding, CallError> {
    let name = call.text(1, "encoding")?.unwrap_or_else(|| "utf-8".into());
    Encoding::named(&name).map_err(CallError::from)
}

fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::Bytes(bytes) => bytes.to_vec(),
        other => other.to_string().into_bytes(),
    }
}

fn b64decode(call: &Call<'_>) -> Result<Value, CallError> {
    // As Python does it: what is no letter of base64 is passed over.
    let urlsafe = call.flag(2, "urlsafe", false)?;
    let letter = |c: char| match c {
        '-' if urlsafe => Some('+'),
        '_' if urlsafe => Some('/'),
        c => (c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')).then_some(c),
    };
    let text: String = call.subject_text()?.chars().filter_map(letter).collect();
    let bytes = STANDARD.decode(text).map_err(|error| format!("not base64: {error}"))?;
    Ok(encoding(call)?.decode(bytes)?)
}

fn digest(call: &Call<'_>, kind: &str) -> Result<Value, CallError> {
    let bytes = bytes(call.subject()?);
    Ok(Value::from(match kind {
        "md5" => hexadecimal(&Md5::digest(&bytes)),
        "sha1" => hexadecimal(&Sha1::digest(&bytes)),
        "sha224" => hexadecimal(&Sha224::digest(&bytes)),
        "sha256" => hexadecimal(&Sha256::digest(&bytes)),
        "sha384" => hexadecimal(&Sha384::digest(&bytes)),
        "sha512" => hexadecimal(&Sha512::digest(&bytes)),
        other => {
            return Err(format!(
                "unsupported hash type `{other}`; there are md5, sha1, sha224, sha256, sha384, sha512"
            )
            .into());
        }
    }))
}
