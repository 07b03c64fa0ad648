//! Rounds that lie apart from the others, and why, as far as monitors have seen it. None is left out: the median bears them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::notes::Note;
use super::slices::{Slice, Usage};
use super::summary::Summary;
use super::table::{named, percent};
use crate::base::statistics::median;
use crate::base::statistics::outlier::outliers;
use crate::base::unit::Unit;
use crate::event::Figure;

/// The share of figures that have an outlier by chance alone.
const LEVEL: f64 = 0.01;
/// What is nearer to the median than this does not matter, however equal the others are.
const MARGIN: f64 = 0.02;

/// A round that lies apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outlier {
    /// Which.
    pub round: u32,
    /// Its figure.
    pub value: f64,
    /// Why, or why that is not known. Empty while nobody has looked at the monitors.
    pub reason: String,
}

/// Those among the rounds of one figure on one host.
pub(super) fn of(rounds: &[&Figure]) -> Vec<Outlier> {
    let values: Vec<f64> = rounds.iter().map(|figure| figure.value).collect();
    let Some(middle) = median(&values) else { return Vec::new() };
    let matters = |at: &usize| (values[*at] - middle).abs() > MARGIN * middle.abs();
    let outlier = |at: usize| Outlier { round: rounds[at].round, value: values[at], reason: String::new() };
    outliers(&values, LEVEL).into_iter().filter(matters).map(outlier).collect()
}

/// Looks for the reasons in what monitors saw of the rounds, and notes each.
pub fn explain(summary: &mut Summary) {
    let slices = &summary.slices;
    let mut notes = Vec::new();
    for row in &mut summary.rows {
        let name = named(&row.figure, &row.labels);
        for (host, cell) in &mut row.cells {
            let Some(statistics) = cell.statistics.filter(|_| !cell.outliers.is_empty()) else { continue };
            let own = |slice: &&Slice| slice.case == row.case && slice.host == *host && !slice.warmup;
            let rounds: BTreeMap<u32, &Slice> =
                slices.iter().filter(own).map(|slice| (slice.round, slice)).collect();
            let apart: Vec<u32> = cell.outliers.iter().map(|outlier| outlier.round).collect();
            let others: Vec<&Slice> =
                rounds.iter().filter(|(round, _)| !apart.contains(round)).map(|(_, slice)| *slice).collect();
            for outlier in &mut cell.outliers {
                let worse = (outlier.value < statistics.median) == row.higher_is_better;
                outlier.reason = reason(rounds.get(&outlier.round).copied(), &others, worse);
                let scale = Unit::parse(&row.unit).scale_for(&[outlier.value]);
                let share = (outlier.value - statistics.median) / statistics.median.abs();
                let sign = if share < 0.0 { '-' } else { '+' };
                notes.push(Note {
                    host: host.clone(),
                    case: row.case.clone(),
                    rounds: vec![outlier.round],
                    of: cell.values.len(),
                    text: format!(
                        "{name} lies apart ({} {}, {sign}{}; {})",
                        scale.format(outlier.value),
                        scale.unit,
                        percent(share.abs()),
                        outlier.reason
                    ),
                });
            }
        }
    }
    summary.notes.extend(notes);
}

/// Why a round is worse than the others of its case and host.
fn reason(round: Option<&Slice>, others: &[&Slice], worse: bool) -> String {
    let Some(round) = round else { return "nobody watched: `monitors: [host, cpu]` would".to_owned() };
    if !worse {
        return "better than the others; no reason is known".to_owned();
    }
    let causes: Vec<String> = [slower_clock, swapped, stolen, held_back, other_load]
        .iter()
        .filter_map(|cause| cause(round, others))
        .collect();
    if !causes.is_empty() {
        return causes.join(", ");
    }
    match round.monitors.values().map(|seen| seen.samples).sum() {
        0_usize => "no sample lies in the round".to_owned(),
        _ => "no reason is seen in its monitors".to_owned(),
    }
}

/// A column of a round, and the median of its means in the other rounds.
struct Beside<'a> {
    name: &'a str,
    here: &'a Usage,
    usual: f64,
}

/// All columns of a round that the others have, too.
fn beside<'a>(round: &'a Slice, others: &'a [&Slice]) -> impl Iterator<Item = Beside<'a>> {
    let columns = round
        .monitors
        .iter()
        .flat_map(|(monitor, seen)| seen.columns.iter().map(move |column| (monitor, column)));
    columns.filter_map(|(monitor, (name, here))| {
        let mean = |slice: &&Slice| Some(slice.monitors.get(monitor)?.columns.get(name)?.mean);
        let usual = median(&others.iter().filter_map(mean).collect::<Vec<_>>())?;
        Some(Beside { name, here, usual })
    })
}

fn column<'a>(round: &'a Slice, others: &'a [&Slice], name: &str) -> Option<Beside<'a>> {
    beside(round, others).find(|column| column.name == name)
}

/// `1.20 GHz instead of 3.00 GHz`
fn instead(here: f64, usual: f64, unit: &str) -> String {
    let scale = Unit::parse(unit).scale_for(&[here.max(usual)]);
    format!("{} instead of {} {}", scale.format(here), scale.format(usual), scale.unit)
}

/// Anything that is counted in hertz and fell: the processors' clock, or that of a vendor's device.
fn slower_clock(round: &Slice, others: &[&Slice]) -> Option<String> {
    let hertz = Unit::parse("Hz");
    let fell = |column: &Beside<'_>| {
        Unit::parse(&column.here.unit).converts_to(&hertz) && column.here.mean < 0.95 * column.usual
    };
    let deepest = beside(round, others)
        .filter(fell)
        .min_by(|a, b| (a.here.mean / a.usual).total_cmp(&(b.here.mean / b.usual)))?;
    let degrees = column(round, others, "temperature.hottest");
    let degrees = degrees.map_or_else(String::new, |column| format!(" at {:.0} °C", column.here.max));
    let clock = instead(deepest.here.mean, deepest.usual, &deepest.here.unit);
    Some(format!("throttled: {} was {clock}{degrees}", deepest.name))
}

fn swapped(round: &Slice, others: &[&Slice]) -> Option<String> {
    let swap = column(round, others, "swap.in")?;
    // A page or two come back in any round.
    (swap.here.total > 1e6 && swap.here.mean > 2.0 * swap.usual).then(|| {
        let scale = Unit::parse("B").scale_for(&[swap.here.total]);
        format!("swapped in {} {}", scale.format(swap.here.total), scale.unit)
    })
}

fn stolen(round: &Slice, others: &[&Slice]) -> Option<String> {
    let steal = column(round, others, "cpu.steal")?;
    (steal.here.mean > 0.1 && steal.here.mean > 2.0 * steal.usual)
        .then(|| format!("other machines on its hypervisor took {:.2} cores", steal.here.mean))
}

/// A limit, or a counter of a device that says how long it was held back.
fn held_back(round: &Slice, others: &[&Slice]) -> Option<String> {
    let more = |column: &Beside<'_>| {
        column.name.contains("throttl") && column.here.mean > 0.0 && column.here.mean > 2.0 * column.usual
    };
    beside(round, others).find(more).map(|column| format!("throttled: {} went up", column.name))
}

/// More processors were busy than in the other rounds, and not for the case where it is known what that used.
fn other_load(round: &Slice, others: &[&Slice]) -> Option<String> {
    let busy = column(round, others, "cpu.busy")?;
    let own = column(round, others, "container.cpu").map_or(0.0, |own| own.here.mean - own.usual);
    let more = busy.here.mean - busy.usual - own;
    (more > 0.25).then(|| format!("other load: {more:.2} cores more were busy than in other rounds"))
}

#[cfg(test)]
mod tests;
