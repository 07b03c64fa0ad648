//! `benchbook reparse`: the figures of a finished run are read again out of its kept logs, with today's `metrics` and
//! `expect`, so that a wrong regular expression never costs a night.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::Args as ClapArgs;
use indexmap::IndexMap;

use super::call::Call;
use super::project::WhichRun;
use super::rereading::{Reading, Rereading};
use super::selecting::Selecting;
use super::terminal::Terminal;
use super::vaulting::Vaulting;
use super::wiring::compile;
use super::{Exit, Outcome};
use crate::base::value::MASK;
use crate::base::{Clock, Map, SystemClock};
use crate::event::{Event, Figure, Record};
use crate::plan::{Answers, Asking};
use crate::store::{Run, RunStore};

/// How many changed figures are listed.
const LISTED: usize = 10;

/// Reads the figures again out of the kept logs, with today's metrics
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    #[command(flatten)]
    run: WhichRun,
    /// Say what would change, and keep the figures as they are
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    vaulting: Vaulting,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Outcome {
    let run = args.run.open()?;
    let events: Vec<Event> = run.events()?.into_iter().map(|(_, event)| event).collect();
    let compiled = compile(&as_it_was_called(&run, &args.vaulting)?, terminal)?;
    let Reading { events: again, skipped } = Rereading::new(&run, &compiled, &events).read()?;
    let (text, gone) = changes(&figures(&events), &figures(&again));
    terminal.data(text.as_bytes())?;
    if skipped > 0 {
        terminal.say(&format!(
            "steps whose figures cannot be read again: {skipped} (included files, a playbook that has changed, or a log that \
             holds several readings: loops, retries, several files); their figures stay as they were"
        ));
    }
    if !args.dry_run {
        write(&run, again, crate::load::shown(&compiled.plan.playbook))?;
        terminal.say(&format!("next: benchbook show {}", args.run.words()));
    }
    Ok(if gone > 0 { Exit::Failed } else { Exit::Good })
}

/// The selection of the run's own command line, with what was typed. Where its key is gone, `lock.json` has what is no secret.
fn as_it_was_called(run: &Run, vaulting: &Vaulting) -> Result<Selecting, super::Failure> {
    let provenance = run.provenance()?;
    if let Ok(Call { selecting, .. }) = Call::first(&run.unsealed(&super::project::keys())?) {
        // Nobody is asked: today's playbook may have other questions.
        let answers = Answers { asking: Asking::Never, ..selecting.answers };
        let playbook = Some(provenance.playbook.into());
        let vaulting = vaulting.clone().instead_of(selecting.vaulting);
        return Ok(Selecting { playbook, inventory: provenance.inventory, answers, vaulting, ..selecting });
    }
    let known = provenance.variables.iter().filter(|v| v.value.as_str() != Some(MASK));
    let extra: Map = known.map(|v| (v.name.as_str(), v.value.clone())).collect();
    let extra_vars = if extra.is_empty() { None } else { serde_json::to_string(&extra).ok() };
    Ok(Selecting {
        playbook: Some(provenance.playbook.into()),
        inventory: provenance.inventory,
        seed: provenance.seed,
        extra_vars: extra_vars.into_iter().collect(),
        vaulting: vaulting.clone(),
        ..Selecting::default()
    })
}

fn write(run: &Run, again: Vec<Event>, playbook: String) -> Result<(), super::Failure> {
    let time = SystemClock.now();
    let store = RunStore::open(run.folder().clone(), &super::project::keys())?;
    let events = std::iter::once(Event::Reparsed { playbook }).chain(again);
    store.commit_blocking(events.map(|event| Record::Happened { time, event }).collect())?;
    Ok(store.close()?)
}

/// Where a figure belongs.
type Name = (String, String, bool, u32, String, BTreeMap<String, String>);

/// The figures that count: those after the last reading.
fn figures(events: &[Event]) -> IndexMap<Name, Figure> {
    let mut figures = IndexMap::new();
    for event in events {
        match event {
            Event::Reparsed { .. } => figures.clear(),
            Event::Figure(f) => {
                let (case, host) = (f.case.to_string(), f.host.to_string());
                figures.insert((case, host, f.warmup, f.round, f.name.clone(), f.labels.clone()), f.clone());
            }
            _ => {}
        }
    }
    figures
}

/// What is different, in words, and how many figures are no longer there.
fn changes(before: &IndexMap<Name, Figure>, after: &IndexMap<Name, Figure>) -> (String, usize) {
    let mut lines = Vec::new();
    let (mut same, mut changed, mut new) = (0, 0, 0);
    for (name, figure) in after {
        match before.get(name) {
            Some(old) if old.value.total_cmp(&figure.value).is_eq() && old.unit == figure.unit => same += 1,
            Some(old) => {
                changed += 1;
                lines.push(line(figure, &format!("{} {}", old.value, old.unit), &value(figure)));
            }
            None => {
                new += 1;
                lines.push(line(figure, "nothing", &value(figure)));
            }
        }
    }
    let gone: Vec<_> = before.iter().filter(|(name, _)| !after.contains_key(*name)).collect();
    lines.extend(gone.iter().map(|(_, figure)| line(figure, &value(figure), "nothing")));
    let mut text = format!(
        "{} figures read: {same} as before, {changed} changed, {new} new, {} gone\n",
        after.len(),
        gone.len()
    );
    for line in lines.iter().take(LISTED) {
        text += line;
    }
    if lines.len() > LISTED {
        let _ = writeln!(text, "  … {} more", lines.len() - LISTED);
    }
    (text, gone.len())
}

fn value(figure: &Figure) -> String {
    format!("{} {}", figure.value, figure.unit)
}

fn line(figure: &Figure, old: &str, new: &str) -> String {
    let labels: Vec<&str> = figure.labels.values().map(String::as_str).collect();
    let name = std::iter::once(figure.name.as_str()).chain(labels).collect::<Vec<_>>().join(" ");
    let round = if figure.warmup { "warm-up" } else { "round" };
    format!("  {} {} {round} {}  {name}: {old} → {new}\n", figure.host, figure.case, figure.round)
}
