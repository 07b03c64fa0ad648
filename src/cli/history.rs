//! `benchbook history`: how a case went over many runs, and where it changed.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use clap::builder::PossibleValuesParser;

use super::compare::percent;
use super::terminal::Terminal;
use super::{Exit, Outcome, project};
use crate::base::Diagnostic;
use crate::base::selector::{glob, selects_case_id};
use crate::base::statistics::contrast::Rule;
use crate::report::Summary;
use crate::report::history::{Point, history};
use crate::store::{Provenance, Run};

/// Shows how a case went over many runs, and where its figures changed
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// The case: `stream`, `str*`, or `stream[threads=1]`
    #[arg(value_name = "CASE")]
    case: String,
    /// Only metrics of this name, which may have `*` and `?`
    #[arg(long, value_name = "FIGURE")]
    figure: Option<String>,
    /// Only this host
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// Only so many of the newest runs
    #[arg(long, value_name = "NUMBER", default_value = "200")]
    last: usize,
    /// Where runs are kept, if not where benchbook.toml says
    #[arg(long, value_name = "DIR")]
    runs: Option<PathBuf>,
    /// How it is printed
    #[arg(long, default_value = "table", value_parser = PossibleValuesParser::new(["table", "json"]))]
    format: String,
    /// Also what has not changed
    #[arg(long)]
    all: bool,
    /// The share of histories without a change that are said to have one, at most, in percent
    #[arg(long, value_name = "PERCENT", default_value = "5", value_parser = percent)]
    level: f64,
    /// The change that does not matter, in percent
    #[arg(long, value_name = "PERCENT", default_value = "2", value_parser = percent)]
    margin: f64,
    /// Ends with 1 if the newest level of a figure is worse than the one before
    #[arg(long)]
    gate: bool,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Outcome {
    let runs = project::runs(args.runs.as_deref())?;
    let (mut points, mut locks): (Vec<Point>, Vec<Provenance>) = (Vec::new(), Vec::new());
    let mut known: Vec<String> = Vec::new();
    let folders = runs.list()?;
    for folder in folders.into_iter().rev().take(args.last) {
        // One that cannot be read has no history; one that goes on has no figures to compare yet.
        let Ok(run) = Run::open(folder) else { continue };
        let (Ok(lock), Ok(events), false) = (run.provenance(), run.events(), run.is_going_on()) else {
            continue;
        };
        let mut summary = Summary::of(events.iter().map(|(time, event)| (*time, event)));
        known.extend(summary.rows.iter().map(|row| row.case.to_string()));
        let wanted = |figure: &str| args.figure.as_deref().is_none_or(|wanted| glob(wanted, figure));
        summary.rows.retain(|row| selects_case_id(&args.case, row.case.as_str()) && wanted(&row.figure));
        if let Some(host) = &args.host {
            summary.rows.iter_mut().for_each(|row| row.cells.retain(|name, _| name.as_str() == host));
        }
        if summary.rows.iter().any(|row| !row.figure.is_empty() && !row.cells.is_empty()) {
            points.push(Point {
                run: run.folder().id().to_string(),
                playbook: lock.playbook.clone(),
                summary,
            });
            locks.push(lock);
        }
    }
    if points.is_empty() {
        let message = format!("no run in {} has such a figure of `{}`", runs.folder().display(), args.case);
        let problem = Diagnostic::error("no-history", message);
        return Err(problem.suggest(&args.case, known.iter().map(String::as_str)).into());
    }
    points.reverse();
    locks.reverse();
    let rule = Rule { level: args.level, margin: args.margin };
    let found = history(&points, rule, |old, new| locks[old].differences(&locks[new]));
    let text = if args.format == "json" { found.json() } else { found.table(args.all) };
    terminal.data(text.as_bytes())?;
    Ok(if args.gate && found.is_worse() { Exit::Failed } else { Exit::Good })
}
