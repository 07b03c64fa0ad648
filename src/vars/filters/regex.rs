//! Regular expressions in Python's syntax.

use fancy_regex::{Captures, Regex};

use super::{Filter, filter};
use crate::base::Value;
use crate::base::regex::{self, Template, group};
use crate::vars::call::{Call, CallError, text_of};

pub(super) const FILTERS: &[Filter] = &[
    filter("regex_replace", replace),
    filter("regex_search", search),
    filter("regex_findall", find_all),
    filter("regex_escape", escape),
];

/// Compiles Python's syntax.
pub fn compile(pattern: &str, ignore_case: bool, multiline: bool) -> Result<Regex, CallError> {
    regex::compile(pattern, ignore_case, multiline)
        .map_err(|error| format!("`{pattern}` is no regular expression: {}", told(&error)).into())
}

/// What is wrong with it; in Python's words where playbooks look for them.
fn told(error: &fancy_regex::Error) -> String {
    use fancy_regex::{Error, ParseError};
    match error {
        Error::ParseError(place, ParseError::TargetNotRepeatable) => {
            format!("nothing to repeat at position {place}")
        }
        other => other.to_string(),
    }
}

/// What a match that was given up on says.
pub fn gave_up(error: &fancy_regex::Error) -> CallError {
    format!("the regular expression was given up: {error}").into()
}

fn from_call(call: &Call<'_>, place: usize) -> Result<Regex, CallError> {
    let pattern = call.required_text(place, "pattern").or_else(|_| call.required_text(place, "regex"))?;
    let ignore_case = call.named("ignorecase").is_some_and(Value::is_truthy);
    let multiline = call.named("multiline").is_some_and(Value::is_truthy);
    compile(&pattern, ignore_case, multiline)
}

/// All matches, from the left.
fn matches<'t>(
    regex: &'t Regex,
    text: &'t str,
) -> impl Iterator<Item = Result<Captures<'t, str>, CallError>> {
    regex::matches(regex, text).map(|found| found.map_err(|error| gave_up(&error)))
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
    let template = Template::read(&regex, &replacement)?;
    let mut out = String::with_capacity(subject.len());
    let (mut end, mut count) = (0, 0_usize);
    for captures in matches(&regex, &subject) {
        let captures = captures?;
        let Some(whole) = captures.get(0) else { continue };
        out.push_str(&subject[end..whole.start()]);
        template.expand(&captures, &mut out);
        end = whole.end();
        count += 1;
        if most > 0 && count == most {
            break;
        }
    }
    out.push_str(&subject[end..]);
    if wanted > 0 && i128::try_from(count) != Ok(wanted) {
        return Err(format!(
            "'{pattern}' should match {wanted} times, but matches {count} times in '{subject}'"
        )
        .into());
    }
    Ok(Value::from(out))
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
        let found = captures.get(group(&regex, name)?);
        Ok::<_, CallError>(found.map_or(Value::Null, |found| Value::from(found.as_str())))
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
        None => {
            Err(format!(r"Unknown argument: a group is asked for as `\1` or `\g<name>`, not `{asked}`")
                .into())
        }
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
    for captures in matches(&regex, &subject) {
        let captures = captures?;
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
        Some(other @ "posix_extended") => {
            return Err(format!("Regex type ({other}) not yet implemented").into());
        }
        Some(other) => return Err(format!("Invalid regex type ({other})").into()),
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
