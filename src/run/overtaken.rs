//! Hosts that the others have overtaken: whom another takes along behind the beginning of the rescue that is its own. As in Ansible
//! each host does what is its own, and who is behind goes on when the others have come to the end of the play.
//!
//! What is left for it then comes into the graph once more, in the same scopes.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use super::dispatcher::{Dispatcher, narrow};
use super::fates::Verdict;
use super::node::{Node, Work};
use super::queue::{HostNo, Place, StepNo};
use crate::base::StepId;
use crate::plan::{Expand, Order, Step, StepKind};

/// Who is behind, and what there is of a batch, in the order in which it stands in the play.
#[derive(Default)]
pub(super) struct Overtaken {
    waiting: HashSet<HostNo>,
    /// Which steps have come behind a step that brings some, and with a batch.
    brought: HashMap<StepNo, Vec<Range<u32>>>,
    /// Of what is done later than by the others: the step that it is.
    origins: HashMap<StepNo, StepNo>,
    /// And the other way round, where a host was behind more than once the last.
    later: HashMap<(StepNo, HostNo), StepNo>,
    /// How often what is left in a batch of a play has come into the graph.
    times: HashMap<(usize, usize), usize>,
}

impl Overtaken {
    fn origin(&self, step: StepNo) -> StepNo {
        self.origins.get(&step).copied().unwrap_or(step)
    }

    /// What stands behind this step, or in this batch, in order.
    fn below(&self, step: StepNo, found: &mut Vec<StepNo>) {
        for number in self.brought.get(&step).into_iter().flatten().cloned().flatten() {
            found.push(StepNo(number));
            self.below(StepNo(number), found);
        }
    }
}

impl Dispatcher {
    /// Steps have come behind this one.
    pub(super) fn note_brought(&mut self, step: StepNo, steps: Range<u32>) {
        let origin = self.overtaken.origin(step);
        self.overtaken.brought.entry(origin).or_default().push(steps);
    }

    /// Whether a host passes a step by because it is behind.
    pub(super) fn is_overtaken(&self, step: StepNo, host: HostNo) -> bool {
        self.overtaken.waiting.contains(&host) && self.stand(step, host) != step
    }

    /// The steps of a batch, in the order in which they stand in the play.
    fn walk(&self, play: usize, batch: usize) -> Vec<StepNo> {
        let is = |node: &Node| matches!(node.work, Work::Batch(p, b) if (p, b) == (play, batch));
        let mut found = Vec::new();
        if let Some(start) = self.nodes.iter().position(is) {
            self.overtaken.below(StepNo(narrow(start)), &mut found);
        }
        found
    }

    /// After a failure at this step that has counted for these hosts, too: who of them has something to do that the others have
    /// gone past waits for the end of the play. Cases go on without each other, and so does what stands beside them.
    pub(super) fn note_overtaken(&mut self, step: StepNo, hosts: &[HostNo]) {
        let owing = |host: &HostNo| self.fates.owes(self.standing(step, *host));
        let hosts: Vec<HostNo> = hosts.iter().copied().filter(owing).collect();
        let node = self.node(step);
        let walk = if hosts.is_empty() { Vec::new() } else { self.walk(node.play, node.batch) };
        if walk.iter().any(|step| self.node(*step).case.is_some()) {
            return;
        }
        let places: HashMap<StepNo, usize> = walk.iter().copied().zip(1..).collect();
        for host in hosts {
            let stand = self.overtaken.origin(self.stand(step, host));
            let Some(place) = places.get(&stand) else { continue };
            let next = walk[*place..].iter().copied().find(|step| self.is_to_do(*step, host));
            let next = next.map(|next| self.overtaken.later.get(&(next, host)).copied().unwrap_or(next));
            if next.is_some_and(|next| self.queue.is_released(next, host)) {
                self.overtaken.waiting.insert(host);
            }
        }
    }

    /// Whether a host has something to do at this step, as far as is known now.
    fn is_to_do(&self, step: StepNo, host: HostNo) -> bool {
        let node = self.node(step);
        let Work::Step(what) = &node.work else { return false };
        let run = self.plays.get(&node.play);
        let has_notified = || run.is_some_and(|run| run.words.contains_key(&host));
        let matters = match &what.kind {
            StepKind::Join => false,
            StepKind::Expand(Expand::Flush) => what.meta.is_some() || has_notified(),
            _ => what.handler.is_none_or(|handler| self.is_notified(step, host, handler)),
        };
        matters && self.fates.verdict(node.scope, host) == Verdict::Run && node.hosts.contains(&host)
    }

    /// All others have come to the end of a batch: brings what is left for those who are behind, and another end. Gives whether
    /// there is any.
    pub(super) fn catch_up(&mut self, step: StepNo, play: usize, batch: usize) -> bool {
        let Some(run) = self.plays.get(&play) else { return false };
        let order = if run.strategy.is_apart() { Order::PerHost } else { Order::Barrier };
        let waiting = &mut self.overtaken.waiting;
        let hosts: Vec<HostNo> =
            run.batches[batch].iter().copied().filter(|host| waiting.remove(host)).collect();
        let left = self.left_for(&hosts, play, batch);
        if left.is_empty() {
            return false;
        }
        let node = self.node(step).clone();
        let control = vec![HostNo::CONTROL];
        let before = node.join.map(|next| (next, Order::PerHost));
        let place = Place { after: vec![(step, Order::PerHost)], before };
        let end = StepNo(narrow(self.nodes.len()));
        self.put(vec![node], control, Vec::new(), &place);
        let numbers: HashMap<StepNo, StepNo> =
            left.iter().zip(end.0 + 1..).map(|((origin, _), number)| (*origin, StepNo(number))).collect();
        let times = self.overtaken.times.entry((play, batch)).or_insert(1);
        *times += 1;
        let times = *times;
        let later = |(origin, here): &(StepNo, Vec<HostNo>)| {
            let node = self.node(*origin).clone();
            let join = node.join.and_then(|join| numbers.get(&join).copied());
            Node {
                work: again(&node.work, times),
                hosts: here.clone().into(),
                left: here.len(),
                join,
                ..node
            }
        };
        let nodes: Vec<Node> = left.iter().map(later).collect();
        for (origin, here) in &left {
            self.overtaken.origins.insert(numbers[origin], *origin);
            self.overtaken.later.extend(here.iter().map(|host| ((*origin, *host), numbers[origin])));
        }
        let edges = (1..narrow(nodes.len())).map(|number| (number - 1, number, order)).collect();
        let place = Place { after: vec![(step, Order::Barrier)], before: Some((end, Order::Barrier)) };
        self.put(nodes, hosts, edges, &place);
        true
    }

    /// What stands behind the last step that each of these hosts has come to, and for whom.
    fn left_for(&self, hosts: &[HostNo], play: usize, batch: usize) -> Vec<(StepNo, Vec<HostNo>)> {
        let walk = if hosts.is_empty() { Vec::new() } else { self.walk(play, batch) };
        let Some(&first) = walk.first() else { return Vec::new() };
        let stand = |host: &HostNo| (*host, self.overtaken.origin(self.stand(first, *host)));
        let stands: Vec<(HostNo, StepNo)> = hosts.iter().map(stand).collect();
        let mut begun: HashSet<HostNo> = HashSet::new();
        let mut left = Vec::new();
        for step in walk {
            let here: Vec<HostNo> =
                self.node(step).hosts.iter().copied().filter(|host| begun.contains(host)).collect();
            if !here.is_empty() {
                left.push((step, here));
            }
            begun.extend(stands.iter().filter(|(_, stand)| *stand == step).map(|(host, _)| *host));
        }
        left
    }
}

/// The same step, which is done later and so has a name of its own.
fn again(work: &Work, times: usize) -> Work {
    match work {
        Work::Step(what) => {
            let id = StepId::from(format!("{}@{times}", what.id));
            Work::Step(Arc::new(Step { id, ..Step::clone(what) }))
        }
        other => other.clone(),
    }
}
