//! Regular expressions in Python's syntax.

use fancy_regex::{Captures, Regex, RegexBuilder};

use super::{Filter, filter};
use crate::base::Value;
use crate::vars::call::{Call, CallError, text_of};

pub(super) const FILTERS: &[Filter] = &[
    filter("regex_replace", replace),
    filter("regex_search", search),
    filter("regex_findall", find_all),
    filter("regex_escape", escape),
];

/// Compiles Python's syntax: `\Z`, and `$` that also matches before a last newline.
pub fn compile(pattern: &str, ignore_case: bool, multiline: bool) -> Result<Regex, CallError> {
    RegexBuilder::new(&translate(pattern, multiline))
        .case_insensitive(ignore_case)
        .multi_line(multiline)
        .build()
        .map_err(|error| format!("`{pattern}` is no regular expression: {error}").into())
}

/// What a match that was given up on says.
pub fn gave_up(error: &fancy_regex::Error) -> CallError {
    format!("the regular expression was given up: {error}").into()
}

fn translate(pattern: &str, multiline: bool) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut in_class = false;
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('Z') if !in_class => out.push_str(r"\z"),
                Some(next) => out.extend(['\\', next]),
                None => out.push('\\'),
            },
            '[' if in_class => out.push_str(r"\["),
            '[' => {
                in_class = true;
                out.push('[');
                // A `]` that comes first is one of the class.
                let rest = chars.as_str();
                let after = rest.strip_prefix('^').unwrap_or(rest);
                if rest.len() != after.len() {
                    out.push('^');
                    chars.next();
                }
                if after.starts_with(']') {
                    out.push_str(r"\]");
                    chars.next();
                }
            }
            ']' => {
                in_class = false;
                out.push(']');
            }
            '$' if !in_class && !multiline => out.push_str(r"(?=\n?\z)"),
            c => out.push(c),
        }
    }
    out
}

fn from_call(call: &Call<'_>, place: usize) -> Result<Regex, CallError> {
    let pattern = call.required_text(place, "pattern").or_else(|_| call.required_text(place, "regex"))?;
    let ignore_case = call.named("ignorecase").is_some_and(Value::is_truthy);
    let multiline = call.named("multiline").is_some_and(Value::is_truthy);
    compile(&pattern, ignore_case, multiline)
}

fn replace(call: &Call<'_>) -> Result<Value, CallError> {
    let subject = call.subject()?.to_string();
    let pattern = call.text(1, "pattern")?.unwrap_or_default();
    let replacement = call.text(2, "replacement")?.unwrap_or_default();
    let ignore_case = call.flag(3, "ignorecase", false)?;
    let multiline = call.flag(4, "multiline", false)?;
    let most = usize::try_from(call.named("count").and_then(Value::as_int).unwrap_or(0)).unwrap_or(0);
    let wanted = call.named("mandatory_count").and_then(Value::as_int).unwrap_or(0);
    let regex = compile(&pattern, ignore_case, multiline)?;
    let mut out = String::with_capacity(subject.len());
    let (mut end, mut count) = (0, 0_usize);
    for captures in regex.captures_iter(subject.as_str()) {
        let captures = captures.map_err(|error| gave_up(&error))?;
        let Some(whole) = captures.get(0) else { continue };
        out.push_str(&subject[end..whole.start()]);
        expand(&regex, &replacement, &captures, &mut out)?;
        end = whole.end();
        count += 1;
        if most > 0 && count == most {
            break;
        }
    }
    out.push_str(&subject[end..]);
    if wanted > 0 && i128::try_from(count) != Ok(wanted) {
        return Err(format!("`{pattern}` matched {count} times, not {wanted}").into());
    }
    Ok(Value::from(out))
}

/// Python's replacement template: `\1`, `\g<1>`, `\g<name>`, `\n`, `\\`.
fn expand(
    regex: &Regex,
    template: &str,
    captures: &Captures<'_, str>,
    out: &mut String,
) -> Result<(), CallError> {
    let mut rest = template;
    while let Some(place) = rest.find('\\') {
        out.push_str(&rest[..place]);
        rest = &rest[place + 1..];
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits > 0 {
            let (number, after) = rest.split_at(digits.min(2));
            out.push_str(group(regex, number, captures)?);
            rest = after;
        } else if let Some((name, after)) = rest.strip_prefix("g<").and_then(|rest| rest.split_once('>')) {
            out.push_str(group(regex, name, captures)?);
            rest = after;
        } else {
            let mut chars = rest.chars();
            match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('r') => out.push('\r'),
                Some('\\') | None => out.push('\\'),
                Some(c) if c.is_ascii_alphabetic() => return Err(format!(r"`\{c}` is no escape").into()),
                Some(c) => out.extend(['\\', c]),
            }
            rest = chars.as_str();
        }
    }
    out.push_str(rest);
    Ok(())
}

/// What a group matched, by number or name; a group that took no part is empty.
fn group<'t>(regex: &Regex, name: &str, captures: &Captures<'t, str>) -> Result<&'t str, CallError> {
    let found = match name.parse::<usize>() {
        Ok(number) if number < captures.len() => captures.get(number),
        Ok(_) => return Err(format!("there is no group {name}").into()),
        Err(_)
            if captures.name(name).is_none()
                && !regex.capture_names().flatten().any(|known| known == name) =>
        {
            return Err(format!("there is no group `{name}`").into());
        }
        Err(_) => captures.name(name),
    };
    Ok(found.map_or("", |found| found.as_str()))
}

/// The match, or the asked groups of it as a list; nothing when there is none.
fn search(call: &Call<'_>) -> Result<Value, CallError> {
    let subject = call.subject()?.to_string();
    let regex = from_call(call, 1)?;
    let wanted = call.rest(2).iter().map(asked_group).collect::<Result<Vec<_>, _>>()?;
    let Some(captures) = regex.captures(subject.as_str()).map_err(|error| gave_up(&error))? else {
        return Ok(Value::Null);
    };
    if wanted.is_empty() {
        return Ok(Value::from(captures.get(0).map_or("", |whole| whole.as_str())));
    }
    let groups = wanted.iter().map(|name| {
        // A group that took no part is nothing here, and empty in a replacement.
        let text = group(&regex, name, &captures)?;
        let found = name.parse().map_or_else(|_| captures.name(name), |number| captures.get(number));
        Ok::<_, CallError>(found.map_or(Value::Null, |_| Value::from(text)))
    });
    groups.collect::<Result<Vec<_>, _>>().map(Value::list)
}

/// The number or the name in `\1` or `\g<name>`.
fn asked_group(asked: &Value) -> Result<String, CallError> {
    let asked = text_of(asked)?;
    let named = asked.strip_prefix("\\g<").and_then(|name| name.strip_suffix('>'));
    let numbered =
        || asked.strip_prefix('\\').filter(|digits| digits.starts_with(|c: char| c.is_ascii_digit()));
    match named.or_else(numbered) {
        Some(name) => Ok(name.to_owned()),
        None => Err(format!(r"a group is asked for as `\1` or `\g<name>`, not `{asked}`").into()),
    }
}

/// All matches: of the group when there is one, lists when there are several.
fn find_all(call: &Call<'_>) -> Result<Value, CallError> {
    let subject = call.subject()?.to_string();
    let pattern = call.required_text(1, "regex")?;
    let multiline = call.flag(2, "multiline", false)?;
    let ignore_case = call.flag(3, "ignorecase", false)?;
    let regex = compile(&pattern, ignore_case, multiline)?;
    let mut found = Vec::new();
    for captures in regex.captures_iter(subject.as_str()) {
        let captures = captures.map_err(|error| gave_up(&error))?;
        let text = |number| Value::from(captures.get(number).map_or("", |found| found.as_str()));
        found.push(match captures.len() {
            1 => text(0),
            2 => text(1),
            groups => Value::list((1..groups).map(text).collect()),
        });
    }
    Ok(Value::list(found))
}

fn escape(call: &Call<'_>) -> Result<Value, CallError> {
    let subject = call.subject_text()?;
    let special = match call.text(1, "re_type")?.as_deref() {
        None | Some("python") => "\\.+*?()|[]{}^$#&-~ \t\n\r\u{b}\u{c}",
        Some("posix_basic") => "\\.*[]^$",
        Some(other) => return Err(format!("`{other}` is no kind of regular expression").into()),
    };
    let mut out = String::with_capacity(subject.len() + 8);
    for c in subject.chars() {
        if special.contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    Ok(Value::from(out))
}
