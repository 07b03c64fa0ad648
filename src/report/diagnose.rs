//! Which hosts fall out of their fleet: every figure of every host against those of the others, and what rules say of that.
//!
//! Pure: it evaluates no expression. Who has rules asks about each [`Seen`] and tells what was broken.

mod table;

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::Serialize;

use super::summary::{Cell, Row, Summary};
use super::verdict::Verdict;
use crate::base::statistics::robust::{Middle, OF_MAD, error_of_median};
use crate::base::statistics::{mad, median};
use crate::base::{CaseId, HostName, Map, Value};

/// Below so many hosts nobody can say which one is the odd one out.
pub const FEWEST_HOSTS: usize = 3;

/// A figure of one host beside those of the others.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Seen {
    /// The case.
    pub case: CaseId,
    /// The metric.
    pub figure: String,
    /// Its labels.
    pub labels: Vec<(String, String)>,
    /// Of `value` and `median`.
    pub unit: String,
    /// Which direction is good.
    pub higher_is_better: bool,
    /// Where.
    pub host: HostName,
    /// The host's median.
    pub value: f64,
    /// The fleet's.
    pub median: f64,
    /// How far the one is from the other, in robust standard deviations; below zero is worse.
    pub z: f64,
    /// The one by the other, turned so that below one is worse; none unless both are positive.
    pub ratio: Option<f64>,
    /// What the host's rounds differ by, as a share of its median; none around zero.
    pub spread: Option<f64>,
    /// The median of the hosts' spreads.
    pub typical: Option<f64>,
    /// How many rounds.
    pub n: usize,
    /// How many hosts have the figure.
    pub hosts: usize,
}

/// A host as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Whole {
    /// Cases that failed.
    pub failed: usize,
    /// Cases that were not measured to the end.
    pub incomplete: usize,
    /// Figures that are not what is expected.
    pub missed: usize,
    /// Figures that were compared.
    pub figures: usize,
    /// The lowest z; 0 when nothing was compared.
    pub worst: f64,
}

/// What is known of the hosts of a run.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    /// Figures that enough hosts have.
    pub figures: Vec<Seen>,
    /// Every host.
    pub hosts: IndexMap<HostName, Whole>,
    /// How many figures too few hosts have.
    pub lonely: usize,
}

/// A rule that a host has broken.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Broken {
    /// Its name.
    pub rule: String,
    /// What it means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub say: Option<String>,
    /// By which figure; none when it is about the host as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Seen>,
}

/// A host and what is to be said of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ranked {
    /// The host.
    pub host: HostName,
    /// As a whole.
    #[serde(flatten)]
    pub whole: Whole,
    /// What it has broken, the worst figure first.
    pub broken: Vec<Broken>,
}

/// The answer.
#[derive(Clone, Debug, Serialize)]
pub struct Diagnosis {
    /// Counts up when a field changes its meaning.
    pub form: u32,
    /// As the user would type it.
    pub run: String,
    /// `quickstart  2026-11-21 20:31 UTC`
    pub what: String,
    /// How many figures were compared.
    pub figures: usize,
    /// How many figures too few hosts have.
    pub lonely: usize,
    /// All hosts, the one that is out furthest first.
    pub hosts: Vec<Ranked>,
}

impl Fleet {
    /// Of the hosts of a run that are wanted.
    pub fn of(summary: &Summary, wanted: impl Fn(&HostName) -> bool) -> Self {
        let mut fleet = Self::default();
        let mut failed: BTreeMap<&HostName, BTreeMap<&CaseId, Verdict>> = BTreeMap::new();
        fleet.hosts =
            summary.hosts.iter().filter(|host| wanted(host)).map(|h| (h.clone(), Whole::default())).collect();
        for row in &summary.rows {
            let mine = || row.cells.iter().filter(|(host, _)| wanted(host));
            for (host, cell) in mine() {
                let worst = failed.entry(host).or_default().entry(&row.case).or_default();
                *worst = (*worst).max(cell.verdict);
                if let Some(whole) = fleet.hosts.get_mut(host) {
                    whole.missed += usize::from(cell.verdict == Verdict::Missed);
                }
            }
            let complete = |(_, cell): &(&HostName, &Cell)| {
                matches!(cell.verdict, Verdict::Ok | Verdict::Missed) && !cell.values.is_empty()
            };
            let cells: Vec<(&HostName, &Cell)> = mine().filter(complete).collect();
            if row.figure.is_empty() || cells.is_empty() {
                continue;
            }
            if cells.len() < FEWEST_HOSTS {
                fleet.lonely += 1;
                continue;
            }
            fleet.figures.extend(seen(row, &cells));
        }
        for (host, cases) in failed {
            let Some(whole) = fleet.hosts.get_mut(host) else { continue };
            let count = |verdict| cases.values().filter(|worst| **worst == verdict).count();
            (whole.failed, whole.incomplete) = (count(Verdict::Failed), count(Verdict::Incomplete));
        }
        for seen in &fleet.figures {
            let Some(whole) = fleet.hosts.get_mut(&seen.host) else { continue };
            whole.figures += 1;
            whole.worst = whole.worst.min(seen.z);
        }
        fleet
    }

    /// All hosts with what they have broken: who broke most rules first, then who is out furthest.
    pub fn ranked(
        self,
        run: &str,
        summary: &Summary,
        mut broken: IndexMap<HostName, Vec<Broken>>,
    ) -> Diagnosis {
        let rank = |(host, whole): (HostName, Whole)| {
            let mut broken = broken.shift_remove(&host).unwrap_or_default();
            let z = |one: &Broken| one.by.as_ref().map_or(f64::NEG_INFINITY, |seen| seen.z);
            broken.sort_by(|a, b| z(a).total_cmp(&z(b)));
            Ranked { host, whole, broken }
        };
        let mut hosts: Vec<Ranked> = self.hosts.into_iter().map(rank).collect();
        hosts.sort_by(|a, b| {
            b.broken.len().cmp(&a.broken.len()).then(a.whole.worst.total_cmp(&b.whole.worst))
        });
        Diagnosis {
            form: 1,
            run: run.to_owned(),
            what: format!("{}  {}", summary.playbook, summary.started.minute()),
            figures: self
                .figures
                .iter()
                .map(|seen| (&seen.case, &seen.figure, &seen.labels))
                .collect::<std::collections::BTreeSet<_>>()
                .len(),
            lonely: self.lonely,
            hosts,
        }
    }
}

/// One figure of all hosts that have it.
fn seen(row: &Row, cells: &[(&HostName, &Cell)]) -> Vec<Seen> {
    let medians: Vec<f64> = cells.iter().filter_map(|(_, cell)| median(&cell.values)).collect();
    // Hosts are not told apart by less than what their own rounds leave open.
    let errors: Vec<f64> = cells.iter().map(|(_, cell)| error_of_median(&cell.values)).collect();
    let Some(middle) = Middle::of(&medians, median(&errors).unwrap_or_default()) else { return Vec::new() };
    let spread = |cell: &Cell, value: f64| {
        (value != 0.0).then(|| mad(&cell.values).unwrap_or_default() * OF_MAD / value.abs())
    };
    let spreads: Vec<f64> =
        cells.iter().zip(&medians).filter_map(|((_, cell), value)| spread(cell, *value)).collect();
    let one = |((host, cell), value): (&(&HostName, &Cell), &f64)| {
        let (value, z) = (*value, middle.z(*value));
        let by = if row.higher_is_better { value / middle.median } else { middle.median / value };
        Seen {
            case: row.case.clone(),
            figure: row.figure.clone(),
            labels: row.labels.clone(),
            unit: row.unit.clone(),
            higher_is_better: row.higher_is_better,
            host: (*host).clone(),
            value,
            median: middle.median,
            z: if row.higher_is_better { z } else { -z },
            ratio: (value > 0.0 && middle.median > 0.0).then_some(by),
            spread: spread(cell, value),
            typical: median(&spreads),
            n: cell.values.len(),
            hosts: cells.len(),
        }
    };
    cells.iter().zip(&medians).map(one).collect()
}

impl Seen {
    /// What rules about figures see. A share that says nothing around zero is one that breaks no rule.
    pub fn variables(&self) -> Map {
        let labels: Map = self.labels.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let mut map = Map::from_iter([
            ("z", Value::from(self.z)),
            ("ratio", self.ratio.unwrap_or(1.0).into()),
            ("value", self.value.into()),
            ("median", self.median.into()),
            ("spread", self.spread.unwrap_or(0.0).into()),
            ("typical", self.typical.unwrap_or(0.0).into()),
            ("n", self.n.into()),
            ("hosts", self.hosts.into()),
            ("higher", self.higher_is_better.into()),
        ]);
        map.insert("case", self.case.as_str());
        map.insert("figure", self.figure.as_str());
        map.insert("labels", labels);
        map.insert("unit", self.unit.as_str());
        map.insert("host", self.host.as_str());
        map
    }
}

impl Whole {
    /// What rules about hosts see; `rules` are all that there are about figures.
    pub fn variables<'r>(
        &self,
        host: &HostName,
        rules: impl Iterator<Item = &'r str>,
        broken: &[Broken],
    ) -> Map {
        let count = |rule: &str| broken.iter().filter(|one| one.rule == rule).count();
        let broken: Map = rules.map(|rule| (rule, Value::from(count(rule)))).collect();
        let mut map = Map::from_iter([
            ("failed", Value::from(self.failed)),
            ("incomplete", self.incomplete.into()),
            ("missed", self.missed.into()),
            ("figures", self.figures.into()),
            ("worst", self.worst.into()),
        ]);
        map.insert("broken", broken);
        map.insert("host", host.as_str());
        map
    }
}

impl Diagnosis {
    /// Those that broke a rule.
    pub fn out(&self) -> impl Iterator<Item = &Ranked> {
        self.hosts.iter().filter(|host| !host.broken.is_empty())
    }

    /// For people; `all` also names those that broke no rule.
    pub fn table(&self, all: bool, elsewhere: &str) -> String {
        table::print(self, all, elsewhere)
    }

    /// For programs.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("maps have string keys") + "\n"
    }
}

#[cfg(test)]
mod tests;
