//! Hosts that the others have overtaken: whom another takes along behind the beginning of the rescue that is its own, and whose
//! errors are cleared behind the place where they go on. As in Ansible each host does what is its own, and who is behind goes on
//! when the others have come to the end of the play.
//!
//! What is left for it then comes into the graph once more, in the same scopes.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use super::dispatcher::{Dispatcher, narrow};
use super::fates::{Forgiven, Verdict};
use super::graft::Graft;
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
    /// What is not done any more after errors were cleared.
    over: HashSet<(StepNo, HostNo)>,
    /// Hosts that were lost before the play began and come back in it: with which batch.
    late: HashMap<HostNo, (usize, usize)>,
    /// Those of them that have begun it.
    begun: Vec<HostNo>,
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

/// The steps of a batch.
struct Walk {
    steps: Vec<StepNo>,
    /// From 1.
    places: HashMap<StepNo, usize>,
}

impl Walk {
    fn behind(&self, step: StepNo) -> &[StepNo] {
        self.places.get(&step).map(|place| &self.steps[*place..]).unwrap_or_default()
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
        let mut found = Vec::new();
        if let Some(start) = self.start_of(play, batch) {
            self.overtaken.below(start, &mut found);
        }
        found
    }

    fn start_of(&self, play: usize, batch: usize) -> Option<StepNo> {
        let is = |node: &Node| matches!(node.work, Work::Batch(p, b) if (p, b) == (play, batch));
        self.nodes.iter().position(is).map(|start| StepNo(narrow(start)))
    }

    /// After a failure at this step that has counted for these hosts, too: who of them has something to do that the others have
    /// gone past waits for the end of the play.
    pub(super) fn note_overtaken(&mut self, step: StepNo, hosts: &[HostNo]) {
        let owing =
            |host: &HostNo| self.fates.owes(self.standing(step, *host), self.has_notified(step, *host));
        let hosts: Vec<HostNo> = hosts.iter().copied().filter(owing).collect();
        let Some(walk) = self.walk_for(step, &hosts) else { return };
        for host in hosts {
            self.wait_if_behind(step, host, &walk);
        }
    }

    /// The errors of these hosts are cleared at this step: who has failed in the play goes on, or is behind.
    pub(super) fn let_go_on(&mut self, step: StepNo, mut hosts: Vec<HostNo>) {
        hosts.retain(|host| self.stand(step, *host) != step);
        let Some(walk) = self.walk_for(step, &hosts) else { return };
        for host in hosts {
            let scope = self.standing(step, host);
            match self.fates.forgive(scope, host) {
                Forgiven::Nothing => continue,
                Forgiven::Around => {}
                Forgiven::UpToBlock => {
                    let behind = walk.behind(self.overtaken.origin(self.stand(step, host)));
                    let beside = |step: &&StepNo| self.fates.is_beside(self.node(**step).scope, scope);
                    let over = behind.iter().take_while(beside).map(|step| (*step, host));
                    self.overtaken.over.extend(over.collect::<Vec<_>>());
                }
            }
            self.wait_if_behind(step, host, &walk);
        }
    }

    /// These hosts can be reached again. Who could not when the play began does all of it, after the others.
    pub(super) fn let_begin(&mut self, node: &Node, hosts: &[HostNo]) {
        let Some(run) = self.plays.get(&node.play) else { return };
        let missing = hosts.iter().filter(|host| !run.batches[node.batch].contains(host));
        self.overtaken.late.extend(missing.map(|host| (*host, (node.play, node.batch))));
    }

    /// As in Ansible that counts for one play only: with the next, who could not be reached before it is lost once more.
    pub(super) fn lose_again(&mut self) {
        self.overtaken.late.clear();
        for host in std::mem::take(&mut self.overtaken.begun) {
            self.lost.insert(host);
            self.fates.lose(host);
        }
    }

    /// The steps of this one's batch, if there are hosts to go through them. Cases go on without each other, and so does what
    /// stands beside them.
    fn walk_for(&self, step: StepNo, hosts: &[HostNo]) -> Option<Walk> {
        let node = self.node(step);
        let steps = if hosts.is_empty() { Vec::new() } else { self.walk(node.play, node.batch) };
        let is_plain = !steps.is_empty() && steps.iter().all(|step| self.node(*step).case.is_none());
        is_plain.then(|| Walk { places: steps.iter().copied().zip(1..).collect(), steps })
    }

    fn wait_if_behind(&mut self, step: StepNo, host: HostNo, walk: &Walk) {
        let behind = walk.behind(self.overtaken.origin(self.stand(step, host)));
        let next = behind.iter().copied().find(|step| self.is_to_do(*step, host));
        let next = next.map(|next| self.overtaken.later.get(&(next, host)).copied().unwrap_or(next));
        let has_passed = |at: StepNo| {
            let pair = (at, host);
            self.queue.is_released(at, host)
                && !self.running.contains_key(&pair)
                && !self.waiting.contains(&pair)
        };
        if next.is_some_and(has_passed) {
            self.overtaken.waiting.insert(host);
        }
    }

    /// Whether a step stands beside one in which the host has failed, and is not done any more.
    pub(super) fn is_over(&self, step: StepNo, host: HostNo) -> bool {
        !self.overtaken.over.is_empty() && self.overtaken.over.contains(&(self.overtaken.origin(step), host))
    }

    /// Whether a host has something to do at this step, as far as is known now.
    fn is_to_do(&self, step: StepNo, host: HostNo) -> bool {
        let node = self.node(step);
        let Work::Step(what) = &node.work else { return false };
        let matters = match &what.kind {
            StepKind::Join => false,
            StepKind::Expand(Expand::Flush) => what.meta.is_some() || self.has_notified(step, host),
            _ => what.handler.is_none_or(|handler| self.is_notified(step, host, handler)),
        };
        matters
            && !self.is_over(step, host)
            && self.fates.verdict(node.scope, host) == Verdict::Run
            && node.hosts.contains(&host)
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
        let late: Vec<HostNo> = self
            .overtaken
            .late
            .extract_if(|_, begins| *begins == (play, batch))
            .map(|(host, _)| host)
            .collect();
        if left.is_empty() && late.is_empty() {
            return false;
        }
        let node = self.node(step).clone();
        let control = vec![HostNo::CONTROL];
        let before = node.join.map(|next| (next, Order::PerHost));
        let place = Place { after: vec![(step, Order::PerHost)], before };
        let end = StepNo(narrow(self.nodes.len()));
        self.put(vec![node], control, Vec::new(), &place);
        let place = Place { after: vec![(step, Order::Barrier)], before: Some((end, Order::Barrier)) };
        if !late.is_empty() {
            self.begin_late(play, batch, late, &place);
        }
        if left.is_empty() {
            return true;
        }
        let numbers: HashMap<StepNo, StepNo> = left
            .iter()
            .zip(narrow(self.nodes.len())..)
            .map(|((origin, _), number)| (*origin, StepNo(number)))
            .collect();
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
        self.put(nodes, hosts, edges, &place);
        true
    }

    /// Brings all of a batch's steps for hosts that were not there when it began.
    fn begin_late(&mut self, play: usize, batch: usize, mut hosts: Vec<HostNo>, place: &Place) {
        hosts.sort_unstable();
        let start = self.start_of(play, batch);
        let Some((start, run)) = start.zip(self.plays.get_mut(&play)) else { return };
        run.batches[batch].extend(&hosts);
        let fragment = run.plan.fragment.clone();
        self.overtaken.begun.extend(&hosts);
        let first = narrow(self.nodes.len());
        let graft = Graft { play, batch, under: None, hosts, place: place.clone(), case: None };
        let count = self.graft(&fragment, graft);
        self.note_brought(start, first..first + narrow(count));
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
