//! The result as `JUnit` XML, for CI servers: a suite per host, a test per case.
//!
//! There is no standard. What is written is what Jenkins (<https://llg.cubic.org/docs/junit/>) and GitLab
//! (<https://docs.gitlab.com/ci/testing/unit_test_reports/>) read: a figure that missed its expectation is a `failure`, a case that
//! was not measured, or not to its end, an `error`. Figures are properties of their case, in the metric's own unit and not rounded.

use std::fmt::Write as _;

use indexmap::IndexMap;

use super::Selection;
use super::markup::{attribute, text};
use super::summary::{Cell, Failure, Row, Summary};
use super::table::{figure_name, plural, wants_case, wants_host};
use super::verdict::Verdict;
use crate::base::{CaseId, HostName};

/// One test of a suite.
struct Test {
    name: String,
    /// How long it took, in seconds.
    seconds: f64,
    properties: Vec<(String, String)>,
    outcome: Outcome,
}

/// How it ended: what stands inside of its element.
enum Outcome {
    Passed,
    Skipped,
    /// `failure` or `error`, its type, its first line and the rest.
    Bad {
        element: &'static str,
        kind: &'static str,
        message: String,
        details: String,
    },
}

/// The whole text.
pub(super) fn print(summary: &Summary, selection: &Selection) -> String {
    let hosts = summary.hosts.iter().filter(|host| wants_host(selection, host));
    let suites: Vec<(&HostName, Vec<Test>)> =
        hosts.map(|host| (host, tests(summary, selection, host))).collect();
    let all = || suites.iter().flat_map(|(_, tests)| tests);
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let _ = writeln!(
        out,
        "<testsuites name=\"{}\" {} time=\"{:.3}\">",
        attribute(&summary.playbook),
        counts(all()),
        summary.seconds.unwrap_or_default()
    );
    // The form has no time zone; it is UTC.
    let started = summary.started.to_string();
    let started = started.split_once('.').map_or(started.as_str(), |(seconds, _)| seconds);
    for (host, tests) in &suites {
        let host = attribute(host.as_str());
        let _ = writeln!(
            out,
            "  <testsuite name=\"{host}\" hostname=\"{host}\" timestamp=\"{started}\" {} time=\"{:.3}\">",
            counts(tests.iter()),
            tests.iter().map(|test| test.seconds).sum::<f64>()
        );
        let run = summary.run.iter().map(|run| ("run".to_owned(), run.to_string()));
        properties(&mut out, "    ", &run.collect::<Vec<_>>());
        let class = attribute(&format!("{}.{host}", summary.playbook));
        for test in tests {
            test.print(&mut out, &class);
        }
        out += "  </testsuite>\n";
    }
    out + "</testsuites>\n"
}

fn counts<'a>(tests: impl Iterator<Item = &'a Test>) -> String {
    let (mut all, mut failures, mut errors, mut skipped) = (0, 0, 0, 0);
    for test in tests {
        all += 1;
        match test.outcome {
            Outcome::Passed => {}
            Outcome::Skipped => skipped += 1,
            Outcome::Bad { element: "failure", .. } => failures += 1,
            Outcome::Bad { .. } => errors += 1,
        }
    }
    format!("tests=\"{all}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"")
}

fn properties(out: &mut String, indent: &str, properties: &[(String, String)]) {
    if properties.is_empty() {
        return;
    }
    let _ = writeln!(out, "{indent}<properties>");
    for (name, value) in properties {
        let (name, value) = (attribute(name), attribute(value));
        let _ = writeln!(out, "{indent}  <property name=\"{name}\" value=\"{value}\"/>");
    }
    let _ = writeln!(out, "{indent}</properties>");
}

/// The cases of a host, and the steps outside of cases that failed on it.
fn tests(summary: &Summary, selection: &Selection, host: &HostName) -> Vec<Test> {
    let mut cases: IndexMap<&CaseId, Vec<(&Row, &Cell)>> = IndexMap::new();
    for row in summary.rows.iter().filter(|row| wants_case(selection, &row.case)) {
        if let Some(cell) = row.cells.get(host) {
            cases.entry(&row.case).or_default().push((row, cell));
        }
    }
    let mut tests: Vec<Test> =
        cases.into_iter().map(|(case, cells)| of_case(summary, host, case, &cells)).collect();
    if selection.case.is_none() {
        tests.extend(outside_of_cases(summary, host));
    }
    tests
}

fn of_case(summary: &Summary, host: &HostName, case: &CaseId, cells: &[(&Row, &Cell)]) -> Test {
    let worst = cells.iter().map(|(_, cell)| cell.verdict).max().unwrap_or_default();
    let measured = cells.iter().filter(|(row, _)| !row.figure.is_empty());
    let properties = measured.flat_map(|(row, cell)| figures(row, cell));
    let gang = cells.iter().map(|(_, cell)| &cell.gang).find(|gang| !gang.is_empty());
    let members = gang.map(|gang| gang.iter().map(HostName::as_str).collect::<Vec<_>>().join(" "));
    let properties = members.map(|members| ("hosts".to_owned(), members)).into_iter().chain(properties);
    let is_member = |other: &HostName| other == host || gang.is_some_and(|gang| gang.contains(other));
    let failure = summary.failures.iter().find(|f| f.case.as_ref() == Some(case) && is_member(&f.host));
    let outcome = match (worst, failure) {
        (Verdict::Ok, _) => Outcome::Passed,
        (Verdict::Skipped, _) => Outcome::Skipped,
        (Verdict::Missed, _) => missed(cells),
        (Verdict::Failed, Some(failure)) => of_failure(failure),
        (Verdict::Failed | Verdict::Incomplete, _) => {
            let kind = if worst == Verdict::Failed { "failed" } else { "incomplete" };
            let (done, rounds) =
                cells.iter().map(|(_, cell)| (cell.values.len(), cell.rounds)).min().unwrap_or_default();
            let message = format!("{done} of {}", plural(rounds as usize, "round"));
            Outcome::Bad { element: "error", kind, message, details: String::new() }
        }
    };
    let seconds = summary.spent.get(&(case.clone(), host.clone())).copied().unwrap_or_default();
    Test { name: case.to_string(), seconds, properties: properties.collect(), outcome }
}

fn figures(row: &Row, cell: &Cell) -> Vec<(String, String)> {
    let name = figure_name(row);
    let unit = |value: f64| format!("{value} {}", row.unit).trim_end().to_owned();
    let rounds = (format!("{name} rounds"), format!("{} of {}", cell.values.len(), cell.rounds));
    let median = cell.statistics.iter();
    let median = median.flat_map(|s| [(name.clone(), unit(s.median)), (format!("{name} MAD"), unit(s.mad))]);
    median.chain([rounds]).collect()
}

/// Every bound that was not kept.
fn missed(cells: &[(&Row, &Cell)]) -> Outcome {
    let line = |(row, cell): &(&Row, &Cell)| {
        let (miss, median) = (cell.miss.as_ref()?, cell.statistics.as_ref()?.median);
        let word = if miss.below { "below" } else { "above" };
        let (unit, place) = (&row.unit, &miss.place);
        Some(format!("{}: {median} {unit} is {word} {} {unit} ({place})", figure_name(row), miss.bound))
    };
    let lines: Vec<String> = cells.iter().filter_map(line).collect();
    let message = lines.first().cloned().unwrap_or_default();
    Outcome::Bad { element: "failure", kind: "missed", message, details: lines.join("\n") }
}

fn of_failure(failure: &Failure) -> Outcome {
    let mut details = failure.reason.clone();
    if let Some((step, _)) = &failure.step {
        let _ = write!(details, "\n{} {step}", failure.host);
    }
    if !failure.place.is_empty() {
        let _ = write!(details, "\n{}", failure.place);
    }
    for line in &failure.tail {
        let _ = write!(details, "\n| {line}");
    }
    let round = match failure.round {
        Some(round) if failure.warmup => format!("warm-up {round}: "),
        Some(round) => format!("round {round}: "),
        None => String::new(),
    };
    let message = format!("{round}{}", failure.reason.lines().next().unwrap_or_default());
    Outcome::Bad { element: "error", kind: "failed", message, details }
}

/// Tasks that failed; of a run without cases also that none did.
fn outside_of_cases(summary: &Summary, host: &HostName) -> Vec<Test> {
    let failures = summary.failures.iter().filter(|f| f.case.is_none() && f.host == *host);
    let test = |failure: &Failure| Test {
        name: failure.step.as_ref().map_or_else(String::new, |(_, name)| name.clone()),
        seconds: failure.seconds.unwrap_or_default(),
        properties: Vec::new(),
        outcome: of_failure(failure),
    };
    let mut tests: Vec<Test> = failures.map(test).collect();
    if let Some(tally) = summary.recap.get(host).filter(|_| summary.cases == 0 && tests.is_empty()) {
        let counts = [("ok", tally.ok), ("changed", tally.changed), ("skipped", tally.skipped)];
        tests.push(Test {
            name: "tasks".to_owned(),
            seconds: 0.0,
            properties: counts.map(|(word, count)| (word.to_owned(), count.to_string())).into(),
            outcome: Outcome::Passed,
        });
    }
    tests
}

impl Test {
    fn print(&self, out: &mut String, class: &str) {
        let (name, seconds) = (attribute(&self.name), self.seconds);
        let _ = writeln!(out, "    <testcase classname=\"{class}\" name=\"{name}\" time=\"{seconds:.3}\">");
        properties(out, "      ", &self.properties);
        match &self.outcome {
            Outcome::Passed => {}
            Outcome::Skipped => *out += "      <skipped message=\"no round was due\"/>\n",
            Outcome::Bad { element, kind, message, details } => {
                let (message, details) = (attribute(message), text(details));
                let _ = writeln!(
                    out,
                    "      <{element} type=\"{kind}\" message=\"{message}\">{details}</{element}>"
                );
            }
        }
        *out += "    </testcase>\n";
    }
}
