//! Puts the layers together: the only place that knows who implements what.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::Failure;
use super::again::{Earlier, all_good};
use super::project;
use super::prompting;
use super::recording::RecordingFiles;
use super::selecting::Selecting;
use super::terminal::Terminal;
use crate::action::ACTIONS;
use crate::base::spec::Catalogue;
use crate::base::{Diagnostics, RunMark};
use crate::connection::{Limits, Pool};
use crate::load::foreign::Core;
use crate::load::project::Asked;
use crate::load::{Config, Project, Reading};
use crate::module::SPECS;
use crate::plan::{Asking, Compiler, Options, Plan, Strictness};
use crate::python::{self, Python};
use crate::vars::Inventories;

/// Everything that a task can be. Of an action and a module with one name, the action is what the task means.
pub(super) fn catalogue() -> Catalogue {
    Catalogue::new(SPECS.iter().copied()).with_actions(ACTIONS.iter().map(|a| a.spec))
}

/// A playbook that was read and compiled.
pub(super) struct Compiled {
    /// Compiles what the run asks for.
    pub compiler: Arc<Compiler>,
    /// The compile-time answer.
    pub plan: Plan,
    /// What was read for it.
    pub files: Arc<RecordingFiles>,
}

/// Reads and compiles what was selected. Warnings are told at once; nothing is contacted. Gives what was selected in the end:
/// `--failed-from` selects by another run. Nothing: that run came to a good end.
pub(super) fn select(
    selecting: &Selecting,
    runs: Option<&Path>,
    terminal: &Terminal,
) -> Result<Option<(Selecting, Compiled)>, Failure> {
    let Some(run) = selecting.failed_from.as_ref() else {
        return Ok(Some((selecting.clone(), compile(selecting, terminal)?)));
    };
    let nothing = || {
        terminal.say(&format!("everything of {run} came to a good end: there is nothing to run again"));
        Ok(None)
    };
    if all_good(run, runs)? {
        return nothing();
    }
    let earlier = Earlier::read(run, runs, &project::keys())?;
    let mut selecting = match selecting.playbook {
        Some(_) => selecting.clone(),
        None => selecting.clone().instead_of(earlier.selecting.clone()),
    };
    let (whole, _) = read(&selecting, terminal)?;
    selecting.answers.clone_from(&whole.compiler.options.answers);
    selecting.again = earlier.again(&whole.plan);
    if selecting.again.is_none() {
        return nothing();
    }
    let compiled = compile(&selecting, terminal)?;
    Ok(Some((selecting, compiled)))
}

/// Reads and compiles a selection. Warnings are told at once; nothing is contacted.
pub(super) fn compile(selecting: &Selecting, terminal: &Terminal) -> Result<Compiled, Failure> {
    let (compiled, warnings) = read(selecting, terminal)?;
    terminal.diagnostics(&warnings);
    Ok(compiled)
}

fn read(selecting: &Selecting, terminal: &Terminal) -> Result<(Compiled, Diagnostics), Failure> {
    let files = Arc::new(RecordingFiles::new(selecting.vaulting.vault()?));
    let config = config(&files)?;
    let catalogue = Arc::new(catalogue());
    let asked = Asked {
        playbook: selecting.playbook(&config)?,
        more: Vec::new(),
        reading: Reading::default(),
        inventory: selecting.inventory.clone(),
        extra_vars: selecting.extra_vars.clone(),
        ..Asked::default()
    };
    let options = selecting.options(&config);
    assemble(&files, catalogue, config, &asked, options, terminal)
}

/// Reads and compiles what was asked for. Gives warnings too.
pub(super) fn assemble(
    files: &Arc<RecordingFiles>,
    catalogue: Arc<Catalogue>,
    config: Config,
    asked: &Asked,
    options: Options,
    terminal: &Terminal,
) -> Result<(Compiled, Diagnostics), Failure> {
    let files = Arc::clone(files);
    let evaluator = Inventories::new(Arc::clone(&files) as _, options.expressions);
    let as_ansible = options.strictness == Strictness::Late;
    let asked = &Asked { core: Core(Arc::new(python(&config))), as_ansible, ..asked.clone() };
    let project = Project::read(Arc::clone(&files) as _, Arc::clone(&catalogue), config, &evaluator, asked)?;
    let project = Arc::new(project);
    let mut compiler = Compiler::new(Arc::clone(&project), catalogue, options);
    if compiler.options.answers.asking == Asking::Now {
        let prompts = compiler.prompts()?;
        prompting::ask(&prompts, &mut compiler.options.answers, terminal)?;
    }
    let compiler = Arc::new(compiler);
    let plan = compiler.plan()?;
    let mut warnings = project.warnings.clone();
    warnings.extend(plan.warnings.clone());
    Ok((Compiled { compiler, plan, files }, warnings))
}

/// A compiler for files that nobody plays: there is no inventory and no playbook.
pub(super) fn without_plays(files: &Arc<RecordingFiles>) -> Result<Compiler, Failure> {
    let config = config(files)?;
    let catalogue = Arc::new(catalogue());
    let evaluator = Inventories::new(Arc::clone(files) as _, config.expressions);
    let asked = Asked {
        playbook: PathBuf::from("none.yml"),
        inventory: vec!["localhost,".to_owned()],
        core: Core(Arc::new(python(&config))),
        ..Asked::default()
    };
    let project =
        Project::of_inventory(Arc::clone(files) as _, Arc::clone(&catalogue), config, &evaluator, &asked)?;
    Ok(Compiler::new(Arc::new(project), catalogue, Options::default()))
}

/// What benchbook.toml says, and where collections are when it does not say.
fn config(files: &RecordingFiles) -> Result<Config, Failure> {
    let mut config = project::config(files)?;
    if config.collections_path.is_empty() {
        config.collections_path = project::collections();
    }
    Ok(config)
}

/// The Python that the environment or the settings name, or the first that has ansible-core.
fn python(config: &Config) -> Python {
    let said = std::env::var_os(python::VARIABLE).filter(|said| !said.is_empty()).map(PathBuf::from);
    let set = || {
        let said = config.ansible_python.as_ref()?;
        // A bare name is looked for along PATH.
        Some(if said.components().count() > 1 { config.resolve(said) } else { said.clone() })
    };
    Python::new(said.or_else(set), config.collections_path.iter().map(|path| config.resolve(path)).collect())
}

/// Connections of a run to all hosts, as many as benchbook.toml allows.
pub(super) fn pool(compiled: &Compiled, run: &RunMark) -> Pool {
    let Compiler { project, options, .. } = &*compiled.compiler;
    // As in Ansible: a relative path of a task on this machine is one beside the playbook.
    let folder = compiled.plan.plays.first().map(|play| play.play.folder.clone());
    let folder = folder.filter(|folder| !folder.as_os_str().is_empty());
    Pool::for_run(limits(&project.config), run, folder).becoming_the_same_user(options.becoming.same_user)
}

/// What benchbook.toml allows.
pub(super) fn limits(config: &Config) -> Limits {
    let said = &config.ssh;
    let plain = Limits::default();
    let seconds = |said: Option<u64>, plain| said.map_or(plain, Duration::from_secs);
    let number = |said: Option<NonZeroUsize>, plain| said.map_or(plain, NonZeroUsize::get);
    Limits {
        connections: number(said.connections, plain.connections),
        acquire: seconds(said.acquire_timeout, plain.acquire),
        logins: number(said.logins, plain.logins),
        logins_per_jump_host: number(said.logins_per_jump_host, plain.logins_per_jump_host),
        keepalive: seconds(said.keepalive, plain.keepalive),
    }
}
