//! Two runs on one machine at once: their rounds wait for each other.

use std::fs;
use std::path::Path;
use std::process::Child;

use rustix::process::{Pid, Signal};

use crate::harness::{Project, wait_for};

fn project() -> Project {
    Project::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/end_to_end/lease"))
}

fn start(project: &Project, who: &str, more: &str) -> Child {
    let line =
        format!("exec benchbook run playbook.yml -i here, -e ansible_connection=local -e who={who} {more}");
    spawn(project, who, &line)
}

/// What it says goes into a file with its name.
fn spawn(project: &Project, who: &str, line: &str) -> Child {
    let output = fs::File::create(project.path().join(who)).unwrap();
    let mut command = project.shell(line);
    command.env("USER", "ann").stdout(output.try_clone().unwrap()).stderr(output);
    command.spawn().unwrap()
}

fn said(project: &Project, who: &str) -> String {
    fs::read_to_string(project.path().join(who)).unwrap()
}

fn end(project: &Project, who: &str, mut child: Child) -> (Option<i32>, String) {
    let code = child.wait().unwrap().code();
    (code, said(project, who))
}

fn ends_well(project: &Project, who: &str, child: Child) {
    let (code, text) = end(project, who, child);
    assert_eq!(code, Some(0), "{text}");
}

fn log(project: &Project) -> String {
    fs::read_to_string(project.path().join("log")).unwrap_or_default()
}

/// Waits until a run has begun a round.
fn await_round(project: &Project, who: &str) {
    wait_for(&format!("{who} to begin"), || log(project).contains(&format!("{who} ")));
}

fn await_queue(project: &Project, who: &str) {
    wait_for(&format!("{who} to wait"), || said(project, who).contains("waiting for it"));
}

/// Who had the machine, round by round; each begins when the one before has ended.
fn turns(project: &Project) -> Vec<String> {
    let log = log(project);
    let mut at_work: Option<&str> = None;
    let mut turns = Vec::new();
    for line in log.lines() {
        let who = line.split(' ').next().unwrap();
        if line.ends_with("begins") {
            assert_eq!(at_work.replace(who), None, "{log}");
            turns.push(who.to_owned());
        } else {
            assert_eq!(at_work.take(), Some(who), "{log}");
        }
    }
    assert_eq!(at_work, None, "{log}");
    turns
}

fn signal(whom: &Child, signal: Signal) {
    rustix::process::kill_process(Pid::from_child(whom), signal).unwrap();
}

#[test]
fn rounds_never_overlap_and_take_turns() {
    let project = project();
    let runs = ["a", "b"].map(|who| (who, start(&project, who, "")));
    for (who, run) in runs {
        ends_well(&project, who, run);
    }
    let mut turns = turns(&project);
    turns.sort();
    assert_eq!(turns, ["a", "a", "a", "b", "b", "b"]);
}

#[test]
fn a_busy_machine_is_told_or_refused() {
    let project = project();
    let first = start(&project, "first", "-e rounds=1 -e until=go");
    await_round(&project, "first");
    let refused = start(&project, "refused", "-e rounds=1 --on-busy fail");
    let (code, text) = end(&project, "refused", refused);
    assert_eq!(code, Some(1), "{text}");
    let busy = text.find("here is busy: run ").map_or_else(|| panic!("{text}"), |at| &text[at..]);
    assert!(busy.contains("-playbook of ann@") && busy.contains(" has had it since 20"), "{text}");
    let second = start(&project, "second", "-e rounds=1 -e seconds=0");
    await_queue(&project, "second");
    fs::write(project.path().join("go"), "").unwrap();
    ends_well(&project, "second", second);
    ends_well(&project, "first", first);
    assert_eq!(turns(&project), ["first", "second"]);
}

#[test]
fn whoever_waits_can_be_stopped() {
    let project = project();
    let first = start(&project, "first", "-e rounds=1 -e until=go");
    await_round(&project, "first");
    let second = start(&project, "second", "-e rounds=1");
    await_queue(&project, "second");
    signal(&second, Signal::INT);
    let (code, text) = end(&project, "second", second);
    assert_eq!(code, Some(4), "{text}");
    fs::write(project.path().join("go"), "").unwrap();
    ends_well(&project, "first", first);
    assert_eq!(turns(&project), ["first"]);
}

#[test]
fn a_killed_run_holds_the_machine_as_long_as_its_job_runs() {
    let project = project();
    let mut first = start(&project, "first", "-e rounds=1 -e until=go");
    await_round(&project, "first");
    first.kill().unwrap();
    first.wait().unwrap();
    let second = start(&project, "second", "-e rounds=1");
    await_queue(&project, "second");
    fs::write(project.path().join("go"), "").unwrap();
    ends_well(&project, "second", second);
    assert!(log(&project).ends_with("ends\n") && log(&project).contains("second"));
    // What only waited holds nothing either.
    ends_well(&project, "third", start(&project, "third", "-e rounds=1 --on-busy fail"));
}

/// The agent that holds the machine for a round.
fn holder(project: &Project) -> Option<i32> {
    let text = fs::read(project.lease()).ok()?;
    let lease: serde_json::Value = serde_json::Deserializer::from_slice(&text).into_iter().next()?.ok()?;
    let holders = lease["holder"]["holders"].as_array()?;
    let agents = holders.iter().filter(|holder| holder["name"].as_str().unwrap().starts_with("round"));
    agents.filter_map(|holder| i32::try_from(holder["token"]["pid"].as_i64()?).ok()).next_back()
}

/// The first run comes back while the second waits: the second gets the machine after the whole round, not in the middle of it.
fn comes_back_in_time(project: &Project, before: i32, first: Child, second: Child) {
    wait_for("the first to take its lease over", || holder(project).is_some_and(|now| now != before));
    fs::write(project.path().join("go"), "").unwrap();
    ends_well(project, "first", first);
    ends_well(project, "second", second);
    assert_eq!(turns(project), ["first", "second", "first"]);
}

#[test]
fn a_run_that_goes_on_takes_its_own_lease_over() {
    let project = project();
    let mut killed = start(&project, "first", "-e rounds=2 -e until=go");
    await_round(&project, "first");
    let before = holder(&project).unwrap();
    killed.kill().unwrap();
    killed.wait().unwrap();
    let run = fs::read_dir(project.path().join("runs")).unwrap().next().unwrap().unwrap();
    let second = start(&project, "second", "-e rounds=1");
    await_queue(&project, "second");
    let resume = format!("exec benchbook resume {}", run.path().display());
    comes_back_in_time(&project, before, spawn(&project, "first", &resume), second);
}

#[test]
fn a_lease_is_taken_again_after_a_lost_connection() {
    let project = project();
    let first = start(&project, "first", "-e rounds=2 -e until=go");
    await_round(&project, "first");
    let second = start(&project, "second", "-e rounds=1");
    await_queue(&project, "second");
    let agent = holder(&project).unwrap();
    rustix::process::kill_process(Pid::from_raw(agent).unwrap(), Signal::KILL).unwrap();
    comes_back_in_time(&project, agent, first, second);
}
