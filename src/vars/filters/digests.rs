//! Texts as bytes: base64 and digests.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use super::{Filter, filter};
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

/// How a text becomes bytes.
enum Encoding {
    Utf8,
    Ascii,
    Latin1,
    /// `true`: the lower byte first.
    Utf16(bool),
}

fn encoding(call: &Call<'_>) -> Result<Encoding, CallError> {
    let name = call.text(1, "encoding")?.unwrap_or_else(|| "utf-8".into());
    Ok(match name.to_lowercase().replace(['-', '_'], "").as_str() {
        "utf8" => Encoding::Utf8,
        "ascii" | "usascii" => Encoding::Ascii,
        "latin1" | "iso88591" => Encoding::Latin1,
        "utf16le" => Encoding::Utf16(true),
        "utf16be" => Encoding::Utf16(false),
        _ => {
            return Err(format!(
                "the encoding `{name}` is not known; there are utf-8, ascii, latin-1, utf-16-le, utf-16-be"
            )
            .into());
        }
    })
}

impl Encoding {
    fn encode(&self, text: &str) -> Result<Vec<u8>, CallError> {
        let last = match self {
            Self::Utf8 => return Ok(text.as_bytes().to_vec()),
            Self::Utf16(true) => return Ok(text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            Self::Utf16(false) => return Ok(text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
            Self::Ascii => 127,
            Self::Latin1 => 255,
        };
        let byte = |c: char| u8::try_from(u32::from(c)).ok().filter(|byte| *byte <= last);
        let bytes = text.chars().map(|c| byte(c).ok_or_else(|| format!("the encoding has no `{c}`").into()));
        bytes.collect()
    }

    /// What is no UTF-8 stays bytes.
    fn decode(&self, bytes: Vec<u8>) -> Result<Value, CallError> {
        let words = || bytes.chunks(2).map(|pair| [pair[0], pair.get(1).copied().unwrap_or_default()]);
        let words: Vec<u16> = match self {
            Self::Utf16(true) => words().map(u16::from_le_bytes).collect(),
            Self::Utf16(false) => words().map(u16::from_be_bytes).collect(),
            Self::Latin1 => return Ok(Value::from(bytes.into_iter().map(char::from).collect::<String>())),
            Self::Ascii if !bytes.is_ascii() => return Err("some bytes are no ASCII".into()),
            _ => {
                return Ok(String::from_utf8(bytes)
                    .map_or_else(|error| Value::Bytes(error.into_bytes().into()), Value::from));
            }
        };
        String::from_utf16(&words).map(Value::from).map_err(|_| "the bytes are no UTF-16".into())
    }
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
    encoding(call)?.decode(bytes)
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
