//! Fragments for the steps that only the run can expand: includes, and flushes of handlers. Equal arguments give equal fragments.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::build::Build;
use super::draft::slug;
use super::play::{finish, known_for};
use super::role_uses::{Way, by_task};
use super::scope::ScopeKind;
use super::step::{Expand, Inclusion, Step, StepKind};
use super::surroundings::Handling;
use super::tasks::stem;
use super::{Brought, Compiler, Fragment, HandlerNames, Surroundings, Target};
use crate::base::{Diagnostic, Diagnostics, HostName, Map, Spanned, Value, hexadecimal};
use crate::model::{Level, Play, RoleEntry};

impl Compiler {
    /// What `include_tasks` or `include_role` brings for these hosts: one part per inclusion, in order.
    pub fn expand(
        &self,
        play: usize,
        step: &Step,
        hosts: &[HostName],
        inclusions: &[Inclusion],
    ) -> Result<Fragment, Diagnostics> {
        self.fragment(play, step, hosts, |build, around| {
            for inclusion in inclusions {
                build.inclusion(step, inclusion, around);
            }
        })
    }

    /// A step per handler in the given order, on all hosts: who was not notified passes it by. So a handler that notifies a
    /// later one works in the same flush, and an earlier one waits for the next.
    pub fn flush(
        &self,
        play: usize,
        step: &Step,
        hosts: &[HostName],
        handlers: &[HandlerNames],
    ) -> Result<Fragment, Diagnostics> {
        self.fragment(play, step, hosts, |build, around| {
            for (number, handler) in handlers.iter().enumerate() {
                build.handler_step(number, handler, around);
            }
        })
    }

    fn fragment(
        &self,
        play: usize,
        step: &Step,
        hosts: &[HostName],
        fill: impl FnOnce(&mut Build<'_>, &Surroundings),
    ) -> Result<Fragment, Diagnostics> {
        let missing =
            |what: &str| Diagnostics::from(Diagnostic::error("no-such-step", what.to_owned()).at(&step.span));
        let play: &Arc<Play> =
            self.project.playbook.plays.get(play).ok_or_else(|| missing("there is no such play"))?;
        let around = step.surroundings.as_deref().ok_or_else(|| missing("this step brings nothing"))?;
        let known = known_for(self, play, hosts);
        let mut build = Build::new(self, play, &known);
        build.is_fragment = true;
        let scope = build.draft.scope(None, ScopeKind::Group(Arc::from(step.name.as_str())));
        let around = Surroundings { scope, hosts: hosts.into(), ..around.clone() };
        fill(&mut build, &around);
        let strategy = self.strategy(play)?;
        let mut found = std::mem::take(&mut build.found);
        let draft = std::mem::take(&mut build.draft);
        let finished = finish(draft, strategy, &around, BTreeMap::new(), &mut found);
        let (finished, _) = found.into_result(finished)?;
        finished.map(|(fragment, _)| fragment).ok_or_else(|| missing("this step brings nothing"))
    }
}

impl Build<'_> {
    fn inclusion(&mut self, step: &Step, inclusion: &Inclusion, around: &Surroundings) {
        let word = slug(stem(&inclusion.target)) + &mark(&inclusion.vars);
        let mut inside = around.clone();
        inside.path = self.draft.id(format!("{}/{word}", around.path));
        inside.push_vars(Level::IncludeParams, "include vars", &step.span, &Arc::new(inclusion.vars.clone()));
        let target = Spanned::new(Value::from(&*inclusion.target), place_of(step));
        let item = self.item_of(step, inclusion, &inside);
        if let StepKind::Expand(Expand::Role(_, entry)) = &step.kind {
            inside.come_from_role();
            let from = inclusion.from.clone().unwrap_or_else(|| entry.from.clone());
            let entry = &RoleEntry { from, ..RoleEntry::clone(entry) }.switched(&inclusion.switches);
            let role = self.load_role(&inclusion.target, &entry.from, &inside, &target.span);
            let Some(role) = role else { return };
            let name = Target::Role(Arc::clone(&inclusion.target));
            self.draft.brought.push(Brought { target: name, item });
            let mut vars = Map::clone(&entry.keywords.vars);
            vars.extend(&inclusion.vars);
            let entry = by_task(entry, &vars);
            let within = self.within(&role, &inside);
            if self.is_public(&entry, false) {
                let shown = self.layers_of(&role, &inside);
                self.draft.exposed.extend(shown);
            }
            for dependency in &role.dependencies {
                self.role_entry(dependency, &within);
            }
            let mut handling = within.clone();
            handling.inherited.notify.clear();
            self.handlers(&role.handlers, &handling);
            let scope = self.role_scope(&role, &entry, Way::Task, &within);
            self.tasks_of_role(&role, &entry, &Surroundings { scope, ..within });
            return;
        }
        let Some(path) = self.find_tasks(&inclusion.target, &target, &inside) else { return };
        self.draft.brought.push(Brought { target: Target::File(path.clone()), item });
        let inside = inside.beside(&path);
        self.file(&path, &target, &inside);
    }

    /// The item of an include's loop, as its label shows it.
    fn item_of(&self, step: &Step, inclusion: &Inclusion, inside: &Surroundings) -> Option<String> {
        let StepKind::Expand(Expand::Tasks(task) | Expand::Role(task, _)) = &step.kind else { return None };
        task.r#loop.as_ref()?;
        let item = inclusion.vars.get(task.loop_control.variable())?;
        let hidden = inside.inherited.no_log.as_ref().or(task.inherited.no_log.as_ref());
        if item.has_secret() || hidden.is_some_and(|said| said.value.to_bool() != Some(false)) {
            return Some("(censored)".to_owned());
        }
        // An item or a label that says nothing (an empty text, zero, false) is not shown, as in Ansible.
        match &task.loop_control.label {
            Some(label) => Some(self.known.shown(inside, &label.value)).filter(|label| !label.is_empty()),
            None => Some(item).filter(|item| item.is_truthy()).map(ToString::to_string),
        }
    }

    fn handler_step(&mut self, number: usize, handler: &HandlerNames, around: &Surroundings) {
        let Some(body) = &handler.body else { return };
        let mut inside = body.around.clone();
        inside.path.clone_from(&around.path);
        inside.scope = around.scope;
        inside.hosts = Arc::clone(&around.hosts);
        inside.in_container = Arc::clone(&around.in_container);
        inside.case.clone_from(&around.case);
        inside.chapter = None;
        inside.handling = Handling::Yes;
        let first = self.draft.steps.len();
        let task = Arc::new(crate::model::Task { listen: Vec::new(), ..(*body.task).clone() });
        self.task(&task, &inside);
        for drafted in &mut self.draft.steps[first..] {
            drafted.step.handler = Some(number);
        }
    }
}

/// The place of what an include names.
fn place_of(step: &Step) -> crate::base::Span {
    let StepKind::Expand(Expand::Tasks(task) | Expand::Role(task, _)) = &step.kind else {
        return step.span.clone();
    };
    let named = ["file", "name", "role"].iter().find_map(|n| task.call.argument(n));
    let free = task.call.free_form.as_ref().map(|f| f.span.clone());
    named.map(|a| a.value_span.clone()).or(free).unwrap_or_else(|| step.span.clone())
}

/// Tells inclusions of one target with different variables apart, the same way every time.
fn mark(vars: &Map) -> String {
    use sha2::{Digest, Sha256};
    if vars.is_empty() {
        return String::new();
    }
    let digest = Sha256::digest(Value::from(vars).to_string().as_bytes());
    format!("+{}", hexadecimal(&digest[..4]))
}
