//! When a monitor should have sampled a host, and of which part of that time there are no samples.

use std::collections::HashMap;

use crate::base::{HostName, StepId, Timestamp};
use crate::event::Event;
use crate::wire::Sample;

/// Between two samples, so much of a period may be missing: commands take now more and now less time.
const JITTER: f64 = 0.5;
/// At the beginning and the end of a round: a sample is whole or there is none.
const EDGE: f64 = 1.5;
/// The same in seconds, for periods that are shorter than a busy machine is late.
const LATE: f64 = 0.5;

/// A monitor that should sample a host for a time. All times are by the host's clock.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Watching {
    pub host: HostName,
    pub monitor: String,
    step: Option<StepId>,
    /// Seconds from one sample to the next; zero when it never began.
    pub period: f64,
    from: Timestamp,
    until: Option<Timestamp>,
    /// From when on there are no more samples, and why.
    pub dead: Option<(Timestamp, String)>,
}

/// All that should sample.
#[derive(Clone, Debug, Default)]
pub(super) struct Watches {
    all: Vec<Watching>,
    /// How far the clocks of hosts are before ours, in nanoseconds.
    offsets: HashMap<HostName, i64>,
}

impl Watches {
    /// Takes one event into account.
    pub(super) fn add(&mut self, time: Timestamp, event: &Event) {
        match event {
            Event::MonitorStarted { host, monitor, step, period, offset, .. } => {
                self.offsets.insert(host.clone(), *offset);
                self.begin(time, host, monitor, step.as_ref(), *period);
            }
            Event::MonitorMissing { host, monitor, step, reason } => {
                let now = self.there(host, time);
                self.begin(time, host, monitor, Some(step), 0.0);
                self.open(host).filter(|one| one.monitor == *monitor).for_each(|one| {
                    one.dead.get_or_insert((now, reason.clone()));
                });
            }
            Event::MonitorsStopped { host, step } => {
                let now = self.there(host, time);
                self.open(host)
                    .filter(|one| one.step.as_ref() == Some(step))
                    .for_each(|one| one.until = Some(now));
            }
            Event::MonitorEnded { host, monitor, step, problem, .. } => {
                let now = self.there(host, time);
                for one in self.open(host).filter(|one| one.monitor == *monitor && one.step == *step) {
                    match problem {
                        Some(reason) => _ = one.dead.get_or_insert((now, reason.clone())),
                        None => one.until = Some(now),
                    }
                }
            }
            // Nothing samples any more, whoever wanted it to.
            Event::RunEnded { .. } => {
                let offsets = &self.offsets;
                for one in self.all.iter_mut().filter(|one| one.until.is_none()) {
                    one.until = Some(there(offsets, &one.host, time));
                }
            }
            _ => {}
        }
    }

    /// By the clock of a host.
    pub(super) fn there(&self, host: &HostName, time: Timestamp) -> Timestamp {
        there(&self.offsets, host, time)
    }

    /// Whether the host has or should have monitors.
    pub(super) fn concerns(&self, host: &HostName) -> bool {
        self.all.iter().any(|one| one.host == *host)
    }

    /// Who should sample the host in this time.
    pub(super) fn at(&self, host: &HostName, from: Timestamp, to: Timestamp) -> Vec<Watching> {
        let at = |one: &&Watching| {
            one.host == *host && one.from <= to && one.until.is_none_or(|until| from < until)
        };
        self.all.iter().filter(at).cloned().collect()
    }

    fn open(&mut self, host: &HostName) -> impl Iterator<Item = &mut Watching> {
        self.all.iter_mut().filter(move |one| one.host == *host && one.until.is_none())
    }

    fn begin(&mut self, time: Timestamp, host: &HostName, monitor: &str, step: Option<&StepId>, period: f64) {
        let from = self.there(host, time);
        // Begun again: the one before has ended, whether anybody said so or not.
        let before = self.open(host).filter(|one| one.monitor == monitor && one.step.as_ref() == step);
        before.for_each(|one| one.until = Some(from));
        self.all.push(Watching {
            host: host.clone(),
            monitor: monitor.to_owned(),
            step: step.cloned(),
            period,
            from,
            until: None,
            dead: None,
        });
    }
}

fn there(offsets: &HashMap<HostName, i64>, host: &HostName, time: Timestamp) -> Timestamp {
    Timestamp(time.0.saturating_add(offsets.get(host).copied().unwrap_or_default()))
}

impl Watching {
    /// How many seconds of a round have no samples. A round that is too short for one misses none.
    pub(super) fn missing<'a>(
        &self,
        from: Timestamp,
        to: Timestamp,
        rows: impl Iterator<Item = &'a Sample>,
    ) -> f64 {
        let from = from.max(self.from).seconds();
        let to = self.until.map_or(to, |until| until.min(to)).seconds();
        let dead = self.dead.as_ref().map(|(dead, _)| dead.seconds());
        let told = |row: &Sample| (row.time.seconds() - row.seconds, row.time.seconds());
        let mut told: Vec<(f64, f64)> =
            rows.map(told).filter(|(begin, end)| *end > from && *begin < to).collect();
        told.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut missing, mut at) = (0.0, from);
        let mut hole = |begin: f64, end: f64| {
            let is_edge = begin <= from || end >= to;
            let allowed =
                if is_edge { EDGE * self.period + LATE } else { JITTER * self.period + LATE / 10.0 };
            let is_dead = end >= to && dead.is_some_and(|dead| dead < to);
            if end - begin > allowed || (is_dead && end > begin) {
                missing += end - begin;
            }
        };
        for (begin, end) in told {
            if begin > at {
                hole(at, begin.min(to));
            }
            at = at.max(end);
        }
        if at < to {
            hole(at, to);
        }
        missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: f64) -> Timestamp {
        #[allow(clippy::cast_possible_truncation)] // of a test
        Timestamp((seconds * 1e9) as i64)
    }

    fn missing(dead: Option<f64>, times: &[f64]) -> f64 {
        let dead = dead.map(|dead| (seconds(dead), "gone".to_owned()));
        let (host, monitor) = (HostName::from("n1"), "host".to_owned());
        let watching =
            Watching { host, monitor, step: None, period: 1.0, from: seconds(0.0), until: None, dead };
        let rows: Vec<Sample> = times
            .iter()
            .map(|time| Sample { time: seconds(*time), seconds: 1.0, values: Vec::new() })
            .collect();
        watching.missing(seconds(10.0), seconds(15.0), rows.iter())
    }

    #[test]
    fn what_no_sample_tells_of_is_missing() {
        let near = |seen: f64, wanted: f64| assert!((seen - wanted).abs() < 1e-6, "{seen}, not {wanted}");
        near(missing(None, &[9.7, 10.7, 11.7, 12.7, 13.7, 14.7, 15.7]), 0.0);
        // The last sample is not there yet.
        near(missing(None, &[10.7, 11.7, 12.7, 13.7]), 0.0);
        near(missing(None, &[10.7, 11.7, 14.7]), 2.0);
        near(missing(None, &[10.7, 11.7]), 3.3);
        near(missing(None, &[]), 5.0);
        // It has ended, so also a short time is missing.
        near(missing(Some(14.2), &[10.7, 11.7, 12.7, 13.7]), 1.3);
        near(missing(Some(3.0), &[]), 5.0);
    }
}
