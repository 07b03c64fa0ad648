//! The top of the page: in one sentence how it ended, then what went wrong, one line each, and what makes figures less worth.

use std::fmt::Write as _;
use std::time::Duration;

use indexmap::IndexMap;

use super::Material;
use super::comparison::place;
use super::figures::row_id;
use super::writer::Html;
use crate::base::clock::human_duration;
use crate::base::statistics::contrast::Finding;
use crate::report::line::without_case;
use crate::report::summary::{Failure, Row, Summary};
use crate::report::table::{figure_name, plural, scale};
use crate::report::verdict::Verdict;

/// So many hosts are named one by one.
pub(super) const NAMED: usize = 8;

pub(super) fn print(material: &Material) -> Html {
    let summary = &material.summary;
    let mut html = Html::default();
    html.raw("<header>");
    html.element("p", &[("class", &"kicker")], about(material));
    let (tone, sentence) = verdict(material);
    html.element("h1", &[("class", &tone)], sentence);
    found(&mut html, summary);
    notes(&mut html, summary);
    contents(&mut html, material);
    html.raw("</header>");
    html
}

/// `quickstart · 2026-11-21 20:31 UTC · 4m12s · 7 cases on 3 hosts`
fn about(material: &Material) -> String {
    let summary = &material.summary;
    let mut parts = vec![summary.playbook.clone(), summary.started.minute()];
    parts.extend(summary.seconds.map(|seconds| human_duration(Duration::from_secs_f64(seconds.max(0.0)))));
    let hosts = plural(summary.hosts.len(), "host");
    parts.push(match summary.cases {
        0 => hosts,
        cases => format!("{} on {hosts}", plural(cases, "case")),
    });
    parts.extend(summary.mode.clone());
    if summary.reparsed {
        parts.push("figures read again".to_owned());
    }
    parts.join(" · ")
}

/// How it ended, and in which tone that is said.
fn verdict(material: &Material) -> (&'static str, String) {
    let summary = &material.summary;
    let cases = |verdict| {
        let mut cases: Vec<_> =
            summary.rows.iter().filter(|row| row.verdict == verdict).map(|row| &row.case).collect();
        cases.dedup();
        cases.len()
    };
    let outside = summary.failures.iter().filter(|failure| failure.case.is_none()).count();
    let mut parts = Vec::new();
    let mut say = |count: usize, noun: &str, what: &str| {
        if count > 0 {
            parts.push(format!("{} {what}", plural(count, noun)));
        }
    };
    say(cases(Verdict::Failed), "case", "failed");
    say(outside, "task", "failed");
    say(summary.count(Verdict::Missed), "figure", "missed what was expected");
    say(cases(Verdict::Incomplete), "case", "did not come to an end");
    let worse: usize = material.comparisons.iter().map(|one| one.count(Finding::Regressed)).sum();
    say(worse, "figure", "got worse");
    let bad = !parts.is_empty();
    if !bad {
        parts.push(good(summary));
    }
    match summary.exit {
        None if material.going_on => parts.push("the run goes on".to_owned()),
        None => parts.push("the run was interrupted".to_owned()),
        Some(4) => parts.push("the run was stopped".to_owned()),
        _ => {}
    }
    let tone = match summary.exit {
        _ if cases(Verdict::Failed) + outside > 0 => "failed",
        _ if bad => "missed",
        Some(0) => "ok",
        _ => "incomplete",
    };
    (tone, format!("{}.", parts.join(", ")))
}

fn good(summary: &Summary) -> String {
    let judged = summary.rows.iter().filter(|row| row.judged).count();
    let cases = plural(summary.cases, "case");
    match (summary.rows.len(), judged) {
        (0, _) => "Nothing failed".to_owned(),
        (_, 0) => format!("{cases} measured; nothing is expected of the figures"),
        (_, judged) => format!("{cases} measured, {judged} of {judged} figures as expected"),
    }
}

/// What went wrong: one line each, with a way to it.
fn found(html: &mut Html, summary: &Summary) {
    let missed: Vec<(usize, &Row)> =
        summary.rows.iter().enumerate().filter(|(_, row)| row.verdict == Verdict::Missed).collect();
    if missed.is_empty() && summary.failures.is_empty() {
        return;
    }
    html.raw("<ul class=\"found\">");
    for alike in alike(summary) {
        let failure = &summary.failures[alike[0]];
        html.raw("<li class=\"failed\">");
        html.element("a", &[("href", &format!("#log-{}", alike[0]))], what_failed(summary, &alike));
        html.raw(" ").text(failure.reason.lines().next().unwrap_or_default());
        if let (Some(seconds), [_]) = (failure.seconds, alike.as_slice()) {
            let after = human_duration(Duration::from_secs_f64(seconds.max(0.0)));
            html.text(format!(", after {after}"));
        }
        html.raw("</li>");
    }
    for (number, row) in missed {
        let scale = scale(row);
        for (host, cell) in row.cells.iter().filter(|(_, cell)| cell.verdict == Verdict::Missed) {
            let (Some(statistics), Some(miss)) = (&cell.statistics, &cell.miss) else { continue };
            html.raw("<li class=\"missed\">");
            let what = format!("{} {} on {host}", row.case, figure_name(row));
            html.element("a", &[("href", &format!("#{}", row_id(number)))], what);
            let bound = if miss.below { "at least" } else { "at most" };
            html.raw(" ").text(format!(
                "{} {unit}, where {bound} {} {unit} is expected",
                scale.format(statistics.median),
                scale.format(miss.bound),
                unit = scale.unit
            ));
            html.raw("</li>");
        }
    }
    html.raw("</ul>");
}

/// Failures by their numbers: the same thing for the same reason on several hosts is one.
pub(super) fn alike(summary: &Summary) -> Vec<Vec<usize>> {
    let mut groups: IndexMap<_, Vec<usize>> = IndexMap::new();
    for (number, failure) in summary.failures.iter().enumerate() {
        let Failure { case, round, warmup, step, reason, place, .. } = failure;
        groups.entry((case, round, warmup, step, reason, place)).or_default().push(number);
    }
    groups.into_values().collect()
}

/// `gemm[dtype=f64] round 2 on n3`, `unpack on n1, n2`
pub(super) fn what_failed(summary: &Summary, alike: &[usize]) -> String {
    let failure = &summary.failures[alike[0]];
    let hosts: Vec<&str> = alike.iter().map(|number| summary.failures[*number].host.as_str()).collect();
    let hosts = if hosts.len() <= NAMED { hosts.join(", ") } else { plural(hosts.len(), "host") };
    let mut what = failure.case.as_ref().map(ToString::to_string).unwrap_or_default();
    match (failure.round, &failure.case, &failure.step) {
        (Some(round), ..) if failure.warmup => _ = write!(what, " warm-up {round}"),
        (Some(round), ..) => _ = write!(what, " round {round}"),
        (None, Some(case), Some((_, name))) => _ = write!(what, " {}", without_case(name, case)),
        (None, None, Some((_, name))) => what.clone_from(name),
        (None, ..) => {}
    }
    format!("{what} on {hosts}")
}

/// What makes figures less worth, and what else one should know.
fn notes(html: &mut Html, summary: &Summary) {
    let notes: Vec<String> =
        summary.notes.iter().map(ToString::to_string).chain(summary.warnings.iter().cloned()).collect();
    if notes.is_empty() {
        return;
    }
    let many = notes.len() > 6;
    if many {
        html.raw("<details class=\"notes\">");
        html.element("summary", &[], format!("{} to know", plural(notes.len(), "thing")));
    }
    html.raw("<ul class=\"notes\">");
    for note in notes {
        html.element("li", &[], note);
    }
    html.raw("</ul>");
    if many {
        html.raw("</details>");
    }
}

fn contents(html: &mut Html, material: &Material) {
    html.raw("<nav aria-label=\"Contents\">");
    for (number, comparison) in material.comparisons.iter().enumerate() {
        let run = &comparison.runs[0].run;
        html.element("a", &[("href", &format!("#{}", place(number)))], format!("Against {run}"));
    }
    let is_there = [
        ("#figures", "Figures", !material.summary.rows.is_empty()),
        ("#course", "Time line", !material.course.lanes.is_empty()),
        ("#graph", "Graph", true),
        ("#hosts", "Hosts", true),
        ("#logs", "Logs", !material.summary.failures.is_empty()),
    ];
    for (place, title, _) in is_there.into_iter().filter(|(.., there)| *there) {
        html.element("a", &[("href", &place)], title);
    }
    html.raw("</nav>");
}
