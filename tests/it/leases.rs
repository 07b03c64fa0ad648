//! Two runs on one machine at once: their rounds wait for each other.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::harness::Project;

fn project() -> Project {
    Project::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/end_to_end/lease"))
}

fn start(project: &Project, who: &str, more: &str) -> Child {
    let line =
        format!("exec benchbook run playbook.yml -i here, -e ansible_connection=local -e who={who} {more}");
    project.shell(&line).env("USER", "ann").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn end(child: Child) -> (Option<i32>, String) {
    let output = child.wait_with_output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

/// Waits until a run has begun a round.
fn await_round(project: &Project, who: &str) {
    let until = Instant::now() + Duration::from_secs(30);
    let log = project.path().join("log");
    let begun = || fs::read_to_string(&log).unwrap_or_default().contains(&format!("{who} "));
    while !begun() {
        assert!(Instant::now() < until, "{who} has not begun");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn rounds_never_overlap_and_take_turns() {
    let project = project();
    let runs = ["a", "b"].map(|who| start(&project, who, ""));
    for run in runs {
        let (code, text) = end(run);
        assert_eq!(code, Some(0), "{text}");
    }
    let log = fs::read_to_string(project.path().join("log")).unwrap();
    let mut at_work: Option<&str> = None;
    let mut rounds: BTreeMap<&str, u32> = BTreeMap::new();
    for line in log.lines() {
        let who = line.split(' ').next().unwrap();
        if line.ends_with("begins") {
            assert_eq!(at_work.replace(who), None, "{log}");
            *rounds.entry(who).or_default() += 1;
        } else {
            assert_eq!(at_work.take(), Some(who), "{log}");
        }
    }
    assert_eq!(rounds, BTreeMap::from([("a", 3), ("b", 3)]));
}

#[test]
fn a_busy_machine_is_told_or_refused() {
    let project = project();
    let first = start(&project, "first", "-e rounds=1 -e seconds=4");
    await_round(&project, "first");
    let (code, text) = end(start(&project, "refused", "-e rounds=1 --on-busy fail"));
    assert_eq!(code, Some(1), "{text}");
    let busy = text.find("here is busy: run ").map_or_else(|| panic!("{text}"), |at| &text[at..]);
    assert!(busy.contains("-playbook of ann@") && busy.contains(" has had it since 20"), "{text}");
    let (code, text) = end(start(&project, "second", "-e rounds=1 -e seconds=0"));
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("waiting for it"), "{text}");
    assert_eq!(end(first).0, Some(0));
    let log = fs::read_to_string(project.path().join("log")).unwrap();
    let order: Vec<_> = log.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(order, ["first", "first", "second", "second"]);
}

#[test]
fn whoever_waits_can_be_stopped() {
    let project = project();
    let first = start(&project, "first", "-e rounds=1 -e seconds=6");
    await_round(&project, "first");
    let second = start(&project, "second", "-e rounds=1");
    std::thread::sleep(Duration::from_secs(2));
    let asked = Instant::now();
    rustix::process::kill_process(rustix::process::Pid::from_child(&second), rustix::process::Signal::INT)
        .unwrap();
    let (code, text) = end(second);
    assert_eq!(code, Some(4), "{text}");
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
    assert_eq!(end(first).0, Some(0));
    assert!(!fs::read_to_string(project.path().join("log")).unwrap().contains("second"));
}

#[test]
fn a_killed_run_holds_nothing() {
    let project = project();
    let mut first = start(&project, "first", "-e rounds=1 -e seconds=3");
    await_round(&project, "first");
    first.kill().unwrap();
    first.wait().unwrap();
    let asked = Instant::now();
    let (code, text) = end(start(&project, "second", "-e rounds=1"));
    assert_eq!(code, Some(0), "{text}");
    assert!(asked.elapsed() < Duration::from_secs(15), "{:?}", asked.elapsed());
}
