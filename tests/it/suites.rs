//! The suites that ship: each case role of them runs once on a real host, with the real programs; what they say of themselves.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use benchbook::base::unit::Unit;
use fancy_regex::Regex;
use serde_json::Value as Json;

use crate::harness::{Project, wait_for};
use crate::lab::Lab;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// What `./test --install` gets for them.
const PROGRAMS: [&str; 9] = [
    "cc",
    "flock",
    "openssl",
    "sysbench",
    "fio",
    "stress-ng",
    "redis-server",
    "redis-cli",
    "redis-benchmark",
];

/// Names of the case roles and their folders' files `tasks/run.yml`.
fn case_roles() -> Vec<(String, String)> {
    let mut roles = Vec::new();
    for entry in fs::read_dir(Path::new(ROOT).join("roles")).unwrap() {
        let folder = entry.unwrap().path();
        if let Ok(run) = fs::read_to_string(folder.join("tasks/run.yml")) {
            roles.push((folder.file_name().unwrap().to_str().unwrap().to_owned(), run));
        }
    }
    roles.sort();
    roles
}

fn playbooks() -> Vec<(String, String)> {
    let folder = fs::read_dir(Path::new(ROOT).join("playbooks")).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: std::path::PathBuf| {
        (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap())
    };
    let mut all: Vec<_> = folder.map(read).collect();
    all.sort();
    all
}

/// Whether the programs are here; in CI they must be.
fn installed(programs: &[&str]) -> bool {
    let missing: Vec<_> = programs
        .iter()
        .filter(|program| {
            let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
            !found.unwrap().status.success()
        })
        .collect();
    assert!(missing.is_empty() || std::env::var("CI").as_deref() != Ok("true"), "not installed: {missing:?}");
    missing.is_empty()
}

/// The suites and roles in a project of their own.
fn project() -> Project {
    let project = Project::empty();
    for folder in ["playbooks", "roles"] {
        project.add(&Path::new(ROOT).join(folder), folder);
    }
    fs::copy(Path::new(ROOT).join("benchbook.toml"), project.path().join("benchbook.toml")).unwrap();
    project
}

/// `case figure labels unit direction` of each row of the newest run, which must have a figure.
fn figures(project: &Project) -> Vec<String> {
    let shown = project.shell("benchbook show last --all --format json").output().unwrap();
    let summary: Json = serde_json::from_slice(&shown.stdout).unwrap();
    let rows = summary["rows"].as_array().unwrap().iter();
    rows.map(|row| {
        let value = &row["cells"]["n1"]["values"][0];
        assert!(value.as_f64().is_some_and(|value| value > 0.0), "{row}");
        let better = if row["higher_is_better"] == true { "higher" } else { "lower" };
        let words = [&row["case"], &row["figure"], &row["labels"], &row["unit"]];
        format!("{} {better}", words.map(ToString::to_string).join(" ")).replace('"', "")
    })
    .collect()
}

#[test]
fn every_case_role_of_one_host_runs() {
    if !installed(&PROGRAMS) {
        return;
    }
    // Hosts of a lab reach no registry: the packages are in a folder, as on machines of users that reach none.
    let Some(wheels) = std::env::var_os("BENCHBOOK_TEST_WHEELS") else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "BENCHBOOK_TEST_WHEELS is not set");
        return;
    };
    let Some(lab) = Lab::hosts(1).start() else { return };
    let copied = Command::new("cp").arg("-rT").arg(&wheels).arg(lab.host("n1").file("/tmp/wheels")).status();
    assert!(copied.unwrap().success(), "{wheels:?}");
    let project = project();
    let said = project.transcript(&format!(
        "benchbook run playbooks/quick.yml -i {} -e seconds=1 -e mib=6 -e n=256 -e fio_size=8M \
         -e redis_benchmark_requests=2000 -e accuracy=0.3 -e onnx_inference_python=/usr/bin/python3 \
         -e 'onnx_inference_pip=\"--no-index --find-links /tmp/wheels\"'",
        lab.inventory().display()
    ));
    assert!(said.ends_with("--- exit 0\n"), "{said}\n{}", lab.log());
    insta::assert_snapshot!(figures(&project).join("\n"));
    // The server is gone, and so are the files.
    assert_eq!(lab.host("n1").processes_with("BENCHBOOK_RUN="), [] as [&str; 0]);
    inference_notices_a_wrong_result_and_refuses_what_it_cannot_do(&lab);
}

/// In the environment that the role has made on the host.
fn inference_notices_a_wrong_result_and_refuses_what_it_cannot_do(lab: &Lab) {
    let host = lab.host("n1");
    let program = fs::read_to_string(Path::new(ROOT).join("roles/onnx_inference/files/infer.py")).unwrap();
    let wrong = program.replace("found = infer()", "found = infer() * 1.01");
    assert_ne!(wrong, program);
    fs::write(host.file("/tmp/wrong.py"), wrong).unwrap();
    fs::write(host.file("/tmp/infer.py"), program).unwrap();
    let cases = [
        ("wrong.py shufflenet 1 1", 1, "infer: wrong results: "),
        ("infer.py lenet 1 1", 2, "infer: onnx "),
        ("infer.py shufflenet 0 1", 2, "infer: THREADS must be a whole number from 1, not '0'"),
        ("infer.py shufflenet 1 1 NoProvider", 2, "infer: this onnxruntime has no NoProvider; it has "),
        ("infer.py shufflenet", 2, "infer: usage: "),
    ];
    for (line, status, message) in cases {
        let python = "/home/bench/.cache/benchbook/onnx_inference-*/bin/python";
        let output = host.command(&format!("cd /tmp && {python} {line}")).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{line}: {said}");
        assert!(said.starts_with(message) && output.stdout.is_empty(), "{line}: {said}");
    }
}

#[test]
fn a_server_that_a_dead_controller_has_left_is_found() {
    if !installed(&["redis-server", "redis-cli", "redis-benchmark"]) {
        return;
    }
    let project = project();
    let case = "    - {name: kv, role: redis_benchmark, vars: {redis_benchmark_requests: 1000000000}}\n";
    fs::write(project.path().join("playbook.yml"), format!("{PLAYBOOK}{case}")).unwrap();
    let there = |name: &str| project.left().iter().any(|words| words.starts_with(name));
    let mut run = project.shell("exec benchbook run playbook.yml -i localhost,").spawn().unwrap();
    wait_for("the server and its client", || there("redis-server ") && there("redis-benchmark "));
    run.kill().unwrap();
    run.wait().unwrap();
    assert!(there("redis-server "));
    let said = project.transcript("benchbook clean last -y -i localhost,");
    assert!(said.contains("redis-server ") && said.ends_with("--- exit 0\n"), "{said}");
    assert!(!there("redis-"), "{said}");
}

/// A suite is there for a fleet and for one machine.
#[test]
fn every_suite_is_planned_for_one_host_and_for_two() {
    for (name, _) in playbooks() {
        for inventory in ["this-machine", "rack"] {
            let line = format!("cd {ROOT} && benchbook plan playbooks/{name} -i inventories/{inventory}");
            let said = Project::empty().transcript(&line);
            let two_hosts_only = name == "cluster.yml" && inventory == "this-machine";
            let exit = if two_hosts_only { "--- exit 2\n" } else { "--- exit 0\n" };
            assert!(said.ends_with(exit), "{said}");
        }
    }
}

#[test]
fn every_case_role_is_used_by_two_suites() {
    let playbooks = playbooks();
    for (role, _) in case_roles() {
        // That one is for tables of commands that users have.
        if role == "run_case" {
            continue;
        }
        let used = Regex::new(&format!(r"role: {role}\b")).unwrap();
        let suites = playbooks.iter().filter(|(_, text)| used.is_match(text).unwrap());
        let names: Vec<_> = suites.map(|(name, _)| name).collect();
        assert!(names.len() >= 2, "{role}: {names:?}");
    }
}

/// Each task with metrics has a log that its program has printed on a real machine, and the figures in it are known.
#[test]
fn the_metrics_of_every_case_role_are_tested_on_saved_logs() {
    let said = Project::empty().transcript(&format!("cd {ROOT} && benchbook test"));
    assert!(said.ends_with(": all figures as expected\n--- exit 0\n"), "{said}");
    let name = Regex::new(r"(?m)^- name: (.+)$").unwrap();
    for (role, run) in case_roles() {
        let measuring: Vec<_> = run.split("\n\n").filter(|task| task.contains("metrics:")).collect();
        let folder = Path::new(ROOT).join("roles").join(&role).join("tests");
        let logs = fs::read_dir(&folder).into_iter().flatten().map(|entry| entry.unwrap().path());
        let expected: Vec<_> =
            logs.map(|log| fs::read_to_string(log.join("expected.yml")).unwrap()).collect();
        for task in &measuring {
            let name = name.captures(task).unwrap().unwrap().get(1).unwrap().as_str();
            let named = |text: &String| text.contains(&format!("task: {name}\n"));
            let is_tested = expected.iter().any(named) || measuring.len() == 1 && !expected.is_empty();
            assert!(is_tested, "{role}: {name}");
        }
    }
}

#[test]
fn every_figure_of_a_case_role_has_a_unit_that_converts() {
    let pattern = Regex::new(r"unit: ([^,}\n]+)").unwrap();
    let mut units = BTreeSet::new();
    for (role, run) in case_roles() {
        for found in pattern.captures_iter(&run) {
            let word = found.unwrap().get(1).unwrap().as_str().trim().to_owned();
            assert!(matches!(Unit::parse(&word), Unit::Known(_)), "{role}: {word}");
            units.insert(word);
        }
    }
    assert!(units.len() > 8, "{units:?}");
}

#[test]
fn no_case_role_names_a_vendor() {
    let vendor = Regex::new(r"(?i)\b(nvidia|cuda|rocm|amd|intel|ascend|kunlun\w*|metax|iluvatar)\b").unwrap();
    for (role, run) in case_roles() {
        let folder = Path::new(ROOT).join("roles").join(&role);
        for file in ["defaults/main.yml", "meta/argument_specs.yml", "tasks/prepare.yml", "tasks/finish.yml"]
        {
            let text = run.clone() + &fs::read_to_string(folder.join(file)).unwrap_or_default();
            assert!(!vendor.is_match(&text).unwrap(), "{role}/{file}");
        }
    }
}

#[test]
fn the_suite_of_the_guide_is_planned() {
    let guide = fs::read_to_string(Path::new(ROOT).join("docs/guide/suites.md")).unwrap();
    let quoted = guide.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let project = project();
    fs::write(project.path().join("own.yml"), quoted).unwrap();
    fs::write(project.path().join("hosts.yml"), "storage: {hosts: {n1: {ansible_connection: local}}}\n")
        .unwrap();
    insta::assert_snapshot!(project.transcript("benchbook plan own.yml -i hosts.yml"));
}

/// A project with one role `own` whose files these are, and a playbook that measures with it.
fn own_role(files: &[(&str, &str)], playbook: &str) -> Project {
    let project = Project::empty();
    for (path, text) in files {
        let path = project.path().join("roles/own").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    fs::write(project.path().join("playbook.yml"), playbook).unwrap();
    project
}

const RUN: (&str, &str) = (
    "tasks/run.yml",
    "- command: echo 7\n  metrics: [{name: seven, regex: '^(?P<value>7)', unit: s, better: lower}]\n",
);
const PLAYBOOK: &str = "- hosts: localhost\n  gather_facts: false\n  connection: local\n  cases:\n";

#[test]
fn what_a_role_requires_is_said_before_and_with_its_package_when_it_is_missing() {
    let requires = "requires: [sh, {command: '{{ own_program }}', package: own-tools}]\n";
    let files =
        [RUN, ("meta/case.yml", requires), ("defaults/main.yml", "own_program: no-such-program-of-ours\n")];
    let cases = "    - {name: more, role: own, requires: [sh, dd]}\n    - {name: there, role: own, vars: {own_program: sh}}\n";
    let project = own_role(&files, &format!("{PLAYBOOK}{cases}"));
    insta::assert_snapshot!(project.transcript("benchbook plan playbook.yml; benchbook run playbook.yml"));
}

#[test]
fn what_cannot_be_required_is_refused() {
    let files = [RUN, ("meta/case.yml", "requires: [{package: own-tools}]\nneeds: [sh]\n")];
    let project = own_role(&files, &format!("{PLAYBOOK}    - {{name: one, role: own}}\n"));
    insta::assert_snapshot!(project.transcript("benchbook plan playbook.yml"));
}

#[test]
fn an_argument_that_a_case_role_does_not_take_is_refused_before_the_run_or_fails_its_case() {
    let specs =
        "argument_specs: {main: {options: {test: {type: str, choices: [cpu, memory]}, n: {type: int}}}}\n";
    let files = [RUN, ("meta/argument_specs.yml", specs)];
    let cases = "    - {name: one, role: own, matrix: {test: [cpu, cup, cup2]}}\n    - {name: two, role: own, vars: {test: mem}}\n";
    let known = own_role(&files, &format!("{PLAYBOOK}{cases}"));
    let cases = "    - {name: one, role: own, matrix: {test: ['{{ word }}', cpu]}}\n    - {name: two, role: own, vars: {n: many}}\n";
    let late = own_role(&files, &format!("{PLAYBOOK}{cases}"));
    let said = [
        known.transcript("benchbook plan playbook.yml"),
        late.transcript(
            "benchbook run playbook.yml -e word=memory; benchbook run playbook.yml -e word=memory -e test=cup --case one",
        ),
    ];
    insta::assert_snapshot!(said.join("\n"));
}
