//! Strategies are edge layouts: from steps in playbook order to the edges between them.
//!
//! Knows nothing of hosts or of what steps do. Fate is the scope tree's: here every step is a thing that ends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::draft::{Draft, Drafted, Flow, Lane};
use super::scope::{ScopeIx, Section};
use super::step::Order;
use crate::model::Strategy;

/// An edge between steps by their numbers in the draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edge {
    /// First this,
    pub from: usize,
    /// then that.
    pub to: usize,
    /// For the same host, or for all.
    pub order: Order,
}

/// The edges of a strategy.
pub(super) fn lay(strategy: Strategy, draft: &Draft) -> Vec<Edge> {
    match strategy {
        Strategy::Linear => chain(&draft.steps, Order::Barrier),
        Strategy::Free | Strategy::HostPinned => chain(&draft.steps, Order::PerHost),
        Strategy::Dag => Web::new(draft).edges(),
    }
}

/// One after the other; inside the cases no host waits for another.
fn chain(steps: &[Drafted], order: Order) -> Vec<Edge> {
    let inside = |i: usize| steps[i].lane == Lane::Cases && steps[i + 1].lane == Lane::Cases;
    (1..steps.len())
        .map(|to| Edge { from: to - 1, to, order: if inside(to - 1) { Order::PerHost } else { order } })
        .collect()
}

/// The layout of `dag`: what reads a variable waits for what writes it, everything else for nothing.
struct Web<'a> {
    draft: &'a Draft,
    edges: BTreeMap<(usize, usize), Order>,
    /// The last step that orders everything.
    fence: Option<usize>,
    /// Steps since the fence.
    since: Vec<usize>,
    writers: BTreeMap<Arc<str>, usize>,
    /// Who read a variable since it was written.
    readers: BTreeMap<Arc<str>, Vec<usize>>,
    sections: BTreeMap<(ScopeIx, usize), Vec<usize>>,
}

/// Facts are written by one step and read under many names.
const FACTS: &str = "ansible_facts";

impl<'a> Web<'a> {
    fn new(draft: &'a Draft) -> Self {
        Self {
            draft,
            edges: BTreeMap::new(),
            fence: None,
            since: Vec::new(),
            writers: BTreeMap::new(),
            readers: BTreeMap::new(),
            sections: BTreeMap::new(),
        }
    }

    fn flow(&self, step: usize) -> &'a Flow {
        &self.draft.steps[step].flow
    }

    fn edge(&mut self, from: usize, to: usize) {
        let wide = self.flow(from).wide || self.flow(to).wide;
        let order = if wide { Order::Barrier } else { Order::PerHost };
        let slot = self.edges.entry((from, to)).or_insert(order);
        *slot = (*slot).max(order);
    }

    fn edges(mut self) -> Vec<Edge> {
        for step in 0..self.draft.steps.len() {
            let lane = self.draft.steps[step].lane;
            if self.flow(step).open || lane == Lane::Cases {
                self.fence_at(step);
            } else {
                self.task(step);
            }
            self.remember_sections(step);
        }
        let edge = |((from, to), order)| Edge { from, to, order };
        self.edges.into_iter().map(edge).collect()
    }

    /// Everything before it, then it, then everything after it.
    fn fence_at(&mut self, step: usize) {
        let waited_for: BTreeSet<usize> = self.edges.keys().map(|(from, _)| *from).collect();
        let since = std::mem::take(&mut self.since);
        // Every step since the fence waits for it, so the fence itself counts only when there is none.
        let before: Vec<usize> = match self.fence {
            Some(fence) if since.is_empty() => vec![fence],
            _ => since.into_iter().filter(|s| !waited_for.contains(s)).collect(),
        };
        for from in before {
            self.edge(from, step);
        }
        self.fence = Some(step);
        self.writers.clear();
        self.readers.clear();
    }

    fn task(&mut self, step: usize) {
        let flow = self.flow(step);
        let mut before = BTreeSet::new();
        for name in flow.reads.iter().flat_map(|n| aliases(n)) {
            before.extend(self.writers.get(name).copied());
        }
        for name in &flow.writes {
            before.extend(self.writers.get(name).copied());
            before.extend(self.readers.get(name).into_iter().flatten().copied());
        }
        before.extend(self.earlier_sections(step));
        before.remove(&step);
        if before.is_empty() {
            before.extend(self.fence);
        }
        for from in before {
            self.edge(from, step);
        }
        for name in flow.reads.iter().flat_map(|n| aliases(n)) {
            self.readers.entry(Arc::from(name)).or_default().push(step);
        }
        for name in &flow.writes {
            self.writers.insert(Arc::clone(name), step);
            self.readers.remove(name);
        }
        self.since.push(step);
    }

    /// What must have ended because a rescue or an always comes after the sections before it.
    fn earlier_sections(&self, step: usize) -> Vec<usize> {
        let scope = self.draft.steps[step].step.scope;
        let mut earlier = Vec::new();
        for (block, section) in self.draft.sections(scope) {
            for rank in 0..rank(section) {
                earlier.extend(self.sections.get(&(block, rank)).into_iter().flatten().copied());
            }
        }
        earlier
    }

    fn remember_sections(&mut self, step: usize) {
        let scope = self.draft.steps[step].step.scope;
        for (block, section) in self.draft.sections(scope) {
            self.sections.entry((block, rank(section))).or_default().push(step);
        }
    }
}

fn rank(section: Section) -> usize {
    match section {
        Section::Body => 0,
        Section::Rescue => 1,
        Section::Always => 2,
    }
}

/// The names under which a variable may have been written.
fn aliases(name: &str) -> impl Iterator<Item = &str> {
    let fact = name.starts_with("ansible_") && name != FACTS;
    std::iter::once(name).chain(fact.then_some(FACTS))
}

#[cfg(test)]
mod tests;
