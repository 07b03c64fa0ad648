//! `benchbook coverage`: who would do the tasks of playbooks and roles, before anybody writes an inventory for them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args as ClapArgs, ValueEnum};
use serde_json::json;

use super::recording::RecordingFiles;
use super::terminal::Terminal;
use super::{Exit, Outcome, wiring};
use crate::base::Diagnostic;
use crate::load::shown;
use crate::plan::coverage::{Coverage, Covered, Doer};

/// Says which tasks of playbooks and roles are built in, and what is missing
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// Playbooks, files of tasks, or folders in which they are looked for
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Only tasks that nobody would do
    #[arg(long)]
    missing: bool,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

/// How many of what is missing are named.
const NAMED: usize = 10;

pub(super) fn run(args: &Args, terminal: &Terminal) -> Outcome {
    let files = Arc::new(RecordingFiles::default());
    let compiler = wiring::without_plays(&files)?;
    let mut coverage = Coverage::default();
    for path in &args.paths {
        if !path.exists() {
            let message = format!("there is no file or folder {}", shown(path));
            return Err(Diagnostic::error("missing-file", message).into());
        }
        compiler.coverage(path, &mut coverage);
    }
    terminal.diagnostics(&coverage.problems);
    let wanted = |task: &&Covered| !args.missing || matches!(task.doer, Doer::Nobody { .. });
    let tasks: Vec<&Covered> = coverage.tasks.iter().filter(wanted).collect();
    let text = match args.format {
        Format::Text => {
            let lines: String = tasks.iter().map(|task| line(task) + "\n").collect();
            let space = if tasks.is_empty() { "" } else { "\n" };
            format!("{lines}{space}{}", total(&coverage))
        }
        Format::Json => format!("{:#}\n", json!(tasks.iter().map(|task| row(task)).collect::<Vec<_>>())),
    };
    terminal.data(text.as_bytes())?;
    Ok(Exit::Good)
}

/// In one word who does it, and what else there is to say.
fn words(doer: &Doer) -> (&'static str, String) {
    match doer {
        Doer::BuiltIn => ("built in", String::new()),
        Doer::File(path) => ("file", shown(path)),
        Doer::Unknown => ("unknown", "its name is known when it runs".to_owned()),
        Doer::Nobody { why, .. } => ("unsupported", why.clone()),
    }
}

fn line(task: &Covered) -> String {
    let (who, more) = words(&task.doer);
    let module = if task.module.is_empty() { "-" } else { &task.module };
    let more = if more.is_empty() { more } else { format!("  ({more})") };
    format!("{}  {who:<11}  {module}{more}", task.place)
}

fn row(task: &Covered) -> serde_json::Value {
    let (who, more) = words(&task.doer);
    let place = &task.place;
    json!({"file": place.source().name(), "line": place.line(), "column": place.column(), "module": task.module, "by": who, "detail": more})
}

/// How many of each, and what would help most.
fn total(coverage: &Coverage) -> String {
    let all = coverage.tasks.len();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut missing: BTreeMap<&str, usize> = BTreeMap::new();
    for task in &coverage.tasks {
        *counts.entry(words(&task.doer).0).or_default() += 1;
        if let Doer::Nobody { missing: Some(name), .. } = &task.doer {
            *missing.entry(name).or_default() += 1;
        }
    }
    let share = |count: usize| {
        let thousandths = (1000 * count + all / 2) / all.max(1);
        format!("{}.{} %", thousandths / 10, thousandths % 10)
    };
    let counted = ["built in", "file", "unknown", "unsupported"].into_iter().filter_map(|who| {
        let count = *counts.get(who)?;
        let who = if who == "file" { "done by files (modules of your own, or in Python)" } else { who };
        Some(format!("{count} {who} ({})", share(count)))
    });
    let counted = counted.collect::<Vec<_>>().join(", ");
    let of_all = if all == 0 { String::new() } else { format!(": {counted}") };
    let mut text = format!("{} in {}{of_all}\n", number(all, "task"), number(coverage.files, "file"));
    let mut missing: Vec<_> = missing.into_iter().collect();
    missing.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    if !missing.is_empty() {
        let named: Vec<_> =
            missing.iter().take(NAMED).map(|(name, count)| format!("{name} ({count})")).collect();
        text.extend(["what would help most: ", &named.join(", "), "\n"]);
    }
    text
}

/// A count with its noun.
pub(super) fn number(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
