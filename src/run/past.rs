//! What earlier controllers of the run have written down, in the form in which the dispatcher asks for it.
//!
//! What was ended because somebody asked to stop is no end: who goes on with the run does it again.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::applied::{Known, known};
use crate::base::{CaseId, HostName, StepId};
use crate::event::{Ending, Event, Fate, Figure, Kept, Record, Sending};
use crate::wire::Status;

/// A step on a host.
pub type Pair = (StepId, HostName);

/// What is known of a run before it goes on.
#[derive(Debug, Default)]
pub struct Past {
    /// The ends that count, in the order in which they were written down; taken when they are applied.
    ends: Vec<Option<(Pair, Box<Ending>)>>,
    places: HashMap<Pair, usize>,
    figures: HashMap<Pair, Vec<Figure>>,
    /// Requests that were sent for steps that have not ended.
    under_way: HashMap<Pair, Vec<Sending>>,
    /// How cases were begun.
    cases: HashMap<(CaseId, HostName), Event>,
    plays: HashMap<usize, Vec<HostName>>,
    ended_plays: HashSet<usize>,
    started: bool,
    /// Where requests were sent.
    pub(super) visited: BTreeSet<HostName>,
    /// What was done after somebody asked to stop, and only therefore.
    cleared: HashSet<Pair>,
    /// What the stop ended, or kept from beginning.
    cut: HashSet<Pair>,
    /// How long the earlier controllers were at work, in seconds.
    pub seconds: f64,
    /// The last of their numbers.
    pub term: u64,
}

/// A record that cannot be used to go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("how {step} ended on {host} cannot be read: {what}")]
pub struct PastError {
    /// The step.
    pub step: StepId,
    /// The host.
    pub host: HostName,
    /// What is wrong.
    pub what: String,
}

impl Past {
    /// Nothing: the run begins.
    pub fn none() -> Self {
        Self::default()
    }

    /// What these records say, in their order.
    pub fn of(records: Vec<Record>) -> Result<Self, Vec<PastError>> {
        let mut past = Self::default();
        let (mut since, mut last, mut stopping) = (None, None, false);
        for record in records {
            let time = record.time();
            match record {
                Record::Term(term) => {
                    past.add_time(since.replace(time), last);
                    past.term = term.term;
                    stopping = false;
                }
                Record::Sending(sending) => {
                    past.visited.insert(sending.elsewhere.as_ref().unwrap_or(&sending.host).clone());
                    let pair = (sending.step.clone(), sending.host.clone());
                    past.under_way.entry(pair).or_default().push(*sending);
                }
                Record::Ended(ending) => past.add_end(ending, stopping),
                // How far a sampler was read is asked when it is attached to.
                Record::Sampled(_) => {}
                Record::Happened { event, .. } => {
                    stopping |= matches!(event, Event::Stopping { .. } | Event::BudgetSpent { .. });
                    past.add_event(event);
                }
            }
            last = Some(time);
        }
        past.add_time(since, last);
        let broken = past.broken();
        if broken.is_empty() { Ok(past) } else { Err(broken) }
    }

    fn add_time(&mut self, since: Option<crate::base::Timestamp>, last: Option<crate::base::Timestamp>) {
        if let (Some(since), Some(last)) = (since, last) {
            self.seconds += last.since(since).as_secs_f64();
        }
    }

    fn add_event(&mut self, event: Event) {
        match event {
            Event::RunStarted { .. } => self.started = true,
            Event::PlayStarted { play, hosts, .. } => {
                self.plays.insert(play, hosts);
            }
            Event::PlayEnded { play } => {
                self.ended_plays.insert(play);
            }
            Event::CaseStarted { ref case, ref host, .. } => {
                let key = (case.clone(), host.clone());
                self.cases.insert(key, event);
            }
            Event::Reopened { host, steps } => {
                for pair in steps.into_iter().map(|step| (step, host.clone())) {
                    self.drop_end(&pair);
                    self.cleared.remove(&pair);
                    self.cut.remove(&pair);
                }
            }
            // What follows replaces what was.
            Event::Reparsed { .. } => self.figures.clear(),
            Event::Figure(figure) => {
                let pair = (figure.step.clone(), figure.host.clone());
                self.figures.entry(pair).or_default().push(figure);
            }
            _ => {}
        }
    }

    fn add_end(&mut self, ending: Box<Ending>, stopping: bool) {
        let Event::StepEnded { step, host, fate, .. } = &ending.told else { return };
        let pair = (step.clone(), host.clone());
        self.under_way.remove(&pair);
        if let Some(earlier) = self.places.remove(&pair) {
            self.ends[earlier] = None;
        }
        if !counts(fate, stopping) {
            self.figures.remove(&pair);
            self.cut.insert(pair);
            return;
        }
        self.cut.remove(&pair);
        if stopping {
            self.cleared.insert(pair.clone());
        } else {
            self.cleared.remove(&pair);
        }
        self.places.insert(pair.clone(), self.ends.len());
        self.ends.push(Some((pair, ending)));
    }

    fn broken(&self) -> Vec<PastError> {
        let sealed = self.ends.iter().flatten().filter(|(_, e)| matches!(e.applied, Kept::Sealed(_)));
        let told = sealed.map(|((step, host), _)| PastError {
            step: step.clone(),
            host: host.clone(),
            what: "it is encrypted, and its key is gone".to_owned(),
        });
        told.collect()
    }

    /// Whether there is anything to go on from.
    pub fn is_empty(&self) -> bool {
        self.term == 0
    }

    /// How many ends count, and how many steps were under way.
    pub fn count(&self) -> (usize, usize) {
        (self.places.len(), self.under_way.len())
    }

    /// Whether an end of this pair counts.
    pub(super) fn has(&self, pair: &Pair) -> bool {
        self.places.contains_key(pair)
    }

    /// Whether the pair was done only because the run was being stopped.
    pub(super) fn was_clearing(&self, pair: &Pair) -> bool {
        self.cleared.contains(pair)
    }

    /// Whether a stop ended the pair, or kept it from beginning.
    pub(super) fn was_cut(&self, pair: &Pair) -> bool {
        self.cut.contains(pair)
    }

    /// Whether a request was sent for the pair, and nobody knows what became of it.
    pub(super) fn is_under_way(&self, pair: &Pair) -> bool {
        self.under_way.contains_key(pair)
    }

    /// Where the end of a pair stands among the ends.
    pub(super) fn place(&self, pair: &Pair) -> Option<usize> {
        self.places.get(pair).copied()
    }

    /// The pair whose end stands there; nothing when it is taken; an error behind the last.
    pub(super) fn at(&self, place: usize) -> Result<Option<&Pair>, End> {
        self.ends.get(place).map(|end| end.as_ref().map(|(pair, _)| pair)).ok_or(End)
    }

    /// Forgets the end of a pair: it is done again.
    pub(super) fn drop_end(&mut self, pair: &Pair) {
        if let Some(place) = self.places.remove(pair) {
            self.ends[place] = None;
        }
        self.figures.remove(pair);
    }

    /// The end of a pair, once.
    pub(super) fn take(&mut self, pair: &Pair) -> Option<Result<Known, PastError>> {
        let place = self.places.remove(pair)?;
        let (pair, ending) = self.ends[place].take()?;
        let figures = self.figures.remove(&pair).unwrap_or_default();
        Some(known(&ending, figures).map_err(|what| PastError { step: pair.0, host: pair.1, what }))
    }

    /// The requests that were sent for a step of which nobody knows how it ended, once.
    pub(super) fn take_under_way(&mut self, pair: &Pair) -> Vec<Sending> {
        self.under_way.remove(pair).unwrap_or_default()
    }

    /// How a case was begun.
    pub(super) fn case_started(&self, case: &CaseId, host: &HostName) -> Option<&Event> {
        self.cases.get(&(case.clone(), host.clone()))
    }

    /// The hosts of a play that has begun.
    pub(super) fn bound(&self, play: usize) -> Option<&[HostName]> {
        self.plays.get(&play).map(Vec::as_slice)
    }

    /// Whether an event that comes up during the replay was told by an earlier controller. All that comes with the end of a
    /// step was written down together with it.
    pub(super) fn has_told(&self, event: &Event) -> bool {
        match event {
            Event::RunStarted { .. } => self.started,
            Event::PlayStarted { play, .. } => self.plays.contains_key(play),
            Event::PlayEnded { play } => self.ended_plays.contains(play),
            _ => true,
        }
    }
}

/// There are no more ends.
#[derive(Debug)]
pub(super) struct End;

/// Whether an end stands. When the run is being stopped, only what was done all the same does.
fn counts(fate: &Fate, stopping: bool) -> bool {
    match fate {
        Fate::Ran { status: Status::Cancelled, .. } => false,
        Fate::Ran { status: Status::Ok | Status::Skipped, .. } | Fate::Skipped { .. } => true,
        _ => !stopping,
    }
}
