//! Tests of addresses of things: URLs, URIs, URNs. Nearly every text is a URI to the reference, since a URI may be relative.

use super::{Predicate, predicate};
use crate::base::Value;
use crate::vars::call::{Call, CallError};

pub(super) const PREDICATES: &[Predicate] = &[
    predicate("uri", &[], |call| Ok(Parts::of(call, &schemes(call)?).is_some())),
    predicate("url", &[], |call| {
        Ok(Parts::of(call, &schemes(call)?).is_some_and(|parts| parts.has_host || parts.scheme == "file"))
    }),
    predicate("urn", &[], |call| Ok(Parts::of(call, &["urn".to_owned()]).is_some())),
];

struct Parts {
    scheme: String,
    has_host: bool,
}

fn schemes(call: &Call<'_>) -> Result<Vec<String>, CallError> {
    match call.arg(1, "schemes") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::List(items)) => Ok(items.iter().map(ToString::to_string).collect()),
        Some(other) => Err(format!("`schemes` must be a list, not {}", other.kind()).into()),
    }
}

impl Parts {
    /// `None` when it is no text, or has none of the schemes.
    fn of(call: &Call<'_>, schemes: &[String]) -> Option<Self> {
        let text = call.subject().ok()?.as_str()?.to_owned();
        let is_scheme = |scheme: &str| {
            scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        };
        let (scheme, rest) =
            text.split_once(':').filter(|(scheme, _)| is_scheme(scheme)).unwrap_or(("", &text));
        let scheme = scheme.to_ascii_lowercase();
        if !schemes.is_empty() && !schemes.contains(&scheme) {
            return None;
        }
        let host = rest.strip_prefix("//").map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
        Some(Self { scheme, has_host: host.is_some_and(|host| !host.is_empty()) })
    }
}
