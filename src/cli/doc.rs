//! `benchbook doc`: the manual of modules and actions, generated from their code.

use clap::Args as ClapArgs;

use super::terminal::Terminal;
use super::{Exit, Outcome, wiring};
use crate::base::Diagnostic;

/// Shows what modules and actions do and which arguments they take
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// A module or action; without one, all are listed
    name: Option<String>,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Outcome {
    let catalogue = wiring::catalogue();
    let text = match &args.name {
        None => {
            let width = catalogue.names().map(str::len).max().unwrap_or(0);
            catalogue.iter().map(|spec| format!("{:<width$}  {}\n", spec.name, spec.summary)).collect()
        }
        Some(name) => match catalogue.get(name) {
            Some(spec) => spec.manual(),
            None => {
                return Err(Diagnostic::error(
                    "unknown-module",
                    format!("no module or action is called `{name}`"),
                )
                .suggest(name, catalogue.names())
                .help("`benchbook doc` lists them")
                .into());
            }
        },
    };
    terminal.data(text.as_bytes())?;
    Ok(Exit::Good)
}
