//! `benchbook baseline`: reference values, made out of runs and shown. How a run is judged by them is the business of `run` and `show`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{Args as ClapArgs, Subcommand};

use super::compare::percent;
use super::terminal::Terminal;
use super::{Exit, Failure, Outcome, project};
use crate::base::baseline::Origin;
use crate::base::selector::selects_case_id;
use crate::base::{Diagnostic, Diagnostics, Timestamp, Unit};
use crate::event::{Event, Expectation};
use crate::load::{DiskFiles, read_baseline};
use crate::report::Summary;
use crate::report::baseline::{Made, Source, Wish, make, table, text};
use crate::report::compare::Unlike;
use crate::store::{Provenance, Run, digest};

/// Makes and shows files of reference values
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Makes reference values out of what runs have measured
    Make(Make),
    /// Shows a file of reference values: what is good enough, and where it comes from
    Show(Show),
}

#[derive(Debug, ClapArgs)]
struct Make {
    /// One run or more: `last`, names, beginnings of names, or folders
    #[arg(value_name = "RUN", required = true)]
    made_of: Vec<String>,
    /// The file that is written; without it the text goes to standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// How much worse than its reference a figure may be, in percent
    #[arg(long, value_name = "PERCENT", default_value = "5", value_parser = percent)]
    tolerance: f64,
    /// The hosts of this group of the inventory get one reference together; may be given several times
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
    /// Only this case: `stream`, `str*`, or `stream[threads=1]`
    #[arg(long, value_name = "CASE")]
    case: Option<String>,
    /// Where runs are kept, if not where benchbook.toml says
    #[arg(long, value_name = "DIR")]
    runs: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
struct Show {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How it is printed
    #[arg(long, default_value = "table", value_parser = PossibleValuesParser::new(["table", "json"]))]
    format: String,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Outcome {
    match &args.verb {
        Verb::Make(args) => args.run(terminal),
        Verb::Show(args) => {
            let baseline = read_baseline(&DiskFiles, &args.file, None)?;
            let text = match args.format.as_str() {
                "json" => serde_json::to_string_pretty(&baseline).unwrap_or_default() + "\n",
                _ => table(&baseline),
            };
            terminal.data(text.as_bytes())?;
            Ok(Exit::Good)
        }
    }
}

impl Make {
    fn run(&self, terminal: &Terminal) -> Outcome {
        let runs = project::runs(self.runs.as_deref())?;
        let mut sources = Vec::new();
        let mut first: Option<(String, Provenance)> = None;
        for name in &self.made_of {
            let run = Run::open(runs.find(name)?)?;
            let lock = run.provenance()?;
            let source = self.source(&run, &lock)?;
            if let Some((other, known)) = &first {
                for change in known.differences(&lock) {
                    let problem = format!("{} is unlike {other}: {change}", source.origin.run);
                    terminal.diagnostic(&Diagnostic::warning("unlike-runs", problem));
                }
            } else {
                first = Some((source.origin.run.clone(), lock));
            }
            sources.push(source);
        }
        self.check_groups(&sources)?;
        let wish = Wish { tolerance: self.tolerance, groups: self.group.clone() };
        let Made { baseline, left_out } = make(&sources, &wish).map_err(unlike)?;
        for words in left_out {
            terminal.diagnostic(&Diagnostic::warning("left-out", words));
        }
        if baseline.references.is_empty() {
            return Err(Diagnostic::error("no-figures", "there is no figure that could be a reference")
                .help("`benchbook show` says what a run has measured")
                .into());
        }
        let text = text(&baseline);
        let Some(out) = &self.out else {
            terminal.data(text.as_bytes())?;
            return Ok(Exit::Good);
        };
        write(out, &text)?;
        let (count, out) = (baseline.references.len(), out.display());
        let values = if count == 1 { "value" } else { "values" };
        terminal.say(&format!("{out}: {count} reference {values}     next: benchbook run --baseline {out}"));
        Ok(Exit::Good)
    }

    fn source(&self, run: &Run, lock: &Provenance) -> Result<Source, Failure> {
        let mut summary = Summary::of(run.events()?.iter().map(|(time, event)| (*time, event)));
        if let Some(case) = &self.case {
            summary.rows.retain(|row| selects_case_id(case, row.case.as_str()));
        }
        let bytes =
            run.log(Path::new(&run.folder().lock().file_name().unwrap_or_default()))?.unwrap_or_default();
        let dirty = lock.git.as_ref().is_some_and(|git| git.dirty);
        let commit = lock.git.as_ref().map(|git| git.commit.clone()).unwrap_or_default();
        let origin = Origin {
            run: run.folder().id().to_string(),
            playbook: lock.playbook.clone(),
            started: summary.started.minute(),
            lock: format!("sha256:{}", digest(&bytes)),
            commit: if dirty && !commit.is_empty() { format!("{commit} (dirty)") } else { commit },
        };
        Ok(Source { origin, summary, groups: lock.groups.clone() })
    }

    /// A group that no host is in would silently make references of its hosts one by one.
    fn check_groups(&self, sources: &[Source]) -> Result<(), Diagnostic> {
        let known: Vec<&String> =
            sources.iter().flat_map(|source| source.groups.values().flatten()).collect();
        let Some(unknown) = self.group.iter().find(|group| !known.contains(group)) else { return Ok(()) };
        let message = format!("no host of these runs is in a group `{unknown}`");
        let problem = Diagnostic::error("unknown-group", message);
        Err(problem.suggest(unknown, known.iter().map(|group| group.as_str())))
    }
}

fn unlike(Unlike(reasons): Unlike) -> Diagnostics {
    let mut found = Diagnostics::new();
    for reason in reasons {
        found.push(Diagnostic::error("unlike-figures", reason).help("make it of runs of one playbook"));
    }
    found
}

fn write(path: &Path, text: &str) -> Result<(), Diagnostic> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let made = folder.map_or(Ok(()), std::fs::create_dir_all);
    made.and_then(|()| std::fs::write(path, text))
        .map_err(|e| Diagnostic::error("unwritable", format!("{} cannot be written: {e}", path.display())))
}

/// What has happened, as if the run had been judged by this file of reference values and no other.
pub(super) fn judged_by(
    path: &Path,
    run: &Run,
    mut events: Vec<(Timestamp, Event)>,
) -> Result<Vec<(Timestamp, Event)>, Failure> {
    let baseline = read_baseline(&DiskFiles, path, None)?;
    let groups = run.provenance()?.groups;
    let mut units = HashMap::new();
    for (_, event) in &events {
        if let Event::Figure(figure) = event {
            units.insert(
                (figure.case.clone(), figure.name.clone()),
                (figure.unit.clone(), figure.higher_is_better),
            );
        }
    }
    for (_, event) in &mut events {
        let Event::CaseStarted { case, host, gang, expect, .. } = event else { continue };
        expect.retain(|expectation| expectation.baseline.is_none());
        // What a gang gives stands at its first rank.
        if gang.as_ref().is_none_or(|gang| gang.is_led_by(host)) {
            let of = groups.get(host).map(Vec::as_slice).unwrap_or_default();
            for reference in baseline.of(case, host, of) {
                let measured = units.get(&(case.clone(), reference.figure.clone()));
                let (unit, direction) = measured
                    .map_or((reference.unit.clone(), reference.higher_is_better), |(unit, higher)| {
                        (Unit::parse(unit), *higher)
                    });
                let asked = Expectation::of_reference(reference, baseline.tolerance_of(reference), &unit);
                let reason = match &asked {
                    Err(problem) => problem.to_string(),
                    Ok(_) if direction != reference.higher_is_better => {
                        "`better` is another one in the run".to_owned()
                    }
                    Ok(_) => String::new(),
                };
                if !reason.is_empty() {
                    let problem = Diagnostic::error(
                        "unlike-figures",
                        format!("`{}` of {case}: {reason}", reference.figure),
                    );
                    return Err(problem.at(&reference.span).into());
                }
                expect.extend(asked);
            }
        }
    }
    Ok(events)
}
