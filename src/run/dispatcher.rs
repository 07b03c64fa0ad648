//! The dispatcher: one task that owns all state of a run. Units ask it by messages; nobody else changes anything.
//!
//! What ends is written down before anything that follows from it starts: records gather while a commit is under way, and
//! the steps behind them are finished when the journal has them.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::RandomState;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::environments::Environments;
use super::fates::{Fates, ScopeNo};
use super::gangs::Gangs;
use super::hosts::{Board, Tallies};
use super::joining::{Joined, Joining};
use super::lease::Lease;
use super::leaving::Leaving;
use super::machines::Machines;
use super::moment::Moment;
use super::monitors::Monitors;
use super::node::{Gather, Node, Once, PlayRun, Work};
use super::others::Fatal;
use super::overtaken::Overtaken;
use super::past::Past;
use super::pinning::Pins;
use super::queue::{HostNo, Place, Queue, Shape, StepNo};
use super::renewal::Renewal;
use super::replay::Aside;
use super::rounds::{CaseRun, Hold};
use super::setup::{Ended, Setup};
use super::spending::Spending;
use super::stepping::Steps;
use super::stop::{Stop, Urgency};
use super::unit::{Finished, Shared};
use crate::base::{CaseId, HostName, StepId, Timestamp};
use crate::connection::Cancel;
use crate::event::{Event, JournalError, Record};
use crate::model::Inventory;
use crate::plan::{CasePlan, Order, Plan};

/// How long a child that is cancelled by Ctrl-C has between TERM and KILL.
pub(super) const GRACE: Duration = Duration::from_secs(10);

/// What the dispatcher hears.
pub enum Message {
    /// What was said to the question that stands; nothing when nobody is there.
    Answered(Option<String>),
    /// Something happened in a unit.
    Said(Box<Event>),
    /// A task brings something into the inventory.
    Joining(Box<Joining>),
    /// A unit ended.
    Ended(StepNo, HostNo, Box<Finished>),
    /// A round has the lease of its host's machine, or has none.
    Leased(ScopeNo, HostNo, Lease),
    /// The lease of a host's machine was given back.
    Returned(HostNo),
    /// A unit panicked; it had begun then.
    Panicked(StepNo, HostNo, Timestamp),
    /// The journal has what it was given, or cannot take any more.
    Committed(Result<(), JournalError>),
}

/// All state of a run.
#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
pub struct Dispatcher {
    pub(super) shared: Arc<Shared>,
    pub(super) plan: Plan,
    pub(super) queue: Queue,
    pub(super) fates: Fates,
    pub(super) machines: Machines,
    /// Changed by `board_mut`.
    pub(super) board: Arc<Board>,
    /// What the units share that were started last, and their step.
    pub(super) moment: Option<(StepNo, Arc<Moment>)>,
    /// As it is now: `add_host` and `group_by` change it.
    pub(super) inventory: Inventory,
    pub(super) inventory_changed: bool,
    /// What the run has brought into it, in order.
    pub(super) joined: Vec<Joined>,
    /// The task that is looked for, until it is found.
    pub(super) start_at: Option<String>,
    /// What was asked because of `--step`.
    pub(super) steps: Steps,
    /// Steps that are not begun.
    pub(super) passed: HashSet<StepNo>,
    pub(super) nodes: Vec<Node>,
    pub(super) plays: BTreeMap<usize, PlayRun>,
    /// Units at work, and whether each shares its machine.
    pub(super) running: HashMap<(StepNo, HostNo), (Cancel, bool), RandomState>,
    /// Steps that may start as soon as there is a free fork.
    pub(super) waiting: VecDeque<(StepNo, HostNo)>,
    pub(super) gangs: Gangs,
    pub(super) holds: HashMap<(ScopeNo, HostNo), Hold>,
    pub(super) cases: BTreeMap<(CaseId, HostNo), CaseRun>,
    /// Whether a round that its case might do without takes place.
    pub(super) enough: HashMap<(ScopeNo, HostNo), bool>,
    pub(super) gathers: HashMap<StepNo, Gather>,
    /// Hosts of plays with `host_pinned`.
    pub(super) pins: Pins,
    /// Steps whose failure on one host fails all, as soon as all have ended them.
    pub(super) fatal: HashMap<StepNo, Fatal>,
    pub(super) onces: HashMap<StepNo, Once>,
    /// Which step each host has come to.
    pub(super) stands: HashMap<HostNo, StepNo>,
    /// Who is behind the others.
    pub(super) overtaken: Overtaken,
    /// What was said of keywords that nobody heeds.
    pub(super) without_effect: HashSet<&'static str>,
    pub(super) roles_that_ran: super::roles::RolesThatRan,
    /// What was read of hosts in in-container mode.
    pub(super) environments: Environments,
    pub(super) tallies: Tallies,
    /// Hosts that are out of later plays: they failed, or others did and that counted for all.
    pub(super) left: HashSet<HostNo>,
    /// Those of them that failed themselves.
    pub(super) failed: HashSet<HostNo>,
    /// Those of them for whom an `always` is still to be done in the play that runs.
    pub(super) owing: HashSet<HostNo>,
    /// Others of them that count as failed from the next play on, as in Ansible: another has taken them along and they were
    /// rescued, or ended the play for them.
    pub(super) taken: HashSet<HostNo>,
    pub(super) lost: HashSet<HostNo>,
    /// `clear_host_errors`: those of them that come back with the next play.
    pub(super) forgiven: HashSet<HostNo>,
    /// A case failed, or a task that ends with exit 1 for another reason.
    pub(super) spoiled: bool,
    /// All hosts of a batch are gone: no further play begins.
    pub(super) over: bool,
    /// The run could not go on.
    pub(super) aborted: bool,
    /// What an include brought cannot be read.
    pub(super) misread: bool,
    pub(super) urgency: Urgency,
    /// What earlier controllers have done and has not come up again yet.
    pub(super) past: Past,
    /// What is applied now was told and written down by an earlier controller.
    pub(super) replaying: bool,
    pub(super) aside: Aside,
    /// Blocks and cases that are done again as a whole.
    pub(super) anew: HashSet<(ScopeNo, HostNo)>,
    /// Containers that had to be made anew.
    pub(super) renewal: Renewal,
    pub(super) leaving: Leaving,
    pub(super) monitors: Monitors,
    /// `--budget`
    pub(super) spending: Option<Spending>,
    records: Vec<Record>,
    /// Whose end waits for the records that are not yet handed over, and for those that are.
    ends: Vec<(StepNo, HostNo)>,
    committing: Option<Vec<(StepNo, HostNo)>>,
    broken: Option<JournalError>,
    /// This program made a mistake: whatever came out, the exit code says so.
    bug: bool,
    pub(super) stop: Stop,
    pub(super) sender: UnboundedSender<Message>,
    messages: UnboundedReceiver<Message>,
}

impl Dispatcher {
    /// A dispatcher at the beginning of a run.
    pub fn new(setup: Setup) -> Self {
        let (sender, messages) = mpsc::unbounded_channel();
        let inventory = setup.compiler.project.inventory.clone();
        let begun = setup.clock.instant();
        let spending = setup.options.budget.clone().map(|budget| Spending::new(budget, begun));
        let shared = Shared {
            run: setup.run,
            mark: setup.mark,
            term: setup.term,
            options: setup.options,
            environment: setup.environment,
            compiler: setup.compiler,
            pool: setup.pool,
            journal: setup.journal,
            events: setup.events,
            clock: setup.clock,
        };
        Self {
            start_at: shared.compiler.options.start_at_task.clone(),
            shared: Arc::new(shared),
            plan: setup.plan,
            queue: Queue::new(),
            fates: Fates::new(),
            machines: Machines::new(),
            board: Arc::default(),
            moment: None,
            inventory,
            inventory_changed: false,
            joined: Vec::new(),
            steps: Steps::default(),
            passed: HashSet::new(),
            nodes: Vec::new(),
            plays: BTreeMap::new(),
            running: HashMap::default(),
            waiting: VecDeque::new(),
            gangs: Gangs::default(),
            holds: HashMap::new(),
            cases: BTreeMap::new(),
            enough: HashMap::new(),
            gathers: HashMap::new(),
            pins: Pins::default(),
            fatal: HashMap::new(),
            onces: HashMap::new(),
            stands: HashMap::new(),
            overtaken: Overtaken::default(),
            without_effect: HashSet::new(),
            roles_that_ran: HashMap::new(),
            environments: Environments::default(),
            tallies: Tallies::default(),
            left: HashSet::new(),
            owing: HashSet::new(),
            taken: HashSet::new(),
            failed: HashSet::new(),
            lost: HashSet::new(),
            forgiven: HashSet::new(),
            spoiled: false,
            over: false,
            aborted: false,
            misread: false,
            urgency: Urgency::Go,
            replaying: !setup.past.is_empty(),
            past: setup.past,
            aside: Aside::default(),
            anew: HashSet::new(),
            renewal: Renewal::default(),
            leaving: Leaving::default(),
            monitors: Monitors::default(),
            spending,
            records: Vec::new(),
            ends: Vec::new(),
            committing: None,
            broken: None,
            bug: false,
            stop: setup.stop,
            sender,
            messages,
        }
    }

    /// Walks the plan to its end.
    pub async fn run(mut self) -> Ended {
        let start = self.shared.clock.instant();
        self.begin();
        self.replay();
        loop {
            while let Some((step, host)) = self.queue.pop() {
                self.arrive(step, host);
            }
            let more = self.start_waiting();
            self.hand_over();
            if self.queue.is_done() && self.running.is_empty() && self.committing.is_none() {
                break;
            }
            if !more && self.is_stuck() {
                self.bug = true;
                let said =
                    "an error of Benchbook itself, please report it: there is nothing left to wait for";
                self.abort(said.to_owned());
                break;
            }
            if !self.queue.has_ready() {
                self.listen(more).await;
            }
        }
        self.miss_start();
        self.end(start.elapsed()).await
    }

    /// Whether nobody is left who could say anything, though not everything is done: better an end than silence for ever.
    fn is_stuck(&mut self) -> bool {
        if !self.running.is_empty() || self.queue.has_ready() || self.committing.is_some() {
            return false;
        }
        self.moment = None;
        self.sender.strong_count() == 1 && self.messages.is_empty()
    }

    fn begin(&mut self) {
        self.refresh_hosts();
        let mut hosts: Vec<HostName> = Vec::new();
        for host in self.plan.plays.iter().flat_map(|p| &p.hosts) {
            if !hosts.contains(host) {
                hosts.push(host.clone());
            }
        }
        let cases = self.plan.plays.iter().flat_map(|p| &p.fragment.cases);
        let count = |c: &CasePlan| ((c.repeat + c.warmup) as usize) * c.hosts.len();
        let event = Event::RunStarted {
            run: self.shared.run.clone(),
            playbook: crate::load::shown(&self.plan.playbook),
            hosts,
            cases: cases.clone().map(|c| c.id.clone()).collect(),
            rounds: cases.map(count).sum(),
            mode: self.shared.options.mode.clone(),
        };
        self.emit(event);
        let control: Arc<[HostNo]> = Arc::from([HostNo::CONTROL]);
        let mut edges = Vec::new();
        let root = self.fates.add(
            &[crate::plan::Scope { parent: None, kind: crate::plan::ScopeKind::Group("run".into()) }],
            None,
        );
        let plays: Vec<(usize, Vec<usize>)> =
            self.plan.plays.iter().map(|p| (p.number, p.after.clone())).collect();
        for (index, (number, after)) in plays.iter().enumerate() {
            let step = 2 * narrow(index);
            edges.push((step, step + 1, Order::PerHost));
            for before in after {
                if let Some(before) = plays.iter().position(|(n, _)| n == before) {
                    edges.push((2 * narrow(before) + 1, step, Order::PerHost));
                }
            }
            for work in [Work::Play(*number), Work::PlayEnd(*number)] {
                self.nodes.push(Node {
                    work,
                    play: *number,
                    batch: 0,
                    scope: root,
                    round: None,
                    hosts: Arc::clone(&control),
                    left: 1,
                    case: None,
                    join: Some(StepNo(step + 1)),
                });
            }
        }
        let steps = vec![control.to_vec(); 2 * plays.len()];
        self.queue.add(Shape { hosts: control.to_vec(), steps, edges }, &Place::default());
    }

    /// Says that something happened: to the journal and to the reporters.
    pub(super) fn emit(&mut self, event: Event) {
        if self.replaying && self.past.has_told(&event) {
            return;
        }
        (self.shared.events)(&event);
        self.record(Record::Happened { time: self.shared.clock.now(), event });
    }

    /// A warning.
    pub(super) fn warn(&mut self, text: impl Into<String>) {
        self.emit(Event::Warning { text: text.into() });
    }

    pub(super) fn record(&mut self, record: Record) {
        if self.broken.is_none() {
            self.records.push(record);
        }
    }

    /// The step has ended on the host; what comes after starts when the journal has everything until here.
    pub(super) fn finish_later(&mut self, step: StepNo, host: HostNo) {
        if self.replaying {
            return self.queue.finish(step, host);
        }
        self.ends.push((step, host));
    }

    fn hand_over(&mut self) {
        if self.committing.is_some() || (self.records.is_empty() && self.ends.is_empty()) {
            return;
        }
        let records = std::mem::take(&mut self.records);
        self.committing = Some(std::mem::take(&mut self.ends));
        if self.broken.is_some() || records.is_empty() {
            // Nothing to wait for.
            let _ = self.sender.send(Message::Committed(Ok(())));
            return;
        }
        let (journal, sender) = (Arc::clone(&self.shared.journal), self.sender.clone());
        tokio::spawn(async move {
            let result = journal.commit(records).await;
            let _ = sender.send(Message::Committed(result));
        });
    }

    /// Hears what is said. Waits for it, unless there is `more` to be started: then everybody has a turn first.
    async fn listen(&mut self, more: bool) {
        let message = tokio::select! {
            biased;
            urgency = self.stop.asked() => return self.stop(urgency),
            message = self.messages.recv() => message,
            () = tokio::task::yield_now(), if more => None,
        };
        let Some(message) = message else { return };
        // Who is ready to say something, too, gets a word in.
        tokio::task::yield_now().await;
        self.hear(message);
        // Whatever else has come belongs to the same commit.
        while let Ok(message) = self.messages.try_recv() {
            self.hear(message);
        }
    }

    fn hear(&mut self, message: Message) {
        match message {
            Message::Said(event) => {
                self.notice(&event);
                self.emit(*event);
            }
            Message::Joining(joining) => self.join(*joining),
            Message::Ended(step, host, finished) => self.conclude(step, host, *finished),
            Message::Leased(round, host, lease) => self.begin_round(round, host, lease),
            Message::Answered(line) => self.answered(line.as_deref()),
            Message::Returned(host) => self.free(host, true),
            Message::Panicked(step, host, started) => {
                self.bug = true;
                self.end_panicked(step, host, started);
            }
            Message::Committed(result) => {
                if let Err(error) = result {
                    self.lose_journal(error);
                }
                for (step, host) in self.committing.take().unwrap_or_default() {
                    self.queue.finish(step, host);
                    if self.broken.is_none() {
                        self.forget_jobs(step, host);
                    }
                }
            }
        }
    }

    /// Without a journal nothing more may be sent: the run ends.
    pub(super) fn lose_journal(&mut self, error: JournalError) {
        if self.broken.is_none() {
            self.broken = Some(error);
            self.records.clear();
            self.stop(Urgency::AtOnce);
        }
    }

    pub(super) fn stop(&mut self, urgency: Urgency) {
        if urgency <= self.urgency {
            return;
        }
        self.urgency = urgency;
        let at_once = urgency == Urgency::AtOnce;
        if at_once {
            self.fates.abandon();
        } else {
            self.fates.cancel();
        }
        let grace = if at_once { Duration::ZERO } else { GRACE };
        self.running.values().for_each(|(cancel, _)| cancel.cancel(grace));
        self.stop_asking();
        self.let_steps_go();
        self.emit(Event::Stopping { at_once });
    }

    async fn end(mut self, took: Duration) -> Ended {
        self.judge_cases();
        self.take_back();
        self.monitors.end(self.urgency).await;
        self.sweep_engines().await;
        self.leave_hosts().await;
        let exit = match (self.urgency, self.spoiled || !self.failed.is_empty(), self.lost.is_empty()) {
            _ if self.bug => 70,
            (Urgency::Stop | Urgency::AtOnce, _, _) => 4,
            // The user wished it so, and who goes on with the run does the rest.
            _ if self.spending.as_ref().is_some_and(|spending| spending.is_spent) => 4,
            (Urgency::Go, true, _) => 1,
            (Urgency::Go, false, false) => 3,
            (Urgency::Go, false, true) => 0,
        };
        let (run, hosts) = (self.shared.run.clone(), self.tallies.by_name(&self.board));
        let seconds = self.past.seconds + took.as_secs_f64();
        self.emit(Event::RunEnded { run, exit, seconds, hosts: hosts.clone() });
        if self.broken.is_none() {
            let records = std::mem::take(&mut self.records);
            self.broken = self.shared.journal.commit(records).await.err();
        }
        let (failed, lost) = (!self.failed.is_empty(), !self.lost.is_empty());
        let (aborted, misread) =
            (self.aborted, self.misread || (self.aborted && self.inventory.unread.has_errors()));
        Ended { exit, failed, lost, aborted, misread, hosts, journal: self.broken }
    }

    pub(super) fn node(&self, step: StepNo) -> &Node {
        &self.nodes[step.0 as usize]
    }

    pub(super) fn name(&self, host: HostNo) -> &HostName {
        &self.board.get(host).name
    }

    pub(super) fn id(&self, step: StepNo) -> Option<StepId> {
        match &self.node(step).work {
            Work::Step(step) => Some(step.id.clone()),
            _ => None,
        }
    }
}

pub(super) fn narrow(n: usize) -> u32 {
    u32::try_from(n).expect("fewer than 2^32 steps")
}
