//! How often a history without a change is said to have one, over many series at once; and what people see.

use super::*;
use crate::base::RunId;
use crate::base::statistics::Summary as Statistics;
use crate::report::summary::{Cell, Row};

const RULE: Rule = Rule { level: 0.05, margin: 0.02 };

/// Normal values by Box and Muller.
fn normal(chance: &mut fastrand::Rng) -> f64 {
    (-2.0 * (1.0 - chance.f64()).ln()).sqrt() * (std::f64::consts::TAU * chance.f64()).cos()
}

fn row(figure: &str, unit: &str, hosts: &[f64]) -> Row {
    let cell = |value: &f64| {
        let values = vec![*value; 3];
        let statistics = Statistics::of(&values);
        Cell { values, rounds: 3, statistics, ..Cell::default() }
    };
    Row {
        case: CaseId::new("stream"),
        figure: figure.to_owned(),
        labels: Vec::new(),
        unit: unit.to_owned(),
        higher_is_better: figure != "time",
        cells: (1..).map(|n| HostName::new(format!("n{n}"))).zip(hosts.iter().map(cell)).collect(),
        spread: None,
        judged: false,
        verdict: Verdict::Ok,
    }
}

fn point(run: usize, rows: Vec<Row>) -> Point {
    let summary = Summary { run: Some(RunId::new("r")), playbook: "rack".into(), rows, ..Summary::default() };
    Point { run: format!("run-{run:02}"), playbook: "playbooks/rack.yml".into(), summary }
}

#[test]
fn a_history_without_a_change_is_seldom_said_to_have_one() {
    // Twenty series, and a margin that hides nothing.
    let rule = Rule { margin: 1e-9, ..RULE };
    let mut chance = fastrand::Rng::with_seed(8);
    let mut one = || {
        let mut hosts = || (0..20).map(|_| 100.0 + normal(&mut chance)).collect::<Vec<f64>>();
        let points: Vec<Point> = (0..12).map(|run| point(run, vec![row("rate", "GB/s", &hosts())])).collect();
        history(&points, rule, |_, _| Vec::new()).series.iter().any(|one| !one.changes.is_empty())
    };
    let found = (0..400).filter(|_| one()).count();
    // 5 % of 400, and three deviations.
    assert!(found <= 33, "{found} of 400");
}

#[test]
fn people_see_where_it_changed_and_what_changed_with_it() {
    let mut chance = fastrand::Rng::with_seed(2);
    let mut near = |value: f64| value * (1.0 + 0.004 * normal(&mut chance));
    let points: Vec<Point> = (0..16)
        .map(|run| {
            let (slower, small) = (if run < 9 { 11.9 } else { 10.8 }, if run < 8 { 50.0 } else { 50.6 });
            // The unit was another one in the beginning.
            let factor = if run < 4 { 1000.0 } else { 1.0 };
            let unit = if run < 4 { "MB/s" } else { "GB/s" };
            let rate = row("rate", unit, &[near(slower) * factor, near(12.0) * factor]);
            let time = row("time", if run == 0 { "B" } else { "ms" }, &[near(small)]);
            point(run, vec![rate, time])
        })
        .collect();
    let unlike = |old: usize, new: usize| vec![format!("n1: kernel 6.{old} → 6.{new}")];
    let found = history(&points, RULE, unlike);
    assert!(found.is_worse());
    insta::assert_snapshot!("changed", found.table(false));
    insta::assert_snapshot!("all", found.table(true));
    insta::assert_snapshot!("few", history(&points[..6], RULE, unlike).table(false));
}
