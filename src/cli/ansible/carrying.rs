//! A playbook of the reference's commands is carried out: read, compiled, run, and how it ends.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::super::call::Call;
use super::super::execution::Execution;
use super::super::failure::Failure;
use super::super::recording::RecordingFiles;
use super::super::selecting::{Selecting, playbook_name};
use super::super::terminal::Terminal;
use super::super::wiring::{self, Compiled};
use super::super::{plan, project};
use super::options::Running;
use super::saying::{tell, warn};
use super::{Ending, settings};
use crate::base::{Clock, Diagnostic, Diagnostics, RunMark, Severity, SystemClock};
use crate::load::{AnsibleCfg, Asked, shown};
use crate::model::Inventory;
use crate::model::group_names::is_word;
use crate::plan::{Answers, Asking, Options, Strictness};
use crate::report::{Record, Reporter};
use crate::run::{Ended, Past};
use crate::store::{Provenance, RunFolder, RunStore};

/// The options that commands have in common, as [`Selecting`] has them.
pub(super) fn selecting(asked: &Running, cfg: &AnsibleCfg) -> Selecting {
    let Running { hosts, working, becoming, vaulting, .. } = asked;
    Selecting {
        inventory: settings::inventory(hosts, cfg),
        limit: hosts.limit.clone(),
        extra_vars: hosts.extra_vars.clone(),
        check: working.check,
        diff: working.diff || cfg.boolean("always") == Some(true),
        forks: working.forks,
        becoming: settings::becoming(becoming, cfg),
        vaulting: settings::vaulting(vaulting, cfg),
        ..Selecting::default()
    }
}

/// What the compiler has to know of the command line and the settings.
pub(super) fn options(
    asked: &Running,
    selecting: &Selecting,
    cfg: &AnsibleCfg,
    asking: Asking,
) -> Result<Options, Diagnostic> {
    Ok(Options {
        strictness: Strictness::Late,
        force_handlers: cfg.boolean("force_handlers") == Some(true),
        gather_explicitly: cfg.text("gathering").as_deref() == Some("explicit"),
        gather_once: cfg.text("gathering").as_deref() == Some("smart"),
        any_errors_fatal: cfg.boolean("any_errors_fatal") == Some(true),
        missing_handlers_pass: cfg.boolean("error_on_missing_handler") == Some(false),
        private_role_vars: cfg.boolean("private_role_vars"),
        unmatched_is_error: cfg.text("host_pattern_mismatch").as_deref() == Some("error"),
        strategy: settings::strategy(cfg)?,
        task_timeout: cfg.number("task_timeout").filter(|seconds| *seconds > 0).map(Duration::from_secs),
        python_interpreter: cfg.text("interpreter_python"),
        reaching: Arc::new(settings::reaching(&asked.connecting, cfg)?),
        fact_cache: settings::fact_cache(cfg, asked.hosts.flush_cache)?,
        habits: settings::habits(cfg)?,
        answers: Answers { asking, ..Answers::default() },
        ..selecting.options(&settings::config(cfg))
    })
}

/// Reads and compiles. Warnings are told; nothing when one of them is an error for the settings.
pub(super) fn compiled(
    files: &Arc<RecordingFiles>,
    asked: &Asked,
    options: Options,
    cfg: &AnsibleCfg,
    terminal: &Terminal,
) -> Result<Option<Compiled>, Failure> {
    let catalogue = Arc::new(wiring::catalogue());
    let config = settings::config(cfg);
    let (compiled, warnings) = wiring::assemble(files, catalogue, config, asked, options, terminal)?;
    let found = settings::judged(&warnings, cfg);
    if found.iter().any(|d| d.code == "duplicate-key" && d.severity == Severity::Error) {
        return Err(found.into());
    }
    tell(&found, terminal);
    Ok(Some(compiled).filter(|_| !found.has_errors()))
}

/// Says that the inventory has groups which no expression can name, and that nobody is in it, unless the pattern asks for this
/// machine alone.
pub(super) fn about_inventory(inventory: &Inventory, pattern: &str, cfg: &AnsibleCfg, terminal: &Terminal) {
    about_groups(inventory, cfg, terminal);
    let local = ["localhost", "127.0.0.1", "::1"].contains(&pattern);
    if inventory.hosts.is_empty() && !local && cfg.boolean("localhost_warning") != Some(false) {
        let only = "provided hosts list is empty, only localhost is available.";
        warn(&format!("{only} Note that the implicit localhost does not match 'all'"), terminal);
    }
}

/// Says that the inventory has groups which no expression can name.
pub(super) fn about_groups(inventory: &Inventory, cfg: &AnsibleCfg, terminal: &Terminal) {
    let told = cfg.text("force_valid_group_names").is_none_or(|word| word != "ignore");
    if told && !inventory.groups.keys().all(|name| is_word(name)) {
        let found = "Invalid characters were found in group names but not replaced";
        warn(&format!("{found}, use -vvvv to see details"), terminal);
    }
}

/// Carries it out; the reporters tell what happens. The run's folder is in the user's state folder: it does no harm there, and
/// `benchbook show` finds it.
pub(super) fn carry_out(
    selecting: &Selecting,
    compiled: Compiled,
    mut reporters: Vec<Box<dyn Reporter>>,
    verbosity: u8,
    terminal: &Terminal,
) -> Result<Ending, Failure> {
    reporters.extend(record()?);
    let call = Call::now(selecting, &compiled.compiler.options)?;
    let done = begin(call, compiled)?.perform(reporters, verbosity, terminal)?;
    Ok(ending(&done.ended))
}

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
    Ok(Execution {
        call,
        compiled,
        store,
        provenance,
        term: 1,
        past: Past::none(),
        events: Vec::new(),
        budget: None,
    })
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

fn ending(ended: &Ended) -> Ending {
    match ended {
        Ended { exit: 70, .. } => Ending::Bug,
        Ended { misread: true, .. } => Ending::Unreachable,
        Ended { aborted: true, .. } => Ending::Error,
        Ended { exit: 4, .. } => Ending::Interrupted,
        Ended { lost: true, .. } => Ending::Unreachable,
        Ended { failed: true, .. } => Ending::Failed,
        Ended { exit: 1, .. } => Ending::Error,
        _ => Ending::Good,
    }
}

/// How mistakes of the user's end a command: what cannot be understood with 4, what is not there with 1.
pub(super) fn mistaken(found: &Diagnostics) -> Ending {
    const ERRORS: [&str; 10] = [
        "no-such-host",
        "no-playbook",
        "no-hosts",
        "missing-role",
        "old-style-role",
        "vault",
        "vault-password",
        "become-password",
        "connection-password",
        "unsupported-option",
    ];
    let first = found.iter().find(|d| d.severity == Severity::Error);
    match first {
        Some(d) if ERRORS.contains(&d.code) => Ending::Error,
        _ => Ending::Unreachable,
    }
}
