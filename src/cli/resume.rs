//! `benchbook resume`: goes on with a run that was broken off. What has ended is not done again.

use clap::Args as ClapArgs;

use super::call::Call;
use super::execution::{Execution, Output};
use super::project::WhichRun;
use super::terminal::Terminal;
use super::wiring::{Compiled, compile};
use super::{Exit, Failure, Outcome};
use crate::base::Diagnostic;
use crate::event::{Event, Record, Term};
use crate::run::{Past, PastError};
use crate::store::{Provenance, Run, RunFolder, RunStore, digest};

/// How many files or steps are named.
const NAMED: usize = 8;

/// Goes on with a run that was broken off or stopped
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    #[command(flatten)]
    run: WhichRun,
    /// Go on although the project has changed since: what is still to be done is done as it stands now
    #[arg(long)]
    changed: bool,
    #[command(flatten)]
    output: Output,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Outcome {
    let folder = args.run.folder()?;
    // The folder that it was called in may be another one than this.
    let folder = RunFolder::at(std::path::absolute(folder.path())?);
    let store = RunStore::open(folder.clone(), &super::project::keys()).map_err(|e| in_use(e, &folder))?;
    let run = Run::open(folder.clone())?;
    let records = run.unsealed(&super::project::keys())?;
    if let Some(exit) = ended(&records) {
        terminal.say(&format!("{} has ended with exit {exit}: there is nothing to do", folder.id()));
        if exit == 0 {
            store.forget_key();
        } else {
            terminal.say(&format!("what failed once more: benchbook run --failed-from {}", args.run.run));
        }
        return Ok(Exit::from_code(exit));
    }
    let call = Call::first(&records)?;
    // What was given on the command line is relative to it. Nothing that has been opened until here has a relative path.
    #[allow(clippy::disallowed_methods)]
    std::env::set_current_dir(&call.folder).map_err(|e| {
        let message = format!("the run was called in {}: {e}", call.folder.display());
        Diagnostic::error("no-folder", message)
    })?;
    let before = run.provenance()?;
    let compiled = compile(&call.selecting, terminal)?;
    let changes = changes(&before, &compiled);
    if !changes.is_empty() && !args.changed {
        return Err(changed(&changes).into());
    }
    let events = run.events()?;
    let past = Past::of(records).map_err(|errors| unreadable(&errors))?;
    let term = past.term + 1;
    let elsewhere = super::project::elsewhere(args.run.runs.as_deref());
    let execution = Execution { call, compiled, store, provenance: before, term, past, events, budget: None };
    execution.carry_out(&args.output, elsewhere, terminal)
}

/// The exit of a run that came to its end by itself.
fn ended(records: &[Record]) -> Option<u8> {
    let mut ended = None;
    for record in records {
        match record {
            Record::Term(_) => ended = None,
            Record::Happened { event: Event::RunEnded { exit, .. }, .. } => ended = Some(*exit),
            _ => {}
        }
    }
    ended.filter(|exit| *exit != Exit::Interrupted as u8)
}

/// Who has the run in hand.
fn in_use(error: crate::store::StoreError, folder: &RunFolder) -> Failure {
    let crate::store::StoreError::Locked(_) = error else { return error.into() };
    let records = Run::open(folder.clone()).and_then(|run| run.records()).unwrap_or_default();
    let last = records.into_iter().rev().find_map(|record| match record {
        Record::Term(term) => Some(term),
        _ => None,
    });
    let diagnostic = Diagnostic::error("run-locked", format!("{} is still going on", folder.id()));
    let Some(Term { process, user, machine, time, .. }) = last.as_deref() else { return diagnostic.into() };
    let since = time.minute();
    diagnostic.help(format!("process {process} of {user} on {machine} has it in hand since {since}")).into()
}

/// What is different from the project that the run began with.
fn changes(before: &Provenance, compiled: &Compiled) -> Vec<String> {
    let mut now = Provenance::new();
    compiled.files.note(&mut now);
    let mut changes = Vec::new();
    for (path, old) in &before.files {
        // What the run read later is not read by the compiler.
        let new = now.files.get(path).cloned();
        match new.or_else(|| std::fs::read(path).ok().map(|bytes| digest(&bytes))) {
            None => changes.push(format!("{path} is gone")),
            Some(new) if new != *old => changes.push(format!("{path} has changed")),
            Some(_) => {}
        }
    }
    let new = now.files.keys().filter(|path| !before.files.contains_key(*path));
    changes.extend(new.map(|path| format!("{path} is new")));
    if before.benchbook != now.benchbook {
        changes.push(format!("it was begun by benchbook {}, this is {}", before.benchbook, now.benchbook));
    }
    changes
}

fn changed(changes: &[String]) -> Diagnostic {
    Diagnostic::error("project-changed", "the project is not the one that this run began with")
        .help(first(changes))
        .help(
            "figures from before and after a change do not belong together; to go on all the same: --changed",
        )
}

/// Ends that `no_log` hides, and nobody can read any more.
fn unreadable(errors: &[PastError]) -> Diagnostic {
    let count = errors.len();
    let message = format!("what `no_log` hides of {count} steps is encrypted, and the key is gone");
    let mut named: Vec<String> = errors.iter().map(|e| format!("{} on {}", e.step, e.host)).collect();
    named.sort();
    Diagnostic::error("run-key", message)
        .help(first(&named))
        .help("begin a new run; keys lie in the state folder of the user who began this one")
}

/// The first of them, and how many more there are.
fn first(words: &[String]) -> String {
    let more = (words.len() > NAMED).then(|| format!("… {} more", words.len() - NAMED));
    let named = words.iter().take(NAMED).cloned().chain(more);
    named.collect::<Vec<_>>().join("; ")
}
