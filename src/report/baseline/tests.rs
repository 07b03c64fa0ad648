//! What is made is what is written, and what is written is read as the same.

use super::*;
use crate::base::{CaseId, RunId};
use crate::report::summary::Cell;

fn row(figure: &str, unit: &str, cells: &[(&str, &[f64])]) -> Row {
    let cell = |(host, values): &(&str, &[f64])| {
        let rounds = u32::try_from(values.len()).unwrap();
        let (values, statistics) = (values.to_vec(), Statistics::of(values));
        let verdict = if values.is_empty() { Verdict::Failed } else { Verdict::Ok };
        (HostName::new(*host), Cell { values, rounds, statistics, verdict, ..Cell::default() })
    };
    Row {
        case: CaseId::new("stream[threads=1]"),
        figure: figure.to_owned(),
        labels: vec![("op".to_owned(), "Triad".to_owned())],
        unit: unit.to_owned(),
        higher_is_better: figure != "time",
        cells: cells.iter().map(cell).collect(),
        spread: None,
        judged: false,
        verdict: Verdict::Ok,
    }
}

fn source(run: &str, rows: Vec<Row>) -> Source {
    let origin = Origin {
        run: run.to_owned(),
        playbook: "playbooks/rack.yml".into(),
        started: "2026-11-24 08:40 UTC".into(),
        lock: "sha256:0123".into(),
        commit: String::new(),
    };
    let groups = [("n1", vec!["ungrouped"]), ("n2", vec!["rack1", "slow"]), ("n3", vec!["rack1"])];
    let groups = groups.map(|(host, of)| (HostName::new(host), of.into_iter().map(str::to_owned).collect()));
    let summary = Summary { run: Some(RunId::new(run)), rows, ..Summary::default() };
    Source { origin, summary, groups: groups.into_iter().collect() }
}

fn wish(groups: &[&str]) -> Wish {
    Wish { tolerance: 0.05, groups: groups.iter().map(ToString::to_string).collect() }
}

#[test]
fn of_one_run_rounds_count_and_of_several_their_medians() {
    let six = [11.0, 12.0, 13.0, 14.0, 15.0, 16.0];
    let one = source("a", vec![row("rate", "GB/s", &[("n1", &six), ("n2", &[7.0, 8.0]), ("n3", &[9.0])])]);
    let made = make(std::slice::from_ref(&one), &wish(&["rack1"])).unwrap();
    insta::assert_snapshot!("one", text(&made.baseline));
    insta::assert_snapshot!("one-table", table(&made.baseline));
    // The unit is that of the first; what runs differ by is above the tolerance.
    let others = [13_000.0, 15_000.0, 12_000.0].map(|value| {
        let failed = row("time", "s", &[("n1", &[])]);
        source("b", vec![row("rate", "MB/s", &[("n1", &[value, value + 500.0])]), failed])
    });
    let all: Vec<Source> = std::iter::once(one).chain(others).collect();
    let made = make(&all, &wish(&[])).unwrap();
    insta::assert_snapshot!("several", text(&made.baseline));
    assert_eq!(made.left_out[0], "n1 stream[threads=1] time Triad of b: not measured to the end");
}

#[test]
fn figures_that_are_unlike_are_refused() {
    let run = |unit| source("a", vec![row("rate", unit, &[("n1", &[1.0])])]);
    let unlike = make(&[run("GB/s"), run("s")], &wish(&[])).unwrap_err();
    assert_eq!(unlike.0, ["`rate` of stream[threads=1] is in `GB/s` in one run and in `s` in the other"]);
}
