//! Runs as data (`tests/cases/report/*.jsonl`, as `--events` writes them) → every format, and the console.

use super::{Console, FORMATS, Reporter, Reporters, Selection, Summary};
use crate::base::Timestamp;
use crate::event::Event;

pub(super) fn events(text: &str) -> Vec<(Timestamp, Event)> {
    let read = |line: &str| {
        let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
        let time: jiff::Timestamp = line["time"].as_str().unwrap().parse().unwrap();
        line.as_object_mut().unwrap().remove("time");
        let time = Timestamp(i64::try_from(time.as_nanosecond()).unwrap());
        (time, serde_json::from_value(line).unwrap())
    };
    text.lines().map(read).collect()
}

#[test]
fn every_format_prints_every_run() {
    insta::glob!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/report"), "*.jsonl", |path| {
        let events = events(&std::fs::read_to_string(path).unwrap());
        let summary = Summary::of(events.iter().map(|(t, e)| (*t, e)));
        let selection = Selection {
            run: "last".into(),
            folder: "runs/20261121T203100Z-x".into(),
            ..Selection::default()
        };
        for format in FORMATS {
            insta::assert_snapshot!(format.name, (format.print)(&summary, &selection));
        }
        let all = Selection { all: true, ..selection };
        insta::assert_snapshot!("all", (FORMATS[0].print)(&summary, &all));
        for verbosity in [0, 2] {
            let mut text = Vec::new();
            let mut console = Console::new(&mut text, verbosity, false);
            for (time, event) in &events {
                console.event(*time, event).unwrap();
            }
            insta::assert_snapshot!(format!("console-v{verbosity}"), String::from_utf8(text).unwrap());
        }
    });
}

#[test]
fn events_survive_json_lines() {
    let text = std::fs::read_to_string("tests/cases/report/cluster.jsonl").unwrap();
    let mut written = Vec::new();
    let mut reporter = super::JsonLines(&mut written);
    let before = events(&text);
    for (time, event) in &before {
        reporter.event(*time, event).unwrap();
    }
    assert_eq!(events(&String::from_utf8(written).unwrap()), before);
}

#[test]
fn a_case_or_a_host_can_be_chosen() {
    let events = events(&std::fs::read_to_string("tests/cases/report/cluster.jsonl").unwrap());
    let summary = Summary::of(events.iter().map(|(t, e)| (*t, e)));
    let selection = Selection {
        case: Some("gemm[dtype=f64]".into()),
        host: Some("n1".into()),
        run: "last".into(),
        ..Selection::default()
    };
    let table = (FORMATS[0].print)(&summary, &selection);
    insta::assert_snapshot!(table);
}

struct Failing(std::io::ErrorKind);

impl Reporter for Failing {
    fn name(&self) -> &'static str {
        "failing"
    }
    fn event(&mut self, _: Timestamp, _: &Event) -> std::io::Result<()> {
        Err(self.0.into())
    }
}

struct Counting(std::sync::Arc<std::sync::atomic::AtomicUsize>);

impl Reporter for Counting {
    fn name(&self) -> &'static str {
        "counting"
    }
    fn event(&mut self, _: Timestamp, _: &Event) -> std::io::Result<()> {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok(())
    }
}

#[test]
fn a_reporter_that_fails_harms_no_other() {
    let count = std::sync::Arc::default();
    let mut reporters = Reporters::new(vec![
        Box::new(Failing(std::io::ErrorKind::BrokenPipe)),
        Box::new(Failing(std::io::ErrorKind::StorageFull)),
        Box::new(Counting(std::sync::Arc::clone(&count))),
    ]);
    for _ in 0..3 {
        reporters.event(Timestamp(0), &Event::Warning { text: "x".into() });
    }
    assert_eq!(count.load(std::sync::atomic::Ordering::Relaxed), 3);
    assert_eq!(reporters.failures(), ["the reporter `failing` stopped: no storage space"]);
}
