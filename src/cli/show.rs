//! `benchbook show`: the result of a run.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use clap::builder::PossibleValuesParser;

use super::project::WhichRun;
use super::terminal::Terminal;
use super::{Exit, Outcome};
use crate::report::{FORMATS, Selection, Summary};

/// Shows the result of a run
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    #[command(flatten)]
    run: WhichRun,
    /// How it is printed
    #[arg(long, default_value = FORMATS[0].name, value_parser = PossibleValuesParser::new(FORMATS.iter().map(|f| f.name)))]
    format: String,
    /// Every figure, not only the judged ones
    #[arg(long)]
    all: bool,
    /// Judges the figures by this file of reference values, instead of one that the run was judged by
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Only this case: `stream`, `str*`, or `stream[threads=1]`
    #[arg(long, value_name = "CASE")]
    case: Option<String>,
    /// Only this host
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Outcome {
    let run = args.run.open()?;
    let events = run.events()?;
    let events = match &args.baseline {
        Some(path) => super::baseline::judged_by(path, &run, events)?,
        None => events,
    };
    let mut summary = Summary::of(events.iter().map(|(time, event)| (*time, event)));
    super::usage::add(&run, &mut summary)?;
    let selection = Selection {
        all: args.all,
        case: args.case.clone(),
        host: args.host.clone(),
        run: args.run.run.clone(),
        elsewhere: super::project::elsewhere(args.run.runs.as_deref()),
        going_on: run.is_going_on(),
        folder: run.folder().path().display().to_string(),
    };
    let format = FORMATS.iter().find(|f| f.name == args.format).unwrap_or(&FORMATS[0]);
    terminal.data((format.print)(&summary, &selection).as_bytes())?;
    Ok(Exit::Good)
}
