//! One play: facts, tasks, roles and cases in their order, in their scopes, with their edges.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::build::Build;
use super::draft::{Draft, Flow, slug};
use super::fragment::{Fragment, Pruning};
use super::hosts::batches;
use super::known::Known;
use super::roles::own_layers;
use super::scope::{ScopeKind, Section};
use super::static_roles::{RoleNames, StaticRole};
use super::step::{Expand, StepKind};
use super::surroundings::Handling;
use super::{Compiler, PlayPlan, Surroundings, layout, needs, pruned};
use crate::base::spec::Argument;
use crate::base::{CaseId, Diagnostic, Diagnostics, HostName, Map, Spanned, Value};
use crate::model::{Call, Inherited, Inventory, Keywords, Level, Lifetime, Play, Strategy, Task};

/// A play after compilation, with what checks over all plays want to know.
pub(super) struct Compiled {
    /// Nothing when something is too wrong to go on.
    pub plan: Option<PlayPlan>,
    /// All cases, also those that were not selected.
    pub cases: Vec<(Arc<str>, CaseId, Map)>,
    /// All stages that occur.
    pub stages: BTreeSet<Arc<str>>,
    /// All tags that occur, also of what was not selected.
    pub tags: BTreeSet<Arc<str>>,
    /// What is read and given a value.
    pub usage: super::undefined::Usage,
}

/// Compiles a play for the hosts of an inventory.
pub(super) fn compile_play(
    compiler: &Compiler,
    number: usize,
    inventory: &Inventory,
    found: &mut Diagnostics,
) -> Compiled {
    let mut outcome = Compiled {
        plan: None,
        cases: Vec::new(),
        stages: BTreeSet::new(),
        tags: BTreeSet::new(),
        usage: super::undefined::Usage::default(),
    };
    let Some(play) = compiler.project.playbook.plays.get(number) else { return outcome };
    let patterns = compiler.patterns(inventory, play, found);
    let hosts = patterns.as_ref().map(|patterns| compiler.play_hosts(inventory, play, patterns, found));
    let (patterns, hosts) = (patterns.unwrap_or_default(), hosts.unwrap_or_default());
    let known = compiler.known(inventory, play, &hosts, found);
    let mut build = Build::new(compiler, play, &known);
    let root = build.draft.scope(None, ScopeKind::Play);
    let mut around = bare(compiler, play, number, &hosts, root);
    build.play_vars(number, &mut around);
    let modes = compiler.modes(&known, &around, &mut build.found);
    around.in_container = Arc::new(modes.keys().cloned().collect());
    let roles = build.static_roles(&around);
    build.draft.roles = RoleNames::of(&roles);
    expose(&roles, &mut around);
    let configured = build.configured(&around);
    around.vars.extend(configured);
    build.in_batches = build.batches(&around);
    let seed = build.play_body(&around, &roles);
    let strategy = build.found.keep(compiler.strategy(play)).unwrap_or_default();
    build.check_throttles();
    build.check_notified();
    build.check_stages();
    outcome.cases = std::mem::take(&mut build.known_cases);
    outcome.tags = std::mem::take(&mut build.known_tags);
    outcome.stages =
        build.draft.steps.iter().filter_map(|s| s.step.stage.as_ref()).map(|s| Arc::from(s.name())).collect();
    outcome.usage = std::mem::take(&mut build.usage);
    let open = open_ends(&build, &outcome.usage);
    let broken = build.found.has_errors();
    let mut own = std::mem::take(&mut build.found);
    let name =
        play.keywords.name.as_ref().map_or_else(|| patterns.join(","), |n| known.shown(&around, &n.value));
    let nothing_missing = !own.iter().any(|d| d.code.starts_with("missing-"));
    if broken && nothing_missing {
        // What `needs` says is judged too, unless steps are missing that it may mean.
        needs::resolve(&build.draft, strategy, &mut own);
    }
    if !broken {
        let batches = std::mem::take(&mut build.in_batches);
        let draft = std::mem::take(&mut build.draft);
        if let Some((fragment, pruning)) = finish(draft, strategy, &around, modes, &mut own) {
            outcome.plan = Some(PlayPlan {
                number,
                name,
                play: Arc::clone(play),
                patterns,
                hosts,
                batches,
                strategy,
                after: number.checked_sub(1).into_iter().collect(),
                fragment,
                pruning,
                open,
                seed,
            });
        }
    }
    found.extend(own);
    outcome
}

/// Edges, needs, pruning: from a draft to a fragment.
pub(super) fn finish(
    draft: Draft,
    strategy: Strategy,
    around: &Surroundings,
    modes: BTreeMap<HostName, String>,
    found: &mut Diagnostics,
) -> Option<(Fragment, Pruning)> {
    let mut edges = layout::lay(strategy, &draft);
    edges.extend(needs::resolve(&draft, strategy, found));
    needs::circles(&draft, &edges, found);
    if found.has_errors() {
        return None;
    }
    let lost = pruned::lost(&draft, &around.in_container);
    lost.errors.into_iter().for_each(|d| found.push(d));
    let mut fragment = Fragment {
        scopes: draft.scopes,
        handlers: draft.handlers,
        cases: draft.cases,
        exposed: draft.exposed,
        vars_files: draft.vars_files,
        roles: draft.roles,
        brought: draft.brought,
        ..Fragment::default()
    };
    let nodes: Vec<_> = draft.steps.into_iter().map(|d| fragment.graph.add_node(d.step)).collect();
    for edge in edges {
        let (from, to) = (nodes[edge.from], nodes[edge.to]);
        match fragment.graph.find_edge(from, to) {
            Some(there) => fragment.graph[there] = fragment.graph[there].max(edge.order),
            None => {
                fragment.graph.add_edge(from, to, edge.order);
            }
        }
    }
    let taken = pruned::in_container(&mut fragment.graph, &around.in_container);
    let pruning =
        Pruning { pruned: taken.steps, bridges: taken.bridges, mode: modes, registers: lost.registers };
    Some((fragment, pruning)).filter(|_| !found.has_errors())
}

/// What everything in a play is surrounded by, before its variables.
fn bare(
    compiler: &Compiler,
    play: &Arc<Play>,
    number: usize,
    hosts: &[HostName],
    scope: super::ScopeIx,
) -> Surroundings {
    let word = |play: &Play| {
        slug(
            &play
                .keywords
                .name
                .as_ref()
                .map_or_else(|| play.hosts.value.to_string(), |n| n.value.to_string()),
        )
    };
    let own = word(play);
    let earlier = compiler.project.playbook.plays[..number].iter().filter(|p| word(p) == own).count();
    let path = if earlier == 0 { own } else { format!("{own}~{}", earlier + 1) };
    Surroundings {
        path,
        scope,
        hosts: hosts.into(),
        in_container: Arc::default(),
        inherited: Inherited::default(),
        vars: Vec::new(),
        tags: Vec::new(),
        stage: None,
        search: Arc::from([play.folder.clone()]),
        playbook: play.folder.clone(),
        role: None,
        nested: false,
        handling: Handling::No,
        case: None,
        container: None,
        chapter: None,
        monitored: Vec::new(),
        metrics: Arc::from([]),
        parents: Arc::from([]),
    }
}

/// Roles of the play show their variables to all of it, unless they are told not to.
fn expose(roles: &[StaticRole], around: &mut Surroundings) {
    for used in roles.iter().filter(|used| used.public) {
        around.vars.extend(own_layers(&used.role));
    }
}

/// `omp (facts)`: variables of the text that only the run can give a value.
fn open_ends(build: &Build<'_>, usage: &super::undefined::Usage) -> Vec<String> {
    let mut open = build.open.clone();
    open.extend(usage.later.iter().map(|(name, why)| format!("{name} ({why})")));
    open
}

impl Build<'_> {
    /// `vars`, `vars_prompt` and `vars_files` of the play.
    fn play_vars(&mut self, number: usize, around: &mut Surroundings) {
        let play = Arc::clone(self.play);
        let tags = Keywords { vars: Arc::default(), ..play.keywords.clone() };
        // The name, needs and life cycles of a play are not its tasks'.
        let span = play.keywords.vars_span.as_ref().unwrap_or(&play.span);
        around.push_vars(Level::PlayVars, "play vars", span, &play.keywords.vars);
        *around = self.inside(around, &tags, Level::PlayVars, "play vars");
        self.prompted(number, around);
        self.vars_files(around);
    }

    /// Everything in its order. Gives the seed of the cases, if chance had a say.
    fn play_body(&mut self, around: &Surroundings, roles: &[StaticRole]) -> Option<u64> {
        let play = Arc::clone(self.play);
        // Handlers are at work where the tasks are.
        let handling = match &play.keywords.lifecycle {
            Some(Spanned { value: lifecycle, span }) if lifecycle.lifetime == Lifetime::Play => {
                around.entering(lifecycle, span)
            }
            _ => around.clone(),
        };
        let (mut imported, entries): (Vec<_>, Vec<_>) =
            roles.iter().partition(|used| used.imported.is_some());
        imported.sort_by_key(|used| used.imported);
        self.role_handlers(&entries, around, &handling);
        self.handlers(&play.handlers, &handling);
        self.role_handlers(&imported, around, &handling);
        self.facts(around);
        let mut seed = None;
        let flow = Keywords { needs: None, id: None, ..play.keywords.clone() };
        self.wrapped(&flow, around, |build, around| {
            let part = |word: &str, around: &Surroundings| Surroundings {
                path: format!("{}/{word}", around.path),
                ..around.clone()
            };
            if !play.pre_tasks.is_empty() {
                build.flushed(around, "pre_tasks", |build, around| {
                    build.items(&play.pre_tasks, &part("pre_tasks", around));
                });
            }
            if !play.roles.is_empty() || !play.tasks.is_empty() {
                build.flushed(around, "tasks", |build, around| {
                    for role in &play.roles {
                        build.role_entry(role, &part("roles", around));
                    }
                    build.items(&play.tasks, &part("tasks", around));
                });
            }
            if !play.cases.is_empty() {
                let before = build.draft.handlers.len();
                seed = build.cases(&part("cases", around));
                if build.draft.handlers.len() > before || build.notifies {
                    build.flush_now(around, "cases");
                }
            }
            // A handler may have notified an earlier one, or a flush may have begun behind it; its turn is then.
            if !play.post_tasks.is_empty() || build.handlers_notify() || build.is_flushed_within() {
                build.flushed(around, "post_tasks", |build, around| {
                    build.items(&play.post_tasks, &part("post_tasks", around));
                });
            }
        });
        seed
    }

    /// Handlers of roles that are known before the run.
    fn role_handlers(&mut self, roles: &[&StaticRole], around: &Surroundings, handling: &Surroundings) {
        for StaticRole { role, around: own, .. } in roles {
            // What all roles expose first, so that the role's own counts.
            let vars = around.vars.iter().chain(&own.vars).cloned().collect();
            let mut own = Surroundings { vars, ..own.clone() };
            own.inherited.container = own.inherited.container.or(handling.inherited.container.clone());
            self.handlers(&role.handlers, &own);
        }
    }

    /// A part of the play and the flush after it. With `force_handlers` the flush is what is always done, so that failed
    /// hosts come to it, too.
    fn flushed(&mut self, around: &Surroundings, word: &str, body: impl FnOnce(&mut Self, &Surroundings)) {
        if !self.forces_handlers(around) {
            body(self, around);
            return self.flush_now(around, word);
        }
        let kind = ScopeKind::Block { rescue: false, lifecycle: false, outermost: true, flushes: true };
        let scope = self.draft.scope(Some(around.scope), kind);
        let section = |build: &mut Self, section| {
            let scope = build.draft.scope(Some(scope), ScopeKind::Section(section));
            Surroundings { scope, ..around.clone() }
        };
        let inside = Surroundings { nested: true, ..section(self, Section::Body) };
        body(self, &inside);
        let after = section(self, Section::Always);
        self.flush_now(&after, word);
    }

    /// Whether a handler that is known notifies others.
    fn handlers_notify(&self) -> bool {
        self.draft.handlers.iter().filter_map(|handler| handler.body.as_ref()).any(|body| {
            let own = &body.task.keywords.inherited.notify;
            !own.is_empty() || !body.around.inherited.notify.is_empty()
        })
    }

    /// Whether there is a flush that is written in the play itself, which a rescue may follow.
    fn is_flushed_within(&self) -> bool {
        let mut steps = self.draft.steps.iter().map(|drafted| &drafted.step);
        steps.any(|step| step.meta.is_some() && matches!(step.kind, StepKind::Expand(Expand::Flush)))
    }

    /// `force_handlers` of the play, else of the command line.
    fn forces_handlers(&mut self, around: &Surroundings) -> bool {
        let Some(written) = self.play.force_handlers.clone() else {
            return self.compiler.options.force_handlers;
        };
        let known = self.known.same_everywhere(around, &written.value, &written.span, "`force_handlers`");
        self.found.keep(known).and_then(|known| known.to_bool()).unwrap_or_default()
    }

    /// A flush, if anybody could have been notified.
    fn flush_now(&mut self, around: &Surroundings, after: &str) {
        let brings = |kind: &StepKind| matches!(kind, StepKind::Expand(Expand::Role(..)));
        let some = !self.draft.handlers.is_empty() || self.draft.steps.iter().any(|s| brings(&s.step.kind));
        if some {
            let span = self.play.span.clone();
            self.flush(around, vec![Arc::from("always")], &format!("flush_after_{after}"), &span);
        }
    }

    /// The step that gathers facts.
    fn facts(&mut self, around: &Surroundings) {
        let play = Arc::clone(self.play);
        let wanted = match &play.gather_facts {
            None => !self.compiler.options.gather_explicitly,
            Some(value) => {
                let known = self.known.same_everywhere(around, &value.value, &value.span, "`gather_facts`");
                let Some(known) = self.found.keep(known) else { return };
                let Some(wanted) = known.to_bool() else {
                    let message = format!("`gather_facts` must be a boolean, not {}", known.kind());
                    self.found.push(Diagnostic::error("wrong-type", message).at(&value.span));
                    return;
                };
                wanted
            }
        };
        self.usage.facts |= wanted;
        if !wanted {
            return;
        }
        let span = play.gather_facts.as_ref().map_or_else(|| play.hosts.span.clone(), |v| v.span.clone());
        let subset = play.gather_subset.iter().map(|s| Argument {
            name: Arc::from("gather_subset"),
            name_span: s.span.clone(),
            value: s.value.clone(),
            value_span: s.span.clone(),
        });
        let call = Call {
            name: Spanned::new(Arc::from("gather_facts"), span.clone()),
            free_form: None,
            arguments: subset.collect(),
            arguments_template: None,
        };
        let step = self.task_step(&Arc::new(Task::calling(call)), around);
        let mut around = around.clone();
        around.tags.push(Arc::from("always"));
        around.stage = None;
        let mut flow = Flow::default();
        flow.writes.insert(Arc::from("ansible_facts"));
        self.push(&around, "facts", "facts", StepKind::Task(Arc::new(step)), &span, flow);
    }

    /// The batches of `serial`.
    fn batches(&mut self, around: &Surroundings) -> Vec<Vec<HostName>> {
        let play = Arc::clone(self.play);
        let mut sizes = Vec::new();
        for size in &play.serial {
            let known = self.known.same_everywhere(around, &size.value, &size.span, "`serial`");
            sizes.extend(self.found.keep(known).filter(|size| *size != Value::Omit));
        }
        batches(&around.hosts, &sizes).unwrap_or_else(|| {
            let span = play.serial.first().map_or_else(|| play.span.clone(), |s| s.span.clone());
            let message = "`serial` takes numbers of hosts and shares of them in per cent";
            self.found.push(Diagnostic::error("wrong-type", message).at(&span));
            vec![around.hosts.to_vec()]
        })
    }
}

/// What is known of hosts that a fragment is compiled for.
pub(super) fn known_for(compiler: &Compiler, play: &Arc<Play>, hosts: &[HostName]) -> Known {
    let mut ignored = Diagnostics::new();
    compiler.known(&compiler.project.inventory, play, hosts, &mut ignored)
}
