//! The result for Prometheus: text exposition format 0.0.4
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>), as the textfile collector and the Pushgateway
//! take it. No line has a time: both refuse them.
//!
//! A figure's unit is the user's, so it is a label and not part of a name, and values are not rounded. The run's name stands in one
//! metric only, so that the others are the same series from run to run.

use std::fmt::Write as _;

use super::Selection;
use super::summary::{Cell, Row, Summary};
use super::table::{wants_case, wants_host};
use super::verdict::Verdict;
use crate::base::HostName;
use crate::base::selector::split_case;

/// Labels in their order.
type Labels = Vec<(String, String)>;

/// One metric and its samples.
struct Metric {
    name: &'static str,
    help: &'static str,
    samples: Vec<(Labels, f64)>,
}

/// The whole text.
pub(super) fn print(summary: &Summary, selection: &Selection) -> String {
    let metrics = of_run(summary).into_iter().chain(of_figures(summary, selection));
    metrics.map(|metric| metric.print()).collect()
}

fn label(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn of_run(summary: &Summary) -> Vec<Metric> {
    let playbook = vec![label("playbook", &summary.playbook)];
    let one = |value: Option<f64>| value.map(|value| (playbook.clone(), value)).into_iter().collect();
    let mut info = playbook.clone();
    info.extend(summary.run.iter().map(|run| label("run", run.as_str())));
    info.extend(summary.mode.iter().map(|mode| label("mode", mode)));
    let steps = summary.recap.iter().flat_map(|(host, tally)| {
        let counts = [
            ("ok", tally.ok),
            ("changed", tally.changed),
            ("unreachable", tally.unreachable),
            ("failed", tally.failed),
            ("skipped", tally.skipped),
            ("rescued", tally.rescued),
            ("ignored", tally.ignored),
        ];
        let playbook = &summary.playbook;
        counts.map(|(word, count)| {
            (
                vec![label("playbook", playbook), label("host", host.as_str()), label("outcome", word)],
                count.into(),
            )
        })
    });
    vec![
        Metric {
            name: "benchbook_run_info",
            help: "Which run the others are of.",
            samples: vec![(info, 1.0)],
        },
        Metric {
            name: "benchbook_run_start_time_seconds",
            help: "When the run began, in seconds since 1970.",
            samples: one(Some(summary.started.seconds())),
        },
        Metric {
            name: "benchbook_run_duration_seconds",
            help: "How long the run took; not there while it goes on.",
            samples: one(summary.seconds),
        },
        Metric {
            name: "benchbook_run_exit_status",
            help: "0 all good, 1 something failed or missed what was expected, 3 unreachable, 4 stopped.",
            samples: one(summary.exit.map(f64::from)),
        },
        Metric {
            name: "benchbook_steps",
            help: "How the steps of each host ended.",
            samples: steps.collect(),
        },
    ]
}

fn of_figures(summary: &Summary, selection: &Selection) -> Vec<Metric> {
    let cells: Vec<(&Row, Labels, &Cell)> = summary
        .rows
        .iter()
        .filter(|row| wants_case(selection, &row.case))
        .flat_map(|row| {
            let cells = row.cells.iter().filter(|(host, _)| wants_host(selection, host));
            cells.map(move |(host, cell)| (row, labels(summary, row, host), cell))
        })
        .collect();
    let metric = |name, help, of: &dyn Fn(&Cell) -> Option<f64>| {
        let measured = cells.iter().filter(|(row, ..)| !row.figure.is_empty());
        let samples = measured.filter_map(|(_, labels, cell)| Some((labels.clone(), of(cell)?)));
        Metric { name, help, samples: samples.collect() }
    };
    let verdicts = cells.iter().flat_map(|(_, labels, cell)| {
        let all = [Verdict::Ok, Verdict::Skipped, Verdict::Incomplete, Verdict::Missed, Verdict::Failed];
        all.map(|verdict| {
            let mut labels = labels.clone();
            labels.push(label("verdict", &verdict.word().to_lowercase()));
            (labels, f64::from(u8::from(cell.verdict == verdict)))
        })
    });
    let verdicts = verdicts.collect();
    vec![
        metric("benchbook_figure_median", "Median over the rounds, in the unit that the label says.", &|c| {
            c.statistics.map(|s| s.median)
        }),
        metric("benchbook_figure_mad", "Median of the distances from the median, unscaled.", &|c| {
            c.statistics.map(|s| s.mad)
        }),
        metric(
            "benchbook_figure_low",
            "The lower end of the median's interval; not there below six rounds.",
            &|c| Some(c.statistics?.interval?.low),
        ),
        metric("benchbook_figure_high", "The upper end of the median's interval.", &|c| {
            Some(c.statistics?.interval?.high)
        }),
        metric("benchbook_figure_min", "The smallest of the rounds.", &|c| c.statistics.map(|s| s.min)),
        metric("benchbook_figure_max", "The largest of the rounds.", &|c| c.statistics.map(|s| s.max)),
        metric("benchbook_figure_rounds", "How many rounds have given the figure.", &|c| {
            c.statistics.map(|s| f64::from(u32::try_from(s.n).unwrap_or(u32::MAX)))
        }),
        metric("benchbook_figure_rounds_planned", "How many rounds should have.", &|c| Some(c.rounds.into())),
        Metric {
            name: "benchbook_verdict",
            help: "1 for what the figure came to, 0 for all else; a case without figures has no label `figure`.",
            samples: verdicts,
        },
    ]
}

/// What a figure on a host is known by. Parameters of the case and labels of the metric may be called anything, so they have a
/// beginning of their own.
fn labels(summary: &Summary, row: &Row, host: &HostName) -> Labels {
    let (case, parameters) = split_case(row.case.as_str());
    let mut labels = vec![
        label("playbook", &summary.playbook),
        label("host", host.as_str()),
        label("case", row.case.as_str()),
        label("case_name", case),
    ];
    if !row.figure.is_empty() {
        labels.push(label("figure", &row.figure));
        labels.push(label("unit", &row.unit));
        labels.push(label("better", if row.higher_is_better { "higher" } else { "lower" }));
    }
    let parameters = parameters.iter().filter_map(|parameter| parameter.split_once('='));
    let own = row.labels.iter().map(|(name, value)| ("label", name.as_str(), value.as_str()));
    for (kind, name, value) in parameters.map(|(name, value)| ("param", name, value)).chain(own) {
        let mut name: String = format!("{kind}_{name}");
        name = name.replace(|c: char| !c.is_ascii_alphanumeric() && c != '_', "_");
        // Two names may have become one.
        while labels.iter().any(|(known, _)| *known == name) {
            name.push('_');
        }
        labels.push((name, value.to_owned()));
    }
    labels
}

impl Metric {
    fn print(&self) -> String {
        let Self { name, help, samples } = self;
        if samples.is_empty() {
            return String::new();
        }
        let mut text = format!("# HELP {name} {help}\n# TYPE {name} gauge\n");
        for (labels, value) in samples {
            let labels: Vec<String> =
                labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
            let _ = writeln!(text, "{name}{{{}}} {}", labels.join(","), number(*value));
        }
        text
    }
}

/// As Go's `ParseFloat` reads it.
fn number(value: f64) -> String {
    match value {
        value if value.is_nan() => "NaN".to_owned(),
        value if value.is_infinite() => if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned(),
        value => value.to_string(),
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
