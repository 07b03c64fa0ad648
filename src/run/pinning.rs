//! `host_pinned`: a host that has begun a play goes through it before another begins. As many hosts are at it as there are forks;
//! the others wait at their first step, before they claim anything.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::dispatcher::Dispatcher;
use super::queue::{HostNo, StepNo};
use crate::model::Strategy;

/// The hosts of one batch of a play.
#[derive(Debug, Default)]
struct Batch {
    /// Steps that have not ended, of hosts that have begun.
    open: HashMap<HostNo, u32>,
    /// The same of hosts that have not, or that have ended.
    others: HashMap<HostNo, u32>,
    /// At their first step.
    waiting: VecDeque<(StepNo, HostNo)>,
}

/// All plays with this strategy, by their number and that of the batch.
#[derive(Debug, Default)]
pub(super) struct Pins(BTreeMap<(usize, usize), Batch>);

impl Dispatcher {
    /// Steps have come into the graph.
    pub(super) fn pin_new(&mut self, play: usize, batch: usize, hosts: &[HostNo]) {
        if self.plays.get(&play).is_none_or(|run| run.strategy != Strategy::HostPinned) {
            return;
        }
        let batch = self.pins.0.entry((play, batch)).or_default();
        for host in hosts {
            let steps = if batch.open.contains_key(host) { &mut batch.open } else { &mut batch.others };
            *steps.entry(*host).or_default() += 1;
        }
    }

    /// Whether the step waits until another host has gone through the play.
    pub(super) fn is_pinned_back(&mut self, step: StepNo, host: HostNo) -> bool {
        let key = (self.node(step).play, self.node(step).batch);
        let forks = self.shared.options.forks.max(1);
        let Some(batch) = self.pins.0.get_mut(&key) else { return false };
        if batch.open.contains_key(&host) {
            return false;
        }
        if batch.open.len() >= forks {
            batch.waiting.push_back((step, host));
            return true;
        }
        let left = batch.others.remove(&host).unwrap_or_default();
        batch.open.insert(host, left);
        false
    }

    /// Hosts that wait begin, where others have gone through the play.
    pub(super) fn begin_pinned(&mut self) {
        let forks = self.shared.options.forks.max(1);
        loop {
            let mut room = self.pins.0.values_mut().filter(|batch| batch.open.len() < forks);
            let Some((step, host)) = room.find_map(|batch| batch.waiting.pop_front()) else { return };
            self.arrive(step, host);
        }
    }

    /// A step has ended on a host.
    pub(super) fn unpin(&mut self, step: StepNo, host: HostNo) {
        let key = (self.node(step).play, self.node(step).batch);
        let Some(batch) = self.pins.0.get_mut(&key) else { return };
        let steps = if batch.open.contains_key(&host) { &mut batch.open } else { &mut batch.others };
        let Some(left) = steps.get_mut(&host) else { return };
        *left = left.saturating_sub(1);
        if *left == 0 {
            batch.open.remove(&host);
        }
    }
}
