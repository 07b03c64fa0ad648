//! The variables that Benchbook itself defines, and the scope in which a step is done.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::Options;
use super::hosts::{Board, Host};
use crate::base::ansible::VERSION;
use crate::base::{HostName, Map, RunId, RunMark, Span, Value};
use crate::load::{Project, absolute};
use crate::model::inventory::LOCALHOST;
use crate::model::{Level, VarLayer};
use crate::plan::static_roles::RoleNames;
use crate::plan::vars_files::Candidates;
use crate::plan::{CasePart, Step, StepKind, TaskStep, short_role};
use crate::vars::{Entry, LazyMap, Scope};

/// What is the same for all steps of a play's batch.
#[derive(Clone, Debug, Default)]
pub struct PlayFacts {
    /// The play's number.
    pub number: usize,
    /// Its name.
    pub name: String,
    /// The folder of its file.
    pub folder: PathBuf,
    /// Hosts in in-container mode: they already are the environment.
    pub in_container: BTreeSet<HostName>,
    /// All its hosts.
    pub all: Vec<HostName>,
    /// Those of this batch.
    pub batch: Vec<HostName>,
    /// Those that have not left, of all batches.
    pub remaining: Vec<HostName>,
    /// Those of the batch that have not left.
    pub live: Vec<HostName>,
    /// Variables of roles that were included with `public: true` so far in this batch.
    pub exposed: Vec<Arc<VarLayer>>,
    /// Entries of `vars_files`, which each host finds for itself.
    pub vars_files: Arc<[Candidates]>,
    /// The names of the play's roles.
    pub roles: Arc<RoleNames>,
    /// What is made of all this for templates: once, not for every step on every host.
    pub(super) variables: OnceLock<Arc<VarLayer>>,
}

/// `hostvars`: every host with what does not depend on a play.
impl LazyMap for Board {
    fn get(&self, key: &str) -> Option<Entry> {
        let is_here = |host: &&Arc<Host>| LOCALHOST.contains(&host.name.as_str());
        let localhost = || LOCALHOST.contains(&key).then(|| self.iter().find(is_here)).flatten();
        self.find(key).or_else(localhost).map(|host| Entry::Scope(host_scope(host, self)))
    }

    fn keys(&self) -> Vec<Arc<str>> {
        self.listed().map(|host| Arc::from(host.name.as_str())).collect()
    }
}

/// What can be said of a host outside of any play.
pub fn host_scope(host: &Host, board: &Board) -> Scope {
    host.layers().chain(&board.magic).cloned().collect()
}

/// A layer of Benchbook's own.
pub fn layer(level: Level, vars: Map) -> VarLayer {
    VarLayer { level, origin: "Benchbook".into(), span: Span::nowhere("Benchbook"), vars: Arc::new(vars) }
}

/// Everything a step sees on a host.
pub fn step_scope(
    step: &Step,
    host: &Host,
    board: &Arc<Board>,
    play: &PlayFacts,
    run: (&RunId, &RunMark),
    options: &Options,
) -> Scope {
    let variables = play.variables.get_or_init(|| Arc::new(layer(Level::Magic, magic(play, run, options))));
    // What is exposed first, so that a role's own variables count inside it.
    let around =
        std::iter::once(&host.address).chain(host.layers()).chain(&board.magic).chain(&play.exposed).cloned();
    let own = step.vars.iter().cloned().map(Arc::new);
    let mut scope: Scope = around.chain(own).chain([Arc::clone(variables)]).collect();
    if let Some((name, path)) = task(step).and_then(|task| task.role.as_ref()) {
        let role = Map::from_iter([
            ("role_name", Value::from(short_role(name))),
            ("ansible_role_name", Value::from(&**name)),
            ("role_path", absolute(path).into()),
        ]);
        scope.push(layer(Level::Magic, role));
    }
    if let Some(task) = task(step).filter(|task| !task.inherited.environment.is_empty()) {
        let said = task.inherited.environment.iter().map(|said| said.value.clone());
        let environment = Map::from_iter([("environment", Value::list(said.collect()))]);
        scope.push(layer(Level::Magic, environment));
    }
    if let Some(user) = task(step).and_then(|task| task.inherited.remote_user.as_ref()) {
        // Where no variable says it.
        scope.push(layer(Level::RoleDefaults, Map::from_iter([("ansible_user", user.value.clone())])));
    }
    if let Some(case) = case_variable(step, &scope) {
        scope.push(layer(Level::CaseParams, Map::from_iter([("case", case)])));
    }
    scope.with_lazy("hostvars", Arc::clone(board) as Arc<dyn LazyMap>)
}

fn names(hosts: &[HostName]) -> Value {
    Value::list(hosts.iter().map(|h| Value::from(h.as_str())).collect())
}

/// The inventory file where a host is named first, and the folder of that file; nothing for the command line.
pub fn inventory_file(named: &Span) -> Option<(String, String)> {
    let file = Path::new(named.source().name());
    (!file.starts_with("<command line>"))
        .then(|| (absolute(file), absolute(file.parent().unwrap_or(Path::new("")))))
}

/// What Ansible defines for all hosts and plays: `hostvars` has it, too.
pub(super) fn of_run(options: &Options, project: &Project) -> Map {
    let mut ansible = Map::from_iter([("string", VERSION), ("full", VERSION)]);
    for (name, number) in ["major", "minor", "revision"].into_iter().zip(VERSION.split('.')) {
        ansible.insert(name, number.parse::<i64>().unwrap_or_default());
    }
    let tags = if options.tags.is_empty() { vec!["all".to_owned()] } else { options.tags.clone() };
    let sources = project.sources.iter().map(|source| source.shown().into());
    let mut magic = Map::from_iter([
        ("ansible_playbook_python", Value::from(python())),
        ("ansible_check_mode", options.check.into()),
        ("ansible_diff_mode", options.diff.into()),
        ("ansible_forks", options.forks.into()),
        ("ansible_verbosity", options.verbosity.into()),
        ("ansible_run_tags", tags.into()),
        ("ansible_skip_tags", options.skip_tags.clone().into()),
        ("ansible_version", ansible.into()),
        ("ansible_inventory_sources", Value::list(sources.collect())),
        (
            "ansible_config_file",
            project.config.settings_file.as_deref().map(absolute).map_or(Value::Null, Value::from),
        ),
    ]);
    if let Some(limit) = &options.limit {
        magic.insert("ansible_limit", limit.as_str());
    }
    magic
}

fn magic(play: &PlayFacts, (run, mark): (&RunId, &RunMark), options: &Options) -> Map {
    Map::from_iter([
        ("omit", Value::Omit),
        ("play_hosts", names(&play.live)),
        ("ansible_play_hosts", names(&play.remaining)),
        ("ansible_play_hosts_all", names(&play.all)),
        ("ansible_play_batch", names(&play.live)),
        ("ansible_play_name", play.name.as_str().into()),
        ("role_names", Value::from(play.roles.direct.clone())),
        ("ansible_play_role_names", Value::from(play.roles.direct.clone())),
        ("ansible_dependent_role_names", Value::from(play.roles.dependencies.clone())),
        ("ansible_role_names", Value::from(play.roles.all())),
        ("playbook_dir", absolute(&play.folder).into()),
        ("benchbook_version", env!("CARGO_PKG_VERSION").into()),
        ("benchbook_run_id", run.as_str().into()),
        ("benchbook_run_mark", mark.as_str().into()),
        ("benchbook_artifacts_dir", options.artifacts.display().to_string().into()),
    ])
}

/// Python on this machine: the first in PATH.
fn python() -> String {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut programs = std::env::split_paths(&path).map(|folder| folder.join("python3"));
    programs
        .find(|program| program.is_file())
        .map_or_else(|| "/usr/bin/python3".to_owned(), |p| p.display().to_string())
}

/// The task of a step, if it has one.
pub fn task(step: &Step) -> Option<&Arc<TaskStep>> {
    use crate::plan::Expand;
    match &step.kind {
        StepKind::Task(task) | StepKind::Expand(Expand::Tasks(task) | Expand::Role(task, _)) => Some(task),
        _ => None,
    }
}

/// `case`: what the compiler says of it, with the folder that was made for it and the round.
fn case_variable(step: &Step, scope: &Scope) -> Option<Map> {
    let place = step.case.as_ref()?;
    let mut case = scope.lookup("case").and_then(|(v, _)| v.as_map()).cloned().unwrap_or_default();
    case.insert("id", place.id.as_str());
    if let CasePart::Round { number, warmup } = place.part {
        case.insert("round", number);
        case.insert("warmup", warmup);
    }
    if let Some((folders, _)) = scope.lookup(FOLDERS)
        && let Some(folder) = folders.get(place.id.as_str())
    {
        case.insert("dir", folder.clone());
    }
    Some(case)
}

/// The variable of a host that holds the folders of its cases, by case.
pub const FOLDERS: &str = "benchbook_case_folders";
