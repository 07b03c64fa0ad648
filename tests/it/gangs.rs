//! Cases that several hosts run together, with the real program: over ssh on hosts of a lab, and gone on with after its controller
//! was killed or stopped.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value as Json;

use crate::harness::{Project, wait_for};
use crate::lab::Lab;

/// Kills the program behind so many records of its journal.
const KILL: &str = "BENCHBOOK_FAULT_KILL_AFTER_RECORD";

fn project(name: &str) -> Project {
    Project::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/gangs").join(name))
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The rows of the newest run, by case.
fn rows(project: &Project) -> Vec<Json> {
    let shown = project.shell("benchbook show last --all --format json").output().unwrap();
    let summary: Json = serde_json::from_slice(&shown.stdout).unwrap_or_else(|_| panic!("{}", said(&shown)));
    summary["rows"].as_array().unwrap().clone()
}

fn lines(project: &Project, file: &str) -> usize {
    fs::read_to_string(project.path().join(file)).unwrap_or_default().lines().count()
}

#[test]
fn two_hosts_run_the_cluster_playbook() {
    let Some(lab) = Lab::hosts(2).peers().start() else { return };
    let found =
        Command::new("sh").args(["-c", "command -v iperf3 && command -v hpcc && command -v mpirun"]).output();
    if !found.unwrap().status.success() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "iperf3, hpcc or mpirun is not installed");
        return;
    }
    let project = Project::empty();
    let root = env!("CARGO_MANIFEST_DIR");
    let copied =
        project.shell(&format!("cp -r {root}/benchbook.toml {root}/playbooks {root}/roles .")).status();
    assert!(copied.unwrap().success());
    let said = project.transcript(&format!(
        "benchbook run playbooks/cluster.yml -i {} -e rounds=1 -e iperf3_seconds=1 -e hpcc_n=100 \
         -e 'hpcc_mpirun=\"mpirun --mca mpi_yield_when_idle 1\"'",
        lab.inventory().display()
    ));
    assert!(said.ends_with("--- exit 0\n"), "{said}\n{}", lab.log());
    let rows = rows(&project);
    let figures: Vec<String> = rows
        .iter()
        .map(|row| {
            let cell = &row["cells"]["n1"];
            assert!(cell["values"][0].as_f64().is_some_and(|value| value > 0.0), "{row}");
            assert_eq!(cell["gang"], serde_json::json!(["n1", "n2"]), "{row}");
            assert!(row["cells"]["n2"].is_null(), "{row}");
            format!("{} {} {}", row["case"], row["figure"], row["unit"]).replace('"', "")
        })
        .collect();
    assert_eq!(
        figures,
        [
            "network bandwidth bit/s",
            "hpcc hpl TFLOP/s",
            "hpcc ptrans GB/s",
            "hpcc stream_triad GB/s",
            "hpcc random_access GUP/s",
            "hpcc fft GFLOP/s",
            "hpcc ring_bandwidth GB/s",
            "hpcc ring_latency us"
        ]
    );
    for host in ["n1", "n2"] {
        assert_eq!(lab.host(host).processes_with("BENCHBOOK_RUN="), [] as [&str; 0]);
    }
}

#[test]
fn the_death_of_rank_1_ends_the_others_and_fails_the_case_on_each() {
    let Some(lab) = Lab::hosts(3).start() else { return };
    let project = project("killed");
    let run = start(&project, &format!("benchbook run playbook.yml -i {}", lab.inventory().display()));
    wait_for("both ranks", || ["n1", "n2"].iter().all(|n| lab.host(n).file("/tmp/pid").exists()));
    // The shell that is the task, by its environment.
    lab.host("n2").run("kill -KILL $(ps -o ppid= -p $(cat /tmp/pid))");
    let output = run.wait_with_output().unwrap();
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let shown = project.transcript("benchbook show last --all");
    assert!(shown.contains("FAILED n1 long: rank 1 on n2 failed"), "{shown}\n{said}");
    assert!(shown.contains("FAILED n2 long"), "{shown}");
    assert!(!lab.host("n3").file("/tmp/pid").exists());
    for host in ["n1", "n2", "n3"] {
        assert_eq!(lab.host(host).processes_with("BENCHBOOK_RUN="), [] as [&str; 0]);
    }
    let rows = rows(&project);
    assert_eq!(rows[1]["verdict"], "ok", "{rows:?}");
}

fn start(project: &Project, line: &str) -> Child {
    let mut command = project.shell(&format!("exec {line}"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn signal(run: &Child, signal: &str) {
    let status = Command::new("kill").args(["-s", signal, &run.id().to_string()]).status();
    assert!(status.unwrap().success());
}

const RUN: &str = "benchbook run playbook.yml -i hosts.ini";

#[test]
fn a_run_with_a_gang_that_is_killed_anywhere_goes_on() {
    let whole = project("pair");
    fs::write(whole.path().join("go"), "").unwrap();
    let output = whole.shell(RUN).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let expected = rows(&whole);
    let reparsed = whole.shell("benchbook reparse last").output().unwrap();
    assert_eq!(rows(&whole), expected, "{}", said(&reparsed));
    let stride = if std::env::var_os("BENCHBOOK_TEST_FULL").is_some() { 1 } else { 6 };
    for place in (1..).step_by(stride) {
        let project = project("pair");
        fs::write(project.path().join("go"), "").unwrap();
        let killed = project.shell(&format!("exec {RUN}")).env(KILL, place.to_string()).output().unwrap();
        if killed.status.code() == Some(0) {
            assert!(place > 30, "{place}");
            break;
        }
        let resumed = project.shell("benchbook resume last").output().unwrap();
        assert_eq!(resumed.status.code(), Some(0), "behind record {place}: {}", said(&resumed));
        assert_eq!(rows(&project), expected, "behind record {place}: {}", said(&resumed));
        assert_eq!(lines(&project, "begun"), 2, "behind record {place}: {}", said(&resumed));
    }
}

#[test]
fn ranks_that_work_when_their_controller_dies_are_attached_to() {
    let project = project("pair");
    let mut run = start(&project, RUN);
    wait_for("rank 0", || lines(&project, "begun") == 1);
    std::thread::sleep(Duration::from_millis(300));
    signal(&run, "KILL");
    run.wait().unwrap();
    fs::write(project.path().join("go"), "").unwrap();
    let resumed = project.shell("benchbook resume last").output().unwrap();
    assert_eq!(resumed.status.code(), Some(0), "{}", said(&resumed));
    // Neither round was begun twice.
    assert_eq!(lines(&project, "begun"), 2, "{}", said(&resumed));
    let rows = rows(&project);
    assert_eq!(rows[0]["cells"]["n1"]["values"], serde_json::json!([42.0, 42.0]), "{rows:?}");
}

#[test]
fn a_round_that_was_stopped_is_done_again_by_all() {
    for times in [1, 2] {
        let project = project("pair");
        let run = start(&project, RUN);
        wait_for("rank 0", || lines(&project, "begun") == 1);
        for _ in 0..times {
            std::thread::sleep(Duration::from_millis(300));
            signal(&run, "INT");
        }
        let output = run.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(4), "{}", said(&output));
        let finished = usize::from(times == 1);
        assert_eq!(lines(&project, "finished-n1"), finished, "{}", said(&output));
        fs::write(project.path().join("go"), "").unwrap();
        let resumed = project.shell("benchbook resume last").output().unwrap();
        assert_eq!(resumed.status.code(), Some(0), "{}\n{}", said(&output), said(&resumed));
        assert_eq!(lines(&project, "begun"), 3, "{}", said(&resumed));
        let rows = rows(&project);
        assert_eq!(rows[0]["cells"]["n1"]["values"], serde_json::json!([42.0, 42.0]), "{rows:?}");
        for host in ["n1", "n2"] {
            assert_eq!(lines(&project, &format!("finished-{host}")), finished + 1, "{}", said(&resumed));
        }
    }
}

#[test]
fn a_gang_waits_for_another_run_or_is_refused() {
    let project = project("pair");
    let first = start(&project, RUN);
    wait_for("rank 0", || lines(&project, "begun") == 1);
    let refused =
        project.shell(&format!("{RUN} --on-busy fail --limit 'n1,n2' --case pair")).output().unwrap();
    let text = said(&refused);
    assert_eq!(refused.status.code(), Some(1), "{text}");
    for host in ["n1", "n2"] {
        assert!(text.contains(&format!("FAILED {host} pair: rank 0 on n1: n1 is busy: run ")), "{text}");
    }
    let second = start(&project, &format!("{RUN} --case pair"));
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(lines(&project, "begun"), 1);
    fs::write(project.path().join("go"), "").unwrap();
    for run in [first, second] {
        let output = run.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    }
    assert_eq!(lines(&project, "begun"), 4);
}

#[test]
fn a_gang_runs_again_as_a_whole() {
    let project = project("pair");
    for file in ["go", "broken"] {
        fs::write(project.path().join(file), "").unwrap();
    }
    let failed = project.shell(RUN).output().unwrap();
    assert_eq!(failed.status.code(), Some(1), "{}", said(&failed));
    assert!(said(&failed).contains("FAILED n1 pair: rank 1 on n2 failed: "), "{}", said(&failed));
    fs::remove_file(project.path().join("broken")).unwrap();
    let again = project.shell("benchbook run --failed-from last").output().unwrap();
    assert_eq!(again.status.code(), Some(0), "{}", said(&again));
    let rows = rows(&project);
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(rows[0]["cells"]["n1"]["gang"], serde_json::json!(["n1", "n2"]), "{rows:?}");
}
