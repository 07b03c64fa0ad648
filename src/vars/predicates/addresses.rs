//! Tests of addresses of things: URLs, URIs, URNs.

use super::{Predicate, predicate};
use crate::base::Value;
use crate::vars::call::{Call, CallError};

pub(super) const PREDICATES: &[Predicate] = &[
    predicate("uri", &[], |call| {
        Ok(Parts::of(call)?.is_some_and(|parts| !parts.scheme.is_empty() && !parts.path_and_host.is_empty()))
    }),
    predicate("url", &[], |call| {
        Ok(Parts::of(call)?.is_some_and(|parts| !parts.scheme.is_empty() && parts.has_host))
    }),
    predicate("urn", &[], |call| {
        Ok(Parts::of(call)?.is_some_and(|parts| parts.scheme == "urn" && !parts.path_and_host.is_empty()))
    }),
];

struct Parts {
    scheme: String,
    has_host: bool,
    path_and_host: String,
}

impl Parts {
    fn of(call: &Call<'_>) -> Result<Option<Self>, CallError> {
        let schemes: Vec<String> = match call.arg(1, "schemes") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::List(items)) => items.iter().map(ToString::to_string).collect(),
            Some(other) => return Err(format!("`schemes` must be a list, not {}", other.kind()).into()),
        };
        let text = call.subject()?.to_string();
        let Some((scheme, rest)) = text.split_once(':') else { return Ok(None) };
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        let scheme = scheme.to_ascii_lowercase();
        if !is_scheme || (!schemes.is_empty() && !schemes.contains(&scheme)) {
            return Ok(None);
        }
        let host = rest.strip_prefix("//").map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
        let has_host = host.is_some_and(|host| !host.is_empty());
        let path_and_host =
            rest.split(['?', '#']).next().unwrap_or_default().trim_start_matches("//").to_owned();
        Ok(Some(Self { scheme, has_host, path_and_host }))
    }
}
