//! Whether runs differ: every figure that two runs both have, on each host by itself, and what each difference amounts to.
//!
//! Pure: it knows no folders. Hosts are never pooled, and all figures of one comparison are judged together, so that among many of
//! them some do not differ by chance.

mod table;

use std::collections::HashMap;

use indexmap::IndexMap;
use serde::Serialize;

use super::summary::{Row, Summary};
use crate::base::statistics::contrast::{Contrast, Finding, Rule};
use crate::base::statistics::many::adjusted;
use crate::base::statistics::noise::Noise;
use crate::base::unit::{Unit, convert};
use crate::base::{CaseId, HostName};

/// One run as it takes part.
#[derive(Clone, Debug)]
pub struct Side {
    /// As the user would type it.
    pub run: String,
    /// What it came to.
    pub summary: Summary,
    /// In what it is unlike the first one, one sentence each.
    pub changes: Vec<String>,
}

/// What is compared, and what is known of it.
#[derive(Clone, Debug)]
pub struct Question {
    /// At least two; the others are compared with the first.
    pub sides: Vec<Side>,
    /// Groups of runs between which nothing has changed, from which noise is learnt.
    pub like: Vec<Vec<Summary>>,
    /// By what is judged.
    pub rule: Rule,
}

/// The answer.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// Counts up when a field changes its meaning.
    pub form: u32,
    /// By what was judged.
    pub rule: Rule,
    /// The runs, the first of which the others are compared with.
    pub runs: Vec<Compared>,
    /// How many runs told what like runs differ by.
    pub like_runs: usize,
    /// In the order of the first run.
    pub differences: Vec<Difference>,
    /// What one run has and the other has not.
    pub lonely: Vec<Lonely>,
}

/// One run.
#[derive(Clone, Debug, Serialize)]
pub struct Compared {
    /// As the user would type it.
    pub run: String,
    /// `quickstart  2026-11-21 20:31 UTC`
    pub what: String,
    /// In what it is unlike the first one.
    pub changes: Vec<String>,
}

/// One figure of two runs on one host.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// Which of the runs is compared with the first.
    pub with: usize,
    /// The case.
    pub case: CaseId,
    /// The metric.
    pub figure: String,
    /// Its labels.
    pub labels: Vec<(String, String)>,
    /// Of both, as the first run has it.
    pub unit: String,
    /// Which direction is good.
    pub higher_is_better: bool,
    /// Where.
    pub host: HostName,
    /// What can be said.
    #[serde(flatten)]
    pub contrast: Contrast,
    /// p, adjusted for all figures of the comparison.
    pub adjusted_p: f64,
    /// What it amounts to.
    pub finding: Finding,
    /// What would make it conclusive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// A figure that only one of two runs has on a host.
#[derive(Clone, Debug, Serialize)]
pub struct Lonely {
    /// Which of the runs is compared with the first.
    pub with: usize,
    /// Whether it is the first run that has it.
    pub lost: bool,
    /// The case.
    pub case: CaseId,
    /// The metric and its labels.
    pub figure: String,
    /// Where.
    pub host: HostName,
}

/// Figures that cannot be held against each other; one sentence each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlike(pub Vec<String>);

/// What makes a figure the same one in another run.
type Key<'a> = (&'a CaseId, &'a str, &'a [(String, String)]);

fn key(row: &Row) -> Key<'_> {
    (&row.case, &row.figure, &row.labels)
}

/// Holds the others against the first.
pub fn compare(question: &Question) -> Result<Comparison, Unlike> {
    let [first, others @ ..] = &question.sides[..] else { return Err(Unlike(Vec::new())) };
    let noise = learn(&question.like);
    let ours: IndexMap<Key<'_>, &Row> = first.summary.rows.iter().map(|row| (key(row), row)).collect();
    let (mut found, mut lonely, mut unlike) = (Vec::new(), Vec::new(), Vec::new());
    for (with, other) in others.iter().enumerate().map(|(at, other)| (at + 1, other)) {
        let theirs: IndexMap<Key<'_>, &Row> = other.summary.rows.iter().map(|row| (key(row), row)).collect();
        for row in first.summary.rows.iter().filter(|row| !row.figure.is_empty()) {
            let Some(same) = theirs.get(&key(row)) else {
                lonely.extend(alone(row, None, with, true));
                continue;
            };
            if let Err(reason) = alike(row, same) {
                unlike.push(format!("`{}` of {} {reason}", row.figure, row.case));
                continue;
            }
            lonely.extend(alone(row, Some(same), with, true));
            lonely.extend(alone(same, Some(row), with, false));
            found.extend(contrasts(row, same, with, &noise, question.rule));
        }
        let new =
            other.summary.rows.iter().filter(|row| !row.figure.is_empty() && !ours.contains_key(&key(row)));
        lonely.extend(new.flat_map(|row| alone(row, None, with, false)));
    }
    if !unlike.is_empty() {
        return Err(Unlike(unlike));
    }
    judge(&mut found, question.rule);
    let describe = |side: &Side| Compared {
        run: side.run.clone(),
        what: format!("{}  {}", side.summary.playbook, side.summary.started.minute()),
        changes: side.changes.clone(),
    };
    Ok(Comparison {
        form: 1,
        rule: question.rule,
        runs: question.sides.iter().map(describe).collect(),
        like_runs: question.like.iter().filter(|runs| runs.len() > 1).map(Vec::len).sum(),
        differences: found,
        lonely,
    })
}

impl Comparison {
    /// How many figures came to this.
    pub fn count(&self, finding: Finding) -> usize {
        self.differences.iter().filter(|difference| difference.finding == finding).count()
    }

    /// Whether something is worse than in the first run, or not there any more.
    pub fn is_worse(&self) -> bool {
        self.count(Finding::Regressed) > 0 || self.lonely.iter().any(|lonely| lonely.lost)
    }

    /// For people; `all` names also what is the same.
    pub fn table(&self, all: bool) -> String {
        table::print(self, all)
    }

    /// For programs.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("maps have string keys") + "\n"
    }
}

/// Whether figures can be held against each other; else why not.
pub(super) fn alike(a: &Row, b: &Row) -> Result<(), String> {
    if !Unit::parse(&b.unit).converts_to(&Unit::parse(&a.unit)) {
        return Err(format!("is in `{}` in one run and in `{}` in the other", a.unit, b.unit));
    }
    if a.higher_is_better != b.higher_is_better {
        return Err("has another `better` in each run".to_owned());
    }
    Ok(())
}

fn alone<'a>(
    row: &'a Row,
    other: Option<&'a Row>,
    with: usize,
    lost: bool,
) -> impl Iterator<Item = Lonely> + 'a {
    let is_there = move |host: &HostName| {
        other.and_then(|row| row.cells.get(host)).is_some_and(|cell| !cell.values.is_empty())
    };
    let here = row.cells.iter().filter(move |(host, cell)| !cell.values.is_empty() && !is_there(host));
    here.map(move |(host, _)| Lonely {
        with,
        lost,
        case: row.case.clone(),
        figure: super::table::figure_name(row),
        host: host.clone(),
    })
}

fn contrasts(a: &Row, b: &Row, with: usize, noise: &Learnt<'_>, rule: Rule) -> Vec<Difference> {
    let (unit, other) = (Unit::parse(&a.unit), Unit::parse(&b.unit));
    let one = |(host, cell): (&HostName, &super::summary::Cell)| {
        let theirs = &b.cells.get(host)?.values;
        let theirs: Option<Vec<f64>> = theirs.iter().map(|v| convert(*v, &other, &unit).ok()).collect();
        let known = noise.get(&(key(a), host)).copied().unwrap_or_default();
        Some(Difference {
            with,
            case: a.case.clone(),
            figure: a.figure.clone(),
            labels: a.labels.clone(),
            unit: a.unit.clone(),
            higher_is_better: a.higher_is_better,
            host: host.clone(),
            contrast: Contrast::of(&cell.values, &theirs?, &known, rule)?,
            adjusted_p: 1.0,
            finding: Finding::Inconclusive,
            advice: None,
        })
    };
    a.cells.iter().filter_map(one).collect()
}

/// All together.
fn judge(found: &mut [Difference], rule: Rule) {
    let p: Vec<f64> = found.iter().map(|difference| difference.contrast.p).collect();
    for (difference, p) in found.iter_mut().zip(adjusted(&p)) {
        difference.adjusted_p = p;
        difference.finding = difference.contrast.finding(p, difference.higher_is_better, rule);
        if difference.finding == Finding::Inconclusive {
            difference.advice = Some(difference.contrast.advice(rule));
        }
    }
}

type Learnt<'a> = HashMap<(Key<'a>, &'a HostName), Noise>;

/// What each figure differs by on each host between like runs.
fn learn(like: &[Vec<Summary>]) -> Learnt<'_> {
    let mut learnt = Learnt::default();
    for runs in like {
        let mut medians: HashMap<(Key<'_>, &HostName), Vec<f64>> = HashMap::new();
        for row in runs.iter().flat_map(|run| &run.rows) {
            for (host, cell) in &row.cells {
                if let Some(statistics) = &cell.statistics {
                    medians.entry((key(row), host)).or_default().push(statistics.median);
                }
            }
        }
        for (key, medians) in medians {
            learnt.entry(key).or_default().learn(&medians);
        }
    }
    learnt
}

#[cfg(test)]
mod tests;
