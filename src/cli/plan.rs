//! `benchbook plan`: the graph, before anything is touched.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as ClapArgs, ValueEnum};

use super::against::{self, Earlier};
use super::estimate::Estimate;
use super::selecting::Selecting;
use super::terminal::Terminal;
use super::wiring::{Compiled, select};
use super::{Exit, Failure, Outcome, project};
use crate::base::Diagnostic;
use crate::base::clock::duration;
use crate::plan::{Plan, render};

/// Shows what would run, without touching any host
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    #[command(flatten)]
    pub selecting: Selecting,
    #[command(flatten)]
    pub showing: Showing,
    /// In what the plan differs from an earlier one: a file as `--format json` prints it, or a run
    #[arg(long, value_name = "PLAN|RUN", conflicts_with = "commands", help_heading = "Comparing")]
    against: Option<String>,
    /// Ends with 1 if anything differs
    #[arg(long, requires = "against", help_heading = "Comparing")]
    gate: bool,
    /// All that differs, however much it is
    #[arg(long, requires = "against", help_heading = "Comparing")]
    all: bool,
    /// How long it would take, by what its steps took in earlier runs
    #[arg(long, conflicts_with_all = ["commands", "against"], help_heading = "Time")]
    estimate: bool,
    /// What of it fits into this time: `20m`, `1h30m`
    #[arg(long, value_name = "TIME", value_parser = time, conflicts_with_all = ["commands", "against"], help_heading = "Time")]
    budget: Option<Duration>,
    /// Where runs are kept, if not where benchbook.toml says
    #[arg(long, value_name = "DIR")]
    runs: Option<PathBuf>,
}

/// How a plan is shown.
#[derive(Clone, Debug, Default, ClapArgs)]
pub(super) struct Showing {
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Each command line, as far as it is known before the run
    #[arg(long, conflicts_with = "format")]
    commands: bool,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Tree,
    /// For Graphviz
    Dot,
    /// For Markdown pages
    Mermaid,
    /// For programs
    Json,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Outcome {
    let runs = args.runs.as_deref();
    let Some((_, compiled)) = select(&args.selecting, runs, terminal)? else { return Ok(Exit::Good) };
    if args.estimate || args.budget.is_some() {
        let budget = args.budget.map(|budget| budget.as_secs_f64());
        let estimate = Estimate::of(&compiled, &project::runs(runs)?, budget);
        let text = match args.showing.format {
            Format::Json => estimate.json(),
            Format::Tree => estimate.text(),
            Format::Dot | Format::Mermaid => return Err(no_graph("an estimate").into()),
        };
        terminal.data(text.as_bytes())?;
        return Ok(Exit::Good);
    }
    let Some(earlier) = &args.against else {
        print(&compiled, &args.showing, terminal)?;
        return Ok(Exit::Good);
    };
    let found = Earlier::read(earlier, runs)?.compare(&compiled);
    let text = match args.showing.format {
        Format::Json => found.json(),
        Format::Tree => found.text(args.all),
        Format::Dot | Format::Mermaid => return Err(no_graph("a difference").into()),
    };
    terminal.data(text.as_bytes())?;
    Ok(if args.gate && found.differs() { Exit::Failed } else { Exit::Good })
}

/// A time budget of the command line.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    let time = duration(text).filter(|time| !time.is_zero());
    time.ok_or_else(|| "a time such as `90s`, `20m` or `1h30m`".to_owned())
}

fn no_graph(what: &str) -> Diagnostic {
    Diagnostic::error("no-graph", format!("{what} is no graph: it is printed as text or as JSON"))
        .help("leave `--format` out, or say `--format json`")
}

/// Prints a compiled plan.
pub(super) fn print(compiled: &Compiled, showing: &Showing, terminal: &Terminal) -> Result<(), Failure> {
    let plan = &compiled.plan;
    let text = match showing.format {
        _ if showing.commands => render::commands(&compiled.compiler, plan),
        Format::Tree => render::tree(plan, &render::Hints { run: run_instead(), ..render::Hints::default() }),
        Format::Dot => render::dot(plan),
        Format::Mermaid => render::mermaid(plan),
        Format::Json => json(compiled),
    };
    Ok(terminal.data(text.as_bytes())?)
}

/// `plan.json`, also as a file of the run's folder.
pub(super) fn json(compiled: &Compiled) -> String {
    format!("{:#}\n", document(compiled))
}

/// The same as a document: the plan, and what was given for it.
pub(super) fn document(compiled: &Compiled) -> serde_json::Value {
    let mut plan = render::json(&compiled.plan);
    plan["given"] = against::given(compiled);
    plan
}

/// The command line that runs what was planned.
fn run_instead() -> String {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--dry-run").collect();
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    if let Some(verb) = words.iter_mut().find(|word| **word == "plan") {
        *verb = "run";
    }
    words.insert(0, "benchbook");
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// A word as a shell wants it.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=,:+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// What is said about in-container mode in the header of a run: `IN-CONTAINER on n1, n2 (--in-container)`.
pub(super) fn mode(plan: &Plan) -> Option<String> {
    let modes: BTreeMap<_, _> = plan.plays.iter().flat_map(|play| &play.pruning.mode).collect();
    let hosts: BTreeSet<_> = plan.plays.iter().flat_map(|play| &play.hosts).collect();
    let reasons: BTreeSet<&str> = modes.values().map(|why| why.as_str()).collect();
    let on = if modes.len() == hosts.len() {
        "all".to_owned()
    } else {
        modes.keys().map(|host| host.as_str()).collect::<Vec<_>>().join(", ")
    };
    let reasons = reasons.into_iter().collect::<Vec<_>>().join(", ");
    (!modes.is_empty()).then(|| format!("IN-CONTAINER on {on} ({reasons})"))
}
