//! The time budget of a run: before a case or a round begins, it is asked whether it would still end in time.
//!
//! Nothing is cut short. What does not begin is told as left out, is missing from no result, and is done by who goes on with the run.

use std::collections::HashMap;
use std::time::Instant;

use super::budget::Budget;
use super::dispatcher::Dispatcher;
use super::fates::ScopeNo;
use super::queue::{HostNo, StepNo};
use crate::base::CaseId;
use crate::event::Event;
use crate::plan::{CasePart, Step};

/// A case of a batch, on a host or of a gang.
type CaseKey = (usize, usize, CaseId, Option<HostNo>);

/// What a budget has decided.
#[derive(Debug)]
pub(super) struct Spending {
    budget: Budget,
    since: Instant,
    cases: HashMap<CaseKey, bool>,
    rounds: HashMap<(ScopeNo, Option<HostNo>), bool>,
    /// Something was left out.
    pub is_spent: bool,
}

impl Spending {
    pub(super) fn new(budget: Budget, since: Instant) -> Self {
        Self { budget, since, cases: HashMap::new(), rounds: HashMap::new(), is_spent: false }
    }
}

impl Dispatcher {
    /// Whether there is no time for the case or the round of a step. It is decided when the first of its steps is ready.
    pub(super) fn is_out_of_time(&mut self, step: StepNo, host: HostNo, what: &Step) -> bool {
        let (Some(place), Some(case)) = (&what.case, self.node(step).case.clone()) else { return false };
        let name = self.name(host).clone();
        let node = self.node(step);
        let alone = case.gang.is_none().then_some(host);
        let round = node.round.filter(|_| matches!(place.part, CasePart::Round { .. }));
        let key = (node.play, node.batch, place.id.clone(), alone);
        let now = self.shared.clock.instant();
        let Some(Spending { budget, since, cases, rounds, is_spent }) = &mut self.spending else {
            return false;
        };
        let now = now.duration_since(*since).as_secs_f64();
        let begins = *cases.entry(key).or_insert_with(|| budget.admits_case(&place.id, &name, now));
        let begins = begins
            && round.is_none_or(|round| {
                let round = rounds.entry((round, alone));
                *round.or_insert_with(|| budget.admits_round(&place.id, &name, now))
            });
        if begins || std::mem::replace(is_spent, true) {
            return !begins;
        }
        let seconds = budget.seconds;
        self.emit(Event::BudgetSpent { seconds });
        true
    }

    /// A round is over that had its machine since then.
    pub(super) fn note_spent(&mut self, case: &CaseId, host: HostNo, since: Option<Instant>) {
        let now = self.shared.clock.instant();
        let name = self.name(host).clone();
        if let (Some(spending), Some(since)) = (&mut self.spending, since) {
            spending.budget.learn(case, &name, now.duration_since(since).as_secs_f64());
        }
    }
}
