//! The result for people: one line per figure, then what went wrong and where to look.

use std::fmt::Write as _;
use std::time::Duration;

use indexmap::IndexMap;

use super::Selection;
use super::columns::{Align, lines};
use super::line::without_case;
use super::summary::{Cell, Failure, Row, Summary};
use super::verdict::Verdict;
use crate::base::clock::human_duration;
use crate::base::selector::{selects_case_id, split_case};
use crate::base::statistics::Interval;
use crate::base::statistics::interval::{CONFIDENCE, FEWEST};
use crate::base::unit::{Scale, Unit};
use crate::base::{CaseId, HostName};

/// The whole text.
pub(super) fn print(summary: &Summary, selection: &Selection) -> String {
    let mut text = header(summary, selection) + "\n";
    let hosts: Vec<&HostName> = summary.hosts.iter().filter(|h| wants_host(selection, h)).collect();
    let chosen = choose(summary, selection);
    if !chosen.is_empty() {
        let several = hosts.len() > 1;
        let _ = writeln!(text, "{}", legend(&chosen, several, selection.all));
        let columns = Columns { hosts: &hosts, several, whole: selection.all, names: case_names(&chosen) };
        for line in lines(&columns.aligns(), &columns.rows(&chosen)) {
            text += &line;
            text.push('\n');
        }
        let hidden = summary.rows.iter().filter(|r| wants_case(selection, &r.case)).count() - chosen.len();
        if hidden > 0 {
            let _ = writeln!(text, "  … {hidden} more (--all)");
        }
    }
    text += &super::monitors::print(summary, selection);
    if summary.cases == 0 && !summary.recap.is_empty() {
        text += &recap(summary);
    }
    for note in &summary.notes {
        if wants_host(selection, &note.host) && wants_case(selection, &note.case) {
            let _ = writeln!(text, "! {note}");
        }
    }
    for warning in &summary.warnings {
        let _ = writeln!(text, "! {warning}");
    }
    for failure in summary.failures.iter().filter(|f| wants_host(selection, &f.host)) {
        if failure.case.as_ref().is_none_or(|case| wants_case(selection, case)) {
            text += &failure_lines(failure, &selection.words());
        }
    }
    text + &footer(summary, selection) + "\n"
}

pub(super) fn wants_host(selection: &Selection, host: &HostName) -> bool {
    selection.host.as_deref().is_none_or(|wanted| host.as_str() == wanted)
}

/// Whether the user asked for this case.
pub(super) fn wants_case(selection: &Selection, case: &CaseId) -> bool {
    selection.case.as_deref().is_none_or(|wanted| selects_case_id(wanted, case.as_str()))
}

/// Rows that are shown: all, or of a case's metric the judged ones and those that went wrong. A metric of which nothing is
/// expected is shown whole.
pub(super) fn choose<'a>(summary: &'a Summary, selection: &Selection) -> Vec<&'a Row> {
    let judged =
        |row: &Row| summary.rows.iter().any(|r| r.judged && r.case == row.case && r.figure == row.figure);
    let shown = |row: &&Row| {
        wants_case(selection, &row.case)
            && (selection.all || row.judged || row.verdict != Verdict::Ok || !judged(row))
    };
    summary.rows.iter().filter(shown).collect()
}

fn header(summary: &Summary, selection: &Selection) -> String {
    let mut parts = vec![summary.playbook.clone(), summary.started.minute()];
    parts.push(match summary.seconds {
        Some(seconds) => human_duration(Duration::from_secs_f64(seconds.max(0.0))),
        None if selection.going_on => "going on".to_owned(),
        None => "interrupted".to_owned(),
    });
    let mut what = plural(summary.hosts.len(), "host");
    if summary.cases > 0 {
        what = format!("{}, {what}", plural(summary.cases, "case"));
    }
    parts.push(what);
    parts.extend(summary.mode.clone());
    for verdict in [Verdict::Failed, Verdict::Missed, Verdict::Incomplete] {
        let count = summary.count(verdict);
        if count > 0 {
            parts.push(format!("{count} {}", verdict.word()));
        }
    }
    if summary.reparsed {
        parts.push("figures read again".to_owned());
    }
    parts.extend(summary.exit.map(|exit| format!("exit {exit}")));
    parts.join("  ")
}

/// `1 case`, `2 cases`
pub(super) fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn legend(rows: &[&Row], several: bool, whole: bool) -> String {
    let mut rounds: Vec<u32> = rows.iter().flat_map(|r| r.cells.values().map(|c| c.rounds)).collect();
    rounds.sort_unstable();
    rounds.dedup();
    let of = match rounds.as_slice() {
        [] => "all rounds".to_owned(),
        [1] => "1 round".to_owned(),
        [one] => format!("{one} rounds"),
        [fewest, .., most] => format!("{fewest} to {most} rounds"),
    };
    let ends = if whole { format!(" {}", ends_legend(rows)) } else { String::new() };
    let spread = if several { "; Δ = (max-min)/median over hosts" } else { "" };
    format!("median (MAD){ends} of {of}{spread}")
}

/// What stands behind the median when all is shown.
pub(super) fn ends_legend(rows: &[&Row]) -> String {
    let statistics = || rows.iter().flat_map(|row| row.cells.values()).filter_map(|c| c.statistics.as_ref());
    let interval = format!("{:.0} % interval", 100.0 * CONFIDENCE);
    match (statistics().any(|s| s.interval.is_some()), statistics().any(|s| s.interval.is_none())) {
        (true, false) => interval,
        (true, true) => format!("{interval} (min…max below {FEWEST} rounds)"),
        (false, _) => format!("min…max (an interval takes {FEWEST} rounds)"),
    }
}

/// Cases with the parameters of one name under each other.
fn case_names(rows: &[&Row]) -> IndexMap<CaseId, String> {
    let mut by_name: IndexMap<&str, Vec<(&CaseId, Vec<&str>)>> = IndexMap::new();
    for row in rows {
        let (name, params) = split_case(row.case.as_str());
        let cases = by_name.entry(name).or_default();
        if !cases.iter().any(|(case, _)| *case == &row.case) {
            cases.push((&row.case, params));
        }
    }
    let mut names = IndexMap::new();
    for (name, cases) in by_name {
        let most = cases.iter().map(|(_, params)| params.len()).max().unwrap_or(0);
        let cells: Vec<Vec<String>> = cases
            .iter()
            .map(|(_, params)| {
                let params = params.iter().map(|p| (*p).to_owned());
                std::iter::once(name.to_owned()).chain(params).collect()
            })
            .collect();
        let aligned = lines(&vec![Align::Left; most + 1], &cells);
        for ((case, _), text) in cases.into_iter().zip(aligned) {
            names.insert(case.clone(), text.replace("  ", " ").replace("  ", " "));
        }
    }
    names
}

struct Columns<'a> {
    hosts: &'a [&'a HostName],
    several: bool,
    /// With intervals and numbers of rounds.
    whole: bool,
    names: IndexMap<CaseId, String>,
}

impl Columns<'_> {
    fn aligns(&self) -> Vec<Align> {
        let mut aligns = vec![Align::Left; 4];
        aligns.extend(self.hosts.iter().map(|_| Align::Right));
        aligns.extend([Align::Right, Align::Left]);
        aligns
    }

    fn rows(&self, rows: &[&Row]) -> Vec<Vec<String>> {
        let mut head: Vec<String> = ["case", "figure", "unit", ""].map(str::to_owned).into();
        head.extend(self.hosts.iter().map(ToString::to_string));
        head.push(if self.several { "Δ".to_owned() } else { String::new() });
        head.push("verdict".to_owned());
        std::iter::once(head).chain(rows.iter().map(|row| self.row(row))).collect()
    }

    fn row(&self, row: &Row) -> Vec<String> {
        let scale = scale(row);
        let mut cells = vec![
            self.names.get(&row.case).cloned().unwrap_or_default(),
            figure_name(row),
            if row.unit.is_empty() { String::new() } else { scale.unit.to_string() },
            direction(row).to_owned(),
        ];
        let of = |host: &&HostName| {
            row.cells.get(*host).map_or("–".into(), |c| cell(c, row, &scale, self.whole))
        };
        cells.extend(self.hosts.iter().map(of));
        cells.push(match row.spread {
            _ if !self.several => String::new(),
            Some(spread) => percent(spread),
            None => "–".to_owned(),
        });
        cells.push(verdict(row, &scale));
        cells
    }
}

/// `bandwidth Triad`: the metric and the values of its labels.
pub(super) fn figure_name(row: &Row) -> String {
    named(&row.figure, &row.labels)
}

/// The same of a metric and its labels.
pub(super) fn named(figure: &str, labels: &[(String, String)]) -> String {
    let labels = labels.iter().map(|(_, value)| value.as_str());
    std::iter::once(figure).chain(labels).collect::<Vec<_>>().join(" ")
}

/// The arrow that says which way is good.
pub(super) fn direction(row: &Row) -> &'static str {
    match (row.figure.is_empty(), row.higher_is_better) {
        (true, _) => "",
        (_, true) => "↑",
        (_, false) => "↓",
    }
}

/// The unit and the digits in which all cells of a row are shown.
pub(super) fn scale(row: &Row) -> Scale {
    let medians: Vec<f64> =
        row.cells.values().filter_map(|c| c.statistics.as_ref()).map(|s| s.median).collect();
    Unit::parse(&row.unit).scale_for(&medians)
}

/// One host's figure: `11.9 (0.1)`, `7.1 (2.9)!`, `1 of 5`, or a gang's: `0.85 (0.02) n1+n2`; `whole` with its interval and
/// number of rounds: `11.9 (0.1) 11.7…12.0 n=10`.
pub(super) fn cell(cell: &Cell, row: &Row, scale: &Scale, whole: bool) -> String {
    let text = host_cell(cell, row, scale, whole);
    if cell.gang.is_empty() { text } else { format!("{text} {}", gang(&cell.gang)) }
}

/// `n1+n2`, `n1+…+n16`
pub(super) fn gang(members: &[HostName]) -> String {
    match members {
        [first, .., last] if members.len() > 3 => format!("{first}+…+{last}"),
        few => few.iter().map(HostName::as_str).collect::<Vec<_>>().join("+"),
    }
}

fn host_cell(cell: &Cell, row: &Row, scale: &Scale, whole: bool) -> String {
    match (&cell.statistics, cell.verdict) {
        (Some(s), Verdict::Ok | Verdict::Missed) => {
            let mark = if cell.verdict == Verdict::Missed { "!" } else { "" };
            let text = format!("{} ({}){mark}", scale.format(s.median), scale.format(s.mad));
            if !whole {
                return text;
            }
            let Interval { low, high } = s.interval.unwrap_or(Interval { low: s.min, high: s.max });
            let by = cell.baseline.map_or_else(String::new, |value| to_baseline(s.median, value));
            format!("{text} {}…{} n={}{by}", scale.format(low), scale.format(high), s.n)
        }
        (None, Verdict::Ok) if row.figure.is_empty() => format!("{} of {}", cell.rounds, cell.rounds),
        _ => format!("{} of {}", cell.values.len(), cell.rounds),
    }
}

/// How far a median is from the baseline's: ` (baseline -12 %)`
fn to_baseline(median: f64, baseline: f64) -> String {
    if baseline == 0.0 {
        return " (baseline 0)".to_owned();
    }
    let share = (median - baseline) / baseline.abs();
    let sign = if share < 0.0 { '-' } else { '+' };
    format!(" (baseline {sign}{})", percent(share.abs()))
}

/// `0.8 %`, `67 %`
pub(super) fn percent(fraction: f64) -> String {
    let percent = fraction * 100.0;
    if percent < 10.0 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

/// `ok`, `MISSED n3 7.1 < 8.0`, `FAILED n3`
pub(super) fn verdict(row: &Row, scale: &Scale) -> String {
    let hosts =
        row.cells.iter().filter(|(_, cell)| cell.verdict == row.verdict).map(|(host, cell)| {
            (if cell.gang.is_empty() { host.to_string() } else { gang(&cell.gang) }, cell)
        });
    let words: Vec<String> = match row.verdict {
        Verdict::Ok | Verdict::Skipped => Vec::new(),
        Verdict::Missed => hosts
            .map(|(host, cell)| match (&cell.statistics, &cell.miss) {
                (Some(s), Some(miss)) => {
                    let sign = if miss.below { '<' } else { '>' };
                    let by = miss.baseline.map_or_else(String::new, |value| to_baseline(s.median, value));
                    let (own, bound) = (scale.format(s.median), scale.format(miss.bound));
                    if own != bound {
                        return format!("{host} {own} {sign} {bound}{by}");
                    }
                    // Beside larger figures they would look the same.
                    let scale = Unit::parse(&row.unit).scale_for(&[s.median, miss.bound]);
                    let (own, bound) = (scale.format(s.median), scale.format(miss.bound));
                    format!("{host} {own} {sign} {bound} {}{by}", scale.unit)
                }
                _ => host,
            })
            .collect(),
        Verdict::Failed | Verdict::Incomplete => hosts.map(|(host, _)| host).collect(),
    };
    format!("{} {}", row.verdict.word(), words.join(", ")).trim_end().to_owned()
}

fn failure_lines(failure: &Failure, run: &str) -> String {
    let mut what = failure.host.to_string();
    if let Some(case) = &failure.case {
        let _ = write!(what, " {case}");
    }
    match failure.round {
        Some(round) if failure.warmup => _ = write!(what, " warm-up {round}"),
        Some(round) => _ = write!(what, " round {round}"),
        None => {}
    }
    if let (None, Some((_, name))) = (failure.round, &failure.step) {
        let name = failure.case.as_ref().map_or(name.as_str(), |case| without_case(name, case));
        let _ = write!(what, " {name}");
    }
    let mut reason = failure.reason.lines();
    let mut text = format!("FAILED {what}: {}", reason.next().unwrap_or_default());
    if let Some(seconds) = failure.seconds {
        let _ = write!(text, ", after {}", human_duration(Duration::from_secs_f64(seconds.max(0.0))));
    }
    if !failure.place.is_empty() {
        let _ = write!(text, "    {}", failure.place);
    }
    text.push('\n');
    // What to do about it.
    for line in reason {
        let _ = writeln!(text, "  {line}");
    }
    for line in &failure.tail {
        let _ = writeln!(text, "  | {line}");
    }
    if let Some((step, _)) = &failure.step {
        let select = match &failure.case {
            Some(case) => format!("--case '{case}'"),
            None => format!("--step '{step}'"),
        };
        let _ = writeln!(text, "  benchbook log {run} {select} --host {}", failure.host);
    }
    text
}

/// Ansible's recap, for plays without cases.
fn recap(summary: &Summary) -> String {
    let mut rows = Vec::new();
    for (host, t) in &summary.recap {
        let counts = [
            ("ok", t.ok),
            ("changed", t.changed),
            ("unreachable", t.unreachable),
            ("failed", t.failed),
            ("skipped", t.skipped),
            ("rescued", t.rescued),
            ("ignored", t.ignored),
        ];
        let counts = counts.map(|(word, count)| format!("{word}={count}"));
        rows.push(std::iter::once(host.to_string()).chain(counts).collect());
    }
    lines(&[Align::Left; 8], &rows).join("\n") + "\n"
}

fn footer(summary: &Summary, selection: &Selection) -> String {
    let show_all = format!("show {} --all", selection.words());
    let log = format!("log {}", selection.words());
    let mut next = match (summary.cases > 0, summary.failures.is_empty()) {
        (true, true) => vec![show_all],
        (true, false) => vec![log, show_all],
        (false, _) => vec![log, format!("runs{}", selection.elsewhere)],
    };
    match summary.exit {
        None | Some(4) if !selection.going_on => next.insert(0, format!("resume {}", selection.words())),
        Some(1 | 3) => next.push(format!("run --failed-from {}", selection.words())),
        _ => {}
    }
    format!("{}     next: {}", selection.folder, next.join(" · "))
}
