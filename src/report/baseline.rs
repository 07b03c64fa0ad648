//! Reference values out of runs: made, written as the text of a file, and shown.
//!
//! Pure: it knows no files. Hosts are pooled only where the user names a group; runs count one by one, because the rounds of one run
//! share its luck.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use indexmap::IndexMap;

use super::columns::{Align, lines};
use super::compare::{Unlike, alike};
use super::summary::{Row, Summary};
use super::table::{named, percent, plural};
use super::verdict::Verdict;
use crate::base::baseline::{Baseline, Ends, FORM, Origin, Reference, Whose};
use crate::base::statistics::noise::Noise;
use crate::base::statistics::{Interval, Summary as Statistics};
use crate::base::unit::{Unit, convert};
use crate::base::{HostName, Span};

/// A run as it takes part.
#[derive(Clone, Debug)]
pub struct Source {
    /// What is said of it in the file.
    pub origin: Origin,
    /// What it came to.
    pub summary: Summary,
    /// The groups of its hosts.
    pub groups: BTreeMap<HostName, Vec<String>>,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The share by which a figure may be worse.
    pub tolerance: f64,
    /// Groups whose hosts get one reference together.
    pub groups: Vec<String>,
}

/// A baseline, and what it does not have.
#[derive(Clone, Debug)]
pub struct Made {
    /// What was made.
    pub baseline: Baseline,
    /// Figures that were not measured to the end, one sentence each.
    pub left_out: Vec<String>,
}

/// What one run has of a figure on one host.
struct Part {
    run: usize,
    host: HostName,
    statistics: Statistics,
}

/// One figure in all runs.
struct Collected<'a> {
    first: &'a Row,
    parts: IndexMap<Whose, Vec<Part>>,
}

/// Makes reference values out of runs. Figures of one name must be alike in all of them.
pub fn make(sources: &[Source], wish: &Wish) -> Result<Made, Unlike> {
    let mut figures: IndexMap<_, Collected<'_>> = IndexMap::new();
    let (mut left_out, mut unlike) = (Vec::new(), Vec::new());
    for (run, source) in sources.iter().enumerate() {
        for row in source.summary.rows.iter().filter(|row| !row.figure.is_empty()) {
            let key = (&row.case, &row.figure, &row.labels);
            let known =
                figures.entry(key).or_insert_with(|| Collected { first: row, parts: IndexMap::new() });
            if let Err(reason) = alike(known.first, row) {
                unlike.push(format!("`{}` of {} {reason}", row.figure, row.case));
                continue;
            }
            let (unit, own) = (Unit::parse(&known.first.unit), Unit::parse(&row.unit));
            for (host, cell) in &row.cells {
                let values: Vec<f64> =
                    cell.values.iter().filter_map(|v| convert(*v, &own, &unit).ok()).collect();
                let statistics = match cell.verdict {
                    Verdict::Ok | Verdict::Missed => Statistics::of(&values),
                    Verdict::Skipped => continue,
                    Verdict::Incomplete | Verdict::Failed => None,
                };
                let Some(statistics) = statistics else {
                    let name = named(&row.figure, &row.labels);
                    left_out.push(format!(
                        "{host} {} {name} of {}: not measured to the end",
                        row.case, source.origin.run
                    ));
                    continue;
                };
                let of = source.groups.get(host);
                let group = wish.groups.iter().find(|group| of.is_some_and(|of| of.contains(group)));
                let whose =
                    group.map_or_else(|| Whose::Host(host.clone()), |group| Whose::Group(group.clone()));
                known.parts.entry(whose).or_default().push(Part { run, host: host.clone(), statistics });
            }
        }
    }
    if !unlike.is_empty() {
        return Err(Unlike(unlike));
    }
    // Of several groups that a host is in the first in the file counts, so they stand as they were named.
    let place = |whose: &Whose| match whose {
        Whose::Host(_) => None,
        Whose::Group(name) => wish.groups.iter().position(|group| group == name),
    };
    let of = |Collected { first, mut parts }: Collected<'_>| {
        parts.sort_by(|a, _, b, _| place(a).cmp(&place(b)));
        let made = parts.into_iter().filter_map(|(whose, parts)| reference(first, whose, &parts, wish));
        made.collect::<Vec<_>>()
    };
    let references = figures.into_values().flat_map(of).collect();
    let runs = sources.iter().map(|source| source.origin.clone()).collect();
    let (file, tolerance) = (String::new(), wish.tolerance);
    Ok(Made { baseline: Baseline { file, tolerance, runs, references }, left_out })
}

/// Of one run on one host, what its rounds say; of several, what their medians say.
fn reference(row: &Row, whose: Whose, parts: &[Part], wish: &Wish) -> Option<Reference> {
    let medians: Vec<f64> = parts.iter().map(|part| part.statistics.median).collect();
    let all = if let [one] = parts { one.statistics } else { Statistics::of(&medians)? };
    let range = Interval { low: all.min, high: all.max };
    let mut noise = Noise::default();
    noise.learn(&medians);
    // What runs differ by by themselves is no fault; rounded up, to what one reads.
    let learnt = Some(noise).filter(Noise::is_known).map(|noise| noise.floor(LEVEL, 0.0));
    let tolerance =
        learnt.filter(|floor| *floor > wish.tolerance).map(|floor| (floor * 1000.0).ceil() / 1000.0);
    Some(Reference {
        case: row.case.clone(),
        figure: row.figure.clone(),
        labels: row.labels.iter().cloned().collect(),
        unit: Unit::parse(&row.unit),
        higher_is_better: row.higher_is_better,
        whose,
        median: all.median,
        ends: all.interval.map_or(Ends::Range(range), Ends::Interval),
        n: parts.iter().map(|part| part.statistics.n).sum(),
        runs: parts.iter().map(|part| part.run).collect::<BTreeSet<_>>().len(),
        hosts: parts.iter().map(|part| &part.host).collect::<BTreeSet<_>>().len(),
        tolerance,
        span: Span::nowhere("the baseline"),
    })
}

/// The share of runs that may be further away than what is taken for their noise.
const LEVEL: f64 = 0.05;

/// The text of a baseline's file: YAML, one line for each value, so that a change of it reads well in version control.
pub fn text(baseline: &Baseline) -> String {
    let mut text = format!(
        "# Reference values, made by `benchbook baseline make`. A median may be worse than its own by `tolerance`, here or beside it.\n\
         # `interval` holds the median with 95 %; `range` is from the smallest to the largest where there were too few for one.\n\
         baseline: {FORM}\ntolerance: {}\nruns:\n",
        share(baseline.tolerance)
    );
    for run in &baseline.runs {
        let fields = [
            ("run", &run.run),
            ("playbook", &run.playbook),
            ("started", &run.started),
            ("lock", &run.lock),
            ("commit", &run.commit),
        ];
        let fields = fields.iter().filter(|(_, value)| !value.is_empty());
        let fields: Vec<String> = fields.map(|(name, value)| format!("{name}: {}", word(value))).collect();
        let _ = writeln!(text, "- {{{}}}", fields.join(", "));
    }
    text += "figures:\n";
    for figure in baseline.references.chunk_by(|a, b| a.case == b.case && a.is_of(&b.figure, &b.labels)) {
        let Some(first) = figure.first() else { continue };
        let _ = writeln!(text, "- case: {}\n  figure: {}", word(first.case.as_str()), word(&first.figure));
        if !first.labels.is_empty() {
            let labels: Vec<String> =
                first.labels.iter().map(|(name, value)| format!("{}: {}", word(name), word(value))).collect();
            let _ = writeln!(text, "  labels: {{{}}}", labels.join(", "));
        }
        let better = if first.higher_is_better { "higher" } else { "lower" };
        let _ = writeln!(text, "  unit: {}\n  better: {better}", word(&first.unit.to_string()));
        for (key, is_host) in [("hosts", true), ("groups", false)] {
            let own: Vec<&Reference> =
                figure.iter().filter(|one| matches!(one.whose, Whose::Host(_)) == is_host).collect();
            if !own.is_empty() {
                let _ = writeln!(text, "  {key}:");
            }
            for one in own {
                let _ = writeln!(text, "    {}: {{{}}}", word(one.whose.name()), values(one));
            }
        }
    }
    text
}

/// `median: 11932.4, interval: [11801.7, 11950], n: 10`
fn values(one: &Reference) -> String {
    let (key, Interval { low, high }) = match one.ends {
        Ends::Interval(interval) => ("interval", interval),
        Ends::Range(range) => ("range", range),
    };
    let mut text = format!("median: {}, {key}: [{low}, {high}], n: {}", one.median, one.n);
    for (key, count) in [("runs", one.runs), ("hosts", one.hosts)] {
        if count > 1 {
            let _ = write!(text, ", {key}: {count}");
        }
    }
    if let Some(tolerance) = one.tolerance {
        let _ = write!(text, ", tolerance: {}", share(tolerance));
    }
    text
}

/// `5 %`
fn share(fraction: f64) -> String {
    format!("{} %", (fraction * 1e5).round() / 1e3)
}

/// A word of YAML, in quotes where it needs them.
fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./-".contains(c);
    let plain = text.starts_with(|c: char| c.is_ascii_alphanumeric() || "_/.".contains(c))
        && text.chars().all(is_plain)
        && !text.eq_ignore_ascii_case("null");
    if plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

/// For people: where it comes from, then what it asks for.
pub fn table(baseline: &Baseline) -> String {
    let mut text = String::new();
    for run in &baseline.runs {
        let commit = if run.commit.is_empty() { String::new() } else { format!("  commit {}", run.commit) };
        let _ = writeln!(text, "{}  {}  {}{commit}", run.run, run.playbook, run.started);
    }
    let _ = writeln!(
        text,
        "{}; a median may be worse by {}, or by what stands beside it",
        plural(baseline.references.len(), "reference value"),
        share(baseline.tolerance)
    );
    let head =
        ["case", "figure", "of", "unit", "", "median", "interval", "n", "runs", "good enough", "tolerance"];
    let rows = baseline.references.iter().map(|one| row(baseline, one));
    let rows: Vec<Vec<String>> = std::iter::once(head.map(str::to_owned).to_vec()).chain(rows).collect();
    let mut aligns = vec![Align::Left; 5];
    aligns.extend([Align::Right, Align::Left]);
    aligns.extend([Align::Right; 4]);
    text + &lines(&aligns, &rows).join("\n") + "\n"
}

fn row(baseline: &Baseline, one: &Reference) -> Vec<String> {
    let scale = one.unit.scale_for(&[one.median]);
    let Interval { low, high } = one.ends.interval();
    let ends = format!("{}…{}", scale.format(low), scale.format(high));
    let labels: Vec<(String, String)> = one.labels.clone().into_iter().collect();
    let tolerance = baseline.tolerance_of(one);
    let whose = match &one.whose {
        Whose::Host(host) => host.to_string(),
        Whose::Group(group) => format!("group {group} ({})", plural(one.hosts, "host")),
    };
    vec![
        one.case.to_string(),
        named(&one.figure, &labels),
        whose,
        scale.unit.to_string(),
        if one.higher_is_better { "↑" } else { "↓" }.to_owned(),
        scale.format(one.median),
        if matches!(one.ends, Ends::Range(_)) { format!("({ends})") } else { ends },
        one.n.to_string(),
        one.runs.to_string(),
        format!("{} {}", if one.higher_is_better { '≥' } else { '≤' }, scale.format(one.bound(tolerance))),
        percent(tolerance),
    ]
}

#[cfg(test)]
mod tests;
