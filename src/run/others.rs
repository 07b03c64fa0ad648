//! `run_once`, `any_errors_fatal` and `max_fail_percentage`: whom the failure of one host takes along.

use super::dispatcher::Dispatcher;
use super::fates::Caught;
use super::growth::inherited;
use super::queue::{HostNo, StepNo};
use crate::event::Why;
use crate::model::Strategy;
use crate::plan::Step;

/// What is said of these where each host goes its own way, in the reference's words.
const FATAL: &str = "Using any_errors_fatal with the free strategy is not supported, as tasks are executed independently on each host";
const PERCENTAGE: &str = "Using max_fail_percentage with the free strategy is not supported, as tasks are executed independently on each host";

/// Why a host fails that did nothing wrong.
const OTHERS: &str = "another host failed";

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
        let once = self.onces.contains_key(&step);
        let gone = batch.iter().filter(|h| self.left.contains(h) || self.lost.contains(h)).count();
        // A batch has far fewer hosts than 2^52.
        #[allow(clippy::cast_precision_loss)]
        let percent = 100.0 * gone as f64 / batch.len().max(1) as f64;
        let too_many = run.most_failures.is_some_and(|most| percent > most);
        if self.goes_apart(step, what) {
            if fatal {
                self.has_no_effect(FATAL);
            }
            if too_many {
                self.has_no_effect(PERCENTAGE);
            }
            return;
        }
        if too_many {
            self.over = true;
        }
        let others: Vec<HostNo> = match (once, fatal || too_many) {
            (_, true) => batch,
            (true, false) => node.hosts.to_vec(),
            (false, false) => return,
        };
        if once {
            self.fail_twice(step, host, others);
        } else if run_is_linear {
            // The others finish the task first.
            self.fatal.insert(step, others);
        } else {
            self.fail_all(step, others);
        }
    }

    /// Hosts fail because another one did. As in Ansible, who is rescued then goes on to the end of the play, and no further.
    pub(super) fn fail_all(&mut self, step: StepNo, others: Vec<HostNo>) {
        for other in others {
            // Who has failed there by itself is rescued as ever.
            let by_itself = self.fates.has_failed(self.node(step).scope, other);
            if !by_itself && !self.left.contains(&other) && !self.lost.contains(&other) {
                let caught = self.fail_host(step, other, Why::OthersFailed, Some(OTHERS));
                if !matches!(caught, Caught::Case(_)) {
                    self.left.insert(other);
                    self.failed.insert(other);
                }
            }
        }
        self.recount();
    }

    /// A step that one host does for all has failed there. As in Ansible, the others leave the section of the block that comes
    /// then, too: where the one is rescued, they are not.
    fn fail_twice(&mut self, step: StepNo, host: HostNo, others: Vec<HostNo>) {
        let others: Vec<HostNo> = others.into_iter().filter(|other| *other != host).collect();
        let scope = self.node(step).scope;
        let next = self.fates.next_section(scope);
        for other in &others {
            // It counts as done by all.
            self.fates.enter(scope, *other);
            if let Some(next) = next {
                self.fates.fail(next, *other, Why::OthersFailed);
            }
        }
        self.fail_all(step, others);
    }
}
