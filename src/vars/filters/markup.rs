//! Jinja's filters for HTML and URLs, and sizes for people.

use std::fmt::Write as _;

use super::{Filter, filter};
use crate::base::{Key, Value};
use crate::vars::call::{Call, CallError};

pub(super) const FILTERS: &[Filter] = &[
    Filter {
        name: "escape",
        aliases: &["e", "forceescape"],
        run: |call| Ok(Value::from(escaped(&call.subject()?.to_string()))),
    },
    filter("safe", |call| Ok(Value::from(call.subject()?.to_string()))),
    filter("urlencode", url_encode),
    filter("urldecode", |call| Ok(Value::from(url_decode(&call.subject_text()?)))),
    filter("xmlattr", xml_attributes),
    filter("striptags", |call| Ok(Value::from(without_tags(&call.subject()?.to_string())))),
    filter("urlize", with_links),
    filter("filesizeformat", file_size),
    filter("abs", absolute),
];

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Bytes of a text for a URL; in a query blanks are `+` and slashes are no separators.
fn quoted(text: &str, in_query: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => out.push(char::from(byte)),
            b'/' if !in_query => out.push('/'),
            b' ' if in_query => out.push('+'),
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

fn url_encode(call: &Call<'_>) -> Result<Value, CallError> {
    let pairs: Vec<(String, String)> = match call.subject()? {
        Value::Map(map) => {
            map.iter().map(|(key, value)| (Key::to_value(key).to_string(), value.to_string())).collect()
        }
        Value::List(items) => {
            let pair = |item: &Value| match item.as_list() {
                Some([key, value]) => Ok((key.to_string(), value.to_string())),
                _ => Err(CallError::from("each item must be a pair")),
            };
            items.iter().map(pair).collect::<Result<_, _>>()?
        }
        text => return Ok(Value::from(quoted(&text.to_string(), false))),
    };
    let parts = pairs.iter().map(|(key, value)| format!("{}={}", quoted(key, true), quoted(value, true)));
    Ok(Value::from(parts.collect::<Vec<_>>().join("&")))
}

/// `%41` and `+` as what they stand for.
fn url_decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let code =
            || std::str::from_utf8(tail.get(..2)?).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match first {
            b'+' => out.push(b' '),
            b'%' => match code() {
                Some(byte) => {
                    out.push(byte);
                    rest = &tail[2..];
                }
                None => out.push(b'%'),
            },
            byte => out.push(*byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn xml_attributes(call: &Call<'_>) -> Result<Value, CallError> {
    let space = call.flag(1, "autospace", true)?;
    let mut parts = Vec::new();
    for (key, value) in call.subject_map()?.iter().filter(|(_, value)| !value.is_null()) {
        let key = key.to_string();
        if key.contains([' ', '\t', '\n', '\x0c', '/', '>', '=']) {
            return Err(format!("`{key}` is no name of an attribute").into());
        }
        parts.push(format!("{}=\"{}\"", escaped(&key), escaped(&value.to_string())));
    }
    let joined = parts.join(" ");
    Ok(Value::from(if space && !joined.is_empty() { format!(" {joined}") } else { joined }))
}

fn without_tags(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(begin) = rest.find('<') {
        out.push_str(&rest[..begin]);
        let comment = rest[begin..].starts_with("<!--");
        let close = if comment { "-->" } else { ">" };
        let Some(end) = rest[begin..].find(close) else {
            out.push_str(&rest[begin..]);
            rest = "";
            break;
        };
        rest = &rest[begin + end + close.len()..];
    }
    out.push_str(rest);
    let words: Vec<&str> = out.split_whitespace().collect();
    let text = words.join(" ");
    [("&lt;", "<"), ("&gt;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&quot;", "\""), ("&amp;", "&")]
        .iter()
        .fold(text, |text, (entity, c)| text.replace(entity, c))
}

/// Addresses of the web and of mail in a text become links.
fn with_links(call: &Call<'_>) -> Result<Value, CallError> {
    let text = call.subject_text()?;
    let most = call.arg(1, "trim_url_limit").filter(|most| !most.is_null()).and_then(Value::as_int);
    let most = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    let mut relations = std::collections::BTreeSet::from(["noopener".to_owned()]);
    if call.flag(2, "nofollow", false)? {
        relations.insert("nofollow".to_owned());
    }
    let target =
        call.text(3, "target")?.map(|target| format!(" target=\"{}\"", escaped(&target))).unwrap_or_default();
    relations.extend(call.text(4, "rel")?.unwrap_or_default().split_whitespace().map(ToOwned::to_owned));
    let relations = relations.into_iter().collect::<Vec<_>>().join(" ");
    let attributes = format!(" rel=\"{}\"{target}", escaped(&relations));
    let mut out = String::new();
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        let inner = word.trim_start_matches(['(', '<']).trim_end_matches(['.', ',', ')', '>']);
        let begin = word.len() - word.trim_start_matches(['(', '<']).len();
        let (head, tail) = (&piece[..begin], piece.get(begin + inner.len()..).unwrap_or_default());
        let shown = escaped(inner);
        let short: String = if inner.chars().count() > most {
            shown.chars().take(most).chain("...".chars()).collect()
        } else {
            shown.clone()
        };
        let link = if inner.starts_with("http://") || inner.starts_with("https://") {
            format!("<a href=\"{shown}\"{attributes}>{short}</a>")
        } else if inner.starts_with("www.") {
            format!("<a href=\"https://{shown}\"{attributes}>{short}</a>")
        } else if is_mail(inner.strip_prefix("mailto:").unwrap_or(inner)) {
            let address = shown.strip_prefix("mailto:").unwrap_or(&shown);
            format!("<a href=\"mailto:{address}\">{address}</a>")
        } else {
            shown
        };
        out.extend([escaped(head), link, escaped(tail)]);
    }
    Ok(Value::from(out))
}

/// `name@host.domain`.
fn is_mail(word: &str) -> bool {
    let word_like = |c: char| c == '_' || c.is_alphanumeric();
    word.split_once('@').is_some_and(|(name, host)| {
        let last = host.rsplit_once('.').map_or("", |(_, last)| last);
        !name.is_empty()
            && !word.contains(':')
            && host.starts_with(word_like)
            && host.chars().all(|c| word_like(c) || matches!(c, '.' | '-'))
            && !last.is_empty()
            && last.chars().all(word_like)
    })
}

#[allow(clippy::cast_precision_loss)] // it is rounded to one digit
fn file_size(call: &Call<'_>) -> Result<Value, CallError> {
    let bytes = match call.subject()? {
        Value::String(text) => text.as_str().trim().parse().map_err(|_| "a number is needed")?,
        other => other.as_float().ok_or_else(|| format!("a number is needed, not {}", other.kind()))?,
    };
    let binary = call.arg(1, "binary").is_some_and(Value::is_truthy);
    let base: f64 = if binary { 1024.0 } else { 1000.0 };
    if bytes.to_bits() == 1.0_f64.to_bits() {
        return Ok(Value::from("1 Byte"));
    }
    if bytes < base {
        #[allow(clippy::cast_possible_truncation)] // below 1024
        return Ok(Value::from(format!("{} Bytes", bytes as i64)));
    }
    let mut size = bytes;
    let mut unit = ' ';
    for prefix in "kMGTPEZY".chars() {
        size /= base;
        unit = prefix;
        if size < base {
            break;
        }
    }
    let unit = if binary { format!("{}iB", unit.to_ascii_uppercase()) } else { format!("{unit}B") };
    Ok(Value::from(format!("{size:.1} {unit}")))
}

fn absolute(call: &Call<'_>) -> Result<Value, CallError> {
    Ok(match call.subject()? {
        Value::Int(i) => Value::Int(i.checked_abs().ok_or("the number is too large")?),
        Value::Bool(b) => Value::from(i64::from(*b)),
        Value::Float(x) => Value::Float(x.abs()),
        other => return Err(format!("a number is needed, not {}", other.kind()).into()),
    })
}
