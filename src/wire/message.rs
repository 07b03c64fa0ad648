//! The messages: CBOR in control frames. A field that is added gets a default, so that builds can differ by one. What has its
//! default value is not sent: most fields have it in most messages.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Job;
use crate::base::{Map, RunMark, Timestamp, Value};

/// One invocation of a module on the target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The run that asks; children carry it in `BENCHBOOK_RUN`.
    pub run: RunMark,
    /// Which controller of that run asks: counts up with every resume, so that a stale one is recognised.
    pub term: u64,
    /// The module's short name, such as `copy`.
    pub module: String,
    /// Its arguments, fully templated.
    pub args: Map,
    /// Only say what would change.
    #[serde(default, skip_serializing_if = "is_default")]
    pub check: bool,
    /// Give before and after.
    #[serde(default, skip_serializing_if = "is_default")]
    pub diff: bool,
    /// Added to the environment of children.
    #[serde(default, skip_serializing_if = "is_default")]
    pub environment: Vec<(String, String)>,
    /// Milliseconds until TERM.
    #[serde(default, skip_serializing_if = "is_default")]
    pub timeout_ms: Option<u64>,
    /// Milliseconds from TERM to KILL.
    pub grace_ms: u64,
    /// Send the child's output as it comes, as raw frames, beside having it in the outcome.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stream: bool,
    /// How many uploads follow on the channel; modules read them by number.
    #[serde(default, skip_serializing_if = "is_default")]
    pub uploads: u32,
    /// It outlives the connection. A job has no uploads and no downloads.
    #[serde(default, skip_serializing_if = "is_default")]
    pub job: Option<Job>,
}

impl Request {
    /// A call that nothing is said about but its arguments: of a service of the agent, or of a module beside all plays.
    pub fn plain(run: RunMark, term: u64, module: &str, args: Map, grace: Duration) -> Self {
        Self {
            run,
            term,
            module: module.to_owned(),
            args,
            check: false,
            diff: false,
            environment: Vec::new(),
            timeout_ms: None,
            grace_ms: u64::try_from(grace.as_millis()).unwrap_or(u64::MAX),
            stream: false,
            uploads: 0,
            job: None,
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// How an invocation ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// As it should.
    #[default]
    Ok,
    /// The module says so, or a command ended with another code than 0.
    Failed,
    /// Nothing to do (`creates`, check mode of a command).
    Skipped,
    /// The time limit passed; the process group was ended.
    TimedOut,
    /// Somebody asked to stop; the process group was ended.
    Cancelled,
}

/// What a file or setting was and would be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diff {
    /// What it is about, such as a path.
    pub header: String,
    /// The same of what was before, where it has another name, or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_header: Option<String>,
    /// The text before.
    pub before: String,
    /// The text after.
    pub after: String,
    /// What changes, in words of whoever changes it, instead of both texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prepared: Option<String>,
}

/// What an invocation gave back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Outcome {
    /// How it ended.
    #[serde(skip_serializing_if = "is_default")]
    pub status: Status,
    /// Whether the target is different now (or would be, in check mode).
    #[serde(skip_serializing_if = "is_default")]
    pub changed: bool,
    /// Ansible's `msg`, when there is something to say.
    #[serde(skip_serializing_if = "is_default")]
    pub msg: Option<String>,
    /// The module's own return values: `rc`, `stdout`, `stat`, `ansible_facts`, …
    #[serde(skip_serializing_if = "is_default")]
    pub values: Map,
    /// Asked for by `Request::diff`.
    #[serde(skip_serializing_if = "is_default")]
    pub diff: Vec<Diff>,
    /// For the user.
    #[serde(skip_serializing_if = "is_default")]
    pub warnings: Vec<String>,
    /// By the target's clock.
    pub started: Timestamp,
    /// By the target's clock.
    pub ended: Timestamp,
}

impl Outcome {
    /// A success.
    pub fn ok(changed: bool) -> Self {
        Self { changed, ..Self::default() }
    }

    /// A failure and its sentence.
    pub fn failed(msg: impl Into<String>) -> Self {
        Self { status: Status::Failed, msg: Some(msg.into()), ..Self::default() }
    }

    /// Nothing was done, and why.
    pub fn skipped(msg: impl Into<String>) -> Self {
        Self { status: Status::Skipped, msg: Some(msg.into()), ..Self::default() }
    }

    /// Adds the sentence.
    #[must_use]
    pub fn saying(mut self, msg: impl Into<String>) -> Self {
        self.msg = Some(msg.into());
        self
    }

    /// Adds a return value.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.values.insert(key, value);
        self
    }

    /// The map that `register` sees: the values with `stdout_lines`, `stderr_lines`, `changed`, `failed`, `msg`, `skipped`, `timed_out`, `warnings`, `diff`.
    ///
    /// The values are moved there.
    pub fn take_register(&mut self) -> Map {
        let mut map = std::mem::take(&mut self.values);
        super::lines::add(&mut map);
        map.insert("changed", self.changed);
        map.insert("failed", !matches!(self.status, Status::Ok | Status::Skipped));
        if self.status == Status::Skipped {
            map.insert("skipped", true);
        }
        if self.status == Status::TimedOut {
            map.insert("timed_out", true);
        }
        if let Some(msg) = &self.msg {
            map.insert("msg", msg.as_str());
        }
        if !self.warnings.is_empty() {
            map.insert("warnings", self.warnings.clone());
        }
        // Modules of Ansible's say it in their own form.
        if !self.diff.is_empty() && !map.contains_key("diff") {
            let entry = |d: &Diff| {
                Map::from_iter([
                    ("before_header", d.header.as_str()),
                    ("after_header", d.header.as_str()),
                    ("before", d.before.as_str()),
                    ("after", d.after.as_str()),
                ])
            };
            map.insert("diff", self.diff.iter().map(entry).collect::<Vec<_>>());
        }
        map
    }
}

/// Which bulk stream a raw frame belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// A child's standard output.
    Stdout,
    /// A child's standard error.
    Stderr,
    /// A file on its way to the controller (`fetch`).
    Download,
}
