//! How a case's figures went over many runs, and where they changed.
//!
//! Pure: it knows no folders. A run counts once, by the median of its rounds: rounds of one run share its luck. Hosts are never pooled,
//! and all series that are shown are judged together.

mod table;

use indexmap::IndexMap;
use serde::Serialize;

use super::summary::Summary;
use super::verdict::Verdict;
use crate::base::statistics::change::{all, least_length, p_of_any};
use crate::base::statistics::contrast::Rule;
use crate::base::statistics::many::adjusted;
use crate::base::statistics::median;
use crate::base::unit::{Unit, convert};
use crate::base::{CaseId, HostName};

/// A run as it takes part.
#[derive(Clone, Debug)]
pub struct Point {
    /// Its id.
    pub run: String,
    /// The playbook: figures of another one are other figures.
    pub playbook: String,
    /// What it came to.
    pub summary: Summary,
}

/// A run.
#[derive(Clone, Debug, Serialize)]
pub struct Known {
    /// Its id.
    pub run: String,
    /// When it began.
    pub started: String,
}

/// The answer.
#[derive(Clone, Debug, Serialize)]
pub struct History {
    /// Counts up when a field changes its meaning.
    pub form: u32,
    /// By what was judged.
    pub rule: Rule,
    /// The runs, the oldest first.
    pub runs: Vec<Known>,
    /// One for each figure and host.
    pub series: Vec<Series>,
    /// Figures that could not go on a series, one sentence each.
    pub warnings: Vec<String>,
}

/// One figure on one host over the runs.
#[derive(Clone, Debug, Serialize)]
pub struct Series {
    /// The playbook.
    pub playbook: String,
    /// The case.
    pub case: CaseId,
    /// The metric.
    pub figure: String,
    /// Its labels.
    pub labels: Vec<(String, String)>,
    /// Of all values: that of the newest run.
    pub unit: String,
    /// Which direction is good.
    pub higher_is_better: bool,
    /// Where.
    pub host: HostName,
    /// The oldest first.
    pub values: Vec<Measured>,
    /// How probable a series without a change is to stray as far as this one; none for too few runs.
    pub p: Option<f64>,
    /// The same, adjusted for all series.
    pub adjusted_p: Option<f64>,
    /// Where it changed.
    pub changes: Vec<Changed>,
}

/// What one run has of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// Which run, from 0.
    pub run: usize,
    /// The median of its rounds.
    pub median: f64,
    /// How many rounds.
    pub n: usize,
}

/// A change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Changed {
    /// Which value is the first of the new level, from 0.
    pub at: usize,
    /// Its run.
    pub run: usize,
    /// The last run of the old level.
    pub after: usize,
    /// The median of the old level, since the change before.
    pub old: f64,
    /// The median of the new one, up to the next change.
    pub new: f64,
    /// The one by the other; none unless both are positive.
    pub ratio: Option<f64>,
    /// How probable it is without a change.
    pub p: f64,
    /// Whether the new level is better.
    pub better: bool,
    /// In what the two runs are unlike, one sentence each.
    pub what: Vec<String>,
}

/// Which series a value belongs to.
type Key = (String, CaseId, String, Vec<(String, String)>, HostName);

/// The series of these runs, which come in the order of time. `unlike` says in what two runs differ, by their numbers.
pub fn history(points: &[Point], rule: Rule, unlike: impl Fn(usize, usize) -> Vec<String>) -> History {
    let mut warnings = Vec::new();
    let mut series: IndexMap<Key, Series> = IndexMap::new();
    // From the newest on: it says in which unit, and which way is good.
    for (run, point) in points.iter().enumerate().rev() {
        for row in point.summary.rows.iter().filter(|row| !row.figure.is_empty()) {
            for (host, cell) in &row.cells {
                let complete = matches!(cell.verdict, Verdict::Ok | Verdict::Missed);
                let Some(value) = median(&cell.values).filter(|_| complete) else { continue };
                let key = (
                    point.playbook.clone(),
                    row.case.clone(),
                    row.figure.clone(),
                    row.labels.clone(),
                    host.clone(),
                );
                let known = series.entry(key).or_insert_with(|| Series {
                    playbook: point.playbook.clone(),
                    case: row.case.clone(),
                    figure: row.figure.clone(),
                    labels: row.labels.clone(),
                    unit: row.unit.clone(),
                    higher_is_better: row.higher_is_better,
                    host: host.clone(),
                    values: Vec::new(),
                    p: None,
                    adjusted_p: None,
                    changes: Vec::new(),
                });
                let converted = convert(value, &Unit::parse(&row.unit), &Unit::parse(&known.unit));
                match converted {
                    Ok(median) if row.higher_is_better == known.higher_is_better => {
                        known.values.push(Measured { run, median, n: cell.values.len() });
                    }
                    _ => warnings.push(format!(
                        "`{}` of {} on {host} has another unit or direction in {}: left out",
                        row.figure, row.case, point.run
                    )),
                }
            }
        }
    }
    let mut series: Vec<Series> = series.into_values().collect();
    for one in &mut series {
        one.values.reverse();
    }
    judge(&mut series, rule, unlike);
    let known = |point: &Point| Known { run: point.run.clone(), started: point.summary.started.minute() };
    History { form: 1, rule, runs: points.iter().map(known).collect(), series, warnings }
}

/// All together: whether each changes at all is adjusted for how many there are.
fn judge(series: &mut [Series], rule: Rule, unlike: impl Fn(usize, usize) -> Vec<String>) {
    let medians = |one: &Series| one.values.iter().map(|value| value.median).collect::<Vec<f64>>();
    for one in series.iter_mut() {
        one.p = p_of_any(&medians(one));
    }
    let known: Vec<f64> = series.iter().filter_map(|one| one.p).collect();
    let mut adjusted = adjusted(&known).into_iter();
    for one in series {
        one.adjusted_p = one.p.and_then(|_| adjusted.next());
        if one.adjusted_p.is_some_and(|p| p <= rule.level) {
            one.changes = changes(one, &medians(one), rule);
            for change in &mut one.changes {
                change.what = unlike(change.after, change.run);
            }
        }
    }
}

/// The changes of one series that are larger than what does not matter.
fn changes(series: &Series, medians: &[f64], rule: Rule) -> Vec<Changed> {
    let mut found = all(medians, rule.level);
    loop {
        let ends: Vec<usize> =
            [0].into_iter().chain(found.iter().map(|change| change.at)).chain([medians.len()]).collect();
        let level = |at: usize| median(&medians[ends[at]..ends[at + 1]]).unwrap_or_default();
        let ratio = |at: usize| {
            let (old, new) = (level(at), level(at + 1));
            (old > 0.0 && new > 0.0).then_some(new / old)
        };
        let is_small = |at: &usize| ratio(*at).is_some_and(|ratio| ratio.ln().abs() <= rule.margin.ln_1p());
        // The smallest first: levels are then others.
        let smallest = (0..found.len()).filter(is_small).min_by(|a, b| {
            let size = |at: usize| ratio(at).map_or(0.0, |ratio| ratio.ln().abs());
            size(*a).total_cmp(&size(*b))
        });
        if let Some(smallest) = smallest {
            found.remove(smallest);
            continue;
        }
        let changed = |(number, change): (usize, &crate::base::statistics::change::Change)| {
            let (old, new) = (level(number), level(number + 1));
            Changed {
                at: change.at,
                run: series.values[change.at].run,
                after: series.values[change.at - 1].run,
                old,
                new,
                ratio: ratio(number),
                p: change.p,
                better: (new > old) == series.higher_is_better,
                what: Vec::new(),
            }
        };
        return found.iter().enumerate().map(changed).collect();
    }
}

impl History {
    /// Whether the newest level of a series is worse than the one before.
    pub fn is_worse(&self) -> bool {
        self.series.iter().filter_map(|one| one.changes.last()).any(|change| !change.better)
    }

    /// How many runs it takes to show a change at this level.
    pub fn least(&self) -> usize {
        least_length(self.rule.level)
    }

    /// For people; `all` also shows what has not changed.
    pub fn table(&self, all: bool) -> String {
        table::print(self, all)
    }

    /// For programs.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("maps have string keys") + "\n"
    }
}

#[cfg(test)]
mod tests;
