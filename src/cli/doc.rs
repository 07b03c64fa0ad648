//! `benchbook doc`: the manual of modules and actions, generated from their code.

mod pages;

use std::path::{Path, PathBuf};

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
    #[arg(conflicts_with = "write")]
    name: Option<String>,
    /// Writes the reference into a folder, in Markdown: a page for each, and README.md that lists them
    #[arg(long, value_name = "FOLDER")]
    write: Option<PathBuf>,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Outcome {
    let catalogue = wiring::catalogue();
    if let Some(folder) = &args.write {
        write(folder, &catalogue)?;
        return Ok(Exit::Good);
    }
    let text = match &args.name {
        None => {
            let width = pages::listed(&catalogue).map(|spec| spec.name.len()).max().unwrap_or(0);
            let line = |spec: &Spec| format!("{:<width$}  {}", spec.name, spec.summary);
            pages::listed(&catalogue).map(line).collect::<Vec<_>>().join("\n") + "\n"
        }
        Some(name) => match catalogue.get(name) {
            Some(spec) => pages::page(spec)?,
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

/// The folder `docs/reference/modules`.
fn write(folder: &Path, catalogue: &Catalogue) -> Result<(), super::Failure> {
    let put = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|error| {
            Diagnostic::error("unwritable", format!("{} cannot be written: {error}", path.display()))
                .help("make the folder first, or choose another")
        })
    };
    for spec in pages::listed(catalogue) {
        put(&format!("{}.md", spec.name), &pages::page(spec)?)?;
    }
    put("README.md", &pages::index(catalogue))?;
    Ok(())
}
