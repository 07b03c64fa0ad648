//! How long steps take, by what they took in earlier runs.
//!
//! The nearest evidence counts: what a step took in runs with the same settings, else in any run on the same host, else on another
//! host, else what the same task took elsewhere. Of a round, the newest runs count, each by its median: rounds of one run share its
//! luck. Of all else only the newest run does: what a preparation has once fetched or built is there the next time.

use std::collections::{BTreeMap, HashMap};

use crate::base::statistics::median;
use crate::base::{HostName, Timestamp};

/// How many runs count for a step of a round, the newest of those that have it.
const NEWEST: usize = 5;

/// A step that went well on a host.
#[derive(Clone, Copy, Debug)]
pub struct Took<'a> {
    /// Its id.
    pub step: &'a str,
    /// The host.
    pub host: &'a HostName,
    /// Its name, and its file and line, by which it is the same task in other cases.
    pub task: (&'a str, &'a str),
    /// From when …
    pub started: Timestamp,
    /// … to when.
    pub ended: Timestamp,
}

/// Where a duration is from, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// The step on the host, in runs with the same settings.
    Alike,
    /// The step on the host, in other runs.
    Host,
    /// The step on another host.
    Step,
    /// The same task, somewhere else.
    Task,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    /// 0 is the newest.
    run: usize,
    alike: bool,
    seconds: f64,
}

/// What is known of durations.
#[derive(Debug, Default)]
pub struct Durations {
    runs: usize,
    steps: HashMap<String, HashMap<HostName, Vec<Sample>>>,
    tasks: HashMap<(String, String), Vec<Sample>>,
    pauses: Vec<f64>,
    /// By the case's part of steps' ids: how many rounds counted in each run.
    rounds: HashMap<(String, HostName), BTreeMap<usize, u32>>,
}

impl Durations {
    /// Adds a run, the newest first; its steps in the order in which they began. `alike`: it had the same settings.
    pub fn add<'a>(&mut self, alike: bool, steps: impl IntoIterator<Item = Took<'a>>) {
        let run = self.runs;
        self.runs += 1;
        let mut last: Option<Timestamp> = None;
        for Took { step, host, task: (name, place), started, ended } in steps {
            if let Some(last) = last.filter(|last| *last <= started) {
                self.pauses.push(started.since(last).as_secs_f64());
            }
            last = Some(last.map_or(ended, |last| last.max(ended)));
            let sample = Sample { run, alike, seconds: ended.since(started).as_secs_f64() };
            if let Some((case, round)) = round_of(step) {
                let rounds =
                    self.rounds.entry((case.to_owned(), host.clone())).or_default().entry(run).or_default();
                *rounds = round.max(*rounds);
            }
            let of_step = self.steps.entry(any_round(step)).or_default();
            of_step.entry(host.clone()).or_default().push(sample);
            self.tasks.entry((name.to_owned(), place.to_owned())).or_default().push(sample);
        }
    }

    /// What passes between two steps when nothing else is at work.
    pub fn pause(&self) -> f64 {
        median(&self.pauses).unwrap_or_default()
    }

    /// How many rounds that count the case of a step had on a host, when it ran last.
    pub fn rounds(&self, step: &str, host: &HostName) -> Option<u32> {
        let (case, _) = round_of(step)?;
        self.rounds.get(&(case.to_owned(), host.clone()))?.values().next().copied()
    }

    /// What a step takes on a host, in seconds, and how that is known.
    pub fn of(&self, step: &str, host: &HostName, (name, place): (&str, &str)) -> Option<(f64, Basis)> {
        let (id, newest) = (any_round(step), how_many(step));
        let typical = |samples: &[Sample]| typical(samples, newest);
        if let Some(hosts) = self.steps.get(&id) {
            let own = hosts.get(host).map(Vec::as_slice).unwrap_or_default();
            let alike: Vec<Sample> = own.iter().filter(|sample| sample.alike).copied().collect();
            let anywhere = || hosts.values().flatten().copied().collect::<Vec<_>>();
            let found = typical(&alike).map(|seconds| (seconds, Basis::Alike));
            let found = found.or_else(|| Some((typical(own)?, Basis::Host)));
            return found.or_else(|| Some((typical(&anywhere())?, Basis::Step)));
        }
        let same = self.tasks.get(&(name.to_owned(), place.to_owned()))?;
        Some((typical(same)?, Basis::Task))
    }

    /// What everything took that a step has brought on a host: an include, or a flush of handlers.
    pub fn brought_by(&self, step: &str, host: &HostName) -> Option<(f64, Basis)> {
        let inside = format!("{}/", any_round(step));
        let mut runs: BTreeMap<(usize, bool), f64> = BTreeMap::new();
        for (_, hosts) in self.steps.iter().filter(|(id, _)| id.starts_with(&inside)) {
            for sample in hosts.get(host).into_iter().flatten() {
                *runs.entry((sample.run, sample.alike)).or_default() += sample.seconds;
            }
        }
        let samples = runs.into_iter().map(|((run, alike), seconds)| Sample { run, alike, seconds });
        let samples: Vec<Sample> = samples.collect();
        let alike: Vec<Sample> = samples.iter().filter(|sample| sample.alike).copied().collect();
        let newest = how_many(step);
        let found = typical(&alike, newest).map(|seconds| (seconds, Basis::Alike));
        found.or_else(|| Some((typical(&samples, newest)?, Basis::Host)))
    }
}

/// How many runs count.
fn how_many(step: &str) -> usize {
    if any_round(step).contains("/run/#") { NEWEST } else { 1 }
}

/// The median of the newest runs' medians.
fn typical(samples: &[Sample], newest: usize) -> Option<f64> {
    let mut runs: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for sample in samples {
        runs.entry(sample.run).or_default().push(sample.seconds);
    }
    let medians: Vec<f64> = runs.values().take(newest).filter_map(|seconds| median(seconds)).collect();
    median(&medians)
}

/// Of a step of a round that counts: its id until there, and the number of the round.
fn round_of(step: &str) -> Option<(&str, u32)> {
    let (case, rest) = step.split_once("/run/")?;
    Some((case, rest.split('/').next()?.parse().ok()?))
}

/// A step's id without the number of its round: warm-up rounds take as long as others.
fn any_round(step: &str) -> String {
    let mut parts: Vec<&str> = step.split('/').collect();
    for at in 1..parts.len() {
        let number = parts[at].strip_prefix('w').unwrap_or(parts[at]);
        if parts[at - 1] == "run" && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) {
            parts[at] = "#";
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(durations: &mut Durations, alike: bool, steps: &[(&str, &str, i64, i64)]) {
        let hosts: Vec<HostName> = steps.iter().map(|(_, host, ..)| HostName::from(*host)).collect();
        let took = steps.iter().zip(&hosts).map(|((step, _, started, ended), host)| Took {
            step,
            host,
            task: ("Copy", "a.yml:3"),
            started: Timestamp(*started * 1_000_000_000),
            ended: Timestamp(*ended * 1_000_000_000),
        });
        durations.add(alike, took);
    }

    #[test]
    fn the_nearest_evidence_counts() {
        let mut durations = Durations::default();
        let task = ("Copy", "a.yml:3");
        let (n1, n2) = (HostName::from("n1"), HostName::from("n2"));
        assert_eq!(durations.of("p/c/run/1/copy", &n1, task), None);
        add(&mut durations, false, &[("p/c/run/w1/copy", "n1", 0, 10), ("p/c/run/1/copy", "n1", 12, 32)]);
        assert_eq!(durations.of("p/c/run/7/copy", &n1, task), Some((15.0, Basis::Host)));
        assert_eq!(durations.of("p/c/run/7/copy", &n2, task), Some((15.0, Basis::Step)));
        assert_eq!(durations.of("p/d/run/1/copy", &n2, task), Some((15.0, Basis::Task)));
        assert_eq!(durations.of("p/d/run/1/copy", &n2, ("Move", "a.yml:3")), None);
        add(&mut durations, true, &[("p/c/run/1/copy", "n1", 0, 4)]);
        assert_eq!(durations.of("p/c/run/1/copy", &n1, task), Some((4.0, Basis::Alike)));
        assert!((durations.pause() - 2.0).abs() < 1e-9);
        add(&mut durations, false, &[("p/c/run/w9/copy", "n1", 0, 1), ("p/c/run/4/copy", "n1", 1, 2)]);
        let rounds = ["p/c/run/1/copy", "p/d/run/1/copy", "p/c/open"].map(|step| durations.rounds(step, &n1));
        // The first that was added is the newest.
        assert_eq!(rounds, [Some(1), None, None]);
    }

    #[test]
    fn only_the_newest_runs_count_each_by_its_median() {
        let mut durations = Durations::default();
        for seconds in [1, 2, 3, 4, 5, 100, 100, 100] {
            add(
                &mut durations,
                true,
                &[("p/c/run/1/t", "n1", 0, seconds), ("p/c/prepare/t", "n1", 0, 2 * seconds)],
            );
        }
        assert_eq!(durations.of("p/c/run/2/t", &"n1".into(), ("", "")), Some((3.0, Basis::Alike)));
        // What was fetched once need not be fetched again.
        assert_eq!(durations.of("p/c/prepare/t", &"n1".into(), ("", "")), Some((2.0, Basis::Alike)));
    }

    #[test]
    fn what_an_include_has_brought_is_its_own() {
        let mut durations = Durations::default();
        add(
            &mut durations,
            true,
            &[("p/i", "n1", 0, 0), ("p/i/a", "n1", 0, 2), ("p/i/b", "n1", 2, 5), ("p/ix", "n1", 5, 9)],
        );
        assert_eq!(durations.brought_by("p/i", &"n1".into()), Some((5.0, Basis::Alike)));
        assert_eq!(durations.brought_by("p/i", &"n2".into()), None);
    }
}
