//! Monitors of hosts that are reached over ssh: of each host its own, around gangs, as other users, and while nobody can reach
//! them.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use crate::harness::{Project, wait_for};
use crate::lab::{self, Lab};

fn project(lab: &Lab, of_all: &str, n3: &str) -> Project {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/monitors/fleet");
    let project = Project::copy_of(&folder);
    let inventory = fs::read_to_string(lab.inventory()).unwrap() + of_all;
    fs::write(project.path().join("hosts.ini"), inventory.replacen("n3 ", n3, 1)).unwrap();
    project
}

fn shown(project: &Project) -> Json {
    let shown = project.shell("benchbook show --all --format json").output().unwrap();
    serde_json::from_slice(&shown.stdout).unwrap()
}

/// What a monitor saw in each round of a case on a host.
fn rounds<'a>(shown: &'a Json, case: &'a str, host: &'a str, monitor: &'a str) -> Vec<&'a Json> {
    let slices = shown["slices"].as_array().expect("slices").iter();
    slices
        .filter(|slice| slice["case"] == case && slice["host"] == host)
        .map(|slice| &slice["monitors"][monitor])
        .collect()
}

/// The events of one kind.
fn events(project: &Project, kind: &str) -> Vec<Json> {
    let text = fs::read_to_string(project.path().join("events")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
    lines.filter(|line| line["event"] == kind).collect()
}

#[test]
fn each_host_has_its_samples_alone_in_gangs_and_as_another_user() {
    let Some(lab) = Lab::hosts(3).prepare("n3", lab::SUDO).start() else { return };
    let project = project(&lab, "", "n3 ansible_become=true ");
    let said = project.transcript("benchbook run playbook.yml -i hosts.ini --events events");
    assert!(said.contains("--- exit 0"), "{said}\n{}", lab.log());
    let shown = shown(&project);
    assert_eq!(shown["warnings"].as_array().map(Vec::len), Some(0), "{shown:#}");
    for (host, uid) in [("n1", 61000.0), ("n2", 61000.0), ("n3", 0.0)] {
        for (case, count) in [("alone", 1), ("gang", if host == "n3" { 0 } else { 2 })] {
            let seen = rounds(&shown, case, host, "host");
            assert_eq!(seen.len(), count, "{case} {host}: {shown:#}");
            for seen in seen {
                assert!((3..=8).contains(&seen["samples"].as_u64().unwrap()), "{case} {host}: {seen}");
                assert_eq!(seen.get("missing"), None, "{case} {host}: {seen}");
            }
        }
        let who = rounds(&shown, "alone", host, "who")[0];
        assert_eq!(who["columns"]["uid"]["max"].as_f64(), Some(uid), "{host}: {who}");
    }
    // How far each clock was from ours; here it is the same clock.
    let started = events(&project, "monitor_started");
    assert_eq!(started.len(), 6, "{started:?}");
    for event in &started {
        let (offset, uncertainty) =
            (event["offset"].as_i64().unwrap(), event["uncertainty"].as_i64().unwrap());
        assert!(uncertainty > 0 && offset.abs() <= uncertainty + 5_000_000, "{event}");
    }
    for name in lab.names() {
        assert_eq!(lab.host(name).processes_with("BENCHBOOK_RUN="), [] as [&str; 0]);
    }
}

#[test]
fn samples_go_on_while_nobody_can_reach_the_host() {
    let Some(lab) = Lab::hosts(2).start() else { return };
    let project = project(
        &lab,
        "ansible_ssh_extra_args='-o ServerAliveInterval=1'\nbenchbook_reconnect_timeout=120\n",
        "n3 ",
    );
    let output = fs::File::create(project.path().join("said")).unwrap();
    let mut command = project.shell("exec benchbook run outage.yml -i hosts.ini");
    let mut run = command.stdout(output.try_clone().unwrap()).stderr(output).spawn().unwrap();
    let said = || fs::read_to_string(project.path().join("said")).unwrap();
    wait_for("the round", || lab.names().iter().all(|name| lab.host(name).file("/tmp/begun").exists()));
    lab.host("n1").cut();
    wait_for("the loss", || {
        said().lines().any(|line| line.contains("n1") && line.contains("the job goes on there"))
    });
    for name in lab.names() {
        lab.host(name).run("touch /tmp/go");
    }
    std::thread::sleep(std::time::Duration::from_secs(2));
    lab.host("n1").restore();
    assert_eq!(run.wait().unwrap().code(), Some(0), "{}\n{}", said(), lab.log());
    let shown = shown(&project);
    for host in ["n1", "n2"] {
        let seen = rounds(&shown, "long", host, "host")[0];
        assert_eq!(seen.get("missing"), None, "{host}: {seen} {}", said());
        let slices = shown["slices"].as_array().unwrap();
        let slice = slices.iter().find(|slice| slice["host"] == host).unwrap();
        let seconds = time(&slice["to"]) - time(&slice["from"]);
        let samples = f64::from(u32::try_from(seen["samples"].as_u64().unwrap()).unwrap());
        // A busy machine makes a sampler late.
        assert!(
            samples > 2.0 * seconds && samples <= 5.0 * seconds + 1.0,
            "{host}: {samples} in {seconds} s"
        );
        assert_eq!(lab.host(host).processes_with("BENCHBOOK_RUN="), [] as [&str; 0]);
    }
}

/// Seconds, of what is written in nanoseconds.
#[allow(clippy::cast_precision_loss)] // of a difference
fn time(json: &Json) -> f64 {
    json.as_i64().expect("nanoseconds") as f64 / 1e9
}
