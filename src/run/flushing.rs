//! How far each host has come through the handlers of a play. As in Ansible, who fails in a flush and is rescued begins the next
//! one behind the handler at which it was; after a flush that went well the next begins with the first again.

use super::dispatcher::Dispatcher;
use super::fates::ScopeNo;
use super::node::Work;
use super::queue::{HostNo, StepNo};
use crate::plan::{Expand, Step, StepKind};

/// The last flush that a host has come to.
#[derive(Debug)]
pub(super) struct Flushing {
    flush: StepNo,
    /// The first handler that it does.
    from: usize,
    /// Behind the last one that it has begun, in the list as it is then: what handlers include stands in it, too.
    at: usize,
    included: usize,
    /// The host has failed in it.
    broken: bool,
}

impl Dispatcher {
    /// Hosts come to a flush. One that the compiler has added is none for a host as long as nobody has notified anything.
    pub(super) fn begin_flush(&mut self, step: StepNo, hosts: &[HostNo]) {
        let node = self.node(step).clone();
        let is_written = matches!(&node.work, Work::Step(what) if what.meta.is_some());
        let Some(run) = self.plays.get_mut(&node.play) else { return };
        let some = is_written || run.notified.values().any(|notified| !notified.is_empty());
        for host in hosts.iter().filter(|host| some || run.words.contains_key(host)) {
            let broken = run.flushing.get(host).filter(|flushing| flushing.broken);
            let from = broken.map_or(0, |flushing| flushing.at);
            let now = Flushing { flush: step, from, at: from, included: 0, broken: false };
            run.flushing.insert(*host, now);
        }
    }

    /// A handler begins on a host, or what one has included.
    pub(super) fn begin_handler(&mut self, play: usize, host: HostNo, what: &Step) {
        let flushing = self.plays.get_mut(&play).and_then(|run| run.flushing.get_mut(&host));
        let Some(flushing) = flushing.filter(|_| what.handling) else { return };
        flushing.included += usize::from(what.handler.is_none());
        flushing.at = what.handler.map_or(flushing.at, |handler| handler + flushing.included) + 1;
    }

    /// Whether this handler stands behind where the host begins the flush.
    pub(super) fn comes_to_handler(&self, step: StepNo, host: HostNo, handler: usize) -> bool {
        let run = self.plays.get(&self.node(step).play);
        run.and_then(|run| run.flushing.get(&host)).is_none_or(|flushing| flushing.from <= handler)
    }

    /// The scope in which a host stands in the play and batch of this step: who is at a handler stands where the flush does.
    pub(super) fn standing(&self, step: StepNo, host: HostNo) -> ScopeNo {
        let node = self.node(self.stand(step, host));
        let is_handling = matches!(&node.work, Work::Step(what) if what.handling);
        let flushing = self.plays.get(&node.play).and_then(|run| run.flushing.get(&host));
        flushing.filter(|_| is_handling).map_or(node.scope, |flushing| self.node(flushing.flush).scope)
    }

    /// A host fails, perhaps in a flush.
    pub(super) fn break_flush(&mut self, step: StepNo, host: HostNo) {
        let stand = self.stand(step, host);
        let node = self.node(stand).clone();
        let Work::Step(what) = node.work else { return };
        let flushing = self.plays.get_mut(&node.play).and_then(|run| run.flushing.get_mut(&host));
        if let Some(flushing) = flushing {
            let flushes = matches!(what.kind, StepKind::Expand(Expand::Flush));
            flushing.broken |= what.handling || (flushes && flushing.flush == stand);
        }
    }
}
