//! Texts: quoting, comments, layout.

use super::{Filter, filter};
use crate::base::{Map, Value};
use crate::vars::call::{Call, CallError};

pub(super) const FILTERS: &[Filter] = &[
    filter("quote", |call| {
        let subject = call.subject()?;
        Ok(Value::from(quoted(&if subject.is_null() { String::new() } else { subject.to_string() })))
    }),
    filter("comment", comment),
    filter("center", center),
    filter("wordcount", |call| {
        let is_word = |c: char| c == '_' || c.is_alphanumeric();
        let text = call.subject_text()?;
        Ok(Value::from(text.split(|c| !is_word(c)).filter(|word| !word.is_empty()).count()))
    }),
    filter("truncate", truncate),
    filter("split", split),
    filter("urlsplit", urlsplit),
];

/// The subject, which must be a text: Python's methods of texts know no numbers.
pub(in crate::vars) fn only_text(call: &Call<'_>) -> Result<String, CallError> {
    let subject = call.subject()?;
    let text = subject.as_str().ok_or_else(|| format!("a string is needed, not {}", subject.kind()))?;
    Ok(text.to_owned())
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
        other => {
            return Err(format!("Invalid style '{other}'; there are plain, erlang, c, cblock, xml").into());
        }
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
    // As Python divides it: of an odd number of blanks the last goes to the left when the width is odd.
    let blanks = width.saturating_sub(text.chars().count());
    let left = blanks / 2 + (blanks & width & 1);
    Ok(Value::from(format!("{}{text}{}", " ".repeat(left), " ".repeat(blanks - left))))
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
    let text = only_text(call)?;
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
        Some(name) => {
            parts.get(&name).cloned().ok_or_else(|| format!("urlsplit: unknown URL component: {name}").into())
        }
    }
}
