//! Which part of a host's time each round was, and what its monitors saw of that.
//!
//! Time is the host's own: modules say when they were at work by the clock that stamps the samples. Where only the
//! controller's clock is known, the offset between the two says it.

use std::collections::HashMap;

use indexmap::{IndexMap, IndexSet};
use serde::Serialize;

use crate::base::statistics;
use crate::base::{CaseId, HostName, Timestamp};
use crate::event::{Event, Fate};
use crate::wire::{Column, Sample};

/// A sample may tell of this much time outside of its round, in seconds: clocks are read one after the other.
const SLACK: f64 = 0.002;

/// One round on a host.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Slice {
    /// The case.
    pub case: CaseId,
    /// The host.
    pub host: HostName,
    /// From 1; warm-up rounds count by themselves.
    pub round: u32,
    /// Whether it is left out of the statistics.
    pub warmup: bool,
    /// When its first task began, by the host's clock.
    pub from: Timestamp,
    /// When its last task ended, by the host's clock.
    pub to: Timestamp,
    /// What monitors saw of it, by their names.
    pub monitors: IndexMap<String, Seen>,
}

/// What one monitor saw of a round.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Seen {
    /// How many samples tell of this round and nothing else.
    pub samples: usize,
    /// By the names of the columns.
    pub columns: IndexMap<String, Usage>,
}

/// What is said of one column.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Usage {
    /// As its monitor says it.
    pub unit: String,
    /// The smallest.
    pub min: f64,
    /// The mean.
    pub mean: f64,
    /// The largest.
    pub max: f64,
    /// What one in a hundred samples is above.
    pub p99: f64,
}

impl Slice {
    /// Cuts the round out of the samples of a monitor.
    pub fn add(&mut self, monitor: &str, columns: &[Column], rows: &[Sample]) {
        let (from, to) = (self.from.seconds(), self.to.seconds());
        let is_inside = |row: &&Sample| {
            let time = row.time.seconds();
            time <= to + SLACK && time - row.seconds >= from - SLACK
        };
        let rows: Vec<&Sample> = rows.iter().filter(is_inside).collect();
        if rows.is_empty() {
            return;
        }
        let seen = self.monitors.entry(monitor.to_owned()).or_default();
        seen.samples += rows.len();
        for (number, column) in columns.iter().enumerate() {
            let values: Vec<f64> = rows.iter().filter_map(|row| *row.values.get(number)?).collect();
            if let Some(usage) = Usage::of(&values, &column.unit) {
                seen.columns.insert(column.name.clone(), usage);
            }
        }
    }
}

impl Usage {
    fn of(values: &[f64], unit: &str) -> Option<Self> {
        Some(Self {
            unit: unit.to_owned(),
            min: statistics::min(values)?,
            mean: statistics::mean(values)?,
            max: statistics::max(values)?,
            p99: statistics::percentile(values, 99.0)?,
        })
    }
}

type Key = (CaseId, HostName, u32, bool);

/// Gathers the times of rounds.
#[derive(Clone, Debug, Default)]
pub(super) struct Slices {
    times: IndexMap<Key, (Timestamp, Timestamp)>,
    /// How far the clocks of hosts are before ours, in nanoseconds.
    offsets: HashMap<HostName, i64>,
}

impl Slices {
    /// Takes one event into account.
    pub(super) fn add(&mut self, event: &Event) {
        match event {
            Event::MonitorStarted { host, offset, .. } => {
                self.offsets.insert(host.clone(), *offset);
            }
            // Begun again: what was before does not count.
            Event::CaseStarted { case, host, .. } => {
                self.times.retain(|(known, on, ..), _| known != case || on != host);
            }
            Event::StepEnded {
                host,
                case: Some(case),
                round: Some(round),
                warmup,
                fate: Fate::Ran { .. },
                started,
                ended,
                there,
                ..
            } => {
                let Some(offset) = self.offsets.get(host) else { return };
                let here = |time: &Timestamp| Timestamp(time.0.saturating_add(*offset));
                let (from, to) = there.unwrap_or_else(|| (here(started), here(ended)));
                let key = (case.clone(), host.clone(), *round, *warmup);
                let times = self.times.entry(key).or_insert((from, to));
                *times = (times.0.min(from), times.1.max(to));
            }
            _ => {}
        }
    }

    /// The rounds of hosts that had monitors, in the order of the plan.
    pub(super) fn finish(self, planned: &IndexSet<CaseId>) -> Vec<Slice> {
        let slice = |((case, host, round, warmup), (from, to))| Slice {
            case,
            host,
            round,
            warmup,
            from,
            to,
            monitors: IndexMap::new(),
        };
        let mut slices: Vec<Slice> = self.times.into_iter().map(slice).collect();
        let place = |slice: &Slice| planned.get_index_of(&slice.case).unwrap_or(usize::MAX);
        slices.sort_by_key(|slice| (place(slice), !slice.warmup, slice.round));
        slices
    }
}
