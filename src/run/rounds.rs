//! Cases and rounds: a round has its machine for itself, a case is counted and judged.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::dispatcher::Dispatcher;
use super::fates::ScopeNo;
use super::lease::{Held, Lease};
use super::node::Work;
use super::queue::{HostNo, StepNo};
use super::unit::Finished;
use super::verdict::{Verdict, judge};
use crate::base::CaseId;
use crate::event::{Event, Expectation, Fate, Figure, Gang, Why};
use crate::model::Metric;
use crate::plan::{CasePart, CasePlan, Step, StepKind};
use crate::wire::Status;

/// A round on a host, from its first step to its last.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
pub(super) struct Hold {
    /// Steps that have not ended.
    pub left: u32,
    /// Whether the machine is asked for, and whether it is granted.
    pub claimed: bool,
    pub granted: bool,
    /// Whether other runs know of it.
    pub lease: Lease,
    /// Steps that are ready and wait for the machine.
    pub waiting: Vec<StepNo>,
    /// When it got its machine.
    pub since: Option<Instant>,
    /// Whether any step did its work.
    pub ran: bool,
    /// Whether Ctrl-C cut it short.
    pub cut: bool,
    /// Metrics whose task did its work, and those that it gave: of a gang, not every host's figures count.
    pub measured: BTreeSet<String>,
    pub given: BTreeSet<String>,
    /// Metrics whose task failed or was never reached, and why. A `rescue` or `ignore_errors` lets the round go on; it does
    /// not bring the figure back.
    pub missing: BTreeMap<String, String>,
}

/// A case on a host.
#[derive(Debug, Default)]
pub(super) struct CaseRun {
    pub started: bool,
    pub failed: Option<String>,
    /// Rounds that count and went well.
    pub rounds: u32,
    pub gang: Option<Gang>,
    pub expect: Vec<Expectation>,
    pub figures: Vec<Figure>,
    /// How long the steps of its rounds have taken.
    pub spent: Duration,
}

pub(super) fn metrics(what: &Step) -> impl Iterator<Item = &Metric> {
    super::magic::task(what).into_iter().flat_map(|task| task.metrics.iter())
}

pub(super) fn ticket(step: StepNo, host: HostNo) -> u64 {
    u64::from(step.0) << 32 | u64::from(host.0)
}

/// Whether a step does nothing on the machine that a round must not see: monitors are there to be beside it.
pub(super) fn is_beside(what: &Step) -> bool {
    let kind = &what.kind;
    matches!(
        kind,
        StepKind::Meta(_) | StepKind::Expand(_) | StepKind::MonitorStart(_) | StepKind::MonitorStop(_)
    )
}

impl Dispatcher {
    /// Asks for the host's machine; true when the step may go on at once.
    pub(super) fn claim_machine(&mut self, step: StepNo, host: HostNo, what: &Step) -> bool {
        if is_beside(what) && self.node(step).round.is_none() {
            return true;
        }
        let machine = Arc::clone(&self.board.get(host).machine);
        let Some(round) = self.node(step).round else {
            return self.machines.claim(&machine, ticket(step, host), false);
        };
        let hold = self.holds.entry((round, host)).or_default();
        if hold.granted {
            return true;
        }
        hold.waiting.push(step);
        if !hold.claimed {
            hold.claimed = true;
            if self.machines.claim(&machine, ticket(step, host), true) {
                self.grant(ticket(step, host));
            }
        }
        false
    }

    /// Gives back what an ordinary step claimed.
    pub(super) fn release_machine(&mut self, step: StepNo, host: HostNo) {
        let Work::Step(what) = &self.node(step).work else { return };
        if self.node(step).round.is_none() && !is_beside(what) {
            self.free(host, false);
        }
    }

    pub(super) fn free(&mut self, host: HostNo, exclusive: bool) {
        let machine = Arc::clone(&self.board.get(host).machine);
        for ticket in self.machines.release(&machine, exclusive) {
            self.grant(ticket);
        }
    }

    pub(super) fn grant(&mut self, ticket: u64) {
        // Both halves are 32 bits.
        #[allow(clippy::cast_possible_truncation)]
        let (step, host) = (StepNo((ticket >> 32) as u32), HostNo(ticket as u32));
        let Some(round) = self.node(step).round else { return self.waiting.push_back((step, host)) };
        if self.gang_round(step).is_some() {
            return self.grant_to_gang(round);
        }
        let Work::Step(what) = self.node(step).work.clone() else { return };
        match self.ask_for_lease(round, host, &what) {
            None => self.begin_round(round, host, Lease::None),
            Some(cancel) => {
                if let Some(hold) = self.holds.get_mut(&(round, host)) {
                    hold.lease = Lease::Asked(cancel);
                }
            }
        }
    }

    /// The round has its machine, also before other runs, or is refused: its steps go on.
    pub(super) fn begin_round(&mut self, round: ScopeNo, host: HostNo, lease: Lease) {
        let Some(lease) = self.lease_to_gang(round, host, lease) else { return };
        let now = self.shared.clock.instant();
        if let Some(hold) = self.holds.get_mut(&(round, host)) {
            (hold.granted, hold.lease, hold.since) = (true, lease, Some(now));
            self.waiting.extend(hold.waiting.drain(..).map(|step| (step, host)));
        }
    }

    /// Rounds that wait for other runs do not wait any more.
    pub(super) fn stop_asking(&self) {
        for hold in self.holds.values() {
            if let Lease::Asked(cancel) = &hold.lease {
                cancel.cancel(Duration::ZERO);
            }
        }
        self.stop_asking_for_gangs();
    }

    /// Why another run keeps a step from its machine.
    pub(super) fn refusal(&self, step: StepNo, host: HostNo) -> Option<String> {
        match &self.holds.get(&(self.node(step).round?, host))?.lease {
            Lease::Refused(reason) => Some(reason.clone()),
            _ => None,
        }
    }

    /// The machine that the step's round has.
    pub(super) fn lease(&self, step: StepNo, host: HostNo) -> Option<Arc<Held>> {
        match &self.holds.get(&(self.node(step).round?, host))?.lease {
            Lease::Held(held) => Some(Arc::clone(held)),
            _ => None,
        }
    }

    /// A step of a round ended; with the last one the machine is free, and the round is counted. False: it was the last one
    /// of a host whose gang is still at work.
    pub(super) fn leave_round(&mut self, step: StepNo, host: HostNo) -> bool {
        let Some(round) = self.node(step).round else { return true };
        let Some(hold) = self.holds.get_mut(&(round, host)) else { return true };
        hold.left -= 1;
        if hold.left > 0 {
            return true;
        }
        if self.gang_round(step).is_some() {
            return self.leave_gang(round, step, host);
        }
        let mut hold = self.holds.remove(&(round, host)).unwrap_or_default();
        match std::mem::take(&mut hold.lease) {
            Lease::Held(taken) => self.give_back(host, taken),
            _ if hold.granted => self.free(host, true),
            _ => {}
        }
        self.count_round(step, round, host, &hold);
        true
    }

    /// A round is over on a host.
    pub(super) fn count_round(&mut self, step: StepNo, round: ScopeNo, host: HostNo, hold: &Hold) {
        let Work::Step(what) = &self.node(step).work else { return };
        let Some(place) = &what.case else { return };
        let CasePart::Round { number, warmup: false } = place.part else { return };
        if !hold.ran || hold.cut || self.shared.options.check || self.fates.has_failed(round, host) {
            return;
        }
        if let Some((_, why)) = hold.missing.iter().find(|(name, _)| !hold.given.contains(*name)) {
            let why = format!("round {number} does not count: {why}");
            self.spoiled = true;
            return self.blame_case(step, host, &why);
        }
        let case = place.id.clone();
        self.note_spent(&case, host, hold.since);
        self.cases.entry((case, host)).or_default().rounds += 1;
    }

    /// Which figures a step of a round gave, and which it owes. A metric whose task was left out by a condition is not owed.
    pub(super) fn note_figures(&mut self, step: StepNo, host: HostNo, what: &Step, finished: &Finished) {
        let Some(round) = self.node(step).round else { return };
        if let (Some(place), Fate::Ran { .. }) = (&what.case, &finished.fate) {
            let spent = finished.ended.since(finished.started);
            self.cases.entry((place.id.clone(), host)).or_default().spent += spent;
        }
        let Some(hold) = self.holds.get_mut(&(round, host)) else { return };
        let why = match &finished.fate {
            Fate::Ran { status: Status::Ok, .. } => {
                hold.measured.extend(metrics(what).map(|metric| metric.name.to_string()));
                return hold.given.extend(finished.figures.iter().map(|figure| figure.name.clone()));
            }
            Fate::Ran { status: Status::Skipped, .. } | Fate::Skipped { .. } => return,
            Fate::Ran { .. } => {
                let msg = finished.msg.clone().filter(|msg| !finished.secret && !msg.is_empty());
                msg.unwrap_or_else(|| format!("`{}` failed", finished.name))
            }
            Fate::Unreachable { reason, .. } => reason.clone(),
            Fate::Bypassed {
                why: why @ (Why::Failed | Why::OthersFailed | Why::Unreachable | Why::Cancelled),
            } => {
                hold.cut |= *why == Why::Cancelled;
                format!("`{}` was not done: {}", finished.name, why.words())
            }
            Fate::Bypassed { .. } => return,
        };
        for metric in metrics(what) {
            hold.missing.entry(metric.name.to_string()).or_insert_with(|| why.clone());
        }
    }

    /// What a unit says may be about its case.
    pub(super) fn notice(&mut self, event: &Event) {
        if let Event::CaseStarted { case, host, gang, expect, .. } = event
            && let Some(host) = self.board.number(host)
        {
            let run = self.cases.entry((case.clone(), host)).or_default();
            run.started = true;
            run.gang.clone_from(gang);
            run.expect.clone_from(expect);
        }
    }

    /// The last step of a case ended on a host.
    pub(super) fn end_case(&mut self, step: StepNo, host: HostNo) {
        let Work::Step(what) = &self.node(step).work else { return };
        let Some(place) = what.case.as_ref().filter(|p| p.part == CasePart::Close) else { return };
        if !matches!(what.kind, StepKind::CaseClose) {
            return;
        }
        let key = (place.id.clone(), host);
        let Some(run) = self.cases.get(&key).filter(|run| run.started) else { return };
        let (failed, rounds) = (run.failed.clone(), run.rounds);
        let event = Event::CaseEnded { case: key.0, host: self.name(host).clone(), failed, rounds };
        self.emit(event);
    }

    /// A case does not begin on a host: nobody shall look for its figures in vain.
    pub(super) fn leave_out(&mut self, case: &CasePlan, host: HostNo, why: Why) {
        let (host, repeat) = (self.name(host).clone(), case.least());
        self.emit(Event::CaseLeftOut { case: case.id.clone(), host, repeat, why });
    }

    /// The cases of a play, or of a batch of it, that does not begin.
    pub(super) fn leave_out_all(&mut self, play: usize, batch: Option<&[HostNo]>) {
        let why = if self.fates.is_cancelled() { Why::Cancelled } else { Why::OthersFailed };
        let planned = self.plan.plays.iter().find(|p| p.number == play);
        for case in planned.map(|p| p.fragment.cases.clone()).unwrap_or_default() {
            for host in case.hosts.iter().filter_map(|host| self.board.number(host)).collect::<Vec<_>>() {
                if batch.is_none_or(|batch| batch.contains(&host)) {
                    self.leave_out(&case, host, why);
                }
            }
        }
    }

    /// Judges the figures of all cases; a case that failed has said so already.
    pub(super) fn judge_cases(&mut self) {
        let mut warnings = Vec::new();
        for ((case, host), run) in &self.cases {
            // A case without rounds was left out by its conditions: nothing was to be expected.
            if run.failed.is_some() || run.rounds == 0 || self.fates.is_cancelled() {
                continue;
            }
            for verdict in judge(&run.expect, &self.counted(case, run)) {
                match verdict {
                    Verdict::Met => {}
                    Verdict::Missed { .. } => self.spoiled = true,
                    Verdict::Nothing { figure, place } => {
                        self.spoiled = true;
                        warnings.push(format!(
                            "{}: no figure `{figure}` of {case} is what the expectation at {place} is about",
                            self.board.get(*host).name
                        ));
                    }
                }
            }
        }
        for text in warnings {
            self.warn(text);
        }
    }

    /// The figures of a case on a host: its own, or those of its gang.
    pub(super) fn counted<'a>(&self, case: &CaseId, run: &'a CaseRun) -> Cow<'a, [Figure]> {
        let Some(gang) = &run.gang else { return Cow::Borrowed(&run.figures) };
        let members = gang.members.iter().filter_map(|name| self.board.number(name));
        let runs = members.filter_map(|member| self.cases.get(&(case.clone(), member)));
        let measured: Vec<Figure> = runs.flat_map(|run| run.figures.iter().cloned()).collect();
        Cow::Owned(gang.figures(&measured))
    }
}
