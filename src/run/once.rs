//! `run_once`, and what is done once by itself: the host that comes first does it for all others.
//!
//! Where each host goes its own way (`strategy: free`, `host_pinned`), Ansible has no first one: `run_once` has no effect there but
//! a warning, and actions that are done once by themselves end the run.

use super::dispatcher::Dispatcher;
use super::growth::inherited;
use super::node::Once;
use super::queue::{HostNo, StepNo};
use crate::event::Why;
use crate::model::Strategy;
use crate::plan::{Step, StepKind, TaskStep};

impl Dispatcher {
    /// Whether the host does this step now; otherwise another one does it for it, or nobody.
    pub(super) fn may_do(&mut self, step: StepNo, host: HostNo, what: &Step) -> bool {
        if self.has_no_first(step, host, what) {
            return true;
        }
        if self.node(step).hosts.len() < 2 || !self.is_run_once(step, what, host) {
            return true;
        }
        match self.onces.get_mut(&step) {
            None => {
                self.onces.insert(step, Once::Leading(host, Vec::new()));
                return true;
            }
            Some(Once::Leading(_, waiting)) => waiting.push(host),
            Some(Once::Done) => self.bypass(step, host, Why::RunOnce),
        }
        false
    }

    /// Whether each host goes its own way; who wants something done once is told that it is not.
    fn has_no_first(&mut self, step: StepNo, host: HostNo, what: &Step) -> bool {
        if !self.goes_apart(step, what) {
            return false;
        }
        if let Some(task) = for_all(what) {
            let reason = format!(
                "The '{}' module bypasses the host loop, which is currently not supported in the free strategy and would \
                 instead execute for every host in the inventory list.",
                task.call.name.value
            );
            self.abort_at(reason, Some(&what.span));
        } else if self.says_once(what, host) {
            self.has_no_effect(
                "Using run_once with the free strategy is not currently supported. This task will still be executed for \
                 every host in the inventory list.",
            );
        }
        true
    }

    /// Whether each host goes its own way, and what happens to one concerns no other.
    pub(super) fn goes_apart(&self, step: StepNo, what: &Step) -> bool {
        let strategy = self.plays.get(&self.node(step).play).map(|run| run.strategy);
        what.case.is_none() && strategy.is_some_and(Strategy::is_apart)
    }

    /// Says of a keyword that nobody heeds it, once in a run.
    pub(super) fn has_no_effect(&mut self, words: &'static str) {
        if self.without_effect.insert(words) {
            self.warn(words);
        }
    }

    fn is_run_once(&self, step: StepNo, what: &Step, host: HostNo) -> bool {
        if let StepKind::Meta(meta) = &what.kind {
            // Where hosts go step by step, the first does it for all, whatever it asks for the others.
            return meta.value.is_for_all() && self.is_lockstep(step);
        }
        for_all(what).is_some() || self.says_once(what, host)
    }

    /// `run_once`
    pub(super) fn says_once(&self, what: &Step, host: HostNo) -> bool {
        let said = inherited(what).and_then(|i| i.run_once.as_ref());
        said.is_some_and(|value| self.reads_true(value, host))
    }

    /// The host that leads a `run_once` step did not do it after all: the others go their own way.
    pub(super) fn let_others_go(&mut self, step: StepNo, host: HostNo) {
        let leads = matches!(self.onces.get(&step), Some(Once::Leading(leader, _)) if *leader == host);
        if leads && let Some(Once::Leading(_, waiting)) = self.onces.remove(&step) {
            for other in waiting {
                self.arrive(step, other);
            }
        }
    }

    /// The host that leads a `run_once` step has done it.
    pub(super) fn end_once(&mut self, step: StepNo, host: HostNo) {
        let leads = matches!(self.onces.get(&step), Some(Once::Leading(leader, _)) if *leader == host);
        if leads && let Some(Once::Leading(_, waiting)) = self.onces.insert(step, Once::Done) {
            for other in waiting {
                self.bypass(step, other, Why::RunOnce);
            }
        }
    }
}

/// The task, if one host does it for all without being told to.
fn for_all(what: &Step) -> Option<&TaskStep> {
    super::magic::task(what).map(|task| &**task).filter(|task| task.call.is_for_all())
}
