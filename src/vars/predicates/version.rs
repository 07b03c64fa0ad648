//! The test `version`, with the kinds of version that Ansible knows.

use std::cmp::Ordering;

use super::{Predicate, predicate};
use crate::vars::call::{Call, CallError};

pub(super) const PREDICATES: &[Predicate] = &[predicate("version", &["version_compare"], version)];

fn version(call: &Call<'_>) -> Result<bool, CallError> {
    let version = call.subject()?.to_string();
    let other = call.required_text(1, "version")?;
    let operator = call.text(2, "operator")?.unwrap_or_else(|| "eq".into());
    let given = call.arg(3, "strict").is_some_and(|strict| !strict.is_null());
    let strict = given && call.flag(3, "strict", false)?;
    let kind = call.text(4, "version_type")?;
    // The reference's words, which playbooks look for.
    if given && kind.is_some() {
        return Err("Cannot specify both 'strict' and 'version_type'".into());
    }
    if version.is_empty() {
        return Err("Input version value cannot be empty".into());
    }
    if other.is_empty() {
        return Err("Version parameter to compare against cannot be empty".into());
    }
    let order = match kind.as_deref() {
        None if strict => semantic(&version, &other)?,
        None | Some("loose") => loose(&version, &other)?,
        Some("strict" | "semver" | "semantic") => semantic(&version, &other)?,
        Some("pep440") => Pep440::read(&version)?.cmp(&Pep440::read(&other)?),
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

/// Runs of digits and of other letters, dots left out, compared one by one. A number and a word have no order.
fn loose(a: &str, b: &str) -> Result<Ordering, CallError> {
    let (left, right) = (components(a), components(b));
    for (left, right) in left.iter().zip(&right) {
        let order = match (left.parse::<u128>(), right.parse::<u128>()) {
            (Ok(left), Ok(right)) => left.cmp(&right),
            (Err(_), Err(_)) => left.cmp(right),
            _ => {
                return Err(format!(
                    "`{a}` and `{b}` cannot be compared: one has a number where the other has none"
                )
                .into());
            }
        };
        if order.is_ne() {
            return Ok(order);
        }
    }
    Ok(left.len().cmp(&right.len()))
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

/// Semantic versioning 2.0.0: a pre-release stands below its release, what follows `+` is left out.
fn semantic(a: &str, b: &str) -> Result<Ordering, CallError> {
    let (a, b) = (release(a)?, release(b)?);
    Ok(a.0.cmp(&b.0).then_with(|| match (a.1, b.1) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(a), Some(b)) => pre_release(a, b),
    }))
}

/// Parts between dots, numbers below words.
fn pre_release(a: &str, b: &str) -> Ordering {
    let part = |part: &str| (part.parse::<u64>().is_err(), part.parse::<u64>().unwrap_or(0), part.to_owned());
    a.split('.').map(part).cmp(b.split('.').map(part))
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

/// A version of Python's packages, PEP 440, in the order of its fields.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Pep440 {
    epoch: u64,
    release: Vec<u64>,
    /// Development releases below alpha, beta and candidates, these below the final one.
    stage: (u8, u64),
    /// Releases after the final one.
    post: Option<u64>,
    /// `.dev3` stands below what it leads to.
    dev: (bool, u64),
    local: String,
}

impl Pep440 {
    fn read(text: &str) -> Result<Self, CallError> {
        let refuse = || CallError::from(format!("`{text}` is no version of a Python package"));
        let lower = text.trim().to_ascii_lowercase();
        let (rest, local) = lower.split_once('+').unwrap_or((&lower, ""));
        let rest = rest.strip_prefix('v').unwrap_or(rest);
        let (epoch, rest) = rest.split_once('!').unwrap_or(("0", rest));
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
        let (numbers, mut rest) = rest.split_at(end);
        let numbers = numbers.trim_end_matches('.');
        let mut release: Vec<u64> =
            numbers.split('.').map(|part| part.parse().map_err(|_| refuse())).collect::<Result<_, _>>()?;
        while release.len() > 1 && release.last() == Some(&0) {
            release.pop();
        }
        let (mut stage, mut post, mut dev) = ((9, 0), None, (true, 0));
        while !rest.is_empty() {
            rest = rest.trim_start_matches(['.', '-', '_']);
            let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            let after = after.trim_start_matches(['.', '-', '_']);
            let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
            let number = after[..end].parse().unwrap_or(0);
            rest = &after[end..];
            match word {
                "a" | "alpha" => stage = (1, number),
                "b" | "beta" => stage = (2, number),
                "rc" | "c" | "pre" | "preview" => stage = (3, number),
                "post" | "rev" | "r" => post = Some(number),
                "" if end > 0 => post = Some(number),
                "dev" => dev = (false, number),
                _ => return Err(refuse()),
            }
        }
        // `1.0.dev1` leads to all of 1.0, its candidates too.
        if !dev.0 && stage.0 == 9 && post.is_none() {
            stage = (0, 0);
        }
        let epoch = epoch.parse().map_err(|_| refuse())?;
        Ok(Self { epoch, release, stage, post, dev, local: local.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_python_packages_have_their_order() {
        let row =
            ["1.0.dev1", "1.0a1", "1.0b2.dev3", "1.0b2", "1.0rc1", "1.0", "1.0.post1", "1.0.1", "1!0.1"];
        let read: Vec<_> = row.iter().map(|version| Pep440::read(version).expect("a version")).collect();
        assert!(read.is_sorted());
        assert!(Pep440::read("1.0").expect("a version") == Pep440::read("v1.0.0").expect("a version"));
        assert!(Pep440::read("one").is_err());
    }
}
