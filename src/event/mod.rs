//! What happened: plain, serialisable facts. The only thing that reporters see and the store keeps.
//!
//! No settings, no borrowed data, no secrets: what stands here may be shown and kept.

pub mod gang;
pub mod journal;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::baseline::Reference;
use crate::base::unit::{Unit, UnitError, convert};
use crate::base::{CaseId, Cause, HostName, JobId, RunId, StepId, Timestamp, Value};
use crate::wire::{Column, Sample, Status, Stream};

pub use gang::Gang;
pub use journal::{
    Ending, JobStart, Journal, JournalError, Kept, LogLengths, Record, Sampled, Samples, Sending, Term,
};

/// How a step ended on a host. Every (step, host) ends exactly once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "fate")]
pub enum Fate {
    /// It was done.
    Ran {
        /// How that ended.
        status: Status,
        /// Whether something is different now.
        changed: bool,
        /// It failed, and `ignore_errors` says that this is fine.
        ignored: bool,
    },
    /// A condition did not hold, or there was nothing to do.
    Skipped {
        /// Ansible's `skip_reason`, with the condition where there is one.
        reason: String,
    },
    /// It was never its turn.
    Bypassed {
        /// Why.
        why: Why,
    },
    /// The host could not be reached.
    Unreachable {
        /// What the connection said.
        reason: String,
        /// `ignore_unreachable`
        ignored: bool,
    },
}

impl Fate {
    /// Whether the host failed here.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Ran { status, ignored, .. } => !ignored && !matches!(status, Status::Ok | Status::Skipped),
            Self::Unreachable { ignored, .. } => !ignored,
            _ => false,
        }
    }
}

/// Why a step was bypassed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// An earlier step of the host failed.
    Failed,
    /// The host could not be reached earlier.
    Unreachable,
    /// The run is being stopped.
    Cancelled,
    /// A rescue that had nothing to rescue.
    NothingToRescue,
    /// A handler that nobody notified.
    NotNotified,
    /// `meta: end_host`, `end_play` or `end_batch`.
    Ended,
    /// `run_once`: another host did it.
    RunOnce,
    /// The role has run on the host, and may do so once.
    RoleHasRun,
    /// `any_errors_fatal` or `max_fail_percentage`: other hosts failed.
    OthersFailed,
    /// The others have gone past something that the host has still to do; it goes on after them.
    Overtaken,
    /// `--start-at-task`: it stands before the first task that is wanted.
    Before,
    /// What it would find out is known.
    Known,
    /// `--step`: somebody said no.
    Refused,
    /// The figures of its case are known as well as was asked, or the time for them is over.
    Enough,
    /// `--budget`: it would not have ended in time.
    OutOfTime,
}

impl Why {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Failed => "an earlier step failed",
            Self::Unreachable => "the host cannot be reached",
            Self::Cancelled => "the run is being stopped",
            Self::NothingToRescue => "there is nothing to rescue",
            Self::NotNotified => "nobody notified it",
            Self::Ended => "the play has ended for this host",
            Self::RunOnce => "another host did it for all",
            Self::RoleHasRun => "its role has run on this host",
            Self::OthersFailed => "other hosts failed",
            Self::Overtaken => "the host goes on after the others",
            Self::Before => "it stands before the task that the run starts at",
            Self::Known => "it is known already",
            Self::Refused => "it was not wanted",
            Self::Enough => "there are rounds enough",
            Self::OutOfTime => "it would not have ended in time",
        }
    }
}

/// A figure of merit from one round on one host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// The case.
    pub case: CaseId,
    /// The host.
    pub host: HostName,
    /// From 1; warm-up rounds count by themselves.
    pub round: u32,
    /// Whether it is left out of the statistics.
    pub warmup: bool,
    /// The step whose output it is from.
    pub step: StepId,
    /// The metric's name.
    pub name: String,
    /// The metric's labels.
    pub labels: BTreeMap<String, String>,
    /// In `unit`.
    pub value: f64,
    /// As the metric declares it.
    pub unit: String,
    /// Whether higher is better.
    pub higher_is_better: bool,
    /// The log it was read from, relative to the run's folder.
    pub log: String,
    /// The byte range of the match in that log.
    pub bytes: (u64, u64),
}

/// Until when the rounds of a case go on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GoingOn {
    /// Never longer than for so many rounds.
    pub most: u32,
    /// Until the interval of every figure's median is at most so wide, as a share of it.
    pub until: Option<f64>,
    /// Until they have taken so many seconds.
    pub budget: Option<f64>,
}

/// What `expect` asks of a figure's median on one host, templated and converted: all that judging needs.
///
/// `reference` and `tolerance` have become a bound on the bad side; entries whose `where` names other matrix parameters than
/// the case's are left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Expectation {
    /// The metric's name.
    pub figure: String,
    /// Labels that a figure must have to be meant.
    pub labels: BTreeMap<String, String>,
    /// The median may not be below this, in the figure's unit.
    pub min: Option<f64>,
    /// The median may not be above this, in the figure's unit.
    pub max: Option<f64>,
    /// Where it stands: `stream.yml:24`.
    pub place: String,
    /// The baseline's value that the bound was made of, in the figure's unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<f64>,
}

impl Expectation {
    /// What a baseline asks: that the median is not worse than its value by more than this share. `unit` is the figure's.
    pub fn of_reference(reference: &Reference, tolerance: f64, unit: &Unit) -> Result<Self, UnitError> {
        let own = |value| convert(value, &reference.unit, unit);
        let bound = Some(own(reference.bound(tolerance))?);
        let (min, max) = if reference.higher_is_better { (bound, None) } else { (None, bound) };
        Ok(Self {
            figure: reference.figure.clone(),
            labels: reference.labels.clone(),
            min,
            max,
            place: reference.span.file_line(),
            baseline: Some(own(reference.median)?),
        })
    }

    /// Whether it is about this figure.
    pub fn concerns(&self, figure: &str, labels: &BTreeMap<String, String>) -> bool {
        self.figure == figure && self.labels.iter().all(|(name, value)| labels.get(name) == Some(value))
    }

    /// The bound that a median does not keep, and whether it is the lower one.
    pub fn missed(&self, median: f64) -> Option<(f64, bool)> {
        let low = self.min.filter(|min| median < *min).map(|min| (min, true));
        low.or_else(|| self.max.filter(|max| median > *max).map(|max| (max, false)))
    }
}

/// How Ansible names a task: by its name or its action, and its role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Title {
    /// What it is without a role: its name, rendered, or its action as it is written.
    pub name: String,
    /// The role it stands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The short name of its module or action; `meta` too.
    pub action: String,
    /// Where it is written: `a.yml:3:5`.
    pub origin: String,
    /// Whether it is a handler.
    #[serde(default)]
    pub handler: bool,
    /// Whether it has a loop.
    #[serde(default)]
    pub looped: bool,
    /// `assert` with `quiet`: its results are told only where everybody's are.
    #[serde(default)]
    pub quiet: bool,
}

impl Title {
    /// The action by which it is decided how results are told.
    pub fn telling(&self) -> &str {
        if self.quiet { "" } else { &self.action }
    }
}

/// What an include has found for an item of its loop, or once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brought {
    /// The file of tasks, as an absolute path, or the name of the role.
    pub name: String,
    /// The item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
}

/// How a job is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It runs.
    Running,
    /// It is over, and good.
    Ended,
    /// It is over, and failed.
    Failed,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
#[allow(missing_docs)] // fields repeat the words of the variants
pub enum Event {
    /// The run begins; its cases in the order of the plan.
    RunStarted {
        run: RunId,
        playbook: String,
        hosts: Vec<HostName>,
        cases: Vec<CaseId>,
        rounds: usize,
        mode: Option<String>,
    },
    /// Another controller goes on with the run: so many ends of steps are known, and so many steps were under way.
    Resumed { term: u64, ended: usize, under_way: usize },
    /// After a stop: these steps are done again on the host, because what they prepared was cleared away.
    Reopened { host: HostName, steps: Vec<StepId> },
    /// A play begins with these hosts.
    PlayStarted {
        play: usize,
        name: String,
        hosts: Vec<HostName>,
        /// Whether no host begins a task before all have ended the one before.
        #[serde(default)]
        lockstep: bool,
        /// There are none, though there is somebody whom it means: they have failed before, or cannot be reached.
        #[serde(default)]
        all_gone: bool,
    },
    /// A further batch of a play (`serial`) begins; the first one begins with the play.
    BatchStarted { play: usize, name: String },
    /// More hosts have failed than `max_fail_percentage` allows.
    NoHostsLeft,
    /// Somebody who waits for a job (`async` with `poll`) has looked at it.
    JobLooked { step: StepId, host: HostName, job: JobId, state: JobState },
    /// Something is wrong that ends nothing.
    Error { text: String },
    /// The run cannot go on, and nobody gets to know how its last step ended. `place` is in the user's files.
    Aborted {
        reason: String,
        #[serde(default)]
        place: Option<String>,
    },
    /// A play ended.
    PlayEnded { play: usize },
    /// A case begins on a host: so many rounds count, so many warm-up rounds come before them.
    /// `gang` are the hosts that run it together, if the host does not run it alone.
    CaseStarted {
        case: CaseId,
        host: HostName,
        repeat: u32,
        warmup: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        gang: Option<Gang>,
        /// When more rounds than `repeat` are done.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        going_on: Option<GoingOn>,
        expect: Vec<Expectation>,
    },
    /// A step is sent to a host.
    StepStarted {
        step: StepId,
        name: String,
        host: HostName,
        stage: Option<String>,
        case: Option<CaseId>,
        round: Option<u32>,
        warmup: bool,
        /// What Ansible's own words say of the task; nothing for steps that are none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<Box<Title>>,
    },
    /// Connections were opened for a step, by these commands: the outermost first.
    Opened { step: StepId, host: HostName, commands: Vec<String> },
    /// A child on the target said something.
    Output { step: StepId, host: HostName, stream: Stream, text: String },
    /// A step asks the user, who answers on the terminal; until the step ends, the terminal is theirs.
    Asked { step: StepId, host: HostName, question: String },
    /// `--step`: whether a task is to be done; told again when it is answered.
    StepAsked { question: String, answered: bool },
    /// An item of a loop ended.
    ItemEnded {
        step: StepId,
        host: HostName,
        item: String,
        status: Status,
        changed: bool,
        skipped: bool,
        /// `ignore_errors`
        #[serde(default)]
        ignored: bool,
        msg: Option<String>,
        /// Why it failed, in Ansible's words, where that is more than the message. Only while the run goes on.
        #[serde(skip)]
        causes: Vec<Cause>,
        /// What `register` sees of the item, masked where `no_log` says so. Only while the run goes on: the whole task's
        /// result has it.
        #[serde(skip)]
        result: Value,
    },
    /// `until` does not hold yet.
    Retrying { step: StepId, host: HostName, attempt: u32, left: u32 },
    /// A step ended on a host. `result` is what `register` sees, masked where `no_log` says so.
    StepEnded {
        step: StepId,
        name: String,
        host: HostName,
        stage: Option<String>,
        case: Option<CaseId>,
        round: Option<u32>,
        warmup: bool,
        fate: Fate,
        msg: Option<String>,
        /// Why it failed, in Ansible's words, where that is more than the message. Only while the run goes on.
        #[serde(skip)]
        causes: Vec<Cause>,
        result: Value,
        started: Timestamp,
        ended: Timestamp,
        /// From when to when it was at work on its host, by that host's clock.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        there: Option<(Timestamp, Timestamp)>,
        place: String,
        handler: bool,
        diff: Vec<crate::wire::Diff>,
    },
    /// Steps were added to the graph; `brought` is what an include has found.
    Expanded {
        step: StepId,
        hosts: Vec<HostName>,
        steps: usize,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        brought: Vec<Brought>,
    },
    /// A figure was read.
    Figure(Figure),
    /// A case ended on a host.
    CaseEnded { case: CaseId, host: HostName, failed: Option<String>, rounds: u32 },
    /// A monitor begins to sample a machine, every `period` seconds. The target's clock was `offset` nanoseconds before the
    /// controller's, `uncertainty` more or less.
    MonitorStarted {
        host: HostName,
        monitor: String,
        /// The step that starts it; runs of earlier versions do not say it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<StepId>,
        period: f64,
        offset: i64,
        uncertainty: u64,
    },
    /// A monitor could not be started: there are no samples until the end of its scope.
    MonitorMissing { host: HostName, monitor: String, step: StepId, reason: String },
    /// The scope of the monitors that a step has started is at its end on a host.
    MonitorsStopped { host: HostName, step: StepId },
    /// A container was made or started of an image of the host's engine, or a task made sure that the image is there. `id` is the
    /// engine's; `digests` are those of registries.
    ImageUsed { host: HostName, name: String, id: String, digests: Vec<String> },
    /// Samples came. Only while the run goes on: they are kept by themselves.
    Sampled { host: HostName, monitor: String, columns: Vec<Column>, rows: Vec<Sample> },
    /// A monitor ended. It took `cpu_seconds` of processor time itself; `problem` is why it ended when nobody asked it to.
    MonitorEnded {
        host: HostName,
        monitor: String,
        /// The step that started it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<StepId>,
        samples: u64,
        late: u64,
        cpu_seconds: f64,
        problem: Option<String>,
    },
    /// A case never began on a host where it was planned.
    CaseLeftOut { case: CaseId, host: HostName, repeat: u32, why: Why },
    /// Something the user should know.
    Warning { text: String },
    /// The user asked to stop: once, TERM and `always`; twice, at once.
    Stopping { at_once: bool },
    /// The first case or round does not begin because it would not end within so many seconds from the beginning of the run.
    BudgetSpent { seconds: f64 },
    /// The figures of all cases were read again out of the kept logs. What follows (cases, figures) replaces what was.
    Reparsed { playbook: String },
    /// The plays of a playbook are over, and those of the next begin.
    PlaybookEnded { next: String, hosts: BTreeMap<HostName, Tally> },
    /// The run is over.
    RunEnded { run: RunId, exit: u8, seconds: f64, hosts: BTreeMap<HostName, Tally> },
}

/// How many steps of a host ended how: Ansible's recap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // Ansible's words
pub struct Tally {
    pub ok: u32,
    pub changed: u32,
    pub unreachable: u32,
    pub failed: u32,
    pub skipped: u32,
    pub rescued: u32,
    pub ignored: u32,
}
