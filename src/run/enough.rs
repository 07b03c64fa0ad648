//! Whether a case has rounds enough on a host: a round that is not needed any more is passed by, on all hosts of a gang at once.
//!
//! Decided once, before the first step of a round, and by what is in the journal alone (figures, and how long steps have taken): who goes
//! on with the run decides the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::dispatcher::Dispatcher;
use super::fates::ScopeNo;
use super::queue::{HostNo, StepNo};
use crate::base::statistics::Summary;
use crate::event::Figure;
use crate::plan::{CasePlan, GoingOn, ScopeKind};

impl Dispatcher {
    /// Whether a step belongs to a round that its case can do without.
    pub(super) fn is_enough(&mut self, step: StepNo, host: HostNo) -> bool {
        let Some((round, case, going_on)) = self.may_be_left(step) else { return false };
        if let Some(known) = self.enough.get(&(round, host)) {
            return *known;
        }
        let members = if case.gang.is_some() { self.members(step) } else { vec![host] };
        // What was begun is done to its end, also by another controller.
        let is_begun = members.iter().any(|member| self.fates.is_entered(round, *member));
        let first = members.first().copied().unwrap_or(host);
        let is_enough = !is_begun && self.has_enough(&case, going_on, first);
        self.enough.extend(members.into_iter().chain([host]).map(|member| ((round, member), is_enough)));
        is_enough
    }

    /// An earlier controller has passed a step by because there were rounds enough: so are the others of its round.
    pub(super) fn was_enough(&mut self, step: StepNo, host: HostNo) {
        if let Some((round, case, _)) = self.may_be_left(step) {
            let members = if case.gang.is_some() { self.members(step) } else { vec![host] };
            self.enough.extend(members.into_iter().map(|member| ((round, member), true)));
        }
    }

    /// The round of a step, where it is one that counts and comes after those that take place in any case.
    fn may_be_left(&self, step: StepNo) -> Option<(ScopeNo, Arc<CasePlan>, GoingOn)> {
        let node = self.node(step);
        let (round, case) = (node.round?, node.case.as_ref()?);
        let going_on = case.going_on?;
        match self.fates.kind(round) {
            ScopeKind::Round { number, warmup: false } if *number > going_on.min => {
                Some((round, Arc::clone(case), going_on))
            }
            _ => None,
        }
    }

    /// By the figures of its rounds so far, which stand at the first host of a gang.
    fn has_enough(&self, case: &CasePlan, going_on: GoingOn, host: HostNo) -> bool {
        let Some(run) = self.cases.get(&(case.id.clone(), host)) else { return false };
        let is_over = going_on.budget.is_some_and(|budget| run.spent.as_secs_f64() >= budget);
        is_over || going_on.until.is_some_and(|until| are_narrow(&self.counted(&case.id, run), until))
    }
}

/// Whether the interval of every figure's median is at most so wide, as a share of it. There is none for fewer than six rounds.
fn are_narrow(figures: &[Figure], until: f64) -> bool {
    let mut by_name: BTreeMap<_, Vec<f64>> = BTreeMap::new();
    for figure in figures.iter().filter(|figure| !figure.warmup) {
        by_name.entry((&figure.name, &figure.labels)).or_default().push(figure.value);
    }
    let width = |values: &Vec<f64>| {
        let summary = Summary::of(values)?;
        summary.interval?.relative_width(summary.median)
    };
    !by_name.is_empty() && by_name.values().all(|values| width(values).is_some_and(|width| width <= until))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{CaseId, HostName, StepId};

    fn figure(name: &str, value: f64, warmup: bool) -> Figure {
        Figure {
            case: CaseId::from("stream"),
            host: HostName::from("n1"),
            round: 1,
            warmup,
            step: StepId::from("s"),
            name: name.into(),
            labels: BTreeMap::new(),
            value,
            unit: "GB/s".into(),
            higher_is_better: true,
            log: "log".into(),
            bytes: (0, 1),
        }
    }

    #[test]
    fn every_figure_must_be_known_and_warm_up_does_not_count() {
        let steady: Vec<Figure> =
            (0..6).map(|at| figure("rate", 100.0 + f64::from(at) / 10.0, false)).collect();
        assert!(are_narrow(&steady, 0.01));
        assert!(!are_narrow(&steady[..5], 0.5) && !are_narrow(&[], 0.5));
        let warm = |warmup| [steady.clone(), vec![figure("rate", 1.0, warmup)]].concat();
        assert!(are_narrow(&warm(true), 0.01) && !are_narrow(&warm(false), 0.01));
        let other: Vec<Figure> = (0..6).map(|at| figure("time", f64::from(at), false)).collect();
        assert!(!are_narrow(&[steady, other].concat(), 0.01));
    }

    /// Who stops as soon as the interval is narrow stops too early now and then: how often the interval still holds the true median.
    #[test]
    fn an_interval_that_was_waited_for_holds_nearly_what_it_says() {
        let mut chance = fastrand::Rng::with_seed(3);
        let mut normal =
            || (-2.0 * (1.0 - chance.f64()).ln()).sqrt() * (std::f64::consts::TAU * chance.f64()).cos();
        for deviation in [0.5, 1.0, 2.0, 3.0] {
            let mut held = 0;
            for _ in 0..2000 {
                let mut values = Vec::new();
                while values.len() < 30 {
                    values.push(figure("rate", 100.0 + deviation * normal(), false));
                    if are_narrow(&values, 0.02) {
                        break;
                    }
                }
                let values: Vec<f64> = values.iter().map(|figure| figure.value).collect();
                let interval = Summary::of(&values).and_then(|summary| summary.interval).unwrap();
                held += i32::from(interval.low <= 100.0 && 100.0 <= interval.high);
            }
            assert!(held >= 1820, "{held} of 2000 at {deviation} %");
        }
    }
}
