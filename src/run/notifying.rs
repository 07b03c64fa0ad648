//! Notifications of handlers: whom a word means is decided when handlers are flushed, as in Ansible, so that of several with one
//! name the last that has come until then counts.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::dispatcher::Dispatcher;
use super::node::{PlayRun, Work};
use super::queue::{HostNo, StepNo};
use super::stop::Urgency;
use crate::base::Span;
use crate::event::{Event, Why};
use crate::plan::Strictness;

impl PlayRun {
    /// The handlers that a word means: one of that name, and all that listen, of which one of a name. As in Ansible that is
    /// the first in the last block that has one.
    fn meant(&self, word: &Arc<str>) -> Vec<usize> {
        let is = |known: &[Arc<str>]| known.contains(word);
        let order = self.search_order();
        let named = order.iter().find(|number| is(&self.handlers[**number].names));
        let mut seen: BTreeSet<&Arc<str>> = BTreeSet::new();
        let listening = order.iter().filter(|number| is(&self.handlers[**number].topics));
        let first = listening
            .filter(|number| self.handlers[**number].names.first().is_none_or(|name| seen.insert(name)));
        named.into_iter().chain(first).copied().collect()
    }

    /// Handlers that are met before the one of that name and that nobody can notify, and why; each is told once.
    fn passed_by(&mut self, word: &Arc<str>) -> Vec<Arc<str>> {
        let mut told = Vec::new();
        for number in self.search_order() {
            if self.handlers[number].unusable.is_none() && self.handlers[number].names.contains(word) {
                break;
            }
            told.extend(self.handlers[number].unusable.take());
        }
        told
    }

    /// Their numbers in the order in which a name is looked for: the last block first, in it the first.
    fn search_order(&self) -> Vec<usize> {
        let mut blocks: Vec<Vec<usize>> = Vec::new();
        for (number, handler) in self.handlers.iter().enumerate() {
            match blocks.last_mut().filter(|_| !handler.begins) {
                Some(block) => block.push(number),
                None => blocks.push(vec![number]),
            }
        }
        blocks.into_iter().rev().flatten().collect()
    }
}

impl Dispatcher {
    /// Where a handler that there is not ends the run, nobody gets to know how the step ended that notified it.
    pub(super) fn check_handlers(&mut self, step: StepNo, words: &[Arc<str>]) {
        if words.is_empty() || self.shared.compiler.options.strictness == Strictness::Early {
            return;
        }
        let play = self.node(step).play;
        let Some(run) = self.plays.get_mut(&play) else { return };
        let unusable = words.iter().flat_map(|word| run.passed_by(word)).collect::<Vec<_>>();
        let missing = words.iter().find(|word| run.meant(word).is_empty()).cloned();
        for text in unusable {
            self.warn(&*text);
        }
        if let Some(missing) = missing {
            let words = "was not found in either the main handlers list nor in the listening handlers list";
            let reason = format!("The requested handler '{missing}' {words}");
            if self.shared.compiler.options.missing_handlers_pass {
                return self.warn(reason);
            }
            self.abort(reason);
        }
    }

    /// Whether a host of a step's play has notified handlers since the last flush.
    pub(super) fn has_notified(&self, step: StepNo, host: HostNo) -> bool {
        let run = self.plays.get(&self.node(step).play);
        run.is_some_and(|run| run.words.contains_key(&host))
    }

    /// A step has notified handlers.
    pub(super) fn notify(&mut self, step: StepNo, host: HostNo, words: &[Arc<str>]) {
        let node = self.node(step);
        let (play, is_handler) =
            (node.play, matches!(&node.work, Work::Step(what) if what.handler.is_some()));
        for word in words {
            let Some(run) = self.plays.get_mut(&play) else { return };
            let meant = run.meant(word);
            if meant.is_empty() {
                self.miss_handler(step, host, word);
            } else if is_handler {
                // Those that come later in the flush that is going on, or in the next.
                run.notified.entry(host).or_default().extend(meant);
            } else {
                run.words.entry(host).or_default().insert(Arc::clone(word));
            }
        }
    }

    /// What the hosts' notifications mean now.
    pub(super) fn settle_notifications(&mut self, play: usize, hosts: &[HostNo]) {
        let Some(run) = self.plays.get_mut(&play) else { return };
        for host in hosts {
            for word in run.words.remove(host).unwrap_or_default() {
                let meant = run.meant(&word);
                run.notified.entry(*host).or_default().extend(meant);
            }
        }
    }

    fn miss_handler(&mut self, step: StepNo, host: HostNo, word: &str) {
        if self.aborted || self.shared.compiler.options.missing_handlers_pass {
            return;
        }
        let text = format!("{}: no handler is called `{word}`", self.name(host));
        self.warn(text);
        self.fail_host(step, host, Why::Failed, Some("it notifies a handler that there is not"));
    }

    /// The run cannot go on.
    pub(super) fn abort(&mut self, reason: String) {
        self.abort_at(reason, None);
    }

    /// The same, because of what stands there.
    pub(super) fn abort_at(&mut self, reason: String, place: Option<&Span>) {
        if !std::mem::replace(&mut self.aborted, true) {
            self.emit(Event::Aborted { reason, place: place.map(ToString::to_string) });
            self.stop(Urgency::AtOnce);
        }
    }
}
