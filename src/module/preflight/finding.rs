//! A finding: what a check saw, how bad it is, and what to do about it.

use crate::base::{Map, Value};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// As it should be.
    Ok,
    /// Good to know, or nobody can tell.
    Note,
    /// Figures may be worse or differ more than they need.
    Warning,
    /// Something will not work.
    Error,
}

/// What a check saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The check.
    pub check: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is so, in a few words.
    pub seen: String,
    /// What to do; empty where nothing is to be done.
    pub fix: String,
}

impl Finding {
    /// It is as it should be.
    pub fn ok(check: &'static str, seen: impl Into<String>) -> Self {
        Self { check, severity: Severity::Ok, seen: seen.into(), fix: String::new() }
    }

    /// Good to know.
    pub fn note(check: &'static str, seen: impl Into<String>) -> Self {
        Self { severity: Severity::Note, ..Self::ok(check, seen) }
    }

    /// Figures may suffer.
    pub fn warning(check: &'static str, seen: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, fix: fix.into(), ..Self::ok(check, seen) }
    }

    /// Something will not work.
    pub fn error(check: &'static str, seen: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { severity: Severity::Error, fix: fix.into(), ..Self::ok(check, seen) }
    }

    /// In one line: `swap: 12 MiB of 2 GiB are in use (swapoff -a)`.
    pub fn told(&self) -> String {
        format!("{}: {} ({})", self.check, self.seen, self.fix)
    }
}

impl Severity {
    /// As it is told.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Ok => "ok",
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

impl From<Finding> for Value {
    fn from(found: Finding) -> Self {
        let mut row = Map::from_iter([
            ("check", Value::from(found.check)),
            ("severity", found.severity.word().into()),
            ("seen", found.seen.into()),
        ]);
        if !found.fix.is_empty() {
            row.insert("fix", found.fix);
        }
        row.into()
    }
}
