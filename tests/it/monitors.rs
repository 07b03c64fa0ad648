//! Monitors sample real machines while cases run: what a case uses is seen in its own rounds and in no other's.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use crate::harness::Project;

/// A project with this playbook, and what `show` says of its run.
fn shown(playbook: &str, run: &str) -> (Json, String) {
    let project = Project::empty();
    fs::write(project.path().join("playbook.yml"), playbook).unwrap();
    let output = project.shell(run).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let shown = project.shell("benchbook show --all --format json").output().unwrap();
    (serde_json::from_slice(&shown.stdout).unwrap(), said)
}

/// One figure of one column in a round of a case.
fn seen(shown: &Json, case: &str, monitor: &str, column: &str, what: &str) -> f64 {
    let slices = shown["slices"].as_array().expect("slices");
    let slice = slices.iter().find(|slice| slice["case"] == case).expect("the case");
    let figure = &slice["monitors"][monitor]["columns"][column][what];
    figure.as_f64().unwrap_or_else(|| panic!("{case} {monitor} {column} {what}: {slice:#}"))
}

/// Half a core and a GiB, for ten seconds where there is time, and for two otherwise.
#[test]
fn what_a_case_uses_is_seen_in_its_own_rounds() {
    let full = std::env::var_os("BENCHBOOK_TEST_FULL").is_some();
    let (seconds, bytes) = if full { (10.0, 1 << 30) } else { (2.0, 256 << 20) };
    let playbook = fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/monitors/burn/playbook.yml"),
    )
    .unwrap();
    let run = format!("benchbook run playbook.yml -e seconds={seconds} -e bytes={bytes}");
    let (shown, said) = shown(&playbook, &run);
    // Of the round's own processes: other tests run on this machine too.
    let own = |case: &str| seen(&shown, case, "own", "cpu", "mean");
    let burnt = own("burn");
    assert!((0.3..0.7).contains(&burnt), "half a core, not {burnt}: {said}");
    for neighbour in ["before", "after"] {
        assert!(own(neighbour) < 0.1, "{neighbour}: {}", own(neighbour));
        assert!(seen(&shown, neighbour, "own", "memory", "max") < 64e6);
    }
    let most = f64::from(bytes);
    assert!(seen(&shown, "burn", "own", "memory", "max") >= most);
    // The machine as a whole has it too, beside all that others do.
    assert!(seen(&shown, "burn", "host", "cpu.busy", "mean") > 0.25);
    assert!(seen(&shown, "burn", "host", "memory.used", "max") > most);
    // Sampling costs next to nothing.
    assert!(seen(&shown, "burn", "host", "monitor.cpu", "mean") < 0.05);
}

#[test]
fn a_monitor_that_is_missing_or_dies_fails_nothing() {
    let playbook = "
- hosts: localhost
  connection: local
  gather_facts: false
  monitors: [{table: 100ms}, {broken: 100ms}, {host: 100ms}]
  vars:
    monitor_table:
      command: [sh, -c, 'echo name watt; echo a 1.5 W; echo b [N/A]']
      columns: [{name: name, label: true}, {name: power, unit: W}]
    monitor_broken: {command: [sh, -c, 'echo no such device >&2; exit 3'], columns: []}
  tasks:
    - set_fact: {late: hots}
  cases:
    - name: idle
      monitors: ['{{ late }}']
      run: [{command: sleep 1}]
";
    let (shown, said) = shown(playbook, "benchbook run playbook.yml");
    assert!((seen(&shown, "idle", "table", "a.power", "max") - 1.5).abs() < 1e-9);
    assert!(seen(&shown, "idle", "host", "memory.used", "min") > 0.0);
    let warnings = shown["warnings"].to_string();
    assert!(warnings.contains("did you mean `host`?"), "{warnings} {said}");
    assert!(warnings.contains("monitor `broken`: `sh` ended with 3 no such device"), "{warnings}");
    assert_eq!(shown["exit"], 0);
    // What is not there is marked in what is shown of the case.
    let seen = &shown["slices"][0]["monitors"];
    assert!(seen["hots"]["missing"].as_f64().unwrap() > 0.9, "{seen}");
    assert!(seen["hots"]["reason"].as_str().unwrap().contains("did you mean `host`?"), "{seen}");
    assert!(seen["broken"]["missing"].as_f64().unwrap() > 0.9, "{seen}");
    assert!(seen["host"].get("missing").is_none_or(|s| s.as_f64().unwrap() < 0.9), "{seen}");
    let notes = shown["notes"].as_array().unwrap();
    let texts = notes.iter().map(|note| note["text"].as_str().unwrap());
    // On a busy machine another may be late for once, and one that is not alone on its hardware is told so.
    let ours = |text: &&str| !text.ends_with(" s") && !text.starts_with("other machines");
    let texts: Vec<&str> = texts.filter(ours).collect();
    assert_eq!(texts, ["no samples of monitor `broken`", "no samples of monitor `hots`"]);
}

/// A sampler outlives the connection and the controller.
#[test]
fn a_run_that_is_resumed_has_the_samples_of_both_controllers() {
    let project = Project::empty();
    let playbook = "
- hosts: localhost
  connection: local
  gather_facts: false
  monitors: [{host: 100ms}]
  cases:
    - name: first
      run: [{command: sleep 1}]
    - name: second
      run: [{command: sleep 2}]
";
    fs::write(project.path().join("playbook.yml"), playbook).unwrap();
    let mut run = project.shell("exec benchbook run playbook.yml").spawn().unwrap();
    let logged = || {
        let shown = project.shell("benchbook show --format json").output().unwrap();
        String::from_utf8_lossy(&shown.stdout).contains("\"case\": \"first\",\n      \"host\"")
    };
    crate::harness::wait_for("the first case", logged);
    run.kill().unwrap();
    run.wait().unwrap();
    let resumed = project.shell("benchbook resume last").output().unwrap();
    assert!(resumed.status.success(), "{}", String::from_utf8_lossy(&resumed.stderr));
    let shown = project.shell("benchbook show --all --format json").output().unwrap();
    let shown: Json = serde_json::from_slice(&shown.stdout).unwrap();
    assert!(seen(&shown, "first", "host", "memory.used", "min") > 0.0);
    let samples = |case: &str| {
        let slices = shown["slices"].as_array().unwrap();
        let slice = slices.iter().find(|slice| slice["case"] == case).unwrap();
        slice["monitors"]["host"]["samples"].as_u64().unwrap()
    };
    // Nobody listened for a while. (A busy machine makes a sampler late.)
    assert!((10..=20).contains(&samples("second")), "{}", samples("second"));
}

/// A stop ends monitors too. They begin anew when the run goes on, and nothing else is done again because of them.
#[test]
fn a_run_that_was_stopped_begins_its_monitors_anew_and_no_finished_case() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/monitors/stopped");
    let project = Project::copy_of(&folder);
    let mut run = project.shell("exec benchbook run playbook.yml").spawn().unwrap();
    let done = || fs::read_to_string(project.path().join("done")).unwrap_or_default();
    crate::harness::wait_for("the second case", || done() == "first\nsecond\n");
    let pid = rustix::process::Pid::from_raw(i32::try_from(run.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(4));
    fs::write(project.path().join("again"), "").unwrap();
    let resumed = project.shell("benchbook resume last").output().unwrap();
    let said = String::from_utf8_lossy(&resumed.stderr).into_owned();
    assert!(resumed.status.success(), "{said}");
    assert_eq!(done(), "first\nsecond\nsecond\n", "{said}");
    let shown = project.shell("benchbook show --all --format json").output().unwrap();
    let shown: Json = serde_json::from_slice(&shown.stdout).unwrap();
    assert!(seen(&shown, "first", "host", "memory.used", "min") > 0.0);
    assert!(seen(&shown, "second", "host", "memory.used", "min") > 0.0);
    assert!(seen(&shown, "second", "cpu", "processors", "min") > 0.0);
    assert_eq!(shown["warnings"].as_array().map(Vec::len), Some(0), "{shown:#}");
}

/// A sampler that is killed in the middle of a case: what it did not see is told, and is in no mean.
#[test]
fn a_monitor_that_is_killed_leaves_a_gap_that_is_shown() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/monitors/killed");
    let project = Project::copy_of(&folder);
    let output = project.shell("benchbook run playbook.yml").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let shown = project.shell("benchbook show --all --format json").output().unwrap();
    let shown: Json = serde_json::from_slice(&shown.stdout).unwrap();
    let missing = |case: &str| {
        let slices = shown["slices"].as_array().unwrap();
        let slice = slices.iter().find(|slice| slice["case"] == case).unwrap();
        slice["monitors"]["host"].get("missing").and_then(Json::as_f64)
    };
    assert_eq!(missing("before"), None);
    assert!((1.0..2.5).contains(&missing("killed").unwrap()), "{shown:#}");
    assert!(missing("after").unwrap() > 0.9, "{shown:#}");
    let shown = project.transcript("benchbook show");
    assert!(shown.contains("! localhost killed: no samples of monitor `host` for "), "{shown}");
    assert!(shown.contains("! localhost after: no samples of monitor `host`\n"), "{shown}");
}
