//! Going on with a run whose containers may be gone: who started one starts it again, and when it had to be made anew, what was
//! done in it is done again, but for cases and rounds that have ended.

use std::collections::HashSet;
use std::ops::Range;

use super::dispatcher::{Dispatcher, narrow};
use super::fates::ScopeNo;
use super::node::Work;
use super::past::Pair;
use super::queue::{HostNo, StepNo};
use super::unit::Finished;
use crate::event::Fate;
use crate::model::Stage;
use crate::plan::{ScopeKind, Step, StepKind};

/// Containers that were made anew by this controller.
#[derive(Debug, Default)]
pub(super) struct Renewal {
    /// The scopes that their lives are.
    lives: HashSet<(ScopeNo, HostNo)>,
    /// Cases and rounds in them that need not be done again.
    kept: HashSet<(ScopeNo, HostNo)>,
}

/// Whether the step is a part of a container's life, and which.
fn is(what: &Step, stage: &Stage) -> bool {
    what.chapter.is_some() && what.stage.as_ref() == Some(stage)
}

impl Dispatcher {
    /// Containers whose stop is not known are started again, which changes nothing where they run. Called with steps that have
    /// just come into the graph.
    pub(super) fn reopen_lives(&mut self, steps: Range<u32>) {
        let of = |stage: &Stage| -> Vec<(ScopeNo, HostNo, Pair)> {
            let parts =
                steps.clone().map(StepNo).filter(|step| self.step(*step).is_some_and(|what| is(what, stage)));
            let pairs = parts.flat_map(|step| self.pairs_of(step));
            pairs.filter_map(|(step, host, pair)| Some((self.life(step)?, host, pair))).collect()
        };
        let (starts, ends) = (of(&Stage::StartContainer), of(&Stage::StopContainer));
        let is_open =
            |(_, _, pair): &&(ScopeNo, HostNo, Pair)| !self.past.has(pair) || self.past.was_clearing(pair);
        let open: HashSet<(ScopeNo, HostNo)> =
            ends.iter().filter(is_open).map(|(life, host, _)| (*life, *host)).collect();
        for (life, host, pair) in starts.into_iter().chain(ends) {
            if open.contains(&(life, host)) {
                self.reopen(pair);
            }
        }
    }

    /// The step has ended: perhaps there is a new container now, in which nothing was done.
    pub(super) fn note_renewal(&mut self, step: StepNo, host: HostNo, what: &Step, finished: &Finished) {
        let changed = matches!(finished.fate, Fate::Ran { changed: true, .. });
        if self.replaying || self.past.is_empty() || !changed || !is(what, &Stage::StartContainer) {
            return;
        }
        let Some(life) = self.life(step) else { return };
        let is_part =
            |scope: &ScopeNo| matches!(self.fates.kind(*scope), ScopeKind::Case(_) | ScopeKind::Round { .. });
        let (mut parts, mut unfinished, mut inside) = (HashSet::new(), HashSet::new(), Vec::new());
        for other in (0..narrow(self.nodes.len())).map(StepNo) {
            let chain: Vec<ScopeNo> = self.fates.ancestors(self.node(other).scope).collect();
            let Some(depth) = chain.iter().position(|scope| *scope == life) else { continue };
            let own: Vec<ScopeNo> = chain[..depth].iter().copied().filter(is_part).collect();
            for (_, _, pair) in self.pairs_of(other).into_iter().filter(|(_, on, _)| *on == host) {
                parts.extend(own.iter().map(|scope| (*scope, host)));
                if !self.past.has(&pair) {
                    unfinished.extend(own.iter().map(|scope| (*scope, host)));
                }
                inside.push((other, pair));
            }
        }
        self.renewal.lives.insert((life, host));
        self.renewal.kept.extend(parts.difference(&unfinished));
        for (step, pair) in inside {
            if self.is_renewed(step, host) {
                self.reopen(pair);
            }
        }
    }

    /// A step that is done again in a new container begins.
    pub(super) fn renew(&mut self, step: StepNo, host: HostNo, what: &Step) {
        let name = self.name(host).clone();
        // Nobody can attach to what was in the other.
        self.past.take_under_way(&(what.id.clone(), name.clone()));
        if let (StepKind::CaseOpen { again: false, .. }, Some(place)) = (&what.kind, &what.case)
            && !self.is_anew(step, host)
            && let Some(event) = self.past.case_started(&place.id, &name).cloned()
        {
            // It has been told.
            self.notice(&event);
        }
    }

    /// Whether a step that becomes ready was done in a container that is gone.
    pub(super) fn is_renewed(&self, step: StepNo, host: HostNo) -> bool {
        if self.renewal.lives.is_empty() {
            return false;
        }
        for scope in self.fates.ancestors(self.node(step).scope) {
            if self.renewal.kept.contains(&(scope, host)) {
                return false;
            }
            if self.renewal.lives.contains(&(scope, host)) {
                return true;
            }
        }
        false
    }

    /// The scope that is a container's life: the block or case whose section the step stands in.
    fn life(&self, step: StepNo) -> Option<ScopeNo> {
        let chain: Vec<ScopeNo> = self.fates.ancestors(self.node(step).scope).collect();
        let in_section = |pair: &&[ScopeNo]| matches!(self.fates.kind(pair[0]), ScopeKind::Section(_));
        chain.windows(2).find(in_section).map(|pair| pair[1])
    }

    /// Whether a step is a part of a container's life.
    pub(super) fn is_chapter(&self, step: StepNo) -> bool {
        self.step(step).is_some_and(|what| what.chapter.is_some())
    }

    fn step(&self, step: StepNo) -> Option<&Step> {
        match &self.node(step).work {
            Work::Step(what) => Some(what),
            _ => None,
        }
    }
}
