//! What the dispatcher knows of a step of the queue and of a play: plain data, which it alone changes.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::fates::ScopeNo;
use super::flushing::Flushing;
use super::magic::PlayFacts;
use super::queue::{HostNo, StepNo};
use super::unit::Finished;
use crate::model::Strategy;
use crate::plan::{CasePlan, HandlerNames, Step};

/// What a step of the queue is.
#[derive(Clone)]
pub(super) enum Work {
    /// A play begins: its hosts are bound.
    Play(usize),
    /// A play is over.
    PlayEnd(usize),
    /// A batch of a play begins.
    Batch(usize, usize),
    /// A batch of a play is over.
    BatchEnd(usize, usize),
    /// A step of a fragment.
    Step(Arc<Step>),
}

/// A step of the queue with what the run knows of it.
#[derive(Clone)]
pub(super) struct Node {
    pub work: Work,
    /// The play it belongs to.
    pub play: usize,
    /// The batch of that play.
    pub batch: usize,
    pub scope: ScopeNo,
    /// The round it belongs to.
    pub round: Option<ScopeNo>,
    pub hosts: Arc<[HostNo]>,
    /// How many of them have not ended it.
    pub left: usize,
    pub case: Option<Arc<CasePlan>>,
    /// Of an expand step: the step that waits for what it brings.
    pub join: Option<StepNo>,
}

impl Node {
    /// Which of its hosts each is.
    pub fn places(&self) -> HashMap<HostNo, usize> {
        self.hosts.iter().enumerate().map(|(place, host)| (*host, place)).collect()
    }
}

/// A play that has begun.
pub(super) struct PlayRun {
    pub facts: PlayFacts,
    /// Those with the hosts that are live now, while nobody leaves.
    pub now: Option<Arc<PlayFacts>>,
    pub strategy: Strategy,
    /// `meta: end_play`
    pub is_ended: bool,
    pub batches: Vec<Vec<HostNo>>,
    pub plan: crate::plan::PlayPlan,
    pub handlers: Vec<HandlerNames>,
    pub notified: HashMap<HostNo, BTreeSet<usize>>,
    /// By which words hosts have notified handlers since the last flush.
    pub words: HashMap<HostNo, BTreeSet<Arc<str>>>,
    /// How far each host has come through the handlers.
    pub flushing: HashMap<HostNo, Flushing>,
    /// More failed hosts than this many per cent end the play.
    pub most_failures: Option<f64>,
}

/// Hosts that have reached an expand step and wait for the others.
#[derive(Default)]
pub(super) struct Gather {
    pub arrived: Vec<(HostNo, Finished)>,
    /// How many are not coming.
    pub bypassed: usize,
}

/// A step that one host does for all.
pub(super) enum Once {
    /// This host does it; these wait.
    Leading(HostNo, Vec<HostNo>),
    /// It is done.
    Done,
}
