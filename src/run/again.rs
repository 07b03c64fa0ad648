//! Going on with the rounds of gangs: what is done again is done again by all members, or they would wait for each other.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::dispatcher::Dispatcher;
use super::fates::ScopeNo;
use super::queue::{HostNo, StepNo};
use crate::plan::ScopeKind;

/// What became of a round.
#[derive(Default)]
struct Course {
    members: BTreeSet<HostNo>,
    /// A step of it has an end that counts, or was sent.
    begun: bool,
    /// A stop ended a step of it.
    cut: bool,
}

impl Dispatcher {
    /// Cases and rounds that members of a gang do again because of the others: a case that one of them does again, and a round
    /// that a stop has cut. A round whose controller died is not cut: its jobs are attached to.
    pub(super) fn gangs_anew(
        &self,
        steps: Range<u32>,
        anew: &BTreeSet<(ScopeNo, HostNo)>,
    ) -> Vec<(ScopeNo, HostNo)> {
        let mut rounds: BTreeMap<ScopeNo, Course> = BTreeMap::new();
        let mut again = Vec::new();
        for step in steps.map(StepNo) {
            if self.node(step).case.as_ref().is_none_or(|case| case.gang.is_none()) {
                continue;
            }
            let is_case = |scope: &ScopeNo| matches!(self.fates.kind(*scope), ScopeKind::Case(_));
            let case = self.fates.ancestors(self.node(step).scope).find(is_case);
            let members = self.members(step);
            if let Some(case) = case
                && members.iter().any(|member| anew.contains(&(case, *member)))
            {
                again.extend(members.iter().map(|member| (case, *member)));
            }
            let Some(round) = self.node(step).round else { continue };
            let course = rounds.entry(round).or_default();
            course.members.extend(members);
            for (_, _, pair) in self.pairs_of(step) {
                course.begun |= self.past.has(&pair) || self.past.is_under_way(&pair);
                course.cut |= self.past.was_cut(&pair);
            }
        }
        let cut = rounds.into_iter().filter(|(_, course)| course.begun && course.cut);
        again.extend(cut.flat_map(|(round, course)| course.members.into_iter().map(move |m| (round, m))));
        again
    }
}
