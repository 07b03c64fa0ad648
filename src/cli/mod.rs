//! The command line: one file per verb, one row in `Verb`.
//!
//! Data goes to stdout, everything else to stderr. Only this layer reads the environment and knows all the others.

mod again;
mod against;
mod ansible;
mod askpass;
mod baseline;
mod becoming;
mod call;
mod clean;
mod compare;
mod coverage;
mod diagnose;
mod doc;
mod doctor;
mod estimate;
mod execution;
mod explain;
mod failure;
mod gathering;
mod history;
mod inventory;
mod lock;
mod log;
mod new;
mod noting;
mod plan;
mod project;
mod prompting;
mod question;
mod recording;
mod relay;
mod reparse;
mod report;
mod rereading;
mod resume;
mod run;
mod runs;
mod schema;
mod selecting;
mod show;
mod stop;
mod terminal;
mod test;
mod usage;
mod vault;
mod vaulting;
mod wiring;

use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub use failure::{Exit, Failure};
use terminal::Terminal;

/// Benchmarks fleets of machines: playbooks become a graph, the graph runs, every figure is kept.
#[derive(Debug, Parser)]
#[command(name = "benchbook", version, propagate_version = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Run(Box<run::Args>),
    Plan(Box<plan::Args>),
    Resume(resume::Args),
    Runs(runs::Args),
    Show(show::Args),
    Compare(compare::Args),
    Baseline(baseline::Args),
    Diagnose(diagnose::Args),
    History(history::Args),
    Report(report::Args),
    Log(log::Args),
    Reparse(reparse::Args),
    Stop(stop::Args),
    Clean(clean::Args),
    Explain(Box<explain::Args>),
    Doctor(doctor::Args),
    New(new::Args),
    Test(test::Args),
    Inventory(inventory::Args),
    Vault(vault::Args),
    Coverage(coverage::Args),
    Doc(doc::Args),
    Schema(schema::Args),
}

/// What a verb gives back: how the program ends, or why it could not do its work.
type Outcome = Result<Exit, Failure>;

/// Reads the command line, does what it says, and gives the exit status.
pub fn main() -> ExitCode {
    if let Some(socket) = std::env::var_os(crate::connection::ssh::askpass::SOCKET) {
        return askpass::answer(Path::new(&socket));
    }
    let terminal = Terminal::new();
    failure::report_panics(&terminal);
    log_for_developers();
    if let Some(exit) = std::env::args_os().next().and_then(|name| ansible::called_as(&name, &terminal)) {
        return exit;
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // `--help` and `--version` come this way too; clap knows where they belong.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Exit::Input as u8));
        }
    };
    let result = std::panic::catch_unwind(|| match cli.verb {
        Verb::Run(args) => run::run(&args, &terminal),
        Verb::Plan(args) => plan::run(&args, &terminal),
        Verb::Resume(args) => resume::run(&args, &terminal),
        Verb::Runs(args) => runs::run(&args, &terminal),
        Verb::Show(args) => show::run(&args, &terminal),
        Verb::Compare(args) => compare::run(&args, &terminal),
        Verb::Baseline(args) => baseline::run(&args, &terminal),
        Verb::Diagnose(args) => diagnose::run(&args, &terminal),
        Verb::History(args) => history::run(&args, &terminal),
        Verb::Report(args) => report::run(&args, &terminal),
        Verb::Log(args) => log::run(&args, &terminal),
        Verb::Reparse(args) => reparse::run(&args, &terminal),
        Verb::Stop(args) => stop::run(&args, &terminal),
        Verb::Clean(args) => clean::run(&args, &terminal),
        Verb::Explain(args) => explain::run(&args, &terminal),
        Verb::Doctor(args) => doctor::run(&args, &terminal),
        Verb::New(args) => new::run(&args, &terminal),
        Verb::Test(args) => test::run(&args, &terminal),
        Verb::Inventory(args) => inventory::run(&args, &terminal),
        Verb::Vault(args) => vault::run(&args, &terminal),
        Verb::Coverage(args) => coverage::run(&args, &terminal),
        Verb::Doc(args) => doc::run(&args, &terminal),
        Verb::Schema(args) => schema::run(&args, &terminal),
    });
    let exit = match result {
        Ok(Ok(exit)) => exit,
        Ok(Err(failure)) => failure.report(&terminal),
        Err(_) => Exit::Bug,
    };
    ExitCode::from(exit as u8)
}

/// `BENCHBOOK_LOG=debug` (or `benchbook::run=trace`, …) shows what the program does inside; off by default.
fn log_for_developers() {
    let Ok(words) = std::env::var("BENCHBOOK_LOG") else { return };
    let Ok(targets) = words.parse::<tracing_subscriber::filter::Targets>() else { return };
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    tracing_subscriber::registry().with(lines.with_filter(targets)).init();
}
