//! Ctrl-C, and machines that two names share.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use benchbook::event::{Event, Record};
use benchbook::run::stop;

use super::harness::Stage;

fn stage(name: &str) -> Stage {
    Stage::new(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/run-special").join(name))
}

#[test]
fn the_first_ctrl_c_ends_what_runs_and_still_does_always() {
    let mut stage = stage("ctrl-c");
    let (stopper, heard) = stop();
    stage.stop = heard;
    stage.hear = Arc::new(move |event| {
        if matches!(event, Event::StepStarted { name, .. } if name == "long") {
            stopper.ask();
        }
    });
    let start = Instant::now();
    insta::assert_snapshot!(stage.run());
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn the_second_ctrl_c_gives_up_at_once() {
    let mut stage = stage("ctrl-c");
    let (stopper, heard) = stop();
    stage.stop = heard;
    stage.hear = Arc::new(move |event| {
        if matches!(event, Event::StepStarted { name, .. } if name == "long") {
            stopper.ask();
            stopper.ask();
        }
    });
    insta::assert_snapshot!(stage.run());
}

#[test]
fn rounds_on_one_machine_never_overlap() {
    let mut stage = stage("machine");
    stage.forks = 8;
    let spans: Arc<Mutex<Vec<(String, i64, i64)>>> = Arc::default();
    let kept = Arc::clone(&spans);
    stage.hear = Arc::new(move |event| {
        if let Event::StepEnded { host, round: Some(_), started, ended, .. } = event {
            kept.lock().unwrap().push((host.to_string(), started.0, ended.0));
        }
    });
    let text = stage.run();
    let mut spans = spans.lock().unwrap().clone();
    spans.sort_by_key(|(_, started, _)| *started);
    assert_eq!(spans.len(), 6, "{text}");
    for pair in spans.windows(2) {
        assert!(pair[0].2 <= pair[1].1, "{pair:?} overlap\n{text}");
    }
}

#[test]
fn a_request_is_written_down_before_it_is_sent_and_an_end_before_what_follows() {
    let stage = stage("machine");
    let journal = Arc::clone(&stage.journal);
    stage.run();
    let records = journal.records.lock().unwrap();
    let sends = |id: &str, host: &str| {
        records.iter().position(
            |r| matches!(r, Record::Sending(sent) if sent.step.as_str() == id && sent.host.as_str() == host),
        )
    };
    let mut ended = 0;
    for (place, record) in records.iter().enumerate() {
        if let Some((_, Event::StepEnded { step, host, round: Some(_), .. })) = record.event() {
            assert!(sends(step.as_str(), host.as_str()).is_some_and(|sent| sent < place), "{step} on {host}");
            ended += 1;
        }
    }
    assert_eq!(ended, 6);
}
