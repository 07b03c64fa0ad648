//! Steps that are not begun though nothing is wrong: before the task that `--start-at-task` names, and facts that are known.

use super::dispatcher::Dispatcher;
use super::node::Work;
use super::queue::{HostNo, StepNo};
use crate::base::glob::like;
use crate::event::{Event, Why};
use crate::plan::{Step, StepKind};

/// Whether this is the step by which a play gathers facts.
pub fn gathers_for_play(step: &Step) -> bool {
    step.name == "facts"
        && step.id.as_str().ends_with("/facts")
        && super::magic::task(step).is_some_and(|task| task.call.short_name() == "gather_facts")
}

impl Dispatcher {
    /// Steps have come with a batch, from this one on: passes by what stands before the first task of the name that is looked for,
    /// and all of them where there is none. Facts are gathered for the tasks that are left.
    pub(super) fn start_later(&mut self, first: StepNo) {
        let Some(pattern) = self.start_at.clone() else { return };
        let new = first.0 as usize..self.nodes.len();
        let step = |number: usize| match &self.nodes[number].work {
            Work::Step(step) => Some(step),
            _ => None,
        };
        let found = new.clone().find(|number| step(*number).is_some_and(|step| is_called(step, &pattern)));
        let until = found.unwrap_or(new.end);
        let passed = (new.start..until)
            .filter(|number| found.is_none() || !step(*number).is_some_and(|step| gathers_for_play(step)));
        let passed: Vec<_> = passed.filter_map(|number| u32::try_from(number).ok()).map(StepNo).collect();
        self.passed.extend(passed);
        if found.is_some() {
            self.start_at = None;
        }
    }

    /// Says that no task has the name that was looked for.
    pub(super) fn miss_start(&mut self) {
        if let Some(name) = self.start_at.take() {
            let note = "Note: --start-at-task can only follow static includes.";
            self.emit(Event::Error { text: format!("No matching task \"{name}\" found. {note}") });
        }
    }

    /// Why this is not begun, if it is not.
    pub(super) fn needless(&self, step: StepNo, host: HostNo, what: &Step) -> Option<Why> {
        if self.passed.contains(&step) {
            return Some(Why::Before);
        }
        if self.is_over(step, host) {
            return Some(Why::Failed);
        }
        let known = || self.board.get(host).facts.vars.contains_key("module_setup");
        (self.shared.compiler.options.gather_once && gathers_for_play(what) && known()).then_some(Why::Known)
    }
}

fn is_called(step: &Step, pattern: &str) -> bool {
    let Some(task) = super::magic::task(step).filter(|_| !gathers_for_play(step)) else {
        return matches!(step.kind, StepKind::Meta(_)) && like(pattern, &step.name);
    };
    let role = task.role.as_ref().map(|(role, _)| format!("{role} : {}", step.name));
    [Some(&step.name), role.as_ref()].into_iter().flatten().any(|name| name == pattern || like(pattern, name))
}
