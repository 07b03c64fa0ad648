//! `throttle`, a journal that breaks in mid-run, and a step that panics.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use benchbook::event::{Event, Record};

use super::harness::Stage;

fn stage(name: &str) -> Stage {
    Stage::new(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/run-special").join(name))
}

/// How many of these spans overlap at most.
fn most_at_once(spans: &[(i64, i64)]) -> usize {
    let at = |time: i64| spans.iter().filter(|(start, end)| *start <= time && time < *end).count();
    spans.iter().map(|(start, _)| at(*start)).max().unwrap_or(0)
}

#[test]
fn throttle_limits_one_task_and_no_other() {
    let mut stage = stage("throttle");
    stage.forks = 8;
    let spans: Arc<Mutex<Vec<(String, i64, i64)>>> = Arc::default();
    let kept = Arc::clone(&spans);
    stage.hear = Arc::new(move |event| {
        if let Event::StepEnded { name, started, ended, .. } = event {
            kept.lock().unwrap().push((name.clone(), started.0, ended.0));
        }
    });
    let text = stage.run();
    let spans = spans.lock().unwrap();
    let of = |name: &str| -> Vec<(i64, i64)> {
        spans.iter().filter(|(n, ..)| n == name).map(|(_, start, end)| (*start, *end)).collect()
    };
    assert_eq!(of("throttled").len(), 4, "{text}");
    assert_eq!(most_at_once(&of("throttled")), 2, "{text}");
}

#[test]
fn without_its_journal_a_run_sends_nothing_more() {
    // From the record that would have said that `first` has ended.
    let whole = stage("journal");
    let journal = Arc::clone(&whole.journal);
    whole.run();
    let records = journal.records.lock().unwrap();
    let ended = |r: &Record| matches!(r.event(), Some((_, Event::StepEnded { name, .. })) if name == "first");
    let breaks_at = records.iter().position(ended).expect("it ends");
    assert_eq!(sent(&records), 4);

    let broken = stage("journal");
    let journal = Arc::clone(&broken.journal);
    journal.room.store(breaks_at, Ordering::SeqCst);
    let text = broken.run();
    assert!(text.contains("n1 first -> changed") && text.contains("EXIT 4"), "{text}");
    for name in ["second", "third", "always"] {
        assert!(!text.contains(&format!("n1 {name} -> changed")), "{text}");
    }
    let kept = journal.records.lock().unwrap();
    assert!(kept.len() <= breaks_at);
    assert_eq!(sent(&kept), 1, "only `first` was sent");
}

#[test]
fn a_step_that_panics_is_our_bug_and_the_run_goes_on() {
    let mut stage = stage("panic");
    stage.hear = Arc::new(|event| {
        assert!(!matches!(event, Event::Output { .. }), "a reporter that panics in a step");
    });
    insta::assert_snapshot!(stage.run());
}

fn sent(records: &[Record]) -> usize {
    records.iter().filter(|r| matches!(r, Record::Sending { .. })).count()
}
