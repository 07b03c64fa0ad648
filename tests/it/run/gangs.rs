//! Cases that several hosts run together: each folder of `tests/cases/run-gangs/` holds a playbook and an inventory. Members work
//! at the same time, so the lines of a snapshot are those of one host after the other.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use benchbook::event::Event;
use benchbook::run::stop;

use super::harness::Stage;

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/run-gangs")
}

/// Lines of one host after the other; each host's own order stays.
fn by_host(text: &str) -> String {
    let host = |line: &&str| {
        let words = line.split([' ', ':']).find(|word| ["n1", "n2", "n3"].contains(word));
        words.unwrap_or_default().to_owned()
    };
    let (body, end) = text.split_at(text.find("EXIT").unwrap_or(text.len()));
    let mut lines: Vec<&str> = body.lines().collect();
    lines.sort_by_key(host);
    lines.join("\n") + "\n" + end
}

#[test]
fn playbooks() {
    insta::glob!(cases(), "*/playbook.yml", |path| {
        let mut stage = Stage::new(path.parent().unwrap());
        stage.forks = 4;
        insta::assert_snapshot!(by_host(&stage.run()));
    });
}

#[test]
fn gangs_that_want_the_same_machines_follow_each_other() {
    let mut stage = Stage::new(&cases().with_file_name("run-special").join("gangs"));
    stage.forks = 4;
    let spans: Arc<Mutex<Vec<(String, i64, i64)>>> = Arc::default();
    let kept = Arc::clone(&spans);
    stage.hear = Arc::new(move |event| {
        if let Event::StepEnded { step, round: Some(round), host, started, ended, .. } = event {
            let play = step.as_str().split('/').next().unwrap_or_default();
            kept.lock().unwrap().push((format!("{play} round {round} {host}"), started.0, ended.0));
        }
    });
    let text = stage.run();
    let spans = spans.lock().unwrap();
    assert_eq!(spans.len(), 25, "{text}");
    let round = |name: &str| name.rsplit_once(' ').map(|(round, _)| round.to_owned());
    for (name, start, end) in spans.iter() {
        for (other, start2, end2) in spans.iter().filter(|(other, ..)| round(other) != round(name)) {
            assert!(end <= start2 || end2 <= start, "{name} and {other} at the same time\n{text}");
        }
    }
}

#[test]
fn a_stop_reaches_those_who_wait_for_the_others() {
    let mut stage = Stage::new(&cases().with_file_name("run-special").join("gang-stop"));
    stage.forks = 4;
    let (stopper, heard) = stop();
    stage.stop = heard;
    let told = AtomicUsize::new(0);
    stage.hear = Arc::new(move |event| {
        // One is at work, and the other two, who have nothing to prepare, have gone on to the meeting.
        let counts = match event {
            Event::StepStarted { name, host, .. } => name == "prepare" && host.as_str() == "n3",
            Event::StepEnded { name, .. } => name == "prepare",
            _ => false,
        };
        if counts && told.fetch_add(1, Ordering::SeqCst) == 2 {
            stopper.ask();
        }
    });
    insta::assert_snapshot!(by_host(&stage.run()));
}
