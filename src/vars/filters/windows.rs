//! Paths of Windows, as texts.

use super::{Filter, filter};
use crate::base::Value;
use crate::vars::call::{Call, CallError};

pub(super) const FILTERS: &[Filter] = &[
    filter("win_basename", |call| Ok(Value::from(split(&call.subject_text()?).1))),
    filter("win_dirname", |call| Ok(Value::from(split(&call.subject_text()?).0))),
    filter("win_splitdrive", split_drive),
];

/// The drive, or the share, and the rest.
fn drive(path: &str) -> (&str, &str) {
    let is_slash = |c: char| matches!(c, '\\' | '/');
    if path.get(1..2) == Some(":") {
        return path.split_at(2);
    }
    let Some(rest) = path.strip_prefix("\\\\").or_else(|| path.strip_prefix("//")) else { return ("", path) };
    let Some(host) = rest.find(is_slash) else { return ("", path) };
    let share = rest[host + 1..].find(is_slash).map_or(rest.len(), |end| host + 1 + end);
    path.split_at(2 + share)
}

fn split(path: &str) -> (String, String) {
    let is_slash = |c: char| matches!(c, '\\' | '/');
    let (drive, rest) = drive(path);
    let end = rest.rfind(is_slash).map_or(0, |place| place + 1);
    let (head, tail) = rest.split_at(end);
    let trimmed = head.trim_end_matches(is_slash);
    let head = if trimmed.is_empty() { head } else { trimmed };
    (format!("{drive}{head}"), tail.to_owned())
}

fn split_drive(call: &Call<'_>) -> Result<Value, CallError> {
    let path = call.subject_text()?;
    let (drive, rest) = drive(&path);
    Ok(Value::from(vec![drive, rest]))
}
