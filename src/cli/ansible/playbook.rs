//! `ansible-playbook`: playbooks are run as the reference runs them.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use clap::Parser;

use super::super::call::Call;
use super::super::execution::Execution;
use super::super::failure::Failure;
use super::super::recording::RecordingFiles;
use super::super::selecting::{Selecting, playbook_name};
use super::super::terminal::Terminal;
use super::super::wiring::{self, Compiled};
use super::super::{plan, project};
use super::listing::list;
use super::options::{Playbook, split};
use super::saying::{tell, version};
use super::{Ending, settings};
use crate::base::{Clock, Diagnostic, Diagnostics, RunMark, Severity, SystemClock};
use crate::load::project::Asked;
use crate::load::{AnsibleCfg, shown};
use crate::plan::{Answers, Asking, Options, Strictness};
use crate::report::{Ansible, Record, Reporter};
use crate::run::{Ended, Past};
use crate::store::{Provenance, RunFolder, RunStore};

pub(super) fn run(words: &[String], terminal: &Terminal) -> Ending {
    let name = "ansible-playbook".to_owned();
    let asked = match Playbook::try_parse_from([name].iter().chain(words)) {
        Ok(asked) => asked,
        Err(error) => {
            // `--help` comes this way too; clap knows where it belongs.
            let _ = error.print();
            return if error.use_stderr() { Ending::Failed } else { Ending::Good };
        }
    };
    let (cfg, problems) = settings::read();
    if asked.version {
        return version("ansible-playbook", &cfg, terminal);
    }
    tell(&problems, terminal);
    let done = if problems.has_errors() { Ok(Ending::Error) } else { play(&asked, &cfg, terminal) };
    done.unwrap_or_else(|failure| match failure {
        Failure::Input(found) => {
            let ending = ending_of(&found);
            tell(&found, terminal);
            ending
        }
        other => {
            terminal.say(&format!("[ERROR]: {other}"));
            Ending::Bug
        }
    })
}

fn play(asked: &Playbook, cfg: &AnsibleCfg, terminal: &Terminal) -> Result<Ending, Failure> {
    refuse(asked)?;
    let mut selecting = selecting(asked, cfg);
    selecting.inventory = settings::readable(selecting.inventory, terminal);
    let config = settings::config(cfg);
    let files = Arc::new(RecordingFiles::new(selecting.vaulting.vault()?));
    let (first, more) = asked.playbooks.split_first().expect("clap wants one");
    let sources = Asked {
        playbook: first.clone(),
        more: more.to_vec(),
        inventory: selecting.inventory.clone(),
        extra_vars: selecting.extra_vars.clone(),
    };
    let selection = &asked.selection;
    let lists = asked.hosts.list_hosts || selection.list_tasks || selection.list_tags;
    let reads_only = selection.syntax_check || lists;
    let options = Options {
        strictness: Strictness::Late,
        force_handlers: asked.selection.force_handlers || cfg.boolean("force_handlers") == Some(true),
        gather_explicitly: cfg.text("gathering").as_deref() == Some("explicit"),
        any_errors_fatal: cfg.boolean("any_errors_fatal") == Some(true),
        unmatched_is_error: cfg.text("host_pattern_mismatch").as_deref() == Some("error"),
        reaching: Arc::new(settings::reaching(&asked.connecting, cfg)?),
        answers: Answers {
            asking: if reads_only { Asking::Never } else { Asking::Now },
            ..Answers::default()
        },
        ..selecting.options(&config)
    };
    let catalogue = Arc::new(wiring::catalogue());
    let (compiled, warnings) = wiring::assemble(&files, catalogue, config, &sources, options, terminal)?;
    tell(&warnings, terminal);
    if asked.selection.syntax_check {
        for playbook in &asked.playbooks {
            terminal.data(format!("\nplaybook: {}\n", playbook.display()).as_bytes())?;
        }
        return Ok(Ending::Good);
    }
    if let Some(text) = list(asked, &compiled.plan) {
        terminal.data(text.as_bytes())?;
        return Ok(Ending::Good);
    }
    let look = settings::look(asked.manner.verbose, cfg);
    let mut reporters: Vec<Box<dyn Reporter>> =
        vec![Box::new(Ansible::new(io::stdout(), io::stderr(), look))];
    reporters.extend(record()?);
    let call = Call::now(&selecting, &compiled.compiler.options)?;
    let execution = begin(call, compiled)?;
    let done = execution.perform(reporters, look.verbosity, terminal)?;
    Ok(ending(&done.ended))
}

/// What happens is also written to the file that this variable names, as the recorder of tests/conformance does.
fn record() -> Result<Option<Box<dyn Reporter>>, Diagnostic> {
    let Some(path) = std::env::var_os("BENCHBOOK_RECORD").filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    let file = File::options().append(true).create(true).open(&path).map_err(|e| {
        let message = format!("{} cannot be written: {e}", Path::new(&path).display());
        Diagnostic::error("events-file", message)
    })?;
    Ok(Some(Box::new(Record::new(file, std::process::id()))))
}

/// Options that there are, and that are not supported.
fn refuse(asked: &Playbook) -> Result<(), Diagnostic> {
    for path in &asked.playbooks {
        if !path.exists() {
            let message = format!("the playbook: {} could not be found", path.display());
            return Err(Diagnostic::error("no-playbook", message));
        }
    }
    let refused =
        [("--step", asked.selection.step), ("--start-at-task", asked.selection.start_at_task.is_some())];
    match refused.iter().find(|(_, given)| *given) {
        Some((option, _)) => {
            Err(Diagnostic::error("unsupported-option", format!("`{option}` is not supported yet")))
        }
        None => Ok(()),
    }
}

fn selecting(asked: &Playbook, cfg: &AnsibleCfg) -> Selecting {
    let either = |words: &[String], key: &str| {
        let words = split(words);
        if words.is_empty() { cfg.words(key) } else { words }
    };
    Selecting {
        inventory: settings::inventory(&asked.hosts, cfg),
        limit: asked.hosts.limit.clone(),
        extra_vars: asked.manner.extra_vars.clone(),
        tags: either(&asked.selection.tags, "run"),
        skip_tags: either(&asked.selection.skip_tags, "skip"),
        check: asked.manner.check,
        diff: asked.manner.diff || cfg.boolean("always") == Some(true),
        forks: asked.manner.forks,
        becoming: asked.becoming.clone(),
        vaulting: asked.vaulting.clone(),
        ..Selecting::default()
    }
}

/// The run's folder, in the user's state folder: it does no harm there, and `benchbook show` finds it.
fn begin(call: Call, compiled: Compiled) -> Result<Execution, Failure> {
    let (now, name) = (SystemClock.now(), playbook_name(&compiled.plan.playbook));
    let folder = match RunFolder::create(&project::state().join("ansible"), now, &name) {
        Ok(folder) => folder,
        // A home that cannot be written to.
        Err(_) => RunFolder::create(&std::env::temp_dir().join("benchbook-ansible"), now, &name)?,
    };
    folder.replace(&folder.plan(), &plan::json(&compiled))?;
    let mut provenance = Provenance::new();
    provenance.playbook = shown(&compiled.plan.playbook);
    compiled.files.note(&mut provenance);
    RunMark::fresh(&folder.id()).as_str().clone_into(&mut provenance.mark);
    provenance.write(&folder)?;
    let store = RunStore::open(folder, &project::keys())?;
    Ok(Execution { call, compiled, store, provenance, term: 1, past: Past::none(), events: Vec::new() })
}

fn ending(ended: &Ended) -> Ending {
    match ended {
        Ended { exit: 70, .. } => Ending::Bug,
        Ended { aborted: true, .. } => Ending::Error,
        Ended { exit: 4, .. } => Ending::Interrupted,
        Ended { lost: true, .. } => Ending::Unreachable,
        Ended { failed: true, .. } => Ending::Failed,
        Ended { exit: 1, .. } => Ending::Error,
        _ => Ending::Good,
    }
}

/// What cannot be understood ends with 4, what is not there with 1.
fn ending_of(found: &Diagnostics) -> Ending {
    const ERRORS: [&str; 9] = [
        "no-such-host",
        "no-playbook",
        "no-hosts",
        "missing-role",
        "vault-password",
        "become-password",
        "connection-password",
        "unsupported-option",
        "no-such-inventory",
    ];
    let first = found.iter().find(|d| d.severity == Severity::Error);
    match first {
        Some(d) if ERRORS.contains(&d.code) => Ending::Error,
        _ => Ending::Unreachable,
    }
}
