//! What people and programs get to see of a run. One file per reporter, one row in [`FORMATS`] or one line of `cli/wiring.rs`.
//!
//! Two kinds: a [`Reporter`] sees events as they come; a [`Format`] prints the [`Summary`] of a run that has ended or goes on.
//! Both know only `event` and `base`; where their text goes is decided by whoever makes them.

pub mod ansible;
pub mod baseline;
pub mod columns;
pub mod compare;
pub mod console;
pub mod course;
mod csv;
pub mod curves;
pub mod diagnose;
pub mod durations;
pub mod history;
pub mod html;
mod json;
pub mod json_lines;
mod junit;
mod line;
mod listing;
mod markdown;
mod markup;
mod monitors;
pub mod notes;
pub mod outliers;
pub mod progress;
mod prometheus;
pub mod record;
pub mod slices;
pub mod summary;
mod table;
pub mod verdict;
mod watching;

use std::io;

pub use ansible::Ansible;
pub use console::Console;
pub use json_lines::JsonLines;
pub use listing::Listing;
pub use progress::Progress;
pub use record::Record;
pub use slices::{Part, Slice, Usage};
pub use summary::Summary;

use crate::base::Timestamp;
use crate::event::Event;

/// Sees every event of a run, in order, as it happens.
pub trait Reporter: Send {
    /// What it is called in messages about it.
    fn name(&self) -> &'static str;

    /// Something happened before this program went on with the run: it is known, not told.
    fn learn(&mut self, time: Timestamp, event: &Event) {
        let _ = (time, event);
    }

    /// Something happened.
    fn event(&mut self, time: Timestamp, event: &Event) -> io::Result<()>;
}

/// Several reporters, none of which can harm the others: one that fails is left out from there on.
#[derive(Default)]
pub struct Reporters {
    working: Vec<Box<dyn Reporter>>,
    /// What failed, for the user; a reader that went away (`| head`) is no failure.
    failures: Vec<String>,
}

impl Reporters {
    /// These, in order.
    pub fn new(reporters: Vec<Box<dyn Reporter>>) -> Self {
        Self { working: reporters, failures: Vec::new() }
    }

    /// Passes an event to all that still work.
    pub fn event(&mut self, time: Timestamp, event: &Event) {
        let failures = &mut self.failures;
        self.working.retain_mut(|reporter| match reporter.event(time, event) {
            Ok(()) => true,
            Err(e) => {
                if e.kind() != io::ErrorKind::BrokenPipe {
                    failures.push(format!("the reporter `{}` stopped: {e}", reporter.name()));
                }
                false
            }
        });
    }

    /// What failed on the way.
    pub fn failures(&self) -> &[String] {
        &self.failures
    }
}

/// How much of a summary is printed.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Every figure, not only the judged ones of each case.
    pub all: bool,
    /// Only cases of this name, or this one case with its parameters.
    pub case: Option<String>,
    /// Only this host.
    pub host: Option<String>,
    /// What the user calls this run: `last`, or its name.
    pub run: String,
    /// What leads there when it is not among the project's own runs: ` --runs DIR`, else nothing.
    pub elsewhere: String,
    /// Somebody has the run in hand now.
    pub going_on: bool,
    /// The run's folder as the user would type it, for the last line.
    pub folder: String,
}

impl Selection {
    /// The run as the verbs take it: `last`, `last --runs DIR`.
    pub fn words(&self) -> String {
        format!("{}{}", self.run, self.elsewhere)
    }
}

/// One way to print a summary.
pub struct Format {
    /// The word after `--format`.
    pub name: &'static str,
    /// One line for lists.
    pub summary: &'static str,
    /// The whole text.
    pub print: fn(&Summary, &Selection) -> String,
}

/// All formats; the first is the default.
pub static FORMATS: &[Format] = &[
    Format { name: "table", summary: "for people", print: table::print },
    Format { name: "json", summary: "everything, for programs", print: json::print },
    Format { name: "csv", summary: "one line per figure and host", print: csv::print },
    Format { name: "markdown", summary: "a table to paste", print: markdown::print },
    Format { name: "junit", summary: "JUnit XML, for CI servers", print: junit::print },
    Format { name: "prometheus", summary: "text for Prometheus", print: prometheus::print },
];

#[cfg(test)]
mod tests;
