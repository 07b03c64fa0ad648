//! Tests of texts: regular expressions and versions.

use std::cmp::Ordering;

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
    predicate("version", &["version_compare"], version),
];

fn matches(call: &Call<'_>, kind: &str) -> Result<bool, CallError> {
    let subject = call.subject()?.to_string();
    let pattern = call.required_text(1, "pattern")?;
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

fn version(call: &Call<'_>) -> Result<bool, CallError> {
    let version = call.subject()?.to_string();
    let other = call.required_text(1, "version")?;
    let operator = call.text(2, "operator")?.unwrap_or_else(|| "eq".into());
    let strict = call.flag(3, "strict", false)?;
    let kind = call.text(4, "version_type")?;
    if version.is_empty() || other.is_empty() {
        return Err("a version must not be empty".into());
    }
    let order = match kind.as_deref() {
        None if strict => semantic(&version, &other)?,
        None | Some("loose") => loose(&version, &other),
        Some("strict" | "semver" | "semantic") => semantic(&version, &other)?,
        Some("pep440") => loose(&with_final(&version), &with_final(&other)),
        Some(kind) => return Err(format!("`{kind}` is no kind of version").into()),
    };
    Ok(match operator.as_str() {
        "==" | "=" | "eq" => order.is_eq(),
        "!=" | "<>" | "ne" => order.is_ne(),
        "<" | "lt" => order.is_lt(),
        "<=" | "le" => order.is_le(),
        ">" | "gt" => order.is_gt(),
        ">=" | "ge" => order.is_ge(),
        other => return Err(format!("`{other}` does not compare").into()),
    })
}

/// Runs of digits and of other letters, dots left out, compared one by one.
fn loose(a: &str, b: &str) -> Ordering {
    let (a, b) = (components(a), components(b));
    for (a, b) in a.iter().zip(&b) {
        let order = match (a.parse::<u128>(), b.parse::<u128>()) {
            (Ok(a), Ok(b)) => a.cmp(&b),
            (Ok(_), Err(_)) => Ordering::Greater,
            (Err(_), Ok(_)) => Ordering::Less,
            (Err(_), Err(_)) => a.cmp(b),
        };
        if order.is_ne() {
            return order;
        }
    }
    a.len().cmp(&b.len())
}

fn components(version: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = version;
    while let Some(first) = rest.chars().next() {
        let kind = |c: char| (c.is_ascii_digit(), c == '.');
        let end = rest.find(|c: char| kind(c) != kind(first)).unwrap_or(rest.len());
        if first != '.' {
            parts.push(&rest[..end]);
        }
        rest = &rest[end..];
    }
    parts
}

/// A final release stands above its candidates.
fn with_final(version: &str) -> String {
    let version = version.trim_start_matches('v').replace(['-', '_'], ".");
    if version.bytes().any(|b| b.is_ascii_alphabetic()) { version } else { format!("{version}.zfinal") }
}

/// Semantic versioning 2.0.0: a pre-release stands below its release, what follows `+` is left out.
fn semantic(a: &str, b: &str) -> Result<Ordering, CallError> {
    let (a, b) = (release(a)?, release(b)?);
    Ok(a.0.cmp(&b.0).then_with(|| match (a.1, b.1) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(a), Some(b)) => loose(a, b),
    }))
}

fn release(version: &str) -> Result<(Vec<u64>, Option<&str>), CallError> {
    let version = version.split('+').next().unwrap_or(version);
    let (numbers, before) = version.split_once('-').map_or((version, None), |(n, pre)| (n, Some(pre)));
    let mut parts: Vec<u64> = numbers
        .split('.')
        .map(|part| part.parse().map_err(|_| format!("`{version}` is no semantic version")))
        .collect::<Result<_, _>>()?;
    parts.resize(parts.len().max(3), 0);
    Ok((parts, before))
}

/// Ansible's idea of a truth that was written as text.
pub(super) fn truth(value: &Value, convert: bool) -> bool {
    if convert { value.to_bool().unwrap_or_else(|| value.is_truthy()) } else { value.is_truthy() }
}
