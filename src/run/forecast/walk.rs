//! The walk itself: what the dispatcher does, without units, hosts or a journal.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::{Course, Forecast, LeftOut, Leg};
use crate::base::{CaseId, HostName};
use crate::plan::Order;
use crate::plan::{CasePart, CasePlan, Plan, ScopeIx, ScopeKind, Section, Step, StepKind};
use crate::run::graft::shape_of;
use crate::run::growth::inherited;
use crate::run::machines::Machines;
use crate::run::queue::{HostNo, Place, Queue, Shape, StepNo};
use crate::run::rounds::{is_beside, ticket};

/// What a step of the queue is.
#[derive(Clone, Copy)]
enum Work<'a> {
    Play(usize),
    Batch(usize, usize),
    End,
    Step(&'a Step),
}

/// A step of the queue.
#[derive(Clone, Copy)]
struct Node<'a> {
    work: Work<'a>,
    /// Of a start: its end.
    join: StepNo,
    play: usize,
    batch: usize,
    round: Option<ScopeIx>,
    case: Option<&'a CasePlan>,
    /// It stands in a rescue.
    is_passed: bool,
}

/// A round, or the case that a step belongs to: play, batch, scope or number of the case, and the host unless it is a gang's.
type Key = (usize, usize, usize, Option<HostNo>);

/// A round under way.
#[derive(Default)]
struct Hold {
    /// Steps that have not ended, and of a gang for each member.
    left: HashMap<HostNo, usize>,
    claimed: bool,
    begun: bool,
    /// Members that have come to the rendezvous.
    met: usize,
    /// Whose machines are asked for, one after the other, and how many are granted.
    machines: Vec<HostNo>,
    granted: usize,
    waiting: Vec<(StepNo, HostNo)>,
    /// The last steps of members that wait for the others.
    over: Vec<(StepNo, HostNo)>,
}

pub(super) struct Walk<'a> {
    plan: &'a Plan,
    course: &'a Course<'a>,
    hosts: Vec<HostName>,
    numbers: HashMap<HostName, HostNo>,
    queue: Queue,
    nodes: Vec<Node<'a>>,
    machines: Machines,
    holds: HashMap<Key, Hold>,
    waiting: VecDeque<(StepNo, HostNo)>,
    /// Microseconds at which it ends, and what.
    running: BinaryHeap<Reverse<(u64, usize, StepNo, HostNo)>>,
    /// `run_once`: who has done it.
    once: HashSet<StepNo>,
    /// Whether the budget lets a case or round begin.
    admitted: HashMap<Key, bool>,
    left_out: BTreeMap<(CaseId, HostNo), Option<usize>>,
    /// `repeat` with `until` or `budget`: whether a round is needed, and what the rounds of cases have taken.
    needed: HashMap<Key, bool>,
    spent: HashMap<Key, f64>,
    now: f64,
    /// What has just ended.
    cause: Option<usize>,
    /// What the legs have waited for last.
    causes: Vec<Option<usize>>,
    legs: Vec<Leg>,
    released_by: HashMap<(StepNo, HostNo), Option<usize>>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(plan: &'a Plan, course: &'a Course<'a>) -> Self {
        let mut hosts: Vec<HostName> = Vec::new();
        let mut numbers = HashMap::new();
        for host in plan.plays.iter().flat_map(|play| &play.hosts) {
            numbers.entry(host.clone()).or_insert_with(|| {
                hosts.push(host.clone());
                HostNo(narrow(hosts.len() - 1))
            });
        }
        Self {
            plan,
            course,
            hosts,
            numbers,
            queue: Queue::new(),
            nodes: Vec::new(),
            machines: Machines::new(),
            holds: HashMap::new(),
            waiting: VecDeque::new(),
            running: BinaryHeap::new(),
            once: HashSet::new(),
            admitted: HashMap::new(),
            left_out: BTreeMap::new(),
            needed: HashMap::new(),
            spent: HashMap::new(),
            now: 0.0,
            cause: None,
            causes: Vec::new(),
            legs: Vec::new(),
            released_by: HashMap::new(),
        }
    }

    pub(super) fn finished(mut self) -> Forecast {
        self.begin();
        loop {
            while let Some((step, host)) = self.queue.pop() {
                self.arrive(step, host);
            }
            self.start_waiting();
            if self.queue.has_ready() {
                continue;
            }
            let Some(Reverse((end, leg, step, host))) = self.running.pop() else { break };
            self.now = seconds(end);
            self.cause = Some(leg);
            self.end(step, host);
        }
        let last = (0..self.legs.len()).max_by(|a, b| self.legs[*a].to.total_cmp(&self.legs[*b].to));
        let mut path = Vec::new();
        let mut at = last;
        while let Some(leg) = at {
            path.push(self.legs[leg].clone());
            at = self.causes[leg];
        }
        path.reverse();
        let left_out = self.left_out.into_iter().map(|((case, host), rounds)| LeftOut {
            case,
            host: self.hosts[host.0 as usize].clone(),
            rounds,
        });
        Forecast { seconds: self.now, path, left_out: left_out.collect(), legs: self.legs }
    }

    /// A start and an end for each play, as in the dispatcher.
    fn begin(&mut self) {
        let plays = &self.plan.plays;
        let mut edges = Vec::new();
        for (index, play) in plays.iter().enumerate() {
            let start = 2 * narrow(index);
            edges.push((start, start + 1, Order::PerHost));
            for before in &play.after {
                if let Some(before) = plays.iter().position(|p| p.number == *before) {
                    edges.push((2 * narrow(before) + 1, start, Order::PerHost));
                }
            }
            self.control(Work::Play(index), StepNo(start + 1), (index, 0));
            self.control(Work::End, StepNo(start + 1), (index, 0));
        }
        let control = vec![HostNo::CONTROL];
        let steps = vec![control.clone(); 2 * plays.len()];
        self.queue.add(Shape { hosts: control, steps, edges }, &Place::default());
    }

    fn control(&mut self, work: Work<'a>, join: StepNo, (play, batch): (usize, usize)) {
        self.nodes.push(Node { work, join, play, batch, round: None, case: None, is_passed: false });
    }

    fn start_play(&mut self, step: StepNo, index: usize) {
        let join = self.node(step).join;
        let batches = self.plan.plays[index].batches.len();
        if batches == 0 {
            return;
        }
        let offset = narrow(self.nodes.len());
        let mut edges = Vec::new();
        for batch in 0..batches {
            let start = 2 * narrow(batch);
            if batch > 0 {
                edges.push((start - 1, start, Order::PerHost));
            }
            edges.push((start, start + 1, Order::PerHost));
            self.control(Work::Batch(index, batch), StepNo(offset + start + 1), (index, batch));
            self.control(Work::End, join, (index, batch));
        }
        let control = vec![HostNo::CONTROL];
        let shape = Shape { hosts: control.clone(), steps: vec![control; 2 * batches], edges };
        let place = Place { after: vec![(step, Order::PerHost)], before: Some((join, Order::PerHost)) };
        self.queue.add(shape, &place);
    }

    fn start_batch(&mut self, step: StepNo, index: usize, batch: usize) {
        let join = self.node(step).join;
        let play = &self.plan.plays[index];
        let fragment = &play.fragment;
        let hosts: Vec<HostNo> = play.batches[batch].iter().map(|host| self.numbers[host]).collect();
        let here: HashSet<HostNo> = hosts.iter().copied().collect();
        let cases: HashMap<&CaseId, &CasePlan> = fragment.cases.iter().map(|case| (&case.id, case)).collect();
        let (indices, edges) = shape_of(fragment);
        let mut steps = Vec::new();
        for index_of_step in indices {
            let what = &fragment.graph[index_of_step];
            let of_step = what.hosts.iter().filter_map(|host| self.numbers.get(host)).copied();
            let of_step: Vec<HostNo> = of_step.filter(|host| here.contains(host)).collect();
            let chain = || {
                std::iter::successors(Some(what.scope), |scope| fragment.scopes.get(scope.index())?.parent)
            };
            let kind = |scope: ScopeIx| fragment.scopes.get(scope.index()).map(|scope| &scope.kind);
            let round = chain().find(|scope| matches!(kind(*scope), Some(ScopeKind::Round { .. })));
            let is_passed = chain().any(|scope| kind(scope) == Some(&ScopeKind::Section(Section::Rescue)));
            let case = what.case.as_ref().and_then(|place| cases.get(&place.id)).copied();
            let node = Node { work: Work::Step(what), join, play: index, batch, round, case, is_passed };
            for host in &of_step {
                if let Some(key) = round_of(&node, *host) {
                    *self.holds.entry(key).or_default().left.entry(*host).or_default() += 1;
                }
            }
            self.nodes.push(node);
            steps.push(of_step);
        }
        let place = Place { after: vec![(step, Order::Barrier)], before: Some((join, Order::Barrier)) };
        self.queue.add(Shape { hosts, steps, edges }, &place);
    }

    fn node(&self, step: StepNo) -> Node<'a> {
        self.nodes[step.0 as usize]
    }

    fn machine(&self, host: HostNo) -> Arc<str> {
        let name = &self.hosts[host.0 as usize];
        self.course.machines.get(name).cloned().unwrap_or_else(|| name.as_str().into())
    }

    fn arrive(&mut self, step: StepNo, host: HostNo) {
        let node = self.node(step);
        let what = match node.work {
            Work::Step(what) => what,
            Work::Play(index) => {
                self.start_play(step, index);
                return self.queue.finish(step, host);
            }
            Work::Batch(index, batch) => {
                self.start_batch(step, index, batch);
                return self.queue.finish(step, host);
            }
            Work::End => return self.queue.finish(step, host),
        };
        self.released_by.insert((step, host), self.cause);
        let is_done = says_once(what) && what.case.is_none() && !self.once.insert(step);
        if matches!(what.kind, StepKind::Join)
            || node.is_passed
            || is_done
            || !self.is_needed(node, what, host)
            || !self.is_admitted(node, what, host)
        {
            return self.pass(step, host);
        }
        let Some(key) = round_of(&node, host) else {
            if is_beside(what) || self.machines.claim(&self.machine(host), ticket(step, host), false) {
                self.waiting.push_back((step, host));
            }
            return;
        };
        let hold = self.holds.entry(key).or_default();
        if hold.begun {
            return self.waiting.push_back((step, host));
        }
        hold.waiting.push((step, host));
        let members = hold.left.len();
        hold.met += usize::from(matches!(what.kind, StepKind::Rendezvous));
        // A gang asks when all of its members have met.
        if hold.claimed || (node.case.is_some_and(|case| case.gang.is_some()) && hold.met < members) {
            return;
        }
        let mut machines: Vec<HostNo> = self.holds[&key].left.keys().copied().collect();
        machines.sort_by_key(|host| (self.machine(*host), *host));
        machines.dedup_by_key(|host| self.machine(*host));
        if let Some(hold) = self.holds.get_mut(&key) {
            (hold.claimed, hold.machines) = (true, machines);
        }
        self.claim(key, step);
    }

    /// Asks for the machines of a round, one after the other; with the last it begins.
    fn claim(&mut self, key: Key, step: StepNo) {
        while let Some(host) = self.holds[&key].machines.get(self.holds[&key].granted).copied() {
            if !self.machines.claim(&self.machine(host), ticket(step, host), true) {
                return;
            }
            self.granted(key);
        }
    }

    fn granted(&mut self, key: Key) {
        let Some(hold) = self.holds.get_mut(&key) else { return };
        hold.granted += 1;
        if hold.granted < hold.machines.len() {
            return;
        }
        hold.begun = true;
        for pair in hold.waiting.drain(..) {
            self.released_by.insert(pair, self.cause);
            self.waiting.push_back(pair);
        }
    }

    fn free(&mut self, host: HostNo, exclusive: bool) {
        for ticket in self.machines.release(&self.machine(host), exclusive) {
            // Both halves are 32 bits.
            #[allow(clippy::cast_possible_truncation)]
            let (step, host) = (StepNo((ticket >> 32) as u32), HostNo(ticket as u32));
            match round_of(&self.node(step), host) {
                None => {
                    self.released_by.insert((step, host), self.cause);
                    self.waiting.push_back((step, host));
                }
                Some(key) => {
                    self.granted(key);
                    self.claim(key, step);
                }
            }
        }
    }

    /// Whether a case still needs the round of a step: as often as it was needed last, within what the case says.
    fn is_needed(&mut self, node: Node<'_>, what: &Step, host: HostNo) -> bool {
        let (Some(round), Some(case)) = (round_of(&node, host), node.case) else { return true };
        let Some((going_on, place)) = case.going_on.zip(what.case.as_ref()) else { return true };
        let CasePart::Round { number, warmup: false } = place.part else { return true };
        let spent = self.spent.get(&self.case_of(&node, case, host)).copied().unwrap_or_default();
        let most =
            (self.course.rounds)(what, &self.hosts[host.0 as usize]).filter(|_| going_on.until.is_some());
        *self.needed.entry(round).or_insert_with(|| {
            let is_over = going_on.budget.is_some_and(|budget| spent >= budget);
            number <= going_on.min || (!is_over && most.is_none_or(|most| number <= most))
        })
    }

    fn case_of(&self, node: &Node<'_>, case: &CasePlan, host: HostNo) -> Key {
        let number = self.plan.plays[node.play].fragment.cases.iter().position(|c| c.id == case.id);
        let alone = case.gang.is_none().then_some(host);
        // Rounds are counted by their scopes, cases from the other end.
        (node.play, node.batch, usize::MAX - number.unwrap_or_default(), alone)
    }

    /// Whether the budget lets the case and the round of a step begin.
    fn is_admitted(&mut self, node: Node<'_>, what: &Step, host: HostNo) -> bool {
        let (Some(budget), Some(place), Some(case)) = (self.course.budget, &what.case, node.case) else {
            return true;
        };
        let name = &self.hosts[host.0 as usize];
        let key = self.case_of(&node, case, host);
        let now = self.now;
        let case_begins =
            *self.admitted.entry(key).or_insert_with(|| budget.admits_case(&place.id, name, now));
        if !case_begins {
            self.left_out.insert((place.id.clone(), host), None);
            return false;
        }
        let Some(key) = round_of(&node, host).filter(|_| matches!(place.part, CasePart::Round { .. })) else {
            return true;
        };
        if let Some(round_begins) = self.admitted.get(&key) {
            return *round_begins;
        }
        let round_begins = budget.admits_round(&place.id, name, now);
        self.admitted.insert(key, round_begins);
        if !round_begins
            && let Some(rounds) = self.left_out.entry((place.id.clone(), host)).or_insert(Some(0))
        {
            *rounds += 1;
        }
        round_begins
    }

    fn start_waiting(&mut self) {
        let mut held_back = Vec::new();
        while self.running.len() < self.course.forks.max(1)
            && let Some((step, host)) = self.waiting.pop_front()
        {
            let Work::Step(what) = self.node(step).work else { continue };
            let limit =
                inherited(what).and_then(|i| i.throttle.as_ref()).and_then(|limit| limit.value.as_int());
            let at_work = || self.running.iter().filter(|Reverse((_, _, at, _))| *at == step).count();
            if limit.is_some_and(|limit| limit > 0 && i128::try_from(at_work()).is_ok_and(|n| n >= limit)) {
                held_back.push((step, host));
                continue;
            }
            let name = self.hosts[host.0 as usize].clone();
            let took = (self.course.took)(what, &name).max(0.0) + self.course.pause;
            let to = microseconds(self.now + took);
            let leg = self.legs.len();
            self.legs.push(Leg {
                step: what.id.clone(),
                title: what.title().to_owned(),
                host: name,
                case: what.case.as_ref().map(|place| (place.id.clone(), place.part)),
                from: self.now,
                to: seconds(to),
            });
            let node = self.node(step);
            if let (Some(case), Some(_)) = (node.case, round_of(&node, host)) {
                *self.spent.entry(self.case_of(&node, case, host)).or_default() += took;
            }
            self.causes.push(self.released_by.get(&(step, host)).copied().flatten());
            self.running.push(Reverse((to, leg, step, host)));
        }
        held_back.into_iter().rev().for_each(|pair| self.waiting.push_front(pair));
        // Who waits for a fork or others at his step has waited for what ends next.
    }

    /// A step has done its work.
    fn end(&mut self, step: StepNo, host: HostNo) {
        let node = self.node(step);
        if let Work::Step(what) = node.work
            && node.round.is_none()
            && !is_beside(what)
        {
            self.free(host, false);
        }
        for pair in self.waiting.iter().copied().collect::<Vec<_>>() {
            self.released_by.insert(pair, self.cause);
        }
        self.pass(step, host);
    }

    /// A step is over for a host; with the last one of a round its machines are free.
    fn pass(&mut self, step: StepNo, host: HostNo) {
        let Some(key) = round_of(&self.node(step), host) else { return self.queue.finish(step, host) };
        let Some(hold) = self.holds.get_mut(&key) else { return self.queue.finish(step, host) };
        let left = hold.left.entry(host).or_default();
        *left = left.saturating_sub(1);
        if *left > 0 {
            return self.queue.finish(step, host);
        }
        hold.over.push((step, host));
        if hold.left.values().any(|left| *left > 0) {
            return;
        }
        let hold = self.holds.remove(&key).unwrap_or_default();
        for host in hold.machines.into_iter().take(hold.granted) {
            self.free(host, true);
        }
        for (step, host) in hold.over {
            self.queue.finish(step, host);
        }
    }
}

/// The round that a step belongs to on a host; a gang's is one for all.
fn round_of(node: &Node<'_>, host: HostNo) -> Option<Key> {
    let alone = node.case.is_none_or(|case| case.gang.is_none()).then_some(host);
    Some((node.play, node.batch, node.round?.index(), alone))
}

fn says_once(what: &Step) -> bool {
    let once = inherited(what).and_then(|inherited| inherited.run_once.as_ref());
    once.is_some_and(|once| once.value.to_bool() == Some(true))
}

fn narrow(n: usize) -> u32 {
    u32::try_from(n).expect("fewer than 2^32 steps and hosts")
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // no step takes half a million years
fn microseconds(seconds: f64) -> u64 {
    (seconds * 1e6).round() as u64
}

#[allow(clippy::cast_precision_loss)] // nor that many microseconds
fn seconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1e6
}
