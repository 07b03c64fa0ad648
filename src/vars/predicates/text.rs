//! Tests of texts: regular expressions.

use super::{Predicate, predicate};
use crate::base::Value;
use crate::vars::call::{Call, CallError};
use crate::vars::filters::regex::{compile, gave_up};

pub(super) const PREDICATES: &[Predicate] = &[
    predicate("match", &[], |call| matches(call, "match")),
    predicate("search", &[], |call| matches(call, "search")),
    predicate("regex", &[], |call| {
        let kind = call.named("match_type").map_or_else(|| "search".to_owned(), ToString::to_string);
        matches(call, &kind)
    }),
];

fn matches(call: &Call<'_>, kind: &str) -> Result<bool, CallError> {
    let subject = call.subject()?.to_string();
    let pattern = call.text(1, "pattern")?.unwrap_or_default();
    let ignore_case = call.flag(2, "ignorecase", false)?;
    let multiline = call.flag(3, "multiline", false)?;
    let pattern = match kind {
        "search" => pattern,
        // Only at the start of the text, also when `^` would match at every line.
        "match" => format!(r"\A(?:{pattern})"),
        "fullmatch" => format!(r"\A(?:{pattern})\z"),
        other => return Err(format!("`{other}` is no kind of match").into()),
    };
    compile(&pattern, ignore_case, multiline)?.is_match(&subject).map_err(|error| gave_up(&error))
}

/// Ansible's idea of a truth that was written as text.
pub(super) fn truth(value: &Value, convert: bool) -> bool {
    if convert { value.to_bool().unwrap_or_else(|| value.is_truthy()) } else { value.is_truthy() }
}
