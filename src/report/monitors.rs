//! What monitors saw, for people: the columns that everybody asks for, of each case, or with `--all` of each round.

use indexmap::IndexMap;

use super::Selection;
use super::columns::{Align, lines};
use super::slices::{Slice, Usage};
use super::summary::Summary;
use super::table::{wants_case, wants_host};
use crate::base::statistics;
use crate::base::unit::Unit;
use crate::base::{CaseId, HostName};

/// The columns that are shown, what they are called, and above what they are worth their room in any round.
const SHOWN: [(&str, &str, f64); 6] = [
    ("cpu.busy", "cpu busy", 0.0),
    ("container.cpu", "in container", 0.0),
    ("memory.used", "memory used", 0.0),
    ("container.memory", "in container", 0.0),
    ("swap.in", "swapped in", 0.0),
    ("monitor.cpu", "monitor's own", 0.02),
];
/// The monitor that they are of.
const HOST: &str = "host";

/// The table, or nothing when nothing was sampled.
pub(super) fn print(summary: &Summary, selection: &Selection) -> String {
    let wanted = |slice: &&Slice| {
        slice.monitors.contains_key(HOST)
            && wants_case(selection, &slice.case)
            && wants_host(selection, &slice.host)
            && (selection.all || !slice.warmup)
    };
    let mut groups: IndexMap<(&CaseId, &HostName, String), Vec<&Slice>> = IndexMap::new();
    for slice in summary.slices.iter().filter(wanted) {
        let round = match (selection.all, slice.warmup) {
            (false, _) => String::new(),
            (true, true) => format!("warm-up {}", slice.round),
            (true, false) => slice.round.to_string(),
        };
        groups.entry((&slice.case, &slice.host, round)).or_default().push(slice);
    }
    if groups.is_empty() {
        return String::new();
    }
    let is_worth = |column: &str, above: f64| {
        let all = groups.values().flatten();
        all.filter_map(|slice| usage(slice, column)).any(|usage| usage.max > above)
    };
    let shown: Vec<&(&str, &str, f64)> =
        SHOWN.iter().filter(|(column, _, above)| is_worth(column, *above)).collect();
    let round = if selection.all { "round" } else { "" };
    let mut rows = vec![["while it ran", round, "host", "samples"].map(str::to_owned).to_vec()];
    rows[0].extend(shown.iter().map(|(_, title, _)| (*title).to_owned()));
    for ((case, host, round), slices) in &groups {
        let seen = || slices.iter().filter_map(|slice| slice.monitors.get(HOST));
        let samples: usize = seen().map(|seen| seen.samples).sum();
        let mark = if seen().any(|seen| seen.missing > 0.0) { "!" } else { "" };
        let mut row = vec![case.to_string(), round.clone(), host.to_string(), format!("{samples}{mark}")];
        row.extend(shown.iter().map(|(column, ..)| cell(slices, column)));
        rows.push(row);
    }
    let mut aligns = vec![Align::Left, Align::Right, Align::Left];
    aligns.extend(vec![Align::Right; 1 + shown.len()]);
    lines(&aligns, &rows).join("\n") + "\n"
}

fn usage<'a>(slice: &'a Slice, column: &str) -> Option<&'a Usage> {
    slice.monitors.get(HOST)?.columns.get(column)
}

/// The mean over rounds and the highest of all: `0.51 (0.53) cores`.
fn cell(slices: &[&Slice], column: &str) -> String {
    let all: Vec<&Usage> = slices.iter().filter_map(|slice| usage(slice, column)).collect();
    let means: Vec<f64> = all.iter().map(|usage| usage.mean).collect();
    let highest: Vec<f64> = all.iter().map(|usage| usage.max).collect();
    let (Some(first), Some(mean), Some(highest)) =
        (all.first(), statistics::mean(&means), statistics::max(&highest))
    else {
        return "–".to_owned();
    };
    let scale = Unit::parse(&first.unit).scale_for(&[mean]);
    let unit = scale.unit.to_string();
    format!("{} ({}) {unit}", scale.format(mean), scale.format(highest)).trim_end().to_owned()
}
