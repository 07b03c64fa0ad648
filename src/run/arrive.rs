//! A (step, host) that became ready: what its fate is, what it waits for, and its start.

use std::sync::Arc;

use super::before::Before;
use super::dispatcher::{Dispatcher, Message};
use super::fates::Verdict;
use super::growth::inherited;
use super::magic::PlayFacts;
use super::moment::Moment;
use super::node::{Gather, Work};
use super::queue::{HostNo, StepNo};
use super::unit::{Finished, Unit, begun};
use crate::base::value::has_marks;
use crate::base::{HostName, Spanned, Timestamp, Value};
use crate::connection::Cancel;
use crate::event::Why;
use crate::model::Strategy;
use crate::plan::{Step, StepKind};
use crate::vars::Templar;

/// How many units are started before others have their turn: so many find what they need in the processor's cache, and there
/// are enough of them for several threads.
const BURST: usize = 128;

impl Dispatcher {
    /// Takes what the queue gives out.
    pub(super) fn arrive(&mut self, step: StepNo, host: HostNo) {
        match self.node(step).work.clone() {
            Work::Play(number) => self.start_play(step, number),
            Work::PlayEnd(number) => {
                if self.plays.contains_key(&number) {
                    self.emit(crate::event::Event::PlayEnded { play: number });
                }
            }
            Work::Batch(play, batch) => self.start_batch(step, play, batch),
            Work::BatchEnd(play, batch) => {
                if !self.catch_up(step, play, batch) {
                    self.end_batch(play, batch);
                }
            }
            Work::Step(what) => return self.arrive_at(step, host, &what),
        }
        self.finish_later(step, host);
    }

    fn arrive_at(&mut self, step: StepNo, host: HostNo, what: &Arc<Step>) {
        if matches!(what.kind, StepKind::Join) {
            return self.pass(step, host);
        }
        if self.recall(step, host, what) {
            return;
        }
        if self.is_overtaken(step, host) {
            return self.bypass(step, host, Why::Overtaken);
        }
        if let Verdict::Bypass(why) = self.fates.verdict(self.node(step).scope, host) {
            return self.bypass(step, host, why);
        }
        if self.is_enough(step, host) {
            return self.bypass(step, host, Why::Enough);
        }
        if let Some(why) = self.needless(step, host, what) {
            return self.bypass(step, host, why);
        }
        if self.is_out_of_time(step, host, what) {
            return self.bypass(step, host, Why::OutOfTime);
        }
        if let Some(handler) = what.handler
            && !(self.is_notified(step, host, handler) && self.comes_to_handler(step, host, handler))
        {
            return self.bypass(step, host, Why::NotNotified);
        }
        if self.role_has_run(step, host, what) {
            return self.bypass(step, host, Why::RoleHasRun);
        }
        if self.is_pinned_back(step, host) {
            return;
        }
        if self.is_questioned(step, host, what) {
            return;
        }
        if !self.may_do(step, host, what) {
            return;
        }
        if let Some(round) = self.gang_round(step) {
            return self.join_gang(round, step, host, what);
        }
        if self.claim_machine(step, host, what) {
            self.waiting.push_back((step, host));
        }
    }

    pub(super) fn is_notified(&self, step: StepNo, host: HostNo, handler: usize) -> bool {
        let run = self.plays.get(&self.node(step).play);
        run.and_then(|run| run.notified.get(&host)).is_some_and(|notified| notified.contains(&handler))
    }

    pub(super) fn is_lockstep(&self, step: StepNo) -> bool {
        self.plays.get(&self.node(step).play).is_some_and(|run| run.strategy == Strategy::Linear)
    }

    /// A keyword that must be known before the step starts; it is nearly always written out. What is no boolean fails its
    /// task; until then it counts as in Ansible, where anything is true but nothing, an empty text and the like.
    pub(super) fn reads_true(&self, value: &Spanned<Value>, host: HostNo) -> bool {
        let holds = |value: &Value| value.to_bool().unwrap_or_else(|| value.is_truthy());
        if !value.value.has_template() {
            return holds(&value.value);
        }
        let scope = super::magic::host_scope(self.board.get(host), &self.board);
        let templar = Templar::new(scope, Arc::clone(&self.shared.environment));
        templar.render(&value.value).is_ok_and(|value| holds(&value))
    }

    /// Starts what has all it needs but a fork; not more than a [`BURST`]. Gives whether there is more.
    pub(super) fn start_waiting(&mut self) -> bool {
        self.begin_pinned();
        let mut held_back = Vec::new();
        let mut left = BURST;
        while left > 0
            && self.free_forks() > 0
            && let Some((step, host)) = self.waiting.pop_front()
        {
            // The world may have changed while it waited.
            match self.fates.verdict(self.node(step).scope, host) {
                Verdict::Bypass(why) => {
                    self.release_machine(step, host);
                    self.bypass(step, host, why);
                    self.let_others_go(step, host);
                }
                Verdict::Run if self.is_throttled(step, host) => held_back.push((step, host)),
                Verdict::Run => {
                    self.start(step, host);
                    left -= 1;
                }
            }
        }
        held_back.into_iter().rev().for_each(|pair| self.waiting.push_front(pair));
        left == 0 && !self.waiting.is_empty()
    }

    /// Whether as many hosts as `throttle` allows are at this step.
    fn is_throttled(&mut self, step: StepNo, host: HostNo) -> bool {
        let Work::Step(what) = &self.node(step).work else { return false };
        let Some(limit) = inherited(what).and_then(|i| i.throttle.clone()) else { return false };
        let (limit, place) = (&limit, limit.span.clone());
        let scope = super::magic::host_scope(self.board.get(host), &self.board);
        let templar = Templar::new(scope, Arc::clone(&self.shared.environment));
        let limit = match super::keyword::limit(limit, &templar) {
            Ok(limit) => limit,
            Err(reason) => {
                // Nobody knows how many may begin.
                self.abort_at(reason, Some(&place));
                return false;
            }
        };
        let at_work = self.running.keys().filter(|(s, _)| *s == step).count();
        // Few enough to be exact.
        #[allow(clippy::cast_precision_loss)]
        let full = at_work as f64 >= limit;
        limit >= 1.0 && full
    }

    /// A step begins on a host.
    pub(super) fn enter(&mut self, step: StepNo, host: HostNo, what: &Step) {
        let play = self.node(step).play;
        self.stand_at(step, host);
        self.begin_handler(play, host, what);
        if let Some(handler) = what.handler
            && let Some(run) = self.plays.get_mut(&play)
            && let Some(notified) = run.notified.get_mut(&host)
        {
            notified.remove(&handler);
        }
    }

    pub(super) fn start(&mut self, step: StepNo, host: HostNo) {
        let Some(moment) = self.moment(step) else { return };
        let what = &moment.step;
        self.enter(step, host, what);
        if !has_marks(&what.name) && !super::ending::is_untold(what, self.shared.compiler.options.strictness)
        {
            self.emit(begun(what, what.name.clone(), self.name(host)));
        }
        let before = self.before(step, host, what);
        let watched = self.monitors.ended_by(what, host);
        let shares = self.node(step).round.is_none();
        let cancel = Cancel::new();
        self.running.insert((step, host), (cancel.clone(), shares));
        let unit = Unit { before, watched, ..self.unit(step, host, moment, cancel) };
        let started = self.shared.clock.now();
        let mut ending = Ending { step, host, started, unit, is_told: false };
        // In a box, or the runtime would move some kilobytes around for each of them.
        tokio::spawn(Box::pin(async move {
            let finished = Box::new(ending.unit.run().await);
            ending.tell(Message::Ended(step, host, finished));
        }));
    }

    /// A step on the host, with everything as it is now.
    pub(super) fn unit(&self, step: StepNo, host: HostNo, moment: Arc<Moment>, cancel: Cancel) -> Unit {
        Unit {
            moment,
            host: Arc::clone(self.board.get(host)),
            cancel,
            before: Before::default(),
            refusal: self.refusal(step, host),
            lease: self.lease(step, host),
            traces: super::leaving::Traces::default(),
            watched: Vec::new(),
        }
    }

    /// What magic variables say of a play now.
    pub(super) fn play_facts(&mut self, play: usize) -> Arc<PlayFacts> {
        let Some(run) = self.plays.get_mut(&play) else { return Arc::default() };
        let (board, left, lost) = (&self.board, &self.left, &self.lost);
        let now = run.now.get_or_insert_with(|| {
            let live = |name: &&HostName| {
                board.number(name).is_some_and(|h| !left.contains(&h) && !lost.contains(&h))
            };
            let of = |hosts: &[HostName]| hosts.iter().filter(live).cloned().collect();
            let (live, remaining) = (of(&run.facts.batch), of(&run.facts.all));
            Arc::new(PlayFacts { remaining, live, ..run.facts.clone() })
        });
        Arc::clone(now)
    }

    /// Hosts left or came back: magic variables say so from now on.
    pub(super) fn recount(&mut self) {
        self.plays.values_mut().for_each(|run| run.now = None);
    }

    /// Whether the hosts of an expand step wait for each other there.
    pub(super) fn gathers(&self, step: StepNo, what: &Step) -> bool {
        // Who does it for all has nobody to wait for.
        what.case.is_none() && self.is_lockstep(step) && !self.onces.contains_key(&step)
    }

    /// A host has reached an expand step, or is not coming. The last one lets all go on.
    pub(super) fn gather(&mut self, step: StepNo, arrived: Option<(HostNo, Finished)>) {
        let expected = self.node(step).hosts.len();
        let gather = self.gathers.entry(step).or_default();
        match arrived {
            Some(arrived) => gather.arrived.push(arrived),
            None => gather.bypassed += 1,
        }
        if gather.arrived.len() + gather.bypassed < expected {
            return;
        }
        let Gather { arrived, .. } = self.gathers.remove(&step).unwrap_or_default();
        self.grow(step, arrived);
    }
}

/// Tells the dispatcher how a unit ended; also when it panics.
struct Ending {
    step: StepNo,
    host: HostNo,
    started: Timestamp,
    unit: Unit,
    is_told: bool,
}

impl Ending {
    fn tell(&mut self, message: Message) {
        self.is_told = true;
        // The dispatcher is gone only when the run is.
        let _ = self.unit.said.send(message);
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if !self.is_told {
            self.tell(Message::Panicked(self.step, self.host, self.started));
        }
    }
}
