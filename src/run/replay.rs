//! Going on with a run: what earlier controllers have seen is walked through once more, by the same dispatcher, without a word
//! and without touching a host. What they have not seen is set aside until nothing more is known; then the run is live.

use std::collections::{BTreeMap, BTreeSet};

use super::applied::Known;
use super::before::Before;
use super::dispatcher::Dispatcher;
use super::fates::ScopeNo;
use super::node::{Once, Work};
use super::past::Pair;
use super::queue::{HostNo, StepNo};
use crate::base::{HostName, StepId};
use crate::event::{Event, Fate};
use crate::plan::{ScopeKind, Section, Step, StepKind};

/// What was set aside, in the order in which it became ready.
#[derive(Debug, Default)]
pub(super) struct Aside {
    ready: indexmap::IndexMap<Pair, (StepNo, HostNo)>,
    /// Known ends that were passed by in the journal's order because their steps were not ready then.
    late: Vec<Pair>,
    /// How far the ends are walked through.
    at: usize,
    /// Steps that are done again, to be told when the run is live.
    reopened: BTreeMap<HostName, Vec<StepId>>,
}

impl Dispatcher {
    /// Applies everything that is known, and then lets go what is not.
    pub(super) fn replay(&mut self) {
        if self.past.is_empty() {
            return;
        }
        let (ended, under_way) = self.past.count();
        loop {
            while let Some((step, host)) = self.queue.pop() {
                self.arrive(step, host);
            }
            let Some(pair) = self.next_known() else { break };
            if let Some((step, host)) = self.aside.ready.shift_remove(&pair) {
                self.apply_known(step, host, &pair);
            }
        }
        self.replaying = false;
        self.follow_monitors();
        let again: usize = self.aside.reopened.values().map(Vec::len).sum();
        self.emit(Event::Resumed { term: self.shared.term, ended: ended - again, under_way });
        self.tell_reopened();
        for (_, (step, host)) in std::mem::take(&mut self.aside.ready) {
            self.arrive(step, host);
        }
    }

    /// Whether an earlier controller has to do with a step that became ready. While what is known is walked through, it is set
    /// aside; later, it ends as it did.
    pub(super) fn recall(&mut self, step: StepNo, host: HostNo, what: &Step) -> bool {
        if self.past.is_empty() {
            return false;
        }
        let pair = (what.id.clone(), self.name(host).clone());
        let renewed = self.is_renewed(step, host);
        if renewed || self.is_anew(step, host) {
            self.reopen(pair.clone());
        }
        if renewed {
            self.renew(step, host, what);
        }
        if self.replaying {
            self.set_aside(pair, step, host);
            return true;
        }
        self.tell_reopened();
        let known = self.past.has(&pair);
        if known {
            self.apply_known(step, host, &pair);
        }
        known
    }

    fn set_aside(&mut self, pair: Pair, step: StepNo, host: HostNo) {
        if self.past.place(&pair).is_some_and(|place| place < self.aside.at) {
            self.aside.late.push(pair.clone());
        }
        self.aside.ready.insert(pair, (step, host));
    }

    /// The next pair that is ready and whose end is known: in the order of the journal, but for those that were not ready.
    fn next_known(&mut self) -> Option<Pair> {
        if let Some(pair) = self.aside.late.pop() {
            return Some(pair);
        }
        while let Ok(end) = self.past.at(self.aside.at) {
            self.aside.at += 1;
            if let Some(pair) = end.filter(|pair| self.aside.ready.contains_key(*pair)) {
                return Some(pair.clone());
            }
        }
        None
    }

    /// The end of a step as it was: everything follows from it as it did then.
    fn apply_known(&mut self, step: StepNo, host: HostNo, pair: &Pair) {
        let Some(known) = self.past.take(pair) else { return };
        let Work::Step(what) = self.node(step).work.clone() else { return };
        let replaying = std::mem::replace(&mut self.replaying, true);
        match known {
            Err(error) => {
                // Nobody can go on from here; what was written down stays as it is.
                self.replaying = false;
                self.warn(error.to_string());
                self.spoiled = true;
                self.bypass(step, host, crate::event::Why::Failed);
            }
            Ok(Known { finished, .. }) if matches!(finished.fate, Fate::Bypassed { .. }) => {
                if let Fate::Bypassed { why } = finished.fate {
                    self.bypass(step, host, why);
                }
            }
            Ok(Known { finished, once }) => {
                let begun = what
                    .case
                    .as_ref()
                    .and_then(|place| self.past.case_started(&place.id, self.name(host)).cloned());
                if let (StepKind::CaseOpen { again: false, .. }, Some(event)) = (&what.kind, begun) {
                    self.notice(&event);
                }
                if once {
                    self.onces.entry(step).or_insert(Once::Leading(host, Vec::new()));
                }
                self.enter(step, host, &what);
                self.conclude(step, host, finished);
            }
        }
        self.replaying = replaying;
        self.follow_monitors();
    }

    /// What an earlier controller had begun of a step that begins now.
    pub(super) fn before(&mut self, step: StepNo, host: HostNo, what: &Step) -> Before {
        if self.past.is_empty() {
            return Before::default();
        }
        let pair = (what.id.clone(), self.name(host).clone());
        let renewed = self.is_renewed(step, host) && !self.is_anew(step, host);
        Before { anew: true, renewed, sent: self.past.take_under_way(&pair) }
    }

    /// After a stop: a block or a case that was cleared away, though its body had not come to its end, is done again as a
    /// whole. Called with steps that have just come into the graph.
    pub(super) fn reopen_cleared(&mut self, steps: std::ops::Range<u32>) {
        let cleared: Vec<(ScopeNo, HostNo)> = steps
            .clone()
            .flat_map(|step| self.pairs_of(StepNo(step)))
            // A container that was stopped is started again, which is less than doing all again that was done in it; so are
            // monitors.
            .filter(|(step, _, pair)| {
                self.past.was_clearing(pair) && !self.is_chapter(*step) && self.monitors_of(*step).is_none()
            })
            .filter_map(|(step, host, _)| Some((self.cleared_scope(step)?, host)))
            .collect();
        let within = |scope, host| -> Vec<(StepNo, Pair)> {
            let pairs = steps.clone().flat_map(|step| self.pairs_of(StepNo(step)));
            let inside = pairs.filter(|(step, on, _)| *on == host && self.is_inside(*step, scope));
            inside.map(|(step, _, pair)| (step, pair)).collect()
        };
        let is_unfinished = |(scope, host): &(ScopeNo, HostNo)| {
            let inside = within(*scope, *host);
            inside.iter().any(|(step, pair)| !self.past.has(pair) && !self.is_always(*step, *scope))
        };
        let mut anew: BTreeSet<(ScopeNo, HostNo)> = cleared.into_iter().filter(is_unfinished).collect();
        anew.extend(self.gangs_anew(steps.clone(), &anew));
        let again: Vec<Pair> =
            anew.iter().flat_map(|(scope, host)| within(*scope, *host)).map(|(_, pair)| pair).collect();
        self.anew.extend(anew);
        for pair in again {
            self.reopen(pair);
        }
    }

    /// The pair is done again.
    pub(super) fn reopen(&mut self, (step, host): Pair) {
        let pair = (step, host);
        if self.past.has(&pair) {
            self.past.drop_end(&pair);
            self.aside.reopened.entry(pair.1).or_default().push(pair.0);
        }
    }

    /// Writes down what is done again, so that it is not done again once more.
    fn tell_reopened(&mut self) {
        for (host, steps) in std::mem::take(&mut self.aside.reopened) {
            self.emit(Event::Reopened { host, steps });
        }
    }

    fn is_inside(&self, step: StepNo, scope: ScopeNo) -> bool {
        self.fates.ancestors(self.node(step).scope).any(|s| s == scope)
    }

    /// Whether the step is in the `always` of that very block or case.
    fn is_always(&self, step: StepNo, scope: ScopeNo) -> bool {
        let chain: Vec<ScopeNo> = self.fates.ancestors(self.node(step).scope).collect();
        chain
            .windows(2)
            .any(|pair| pair[1] == scope && *self.fates.kind(pair[0]) == ScopeKind::Section(Section::Always))
    }

    /// The outermost block or case that a clearing step (of an `always`) belongs to.
    fn cleared_scope(&self, step: StepNo) -> Option<ScopeNo> {
        let chain: Vec<ScopeNo> = self.fates.ancestors(self.node(step).scope).collect();
        let mut owned = chain.windows(2).filter(|pair| {
            matches!(self.fates.kind(pair[0]), ScopeKind::Section(Section::Always))
                && matches!(self.fates.kind(pair[1]), ScopeKind::Block { .. } | ScopeKind::Case(_))
        });
        owned.next_back().map(|pair| pair[1])
    }

    /// Whether the pair is in something that is done again as a whole.
    pub(super) fn is_anew(&self, step: StepNo, host: HostNo) -> bool {
        !self.anew.is_empty()
            && self.fates.ancestors(self.node(step).scope).any(|scope| self.anew.contains(&(scope, host)))
    }

    pub(super) fn pairs_of(&self, step: StepNo) -> Vec<(StepNo, HostNo, Pair)> {
        let node = self.node(step);
        let Work::Step(what) = &node.work else { return Vec::new() };
        if matches!(what.kind, StepKind::Join) {
            return Vec::new();
        }
        node.hosts.iter().map(|host| (step, *host, (what.id.clone(), self.name(*host).clone()))).collect()
    }
}
