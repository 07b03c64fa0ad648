//! What is sent: JSON, fields of a form, parts of a form.

use std::io::Read;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Format;
use crate::base::{Map, Value};
use crate::module::Context;
use crate::module::copy::content;
use crate::module::failure::{Doing, Failure};
use crate::module::net::address::percent;

/// The bytes of a body, and what kind of content they are, where that is known.
pub(super) fn body(
    body: Option<&Value>,
    format: Format,
    ctx: &Context<'_>,
) -> Result<(Option<Vec<u8>>, Option<String>), Failure> {
    let text = |value: &Value| value.as_str().map(|text| text.as_bytes().to_vec());
    let kind = |kind: &str| Some(kind.to_owned());
    Ok(match (format, body) {
        (Format::Raw, None) => (None, None),
        (Format::Raw, Some(value)) => (Some(value.to_string().into_bytes()), None),
        (Format::Json, value) => {
            let null = Value::Null;
            let value = value.unwrap_or(&null);
            (Some(text(value).unwrap_or_else(|| content::json(value))), kind("application/json"))
        }
        (Format::FormUrlencoded, None) => (None, kind("application/x-www-form-urlencoded")),
        (Format::FormUrlencoded, Some(value)) => {
            let bytes = text(value).map_or_else(|| fields(value).map(String::into_bytes), Ok)?;
            (Some(bytes), kind("application/x-www-form-urlencoded"))
        }
        (Format::FormMultipart, value) => {
            let Some(map) = value.and_then(Value::as_map) else {
                let kind = value.map_or("null", Value::kind);
                return Err(Failure::new(format!("body must be mapping, cannot be type {kind}")));
            };
            let boundary = format!("==============={:019}==", fastrand::u64(..) >> 1);
            let bytes = parts(map, &boundary, ctx)?;
            (Some(bytes), Some(format!("multipart/form-data; boundary=\"{boundary}\"")))
        }
    })
}

fn fields(value: &Value) -> Result<String, Failure> {
    let wrong = || Failure::new("failed to parse body as form_urlencoded: expect list or dict");
    let mut pairs: Vec<(String, &Value)> = Vec::new();
    if let Some(map) = value.as_map() {
        pairs.extend(map.iter().map(|(key, value)| (key.to_string(), value)));
    } else {
        for pair in value.as_list().ok_or_else(wrong)? {
            let Some([key, value]) = pair.as_list() else {
                let msg = "failed to parse body as form_urlencoded: too many values to unpack (expected 2)";
                return Err(Failure::new(msg).with("elapsed", 0));
            };
            pairs.push((key.to_string(), value));
        }
    }
    let one = |key: &str, value: &Value| format!("{}={}", quoted(key), quoted(&value.to_string()));
    let mut all = Vec::new();
    for (key, value) in pairs {
        match value.as_list() {
            Some(values) => all.extend(values.iter().filter(|v| !v.is_null()).map(|v| one(&key, v))),
            None if value.is_null() => {}
            None => all.push(one(&key, value)),
        }
    }
    Ok(all.join("&"))
}

/// As forms have it: `+` for a blank, `%` for what is not plain.
fn quoted(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b' ' => out.push('+'),
            _ if byte.is_ascii_alphanumeric() || b"_.-~".contains(&byte) => out.push(char::from(byte)),
            _ => out.extend(percent(byte)),
        }
        out
    })
}

/// The parts in the order of their names, in which the files come, too.
fn parts(map: &Map, boundary: &str, ctx: &Context<'_>) -> Result<Vec<u8>, Failure> {
    let mut sorted: Vec<(String, &Value)> = map.iter().map(|(key, value)| (key.to_string(), value)).collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    let mut out = Vec::new();
    let mut number = 0;
    for (name, value) in sorted {
        out.extend(format!("--{boundary}\r\n").bytes());
        let (head, bytes) = part(value, &mut number, ctx)?;
        let base = head.name.as_deref().map(|name| name.rsplit('/').next().unwrap_or_default());
        let file = base.map(|base| format!("; filename=\"{base}\"")).unwrap_or_default();
        if let Some(encoding) = head.encoding {
            out.extend(format!("Content-Transfer-Encoding: {encoding}\r\n").bytes());
        }
        out.extend(format!("Content-Type: {}\r\n", head.kind).bytes());
        out.extend(format!("Content-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n").bytes());
        out.extend(bytes);
        out.extend(b"\r\n");
    }
    out.extend(format!("--{boundary}--\r\n").bytes());
    Ok(out)
}

struct Head {
    kind: String,
    name: Option<String>,
    encoding: Option<&'static str>,
}

fn part(value: &Value, number: &mut u32, ctx: &Context<'_>) -> Result<(Head, Vec<u8>), Failure> {
    let wrong = |why: String| Failure::new(format!("failed to parse body as form-multipart: {why}"));
    if let Some(text) = value.as_str() {
        let head = Head { kind: "text/plain".to_owned(), name: None, encoding: None };
        return Ok((head, lines_of_mail(text.as_bytes())));
    }
    let Some(map) = value.as_map() else {
        return Err(wrong(format!("value must be a string, or mapping, cannot be type {}", value.kind())));
    };
    let get = |key: &str| map.get(key).filter(|v| v.is_truthy()).map(ToString::to_string);
    let (name, content) = (get("filename"), get("content"));
    let kind = get("mime_type").unwrap_or_else(|| guessed(name.as_deref().unwrap_or_default()).to_owned());
    let bytes = match (&content, &name) {
        (Some(content), _) => {
            return Ok((Head { kind, name, encoding: None }, lines_of_mail(content.as_bytes())));
        }
        (None, None) => return Err(wrong("at least one of filename or content must be provided".to_owned())),
        (None, Some(name)) if get("_upload").is_some() => {
            let mut bytes = Vec::new();
            let read = ctx.link.upload(*number).and_then(|mut from| from.read_to_end(&mut bytes));
            read.doing("receive", Path::new(name))?;
            *number += 1;
            bytes
        }
        (None, Some(name)) => std::fs::read(name).doing("read", Path::new(name))?,
    };
    match get("multipart_encoding").as_deref() {
        None | Some("base64") => {
            let text = STANDARD.encode(bytes);
            let lines: Vec<&str> =
                text.as_bytes().chunks(76).filter_map(|line| std::str::from_utf8(line).ok()).collect();
            Ok((Head { kind, name, encoding: Some("base64") }, (lines.join("\r\n") + "\r\n").into_bytes()))
        }
        Some("7or8bit") => {
            let encoding = if bytes.is_ascii() { "7bit" } else { "8bit" };
            Ok((Head { kind, name, encoding: Some(encoding) }, lines_of_mail(&bytes)))
        }
        Some(other) => Err(wrong(format!("multipart_encoding must be one of base64, 7or8bit, got {other}"))),
    }
}

/// With the line ends that mails have, as in the reference.
fn lines_of_mail(text: &[u8]) -> Vec<u8> {
    let mut before = 0;
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        if *byte == b'\n' && before != b'\r' {
            out.push(b'\r');
        }
        out.push(*byte);
        before = *byte;
    }
    out
}

/// The kind of content that a file's name tells.
fn guessed(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, end)| end.to_lowercase()).as_deref() {
        Some("txt" | "log" | "c" | "h" | "conf" | "cfg") => "text/plain",
        Some("html" | "htm") => "text/html",
        Some("css") => "text/css",
        Some("csv") => "text/csv",
        Some("xml") => "text/xml",
        Some("py") => "text/x-python",
        Some("json") => "application/json",
        Some("pdf") => "application/pdf",
        Some("zip") => "application/zip",
        Some("tar" | "tgz") => "application/x-tar",
        Some("sh") => "application/x-sh",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("gif") => "image/gif",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_in_mails() {
        assert_eq!(lines_of_mail(b"a\nb\r\n\nc"), b"a\r\nb\r\n\r\nc");
    }

    #[test]
    fn fields_of_forms() {
        let value: Value = serde_json::from_str(r#"{"a b": "ü&", "c": [1, null, 2], "d": null}"#).unwrap();
        assert_eq!(fields(&value).unwrap(), "a+b=%C3%BC%26&c=1&c=2");
        let value: Value = serde_json::from_str(r#"[["a", 1], ["a", 2]]"#).unwrap();
        assert_eq!(fields(&value).unwrap(), "a=1&a=2");
        assert!(fields(&serde_json::from_str(r#"[["a", 1, 2]]"#).unwrap()).is_err());
    }
}
