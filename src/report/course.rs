//! When each host did what: the steps of a run as spans of time by the host's own clock, so that samples of its monitors fit to them.

use std::collections::HashMap;

use indexmap::IndexMap;

use crate::base::{CaseId, HostName, StepId, Timestamp};
use crate::event::{Event, Fate};

/// What all hosts did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Course {
    /// In the order of the inventory.
    pub lanes: IndexMap<HostName, Lane>,
    /// How each step went, on all hosts together.
    pub steps: HashMap<StepId, Outcome>,
    /// From the beginning of the run to its end, or to the last step that has ended, in seconds.
    pub seconds: f64,
}

/// What one host did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lane {
    /// When the run began, by the host's clock.
    pub zero: Timestamp,
    /// In the order of their beginnings.
    pub spans: Vec<Span>,
}

/// A time in which a host was at work for one thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Seconds from the beginning of the run.
    pub from: f64,
    /// Seconds from the beginning of the run.
    pub to: f64,
    /// For what.
    pub what: What,
    /// The first step.
    pub name: String,
    /// How many steps.
    pub steps: usize,
    /// Whether one has failed.
    pub failed: bool,
}

/// What a host is at work for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Something outside of cases.
    Task,
    /// What a case needs before or after its rounds.
    Around(CaseId),
    /// A round; whether it is left out of the statistics.
    Round(CaseId, u32, bool),
}

/// How a step went.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Seconds from the beginning of the run, on the first host.
    pub from: f64,
    /// Seconds from the beginning of the run, on the last host.
    pub to: f64,
    /// Where it failed.
    pub failed: Vec<HostName>,
}

impl Course {
    /// Of all events so far.
    pub fn of(events: &[(Timestamp, Event)]) -> Self {
        let mut course = Self::default();
        let began = events.first().map_or(Timestamp(0), |(time, _)| *time);
        let mut offsets: HashMap<&HostName, i64> = HashMap::new();
        for (_, event) in events {
            match event {
                Event::RunStarted { hosts, .. } | Event::PlayStarted { hosts, .. } => {
                    for host in hosts {
                        course.lanes.entry(host.clone()).or_default();
                    }
                }
                Event::MonitorStarted { host, offset, .. } => _ = offsets.entry(host).or_insert(*offset),
                _ => {}
            }
        }
        for (host, lane) in &mut course.lanes {
            lane.zero = Timestamp(began.0.saturating_add(offsets.get(host).copied().unwrap_or_default()));
        }
        for (time, event) in events {
            // What is read again later is no part of the run.
            if matches!(event, Event::StepEnded { .. } | Event::RunEnded { .. }) {
                course.seconds = course.seconds.max(time.since(began).as_secs_f64());
            }
            course.add(event, began);
        }
        for lane in course.lanes.values_mut() {
            lane.spans.sort_by(|a, b| a.from.total_cmp(&b.from));
            lane.join(course.seconds);
        }
        course
    }

    fn add(&mut self, event: &Event, began: Timestamp) {
        let Event::StepEnded { step, name, host, case, round, warmup, fate, started, ended, there, .. } =
            event
        else {
            return;
        };
        if !matches!(fate, Fate::Ran { .. } | Fate::Unreachable { .. }) {
            return;
        }
        let lane = self.lanes.entry(host.clone()).or_insert_with(|| Lane { zero: began, spans: Vec::new() });
        // The host's clock tells more exactly when it was at work; else it is when the controller waited for it.
        let seconds = |time: Timestamp, zero: Timestamp| (time.seconds() - zero.seconds()).max(0.0);
        let (from, to) = match there {
            Some((from, to)) => (seconds(*from, lane.zero), seconds(*to, lane.zero)),
            None => (seconds(*started, began), seconds(*ended, began)),
        };
        let what = match (case, round) {
            (Some(case), Some(round)) => What::Round(case.clone(), *round, *warmup),
            (Some(case), None) => What::Around(case.clone()),
            _ => What::Task,
        };
        let failed = fate.is_failure();
        lane.spans.push(Span { from, to, what, name: name.clone(), steps: 1, failed });
        let outcome =
            self.steps.entry(step.clone()).or_insert_with(|| Outcome { from, ..Outcome::default() });
        outcome.from = outcome.from.min(from);
        outcome.to = outcome.to.max(to);
        if failed {
            outcome.failed.push(host.clone());
        }
    }
}

impl Lane {
    /// Steps that follow each other for the same thing become one span.
    fn join(&mut self, seconds: f64) {
        let mut joined: Vec<Span> = Vec::new();
        for span in std::mem::take(&mut self.spans) {
            match joined.last_mut() {
                // A pause between tasks is worth being seen, if it can be.
                Some(last)
                    if last.what == span.what
                        && (last.what != What::Task || span.from - last.to < 0.002 * seconds) =>
                {
                    last.to = last.to.max(span.to);
                    last.steps += span.steps;
                    last.failed |= span.failed;
                }
                _ => joined.push(span),
            }
        }
        self.spans = joined;
    }
}
