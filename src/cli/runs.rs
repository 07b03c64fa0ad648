//! `benchbook runs`: what was run, newest first.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::terminal::Terminal;
use super::{Exit, Outcome, project};
use crate::report::{Listing, Summary};
use crate::store::Run;

/// Lists runs, newest first
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// All of them, not only the newest 20
    #[arg(long)]
    all: bool,
    /// Where runs are kept, if not where benchbook.toml says
    #[arg(long, value_name = "DIR")]
    runs: Option<PathBuf>,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Outcome {
    let runs = project::runs(args.runs.as_deref())?;
    let folders = runs.list()?;
    if folders.is_empty() {
        terminal.say(&format!("there is no run in {}", runs.folder().display()));
        return Ok(Exit::Good);
    }
    let newest = if args.all { folders.len() } else { 20 };
    let mut listing = Listing::default();
    for folder in folders.iter().rev().take(newest) {
        let name = folder.id();
        match Run::open(folder.clone()).and_then(|run| Ok((run.events()?, run.is_going_on()))) {
            Ok((events, going_on)) => {
                let summary = Summary::of(events.iter().map(|(time, event)| (*time, event)));
                listing.add(name.as_str(), &summary, going_on);
            }
            // One folder that cannot be read hides no other.
            Err(error) => terminal.diagnostic(&error.into()),
        }
    }
    terminal.data(listing.print().as_bytes())?;
    if folders.len() > newest {
        terminal.say(&format!("… {} more (--all)", folders.len() - newest));
    }
    Ok(Exit::Good)
}
