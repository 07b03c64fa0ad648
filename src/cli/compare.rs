//! `benchbook compare`: whether runs differ.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use clap::builder::PossibleValuesParser;

use super::terminal::Terminal;
use super::{Exit, Failure, Outcome, project};
use crate::base::selector::selects_case_id;
use crate::base::statistics::contrast::Rule;
use crate::base::{Diagnostic, Diagnostics};
use crate::report::Summary;
use crate::report::compare::{Comparison, Question, Side, compare};
use crate::store::{Provenance, Run, Runs};

/// From how many of the newest runs noise is learnt: what a machine was like years ago says little, and takes long to read.
const REMEMBERED: usize = 200;

const HELP: &str = "give the metric one unit and direction and read the figures again by `benchbook reparse`, or compare other cases by `--case`";

/// Compares runs, each with the first, figure by figure and host by host
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// Two runs or more: `last`, names, beginnings of names, or folders
    #[arg(value_name = "RUN", required = true, num_args = 2..)]
    compared: Vec<String>,
    /// Where runs are kept, if not where benchbook.toml says
    #[arg(long, value_name = "DIR")]
    runs: Option<PathBuf>,
    /// How it is printed
    #[arg(long, default_value = "table", value_parser = PossibleValuesParser::new(["table", "json"]))]
    format: String,
    /// Also what is the same
    #[arg(long)]
    all: bool,
    /// Only this case: `stream`, `str*`, or `stream[threads=1]`
    #[arg(long, value_name = "CASE")]
    case: Option<String>,
    /// Only this host
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// The share of differences found where there is none, at most, in percent
    #[arg(long, value_name = "PERCENT", default_value = "5", value_parser = percent)]
    level: f64,
    /// The difference that does not matter, in percent
    #[arg(long, value_name = "PERCENT", default_value = "2", value_parser = percent)]
    margin: f64,
    /// Ends with 1 if something is worse than in the first run, or missing
    #[arg(long)]
    gate: bool,
}

/// `2` or `2%`, above 0 and below 100.
pub(super) fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim_end_matches('%').trim().parse::<f64>().ok();
    let number = number.filter(|number| *number > 0.0 && *number < 100.0);
    number
        .map(|number| number / 100.0)
        .ok_or_else(|| "a number above 0 and below 100, such as `2`".to_owned())
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Outcome {
    let runs = project::runs(args.runs.as_deref())?;
    let opened: Result<Vec<Run>, _> = args.compared.iter().map(|name| Run::open(runs.find(name)?)).collect();
    let opened = opened?;
    let rule = Rule { level: args.level, margin: args.margin };
    let comparison = between(&runs, &opened, rule, |summary| selected(summary, args))?;
    let text = if args.format == "json" { comparison.json() } else { comparison.table(args.all) };
    terminal.data(text.as_bytes())?;
    Ok(if args.gate && comparison.is_worse() { Exit::Failed } else { Exit::Good })
}

/// What these runs differ by, each from the first; `runs` are those from which noise is learnt.
pub(super) fn between(
    runs: &Runs,
    opened: &[Run],
    rule: Rule,
    select: impl Fn(Summary) -> Summary,
) -> Result<Comparison, Failure> {
    let locks: Result<Vec<Provenance>, _> = opened.iter().map(Run::provenance).collect();
    let locks = locks?;
    let mut sides = Vec::new();
    for (run, lock) in opened.iter().zip(&locks) {
        let summary = select(summary(run)?);
        sides.push(Side { run: run.folder().id().to_string(), summary, changes: locks[0].differences(lock) });
    }
    let question = Question { sides, like: like(runs, &locks), rule };
    let comparison = compare(&question).map_err(|unlike| {
        let mut found = Diagnostics::new();
        unlike
            .0
            .into_iter()
            .for_each(|reason| found.push(Diagnostic::error("unlike-figures", reason).help(HELP)));
        found
    })?;
    Ok(comparison)
}

fn summary(run: &Run) -> Result<Summary, crate::store::StoreError> {
    Ok(Summary::of(run.events()?.iter().map(|(time, event)| (*time, event))))
}

fn selected(mut summary: Summary, args: &Args) -> Summary {
    if let Some(case) = &args.case {
        summary.rows.retain(|row| selects_case_id(case, row.case.as_str()));
    }
    if let Some(host) = &args.host {
        summary.rows.iter_mut().for_each(|row| row.cells.retain(|name, _| name.as_str() == host));
    }
    summary
}

/// The project's runs that are like one of these, by what they ran on: one group for each kind.
fn like(runs: &Runs, locks: &[Provenance]) -> Vec<Vec<Summary>> {
    let mut kinds: Vec<&Provenance> = Vec::new();
    for lock in locks {
        if !kinds.iter().any(|kind| kind.differences(lock).is_empty()) {
            kinds.push(lock);
        }
    }
    let mut groups = vec![Vec::new(); kinds.len()];
    let newest = runs.list().unwrap_or_default().into_iter().rev().take(REMEMBERED);
    // One that cannot be read teaches nothing.
    for run in newest.filter_map(|folder| Run::open(folder).ok()) {
        let Ok(lock) = run.provenance() else { continue };
        let kind = kinds.iter().position(|kind| kind.differences(&lock).is_empty());
        if let Some((group, summary)) = kind.zip(summary(&run).ok().filter(|_| !run.is_going_on())) {
            groups[group].push(summary);
        }
    }
    groups
}
