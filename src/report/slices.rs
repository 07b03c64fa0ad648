//! Which part of a host's time each round was, and what its monitors saw of that.
//!
//! Time is the host's own: modules say when they were at work by the clock that stamps the samples. Where only the
//! controller's clock is known, the offset between the two says it.

use std::collections::HashSet;

use indexmap::{IndexMap, IndexSet};
use serde::Serialize;

use super::watching::{Watches, Watching};
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
    /// Who should have sampled it.
    #[serde(skip)]
    pub(super) watched: Vec<Watching>,
}

/// Samples with the same columns, of one monitor.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// As `monitors:` names it.
    pub monitor: &'a str,
    /// What the values are.
    pub columns: &'a [Column],
    /// In the order of their times.
    pub rows: &'a [Sample],
}

/// What one monitor saw of a round.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Seen {
    /// How many samples tell of this round and nothing else.
    pub samples: usize,
    /// Of so many seconds of the round there are no samples, though there should be: nothing below tells of them.
    #[serde(skip_serializing_if = "is_zero")]
    pub missing: f64,
    /// Why, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// By the names of the columns.
    pub columns: IndexMap<String, Usage>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
fn is_zero(number: &f64) -> bool {
    *number <= 0.0
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
    /// The value times the seconds that it was there, summed up: of `B/s` how many bytes.
    #[serde(skip)]
    pub total: f64,
}

impl Slice {
    /// From when to when samples are wanted: those at the edges say what is missing.
    pub fn wanted(&self) -> (Timestamp, Timestamp) {
        let longest = self.watched.iter().map(|one| one.period).fold(0.0, f64::max);
        #[allow(clippy::cast_possible_truncation)] // periods are short
        (self.from, Timestamp(self.to.0.saturating_add((2.0 * longest * 1e9) as i64)))
    }

    /// Cuts the round out of the samples of its host.
    pub fn see(&mut self, parts: &[Part<'_>]) {
        let times = Times { case: &self.case, from: self.from.seconds(), to: self.to.seconds() };
        for part in parts {
            let samples = part.rows.iter().filter(|row| times.holds(row)).count();
            if samples > 0 {
                self.monitors.entry(part.monitor.to_owned()).or_default().samples += samples;
            }
        }
        for (monitor, seen) in &mut self.monitors {
            seen.columns = columns(monitor, parts, &times);
        }
        for watching in std::mem::take(&mut self.watched) {
            let own = parts.iter().filter(|part| part.monitor == watching.monitor);
            let missing = watching.missing(self.from, self.to, own.flat_map(|part| part.rows));
            if missing > 0.0 {
                let seen = self.monitors.entry(watching.monitor.clone()).or_default();
                seen.missing = seen.missing.max(missing);
                seen.reason = seen.reason.take().or(watching.dead.map(|(_, reason)| reason));
            }
        }
    }

    /// How long it took, in seconds.
    pub fn seconds(&self) -> f64 {
        self.to.seconds() - self.from.seconds()
    }
}

/// The samples of one column.
struct Values<'a> {
    unit: &'a str,
    /// Values, each with the seconds that it tells of.
    samples: Vec<(f64, f64)>,
}

/// What is said of each column of a monitor. Its columns may change on the way: a device comes, a container goes.
fn columns(monitor: &str, parts: &[Part<'_>], slice: &Times<'_>) -> IndexMap<String, Usage> {
    let mut columns: IndexMap<&str, Values<'_>> = IndexMap::new();
    let of_monitor = || parts.iter().filter(|part| part.monitor == monitor);
    let names = of_monitor().flat_map(|part| part.columns);
    // What a case has for itself counts more than what is there for all.
    let own: HashSet<&str> = names.filter_map(|column| slice.own(&column.name)).collect();
    for part in of_monitor() {
        for row in part.rows.iter().filter(|row| slice.holds(row)) {
            for (column, value) in part.columns.iter().zip(&row.values) {
                let is_for_all = |name: &&str| !name.ends_with('}') && !own.contains(name);
                let for_all = Some(column.name.as_str()).filter(is_for_all);
                let Some(name) = slice.own(&column.name).or(for_all) else { continue };
                let new = || Values { unit: &column.unit, samples: Vec::new() };
                let values = columns.entry(name).or_insert_with(new);
                values.samples.extend(value.map(|value| (value, row.seconds)));
            }
        }
    }
    let usage = |(name, values): (&str, Values<'_>)| Some((name.to_owned(), Usage::of(&values)?));
    columns.into_iter().filter_map(usage).collect()
}

/// From when to when a round of a case was at work.
struct Times<'a> {
    case: &'a CaseId,
    from: f64,
    to: f64,
}

impl Times<'_> {
    /// Whether a sample tells of it and of nothing else.
    fn holds(&self, row: &Sample) -> bool {
        let time = row.time.seconds();
        time <= self.to + SLACK && time - row.seconds >= self.from - SLACK
    }

    /// The name of a column that is about this case alone: `container.cpu` of `container.cpu{stream}`.
    fn own<'n>(&self, column: &'n str) -> Option<&'n str> {
        let (name, case) = column.strip_suffix('}')?.split_once('{')?;
        (case == self.case.plain()).then_some(name)
    }
}

impl Usage {
    fn of(Values { unit, samples }: &Values<'_>) -> Option<Self> {
        let values: Vec<f64> = samples.iter().map(|(value, _)| *value).collect();
        Some(Self {
            unit: (*unit).to_owned(),
            min: statistics::min(&values)?,
            mean: statistics::mean(&values)?,
            max: statistics::max(&values)?,
            p99: statistics::percentile(&values, 99.0)?,
            total: samples.iter().map(|(value, seconds)| value * seconds).sum(),
        })
    }
}

type Key = (CaseId, HostName, u32, bool);

/// Gathers the times of rounds.
#[derive(Clone, Debug, Default)]
pub(super) struct Slices {
    times: IndexMap<Key, (Timestamp, Timestamp)>,
    watches: Watches,
}

impl Slices {
    /// Takes one event into account.
    pub(super) fn add(&mut self, time: Timestamp, event: &Event) {
        self.watches.add(time, event);
        match event {
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
                if !self.watches.concerns(host) {
                    return;
                }
                let there_at = |time: &Timestamp| self.watches.there(host, *time);
                let (from, to) = there.unwrap_or_else(|| (there_at(started), there_at(ended)));
                let key = (case.clone(), host.clone(), *round, *warmup);
                let times = self.times.entry(key).or_insert((from, to));
                *times = (times.0.min(from), times.1.max(to));
            }
            _ => {}
        }
    }

    /// The rounds of hosts that had monitors, in the order of the plan.
    pub(super) fn finish(self, planned: &IndexSet<CaseId>) -> Vec<Slice> {
        let Self { times, watches } = self;
        let slice = |((case, host, round, warmup), (from, to)): (Key, (Timestamp, Timestamp))| {
            let watched = watches.at(&host, from, to);
            Slice { case, host, round, warmup, from, to, monitors: IndexMap::new(), watched }
        };
        let mut slices: Vec<Slice> = times.into_iter().map(slice).collect();
        let place = |slice: &Slice| planned.get_index_of(&slice.case).unwrap_or(usize::MAX);
        slices.sort_by_key(|slice| (place(slice), !slice.warmup, slice.round));
        slices
    }
}
