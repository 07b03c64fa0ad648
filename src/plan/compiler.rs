//! The compiler: project in, plan out. Equal input gives an equal plan, so that a fragment can be compiled again after a crash.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::play::compile_play;
use super::{Expand, Plan, PlayPlan, Step, StepKind, Strictness};
use crate::base::spec::Catalogue;
use crate::base::{CaseId, Diagnostic, Diagnostics, HostName, Map, Severity, SystemClock};
use crate::load::{Expressions, Project};
use crate::model::decode::Decoder;
use crate::model::{Inventory, Play, Strategy};
use crate::vars::library::OfLibrary;
use crate::vars::{Environment, Habits, Scope, Templar};

/// Files that keep facts between runs, one per host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FactCache {
    /// Their folder.
    pub folder: PathBuf,
    /// What stands before the host's name in a file's name.
    pub prefix: String,
    /// After how many seconds they count no more; 0 means never.
    pub seconds: u64,
    /// `--flush-cache`: what was kept does not count.
    pub flush: bool,
}

/// What the command line says about the plan.
#[derive(Clone, Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // they are options that users know by these names
pub struct Options {
    /// `--in-container` or `--no-in-container`.
    pub in_container: Option<bool>,
    /// The environment variable [`super::IN_CONTAINER_VARIABLE`], read as a boolean.
    pub exec_in_container: Option<String>,
    /// `--tags`
    pub tags: Vec<String>,
    /// `--skip-tags`
    pub skip_tags: Vec<String>,
    /// `--case`: `stream`, `str*`, `stream[threads=1]`.
    pub cases: Vec<String>,
    /// `--stage`
    pub stages: Vec<String>,
    /// `--skip-stage`
    pub skip_stages: Vec<String>,
    /// `--limit`: a pattern.
    pub limit: Option<String>,
    /// `--failed-from`: what an earlier run did not bring to a good end.
    pub again: Option<Again>,
    /// `--baseline`: a file of reference values, above what plays name.
    pub baseline: Option<PathBuf>,
    /// For `case_order: random` and `order: shuffle`.
    pub seed: u64,
    /// What was answered to `vars_prompt`.
    pub answers: super::Answers,
    /// `--check`
    pub check: bool,
    /// `--diff`
    pub diff: bool,
    /// `--keep-container`: no stop.
    pub keep_container: bool,
    /// `--become` and what goes with it.
    pub becoming: super::AskedBecoming,
    /// `--force-handlers`: handlers of failed hosts run, too.
    pub force_handlers: bool,
    /// When what is wrong with a task is told.
    pub strictness: Strictness,
    /// Variables below all others of each host: what the command line says about reaching it.
    pub reaching: Arc<Map>,
    /// Facts are gathered only where a play says so.
    pub gather_explicitly: bool,
    /// A play does not gather what is known of a host.
    pub gather_once: bool,
    /// `--start-at-task`: what stands before the first task of such a name is passed by.
    pub start_at_task: Option<String>,
    /// `--step`: somebody is asked before each task.
    pub step: bool,
    /// What `any_errors_fatal` is where nobody says.
    pub any_errors_fatal: bool,
    /// The strategy of plays that name none.
    pub strategy: Option<Strategy>,
    /// How long a task may take that says nothing.
    pub task_timeout: Option<Duration>,
    /// A play whose `hosts` name what there is not ends the run when it begins.
    pub unmatched_is_error: bool,
    /// Whether variables of roles are seen by the roles alone, where a use does not say.
    pub private_role_vars: Option<bool>,
    /// A handler that is notified and that there is not is only warned of.
    pub missing_handlers_pass: bool,
    /// `--expressions`
    pub expressions: Expressions,
    /// What settings of Ansible change about variables and templates.
    pub habits: Habits,
    /// Where facts are kept between runs, if anywhere.
    pub fact_cache: Option<FactCache>,
    /// The Python of targets where no variable says it.
    pub python_interpreter: Option<String>,
    /// How many steps may work at once, if that is limited.
    pub forks: Option<usize>,
    /// How many connections to other machines may be open at once, if that is limited.
    pub connections: Option<usize>,
}

/// What of a playbook is run again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Again {
    /// All hosts that take part.
    pub hosts: BTreeSet<HostName>,
    /// The hosts of each case; a case that is not named is left out.
    pub cases: BTreeMap<CaseId, BTreeSet<HostName>>,
}

impl Again {
    /// Whether a host runs a case.
    pub(super) fn selects(&self, case: &CaseId, host: &HostName) -> bool {
        self.cases.get(case).is_some_and(|hosts| hosts.contains(host))
    }
}

/// Compiles a project.
pub struct Compiler {
    /// What was read.
    pub project: Arc<Project>,
    /// What a task can be.
    pub catalogue: Arc<Catalogue>,
    /// What the command line says.
    pub options: Options,
    pub(super) environment: Arc<Environment>,
}

impl Compiler {
    /// A compiler of this project.
    pub fn new(project: Arc<Project>, catalogue: Arc<Catalogue>, options: Options) -> Self {
        let files = Arc::clone(project.loader.files());
        let environment = Environment::new(files, Arc::new(SystemClock))
            .with_expressions(options.expressions)
            .with_plugins(Arc::new(OfLibrary(Arc::clone(project.loader.library()))))
            .with_habits(options.habits.clone());
        let environment = Arc::new(environment);
        Self { project, catalogue, options, environment }
    }

    /// What templates may reach.
    pub fn environment(&self) -> &Arc<Environment> {
        &self.environment
    }

    /// The whole plan with the hosts that are known now; or all that is wrong.
    pub fn plan(&self) -> Result<Plan, Diagnostics> {
        let mut found = Diagnostics::new();
        let mut plays = Vec::new();
        let mut cases = Vec::new();
        let mut compiled = Vec::new();
        for number in 0..self.project.playbook.plays.len() {
            let one = compile_play(self, number, &self.project.inventory, &mut found);
            cases.extend(one.cases.iter().cloned());
            plays.extend(one.plan.clone());
            compiled.push(one);
        }
        self.options.unmatched_cases(&cases).for_each(|d| found.push(d));
        self.unknown_stages(&compiled, &mut found);
        if self.options.strictness == Strictness::Early {
            self.unknown_tags(&compiled, &mut found);
            super::undefined::warn(&compiled, &mut found);
            super::monitors::tell_missing(&compiled, &mut found);
        }
        Self::play_order(&mut plays, &mut found);
        let playbook = self.project.playbook.path.clone();
        let compiled = found.in_file_order().into_result(());
        compiled.map(|((), warnings)| Plan { playbook, plays, warnings })
    }

    /// One play with the hosts of an inventory that the run may have changed.
    pub fn bind(&self, play: usize, inventory: &Inventory) -> Result<PlayPlan, Diagnostics> {
        let mut found = Diagnostics::new();
        let compiled = compile_play(self, play, inventory, &mut found);
        if self.options.unmatched_is_error
            && let Some(unmatched) = found.iter().find(|d| d.code == "no-such-host")
        {
            let message = unmatched.message.clone();
            return Err(Diagnostic { severity: Severity::Error, message, ..unmatched.clone() }.into());
        }
        let (bound, _) = found.into_result(compiled.plan)?;
        bound.ok_or_else(|| Diagnostic::error("no-such-play", format!("there is no play {play}")).into())
    }

    /// A stage on the command line that no step has.
    fn unknown_stages(&self, compiled: &[super::play::Compiled], found: &mut Diagnostics) {
        let mut known: BTreeSet<&str> = crate::model::Stage::KNOWN.into_iter().collect();
        known.extend(compiled.iter().flat_map(|c| &c.stages).map(|s| &**s));
        let given = self.options.stages.iter().map(|s| ("--stage", s));
        for (flag, stage) in given.chain(self.options.skip_stages.iter().map(|s| ("--skip-stage", s))) {
            if !known.contains(stage.as_str()) {
                let words: Vec<&str> = known.iter().copied().collect();
                found.push(
                    Diagnostic::error(
                        "no-such-stage",
                        format!("`{flag} {stage}` names a stage that no step has"),
                    )
                    .suggest(stage, words.iter().copied())
                    .help(format!("the stages are {}", words.join(", "))),
                );
            }
        }
    }

    /// A tag on the command line that no task has. As in Ansible the run goes on, perhaps with nothing to do; but it is said.
    fn unknown_tags(&self, compiled: &[super::play::Compiled], found: &mut Diagnostics) {
        let brings = |step: &Step| matches!(step.kind, StepKind::Expand(Expand::Tasks(_) | Expand::Role(..)));
        let mut steps =
            compiled.iter().filter_map(|c| c.plan.as_ref()).flat_map(|p| p.fragment.graph.node_weights());
        if steps.any(brings) {
            // Its tasks may have the tag.
            return;
        }
        let special = ["all", "tagged", "untagged", "always", "never"];
        let known: BTreeSet<&str> =
            compiled.iter().flat_map(|c| &c.tags).map(|t| &**t).filter(|t| !special.contains(t)).collect();
        let given = self.options.tags.iter().map(|t| ("--tags", t));
        for (flag, tag) in given.chain(self.options.skip_tags.iter().map(|t| ("--skip-tags", t))) {
            if special.contains(&tag.as_str()) || known.contains(tag.as_str()) {
                continue;
            }
            let message = format!("`{flag} {tag}` names a tag that no task has");
            let words: Vec<&str> = known.iter().copied().collect();
            let warning = Diagnostic::warning("no-such-tag", message).suggest(tag, words.iter().copied());
            found.push(match words.as_slice() {
                [] => warning.help("no task of this playbook has tags"),
                words => warning.help(format!("the tags are {}", words.join(", "))),
            });
        }
    }

    /// Plays follow each other unless they name what they need.
    fn play_order(plays: &mut [PlayPlan], found: &mut Diagnostics) {
        let name = |play: &Play| play.keywords.label().map(ToOwned::to_owned);
        let words: Vec<(Option<String>, Option<Arc<str>>)> = plays
            .iter()
            .map(|p| (name(&p.play), p.play.keywords.id.as_ref().map(|i| Arc::clone(&i.value))))
            .collect();
        let mut edges = Vec::new();
        for (at, play) in plays.iter_mut().enumerate() {
            let Some(needs) = play.play.keywords.needs.clone() else {
                play.after = at.checked_sub(1).into_iter().collect();
                edges.extend(play.after.iter().map(|a| (*a, at)));
                continue;
            };
            play.after.clear();
            for need in &needs {
                let called = |(n, id): &(Option<String>, Option<Arc<str>>)| {
                    n.as_deref() == Some(&*need.value) || id.as_deref() == Some(&*need.value)
                };
                let Some(target) = words.iter().position(called) else {
                    let known =
                        words.iter().flat_map(|(n, id)| n.as_deref().into_iter().chain(id.as_deref()));
                    let unknown = format!("no play is called `{}`", need.value);
                    found.push(
                        Diagnostic::error("unknown-need", unknown).at(&need.span).suggest(&need.value, known),
                    );
                    continue;
                };
                play.after.push(target);
                edges.push((target, at));
            }
        }
        if let Some(circle) = super::cycle::shortest(plays.len(), &edges) {
            let member = |i: &usize| {
                let needs = plays[*i].play.keywords.needs.iter().flatten().next();
                let span = needs.map_or_else(|| plays[*i].play.span.clone(), |n| n.span.clone());
                (plays[*i].name.clone(), span)
            };
            found.push(super::needs::circle(&circle.iter().map(member).collect::<Vec<_>>()));
        }
    }

    pub(super) fn decoder(&self) -> Decoder<'_> {
        Decoder::new(&self.catalogue)
    }

    pub(super) fn templar(&self, scope: Scope) -> Templar {
        Templar::new(scope, Arc::clone(&self.environment))
    }

    pub(super) fn playbook_folder(&self) -> PathBuf {
        self.project.playbook.path.parent().map(std::path::Path::to_path_buf).unwrap_or_default()
    }
}
