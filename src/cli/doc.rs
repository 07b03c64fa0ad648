//! `benchbook doc`: the manual of modules and actions, generated from their code.

use clap::Args as ClapArgs;

use super::terminal::Terminal;
use super::{Exit, Outcome, wiring};
use crate::base::Diagnostic;
use crate::base::spec::Catalogue;
use crate::base::spec::Spec;

/// Shows what modules and actions do and which arguments they take
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// A module or action; without one, all are listed
    #[arg(conflicts_with = "all")]
    name: Option<String>,
    /// The whole reference page, in Markdown
    #[arg(long)]
    all: bool,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Outcome {
    let catalogue = wiring::catalogue();
    let text = match &args.name {
        None if args.all => reference(&catalogue),
        None => {
            let width = catalogue.names().map(str::len).max().unwrap_or(0);
            let line = |spec: &Spec| format!("{:<width$}  {}", spec.name, spec.summary);
            catalogue.iter().map(line).collect::<Vec<_>>().join("\n") + "\n"
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

/// The page `docs/reference/modules.md`.
fn reference(catalogue: &Catalogue) -> String {
    let intro = "# Modules and actions\n\n<!-- made by `benchbook doc --all`; a test compares -->\n";
    let manuals = catalogue.iter().map(|spec| format!("\n{}", spec.manual()));
    std::iter::once(intro.to_owned()).chain(manuals).collect()
}
