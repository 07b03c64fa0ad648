//! Gangs: a round on several hosts at once. Its members meet, get their machines and their forks all or none, and leave the
//! round together; who fails ends the others.
//!
//! Machines are asked for one after the other in the order of their names, in this run and of other runs, so that two gangs
//! cannot wait for each other.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::dispatcher::{Dispatcher, GRACE};
use super::fates::{ScopeNo, Verdict};
use super::lease::Lease;
use super::node::Work;
use super::queue::{HostNo, StepNo};
use super::rounds::{Hold, ticket};
use super::stop::Urgency;
use super::unit::Finished;
use crate::connection::Cancel;
use crate::event::{Event, Fate, Gang, Why};
use crate::plan::{CasePart, CasePlan, ScopeKind, Step, StepKind};
use crate::wire::Status;

/// The rounds of gangs that are under way.
#[derive(Debug, Default)]
pub(super) struct Gangs {
    rounds: HashMap<ScopeNo, GangRound>,
    /// Those that have their machines and wait for forks.
    ready: VecDeque<ScopeNo>,
    /// Forks that are set aside for members at work.
    reserved: usize,
}

/// One round of a gang.
#[derive(Debug)]
struct GangRound {
    /// A step of it.
    step: StepNo,
    stage: Stage,
    /// Steps that are ready and wait for the round to begin.
    waiting: Vec<(StepNo, HostNo)>,
    /// One member for each machine, in the order in which machines are asked for, and how many of them are granted.
    machines: Vec<HostNo>,
    granted: usize,
    /// Whether other runs know of it, for each machine.
    leases: Vec<Lease>,
    /// The last steps of members that wait for the others.
    over: Vec<(StepNo, HostNo)>,
}

/// What a round of a gang waits for.
#[derive(Debug, Default, PartialEq, Eq)]
enum Stage {
    /// Its members.
    #[default]
    Members,
    /// Machines and forks.
    Means,
    /// Nothing: it is under way.
    Begun,
    /// Nothing: it does not take place.
    Off,
}

impl GangRound {
    fn new(step: StepNo) -> Self {
        Self {
            step,
            stage: Stage::default(),
            waiting: Vec::new(),
            machines: Vec::new(),
            granted: 0,
            leases: Vec::new(),
            over: Vec::new(),
        }
    }
}

impl Dispatcher {
    /// The round of a gang that a step belongs to.
    pub(super) fn gang_round(&self, step: StepNo) -> Option<ScopeNo> {
        let node = self.node(step);
        node.round.filter(|_| node.case.as_ref().is_some_and(|case| case.gang.is_some()))
    }

    /// The members of a gang's case in the batch of a step, by rank.
    pub(super) fn members(&self, step: StepNo) -> Vec<HostNo> {
        let node = self.node(step);
        let batch = self.plays.get(&node.play).and_then(|run| run.batches.get(node.batch));
        let batch = batch.map(Vec::as_slice).unwrap_or_default();
        let hosts = node.case.iter().flat_map(|case| case.hosts.iter());
        hosts.filter_map(|name| self.board.number(name)).filter(|host| batch.contains(host)).collect()
    }

    /// A step of a gang's round is ready on a member.
    pub(super) fn join_gang(&mut self, round: ScopeNo, step: StepNo, host: HostNo, what: &Step) {
        let gang = self.gangs.rounds.entry(round).or_insert_with(|| GangRound::new(step));
        match gang.stage {
            Stage::Begun => return self.start(step, host),
            Stage::Off => return self.bypass(step, host, Why::OthersFailed),
            Stage::Members | Stage::Means => gang.waiting.push((step, host)),
        }
        if matches!(what.kind, StepKind::Rendezvous) {
            self.meet(step);
        } else if gang.stage == Stage::Members {
            // An earlier controller has seen them meet.
            self.ask_for_machines(round);
        }
    }

    /// Whether all that come to a rendezvous are there; then the round begins, or is called off.
    pub(super) fn meet(&mut self, step: StepNo) {
        let (left, round) = (self.node(step).left, self.node(step).round);
        let Some((round, gang)) = round.and_then(|round| Some((round, self.gangs.rounds.get(&round)?)))
        else {
            return;
        };
        let arrived = gang.waiting.iter().filter(|(at, _)| *at == step).count();
        if gang.stage != Stage::Members || arrived == 0 || arrived < left {
            return;
        }
        match self.who_is_missing(step) {
            Some(why) => self.call_off(round, &why),
            None => self.ask_for_machines(round),
        }
    }

    fn who_is_missing(&self, step: StepNo) -> Option<String> {
        let node = self.node(step);
        let members = self.members(step);
        let nodes = node.case.as_ref().and_then(|case| case.gang).map_or(0, |gang| gang.nodes as usize);
        if members.len() < nodes {
            return Some(format!("{} of {nodes} hosts are left", members.len()));
        }
        members.iter().enumerate().find_map(|(rank, host)| match self.fates.verdict(node.scope, *host) {
            Verdict::Run => None,
            Verdict::Bypass(why) => {
                Some(format!("rank {rank} on {} is not there: {}", self.name(*host), why.words()))
            }
        })
    }

    /// The round does not take place: its members fail.
    fn call_off(&mut self, round: ScopeNo, why: &str) {
        let Some(gang) = self.gangs.rounds.get_mut(&round) else { return };
        gang.stage = Stage::Off;
        let waiting = std::mem::take(&mut gang.waiting);
        self.give_machines_back(round);
        for (step, host) in waiting {
            let mut verdict = self.fates.verdict(self.node(step).scope, host);
            if verdict == Verdict::Run {
                self.fail_member(step, host, why);
                verdict = Verdict::Bypass(Why::OthersFailed);
            }
            if let Verdict::Bypass(why) = verdict {
                self.bypass(step, host, why);
            }
        }
    }

    fn ask_for_machines(&mut self, round: ScopeNo) {
        let Some(step) = self.gangs.rounds.get(&round).map(|gang| gang.step) else { return };
        let machine = |host: &HostNo| Arc::clone(&self.board.get(*host).machine);
        let mut machines = BTreeMap::new();
        for member in self.members(step) {
            machines.entry(machine(&member)).or_insert(member);
        }
        if let Some(gang) = self.gangs.rounds.get_mut(&round) {
            gang.stage = Stage::Means;
            gang.machines = machines.into_values().collect();
        }
        self.ask_for_next(round);
    }

    /// Asks for the next machine of this run, then for leases of other runs; with the last one the gang only wants forks.
    fn ask_for_next(&mut self, round: ScopeNo) {
        while let Some(gang) = self.gangs.rounds.get_mut(&round) {
            if let Some(host) = gang.machines.get(gang.granted).copied() {
                let machine = Arc::clone(&self.board.get(host).machine);
                if !self.machines.claim(&machine, ticket(gang.step, host), true) {
                    return;
                }
                gang.granted += 1;
                continue;
            }
            let (step, asked) = (gang.step, gang.leases.len());
            let Some(host) = gang.machines.get(asked).copied() else {
                return self.gangs.ready.push_back(round);
            };
            let Work::Step(what) = self.node(step).work.clone() else { return };
            let cancel: Option<Cancel> = self.ask_for_lease(round, host, &what);
            let Some(gang) = self.gangs.rounds.get_mut(&round) else { return };
            match cancel {
                None => gang.leases.push(Lease::None),
                Some(cancel) => return gang.leases.push(Lease::Asked(cancel)),
            }
        }
    }

    /// A machine that a gang waited for is its own now.
    pub(super) fn grant_to_gang(&mut self, round: ScopeNo) {
        if let Some(gang) = self.gangs.rounds.get_mut(&round) {
            gang.granted += 1;
            self.ask_for_next(round);
        }
    }

    /// The lease that a gang asked for last is there, or refused. False: it is no gang's round.
    pub(super) fn lease_to_gang(&mut self, round: ScopeNo, host: HostNo, lease: Lease) -> Option<Lease> {
        let Some(gang) = self.gangs.rounds.get_mut(&round) else { return Some(lease) };
        let refused = match &lease {
            Lease::Refused(reason) => Some(reason.clone()),
            _ => None,
        };
        if let Some(asked) = gang.leases.last_mut() {
            *asked = lease;
        }
        match refused {
            Some(reason) => {
                let rank = self.rank(round, host);
                self.call_off(round, &format!("{rank}: {reason}"));
            }
            None => self.ask_for_next(round),
        }
        None
    }

    /// `rank 1 on n2`
    fn rank(&self, round: ScopeNo, host: HostNo) -> String {
        let members = self.gangs.rounds.get(&round).map(|gang| self.members(gang.step)).unwrap_or_default();
        told(&members, host, self.name(host).as_str())
    }

    /// Nobody waits for other runs any more.
    pub(super) fn stop_asking_for_gangs(&self) {
        for lease in self.gangs.rounds.values().flat_map(|gang| &gang.leases) {
            if let Lease::Asked(cancel) = lease {
                cancel.cancel(Duration::ZERO);
            }
        }
    }

    fn give_machines_back(&mut self, round: ScopeNo) {
        let Some(gang) = self.gangs.rounds.get_mut(&round) else { return };
        let granted = std::mem::take(&mut gang.granted);
        let machines = std::mem::take(&mut gang.machines);
        let mut leases = std::mem::take(&mut gang.leases).into_iter();
        for host in machines.into_iter().take(granted) {
            match leases.next() {
                Some(Lease::Held(taken)) => self.give_back(host, taken),
                _ => self.free(host, true),
            }
        }
    }

    /// How many units may start beside those that are at work; none while a gang waits for its forks.
    pub(super) fn free_forks(&mut self) -> usize {
        let forks = self.shared.options.forks.max(1);
        if self.gangs.rounds.is_empty() {
            return forks.saturating_sub(self.running.len());
        }
        while let Some(round) = self.gangs.ready.front().copied() {
            let members = self.gangs.rounds.get(&round).map_or(0, |gang| self.members(gang.step).len());
            if forks.saturating_sub(self.ordinary_units() + self.gangs.reserved) < members {
                return 0;
            }
            self.gangs.ready.pop_front();
            self.begin_gang(round, members);
        }
        forks.saturating_sub(self.ordinary_units() + self.gangs.reserved)
    }

    fn ordinary_units(&self) -> usize {
        let is_member = |step: StepNo| {
            let gang = self.gang_round(step).and_then(|round| self.gangs.rounds.get(&round));
            gang.is_some_and(|gang| gang.stage == Stage::Begun)
        };
        self.running.keys().filter(|(step, _)| !is_member(*step)).count()
    }

    /// Machines and forks are there: the first of those who meet says where the others find it.
    fn begin_gang(&mut self, round: ScopeNo, members: usize) {
        let Some(step) = self.gangs.rounds.get(&round).map(|gang| gang.step) else { return };
        // The world may have changed while it waited.
        if let Some(why) = self.who_is_missing(step) {
            return self.call_off(round, &why);
        }
        self.gangs.reserved += members;
        let is_meeting = |d: &Self, step: StepNo| match &d.node(step).work {
            Work::Step(what) => matches!(what.kind, StepKind::Rendezvous),
            _ => false,
        };
        let Some(gang) = self.gangs.rounds.get_mut(&round) else { return };
        gang.stage = Stage::Begun;
        let waiting = std::mem::take(&mut gang.waiting);
        let (mut meeting, others): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|(step, _)| is_meeting(self, *step));
        let by_rank = self.members(step);
        meeting.sort_by_key(|(_, host)| by_rank.iter().position(|member| member == host));
        let first = meeting.first().copied();
        if let Some(gang) = self.gangs.rounds.get_mut(&round) {
            gang.waiting = meeting;
        }
        for (step, host) in first.into_iter().chain(others) {
            self.start(step, host);
        }
    }

    /// The first rank has said where it is found, or could not: this is the end of the rendezvous for all.
    pub(super) fn end_rendezvous(&mut self, step: StepNo, host: HostNo, what: &Step, finished: &Finished) {
        let gang = self.node(step).round.and_then(|round| self.gangs.rounds.get_mut(&round));
        let waiting = gang.map(|gang| std::mem::take(&mut gang.waiting)).unwrap_or_default();
        self.tell(step, host, what, finished);
        self.pass(step, host);
        for (step, member) in waiting.into_iter().filter(|(_, member)| *member != host) {
            if let Verdict::Bypass(why) = self.fates.verdict(self.node(step).scope, member) {
                self.bypass(step, member, why);
                continue;
            }
            self.enter(step, member, what);
            let same = Finished {
                name: finished.name.clone(),
                result: finished.result.clone(),
                ended: finished.ended,
                ..Finished::new(finished.fate.clone(), finished.started)
            };
            self.tell(step, member, what, &same);
            self.pass(step, member);
        }
    }

    /// A member failed: the others end, and the case is over on each.
    pub(super) fn fail_gang(&mut self, step: StepNo, host: HostNo, msg: &str) {
        let node = self.node(step);
        let (Some(case), Work::Step(what)) = (&node.case, &node.work) else { return };
        let is_over = |part| matches!(part, CasePart::Finish | CasePart::Close);
        if case.gang.is_none() || what.case.as_ref().is_none_or(|place| is_over(place.part)) {
            return;
        }
        let id = case.id.clone();
        let members = self.members(step);
        let why = format!("{} failed: {msg}", told(&members, host, self.name(host).as_str()));
        for member in members.into_iter().filter(|member| *member != host) {
            let failed = self.cases.get(&(id.clone(), member)).is_some_and(|run| run.failed.is_some());
            if failed || self.lost.contains(&member) {
                continue;
            }
            self.fail_member(step, member, &why);
            let of_case = |step: StepNo| self.node(step).case.as_ref().is_some_and(|other| other.id == id);
            let at_work = self.running.iter().filter(|((step, host), _)| *host == member && of_case(*step));
            at_work.for_each(|(_, (cancel, _))| cancel.cancel(GRACE));
        }
    }

    /// The others of a gang have begun and failed before a member could begin: it is one case, which has begun and failed here,
    /// too. False: it has not begun.
    pub(super) fn begin_failed(&mut self, step: StepNo, host: HostNo, case: &CasePlan) -> bool {
        let Some(gang) = case.gang else { return false };
        let Some(run) = self.cases.get(&(case.id.clone(), host)).filter(|run| run.failed.is_some()) else {
            return false;
        };
        if run.started {
            return true;
        }
        let members = self.members(step).into_iter().map(|member| self.name(member).clone()).collect();
        let event = Event::CaseStarted {
            case: case.id.clone(),
            host: self.name(host).clone(),
            repeat: case.least(),
            warmup: case.warmup,
            gang: Some(Gang { members, reduce: gang.reduce }),
            going_on: None,
            expect: Vec::new(),
        };
        self.notice(&event);
        self.emit(event);
        true
    }

    /// The case is over for a member, whatever blocks its step is in: nothing is there to be rescued.
    fn fail_member(&mut self, step: StepNo, member: HostNo, why: &str) {
        let node = self.node(step);
        let scopes: Vec<ScopeNo> = self.fates.ancestors(node.scope).collect();
        let is_case = |scope: ScopeNo| matches!(self.fates.kind(scope), ScopeKind::Case(_));
        let Some(section) = scopes.windows(2).find(|pair| is_case(pair[1])).map(|pair| pair[0]) else {
            return;
        };
        let scope = node.round.unwrap_or(section);
        self.fates.fail(scope, member, Why::OthersFailed);
        self.spoiled = true;
        self.blame_case(step, member, why);
    }

    /// A unit that was ended because another member failed has not failed itself, and nobody stopped the run.
    pub(super) fn ended_by_gang(&self, step: StepNo, host: HostNo, finished: Finished) -> Finished {
        let is_cut = matches!(finished.fate, Fate::Ran { status: Status::Cancelled, .. });
        let case = self.node(step).case.as_ref().filter(|case| case.gang.is_some());
        let Some(case) = case.filter(|_| is_cut && self.urgency == Urgency::Go) else { return finished };
        let why = self.cases.get(&(case.id.clone(), host)).and_then(|run| run.failed.clone());
        Finished { fate: Fate::Bypassed { why: Why::OthersFailed }, msg: why, ..finished }
    }

    /// A member's last step of the round ended. The last of all gives machines and forks back, counts the round, and lets all
    /// go on; until then, false.
    pub(super) fn leave_gang(&mut self, round: ScopeNo, step: StepNo, host: HostNo) -> bool {
        let members = self.members(step);
        let gang = self.gangs.rounds.entry(round).or_insert_with(|| GangRound::new(step));
        gang.over.push((step, host));
        if members.iter().any(|member| self.holds.get(&(round, *member)).is_some_and(|hold| hold.left > 0)) {
            return false;
        }
        if gang.stage == Stage::Begun {
            self.gangs.reserved -= members.len();
        }
        self.give_machines_back(round);
        let over = self.gangs.rounds.remove(&round).map(|gang| gang.over).unwrap_or_default();
        let holds: Vec<(HostNo, Hold)> =
            members.iter().filter_map(|m| Some((*m, self.holds.remove(&(round, *m))?))).collect();
        let problem = self.node(step).case.clone().and_then(|case| self.misplaced(&case, &holds));
        // Who has nothing to do in a round takes part all the same.
        let ran = holds.iter().any(|(_, hold)| hold.ran);
        for (member, mut hold) in holds {
            hold.ran = ran;
            if let Some((figure, why)) = &problem {
                hold.missing.entry(figure.clone()).or_insert_with(|| why.clone());
                hold.given.remove(figure);
            }
            self.count_round(step, round, member, &hold);
        }
        for (step, member) in over.into_iter().filter(|(_, member)| *member != host) {
            self.go_on(step, member);
        }
        true
    }

    /// A figure that does not count because the wrong members gave it, and why.
    fn misplaced(&self, case: &CasePlan, holds: &[(HostNo, Hold)]) -> Option<(String, String)> {
        let gang = case.gang.filter(|_| !self.shared.options.check)?;
        let wanted: &[(HostNo, Hold)] = if gang.reduce.is_some() { holds } else { holds.get(..1)? };
        let (giver, figure) = holds
            .iter()
            .enumerate()
            .flat_map(|(rank, (_, hold))| hold.measured.iter().map(move |f| (rank, f)))
            .find(|(_, figure)| {
                let owed = |(_, hold): &&(HostNo, Hold)| {
                    !hold.given.contains(*figure) && !hold.missing.contains_key(*figure)
                };
                wanted.iter().any(|member| owed(&member))
            })?;
        let rule = match gang.reduce {
            None => "a gang's figures are those of rank 0, or of all ranks with `reduce`",
            Some(_) => "`reduce` wants it from every rank",
        };
        let why =
            format!("figure `{figure}` comes from rank {giver} on {}; {rule}", self.name(holds[giver].0));
        Some((figure.clone(), why))
    }
}

fn told(members: &[HostNo], host: HostNo, name: &str) -> String {
    let rank = members.iter().position(|member| *member == host).unwrap_or_default();
    format!("rank {rank} on {name}")
}
