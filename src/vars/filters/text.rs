//! Texts: encodings, digests, quoting, comments, layout.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use super::{Filter, filter};
use crate::base::{Map, Value};
use crate::vars::call::{Call, CallError};

pub(super) const FILTERS: &[Filter] = &[
    filter("b64encode", |call| Ok(Value::from(STANDARD.encode(bytes(call.subject()?))))),
    filter("b64decode", b64decode),
    filter("hash", |call| digest(call, &call.text(1, "hashtype")?.unwrap_or_else(|| "sha1".into()))),
    filter("checksum", |call| digest(call, "sha1")),
    filter("md5", |call| digest(call, "md5")),
    filter("sha1", |call| digest(call, "sha1")),
    filter("quote", |call| Ok(Value::from(quoted(&call.subject()?.to_string())))),
    filter("comment", comment),
    filter("center", center),
    filter("wordcount", |call| Ok(Value::from(call.subject_text()?.split_whitespace().count()))),
    filter("truncate", truncate),
    filter("split", split),
    filter("urlsplit", urlsplit),
];

fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::Bytes(bytes) => bytes.to_vec(),
        other => other.to_string().into_bytes(),
    }
}

fn b64decode(call: &Call<'_>) -> Result<Value, CallError> {
    // As Python does it: what is no letter of base64 is passed over.
    let letter = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    let text: String = call.subject_text()?.chars().filter(letter).collect();
    let bytes = STANDARD.decode(text).map_err(|error| format!("not base64: {error}"))?;
    Ok(String::from_utf8(bytes).map_or_else(|error| Value::Bytes(error.into_bytes().into()), Value::from))
}

fn digest(call: &Call<'_>, kind: &str) -> Result<Value, CallError> {
    let bytes = bytes(call.subject()?);
    Ok(Value::from(match kind {
        "md5" => hex(&Md5::digest(&bytes)),
        "sha1" => hex(&Sha1::digest(&bytes)),
        "sha224" => hex(&Sha224::digest(&bytes)),
        "sha256" => hex(&Sha256::digest(&bytes)),
        "sha384" => hex(&Sha384::digest(&bytes)),
        "sha512" => hex(&Sha512::digest(&bytes)),
        other => {
            return Err(format!(
                "the digest `{other}` is not known; there are md5, sha1, sha224, sha256, sha384, sha512"
            )
            .into());
        }
    }))
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// As one word of a POSIX shell.
pub fn quoted(text: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    if !text.is_empty() && text.chars().all(safe) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\"'\"'"))
}

fn comment(call: &Call<'_>) -> Result<Value, CallError> {
    let text = call.subject()?.to_string();
    let style = call.text(1, "style")?.unwrap_or_else(|| "plain".into());
    let (begin, each, end) = match style.as_str() {
        "plain" => ("", "# ", ""),
        "erlang" => ("", "% ", ""),
        "c" => ("", "// ", ""),
        "cblock" => ("/*", " * ", " */"),
        "xml" => ("<!--", " - ", "-->"),
        other => return Err(format!("`{other}` is no style; there are plain, c, cblock, erlang, xml").into()),
    };
    let given =
        |name: &str, default: &str| call.named(name).map_or_else(|| default.to_owned(), ToString::to_string);
    let times = |name: &str| {
        call.named(name).and_then(Value::as_int).map_or(1, |n| usize::try_from(n).unwrap_or(0).min(1000))
    };
    let decoration = given("decoration", each);
    let newline = given("newline", "\n");
    let prefix = given("prefix", decoration.trim_end());
    let postfix = given("postfix", decoration.trim_end());
    let begin = given("beginning", begin);
    let end = given("end", end);
    let mut out = String::new();
    if !begin.is_empty() {
        out.extend([&begin, &newline].map(String::as_str));
    }
    if !prefix.is_empty() {
        let line = if prefix == newline { newline.clone() } else { format!("{prefix}{newline}") };
        out.push_str(&line.repeat(times("prefix_count")));
    }
    let lines = format!("{decoration}{}", text.replace(&newline, &format!("{newline}{decoration}")));
    // No blanks at the end of a line that is empty.
    let bare = decoration.trim_end();
    out.push_str(&lines.replace(&format!("{decoration}{newline}"), &format!("{bare}{newline}")));
    out.push_str(&format!("{newline}{postfix}").repeat(times("postfix_count")));
    if !end.is_empty() {
        out.extend([&newline, &end].map(String::as_str));
    }
    Ok(Value::from(out))
}

fn width(call: &Call<'_>, place: usize, name: &str, default: i128) -> Result<usize, CallError> {
    let width = call.int(place, name, default)?;
    usize::try_from(width)
        .ok()
        .filter(|w| *w <= 1_000_000)
        .ok_or_else(|| format!("{name} {width} is too much").into())
}

fn center(call: &Call<'_>) -> Result<Value, CallError> {
    let text = call.subject()?.to_string();
    let width = width(call, 1, "width", 80)?;
    Ok(Value::from(format!("{text:^width$}")))
}

/// Jinja's: texts that are longer by no more than `leeway` stay whole.
fn truncate(call: &Call<'_>) -> Result<Value, CallError> {
    let text = call.subject()?.to_string();
    let length = width(call, 1, "length", 255)?;
    let kill_words = call.flag(2, "killwords", false)?;
    let end = call.text(3, "end")?.unwrap_or_else(|| "...".into());
    let leeway = width(call, 4, "leeway", 5)?;
    if text.chars().count() <= length + leeway {
        return Ok(Value::from(text));
    }
    let keep = length.checked_sub(end.chars().count()).ok_or("the length is less than that of the end")?;
    let cut: String = text.chars().take(keep).collect();
    let cut =
        if kill_words { cut.as_str() } else { cut.rsplit_once(' ').map_or(cut.as_str(), |(words, _)| words) };
    Ok(Value::from(format!("{cut}{end}")))
}

fn split(call: &Call<'_>) -> Result<Value, CallError> {
    let text = call.subject_text()?;
    let most = call.int(2, "maxsplit", -1)?;
    let parts = usize::try_from(most).map_or(usize::MAX, |most| most.saturating_add(1));
    Ok(match call.text(1, "sep")?.as_deref() {
        Some("") => return Err("the separator is empty".into()),
        Some(separator) => Value::from(text.splitn(parts, separator).map(Value::from).collect::<Vec<_>>()),
        None if parts == usize::MAX => {
            Value::from(text.split_whitespace().map(Value::from).collect::<Vec<_>>())
        }
        None => {
            let parts = text.trim_start().splitn(parts, char::is_whitespace);
            Value::from(parts.map(|part| Value::from(part.trim_start())).collect::<Vec<_>>())
        }
    })
}

fn urlsplit(call: &Call<'_>) -> Result<Value, CallError> {
    let url = call.subject_text()?;
    let wanted = call.text(1, "query")?;
    let (rest, fragment) = url.split_once('#').unwrap_or((&url, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let is_scheme =
        |s: &str| !s.is_empty() && s.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let (scheme, rest) = rest.split_once(':').filter(|(s, _)| is_scheme(s)).unwrap_or(("", rest));
    let (netloc, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.find('/').map_or((rest, ""), |place| rest.split_at(place)),
        None => ("", rest),
    };
    let (user, host) = netloc.rsplit_once('@').map_or((None, netloc), |(user, host)| (Some(user), host));
    let (username, password) =
        match user.map(|user| user.split_once(':').map_or((user, None), |(u, p)| (u, Some(p)))) {
            Some((name, password)) => (Some(name), password),
            None => (None, None),
        };
    let (host, port) = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
        .map_or((host, None), |(h, p)| (h, p.parse::<u16>().ok()));
    let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let text = |part: Option<&str>| part.map_or(Value::Null, Value::from);
    let parts: Map = [
        ("fragment", Value::from(fragment)),
        ("hostname", if host.is_empty() { Value::Null } else { Value::from(host) }),
        ("netloc", Value::from(netloc)),
        ("password", text(password)),
        ("path", Value::from(path)),
        ("port", port.map_or(Value::Null, Value::from)),
        ("query", Value::from(query)),
        ("scheme", Value::from(scheme.to_ascii_lowercase())),
        ("username", text(username)),
    ]
    .into_iter()
    .collect();
    match wanted {
        None => Ok(Value::from(parts)),
        Some(name) => parts.get(&name).cloned().ok_or_else(|| format!("a URL has no part `{name}`").into()),
    }
}
