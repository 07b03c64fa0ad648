//! `run_once`, `any_errors_fatal` and `max_fail_percentage`: whom the failure of one host takes along.

use super::dispatcher::Dispatcher;
use super::fates::Caught;
use super::growth::inherited;
use super::node::Once;
use super::queue::{HostNo, StepNo};
use crate::event::{Event, Why};
use crate::model::Strategy;
use crate::plan::Step;

/// What is said of these where each host goes its own way, in the reference's words.
const FATAL: &str = "Using any_errors_fatal with the free strategy is not supported, as tasks are executed independently on each host";
const PERCENTAGE: &str = "Using max_fail_percentage with the free strategy is not supported, as tasks are executed independently on each host";

/// Why a host fails that did nothing wrong.
const OTHERS: &str = "another host failed";

/// What is known of a step at whose end others may fail.
#[derive(Debug, Default)]
pub(super) struct Fatal {
    /// Who fails because another one has.
    others: Vec<HostNo>,
    /// Who has failed there, which is ignored.
    pub ignored: Vec<HostNo>,
}

impl Dispatcher {
    /// `run_once`, `any_errors_fatal` and `max_fail_percentage`: the failure of one is the failure of all.
    pub(super) fn fail_others(&mut self, step: StepNo, host: HostNo, what: &Step) {
        let node = self.node(step).clone();
        let Some(run) = self.plays.get(&node.play) else { return };
        let batch = run.batches.get(node.batch).cloned().unwrap_or_default();
        let run_is_linear = run.strategy == Strategy::Linear && what.case.is_none();
        let fatal = inherited(what).and_then(|i| i.any_errors_fatal.as_ref());
        let usual = self.shared.compiler.options.any_errors_fatal;
        let fatal = fatal.map_or(usual, |value| self.reads_true(value, host));
        // Where only one host has come to, too.
        let once = self.onces.contains_key(&step) || (run_is_linear && self.says_once(what, host));
        let gone = batch.iter().filter(|h| self.left.contains(h) || self.lost.contains(h)).count();
        // A batch has far fewer hosts than 2^52.
        #[allow(clippy::cast_precision_loss)]
        let percent = 100.0 * gone as f64 / batch.len().max(1) as f64;
        // Where all go in step it is judged when all have done the task, whoever fails.
        let too_many = !run_is_linear && run.most_failures.is_some_and(|most| percent > most);
        if self.goes_apart(step, what) {
            if fatal {
                self.has_no_effect(FATAL);
            }
            if too_many {
                self.has_no_effect(PERCENTAGE);
            }
            // Each does it, and yet the failure of one is that of all.
            if self.says_once(what, host) {
                self.fail_where_they_stand(step, &without(batch, host));
            }
            return;
        }
        if too_many {
            self.over = true;
        }
        if !(once || fatal || too_many) {
            return;
        }
        let others = if run_is_linear || !once { batch } else { node.hosts.to_vec() };
        if once && !self.lost.contains(&host) {
            self.fail_twice(step, host, others);
        } else if run_is_linear {
            // The others finish the task first.
            self.fatal.entry(step).or_default().others = others;
        } else {
            self.fail_all(step, others);
        }
    }

    /// Hosts fail because another one did, but for who has failed there by itself, who is rescued as ever.
    pub(super) fn fail_all(&mut self, step: StepNo, others: Vec<HostNo>) {
        let others = self.without_failed(step, others);
        self.take_along(step, &others);
        self.note_overtaken(step, &others);
    }

    /// Those of them who have not failed at this step by themselves.
    fn without_failed(&self, step: StepNo, hosts: Vec<HostNo>) -> Vec<HostNo> {
        let by_itself =
            |h: HostNo| self.stand(step, h) == step && self.fates.has_failed(self.node(step).scope, h);
        hosts.into_iter().filter(|h| !by_itself(*h) && !self.lost.contains(h)).collect()
    }

    /// Hosts fail where they stand. As in Ansible, who is rescued then goes on to the end of the play, and no further.
    fn take_along(&mut self, step: StepNo, others: &[HostNo]) {
        for (other, caught) in self.fail_where_they_stand(step, others) {
            self.left.insert(other);
            self.forgiven.remove(&other);
            self.owing.remove(&other);
            if let Some(Caught::Play(_)) = caught {
                self.failed.insert(other);
            } else {
                self.taken.insert(other);
            }
        }
        self.recount();
    }

    /// Whether it is judged at the end of a step of this play how many hosts have failed.
    pub(super) fn is_judged(&self, step: StepNo, what: &Step) -> bool {
        let run = self.plays.get(&self.node(step).play);
        run.is_some_and(|run| run.most_failures.is_some() && run.strategy == Strategy::Linear)
            && what.case.is_none()
    }

    /// All have ended a step that the failure of some makes that of all, or at whose end it is judged how many have failed. As
    /// in Ansible those of the batch count that have failed so far, but for whom an `always` waits.
    pub(super) fn judge(&mut self, step: StepNo, Fatal { others, ignored }: Fatal) {
        let others = self.without_failed(step, others);
        let node = self.node(step);
        let (play, batch, scope) = (node.play, node.batch, node.scope);
        let run = self.plays.get(&play).filter(|run| run.strategy == Strategy::Linear);
        let most = run.and_then(|run| run.most_failures);
        let batch = run.and_then(|run| run.batches.get(batch)).cloned().unwrap_or_default();
        let mut all = self.without_failed(step, batch.clone());
        // As in Ansible, who has failed at this step does not fail once more, not even where that is ignored.
        all.retain(|host| !ignored.contains(host));
        self.take_along(step, &others);
        // A batch has far fewer hosts than 2^52.
        #[allow(clippy::cast_precision_loss)]
        let percent = 100.0 * self.failures_among(&batch) as f64 / batch.len().max(1) as f64;
        if most.is_none_or(|most| percent <= most) {
            self.note_overtaken(step, &others);
            return;
        }
        self.over = true;
        let before = self.failed.clone();
        // Who has been taken along to a rescue fails there once more.
        self.take_along(step, &all);
        self.note_overtaken(step, &all);
        // No play comes after this one.
        self.failed.extend(std::mem::take(&mut self.taken));
        self.emit(Event::NoHostsLeft);
        if self.failures_among(&batch) >= batch.iter().filter(|host| !self.lost.contains(host)).count() {
            // There is nobody left for whom a rescue or an `always` would be done.
            self.emit(Event::NoHostsLeft);
            for host in batch {
                let why = if before.contains(&host) { Why::Failed } else { Why::OthersFailed };
                self.fates.leave(scope, host, why);
            }
        }
    }

    /// How many of them count as failed by now.
    fn failures_among(&self, hosts: &[HostNo]) -> usize {
        let has_failed = |host| self.failed.contains(host) || self.taken.contains(host);
        hosts.iter().filter(|host| has_failed(host) && !self.owing.contains(host)).count()
    }

    /// A step that one host does for all has failed there. As in Ansible, the others fail twice, so that they leave the section
    /// of the block that comes then, too: where the one is rescued, they are not.
    fn fail_twice(&mut self, step: StepNo, host: HostNo, others: Vec<HostNo>) {
        if let Some(Once::Leading(_, waiting)) = self.onces.get(&step) {
            // It counts as done by all.
            waiting.clone().into_iter().for_each(|other| self.stand_at(step, other));
        }
        let others = without(others, host);
        self.fail_where_they_stand(step, &others);
        self.take_along(step, &others);
    }

    /// Each of them fails in the section that it is in, if there is one left. Gives those whose case that has not ended, and
    /// what has caught it.
    fn fail_where_they_stand(&mut self, step: StepNo, others: &[HostNo]) -> Vec<(HostNo, Option<Caught>)> {
        let mut out = Vec::new();
        for other in others.iter().copied().filter(|h| !self.lost.contains(h)).collect::<Vec<_>>() {
            let scope = self.standing(step, other);
            // Whose list of tasks is over already, and no section follows in that block, has nothing that could fail once more.
            let is_over = self.stand(step, other) == step
                && self.fates.has_failed(scope, other)
                && !self.fates.is_section(scope);
            let caught = match self.fates.next_scope(scope, other).filter(|_| !is_over) {
                Some(scope) if self.left.contains(&other) && !self.forgiven.contains(&other) => {
                    Some(self.fates.fail(scope, other, Why::OthersFailed))
                }
                Some(scope) => Some(self.fail_in(scope, step, other, Why::OthersFailed, Some(OTHERS))),
                None => None,
            };
            if !matches!(caught, Some(Caught::Case(_))) {
                out.push((other, caught));
            }
        }
        out
    }

    /// A host stands at a step: it begins it, or another has done it for it.
    pub(super) fn stand_at(&mut self, step: StepNo, host: HostNo) {
        self.fates.enter(self.node(step).scope, host);
        self.stands.insert(host, step);
    }

    /// The step that a host has come to in the play and batch of this one. Cases go on without each other.
    pub(super) fn stand(&self, step: StepNo, host: HostNo) -> StepNo {
        let node = self.node(step);
        let at = self.stands.get(&host).copied().filter(|_| node.case.is_none());
        at.filter(|at| (self.node(*at).play, self.node(*at).batch) == (node.play, node.batch)).unwrap_or(step)
    }
}

fn without(hosts: Vec<HostNo>, host: HostNo) -> Vec<HostNo> {
    hosts.into_iter().filter(|other| *other != host).collect()
}
