//! Containers that a run makes on hosts that are reached by ssh, each with an engine of its own: by root behind an ordinary login,
//! and for gangs.

use std::path::Path;
use std::time::SystemTime;

use crate::harness::Project;
use crate::lab::{self, Lab};

/// Two hosts with an engine and an image; `bench` logs in, and may become root.
fn lab() -> Option<Lab> {
    let wanted = Lab::hosts(2).engine("n1").engine("n2").prepare("n1", lab::SUDO).prepare("n2", lab::SUDO);
    let lab = wanted.start()?;
    for name in lab.names() {
        lab.host(name).engine().image("small", &[("/bin/busybox", "/bin/busybox")]);
    }
    Some(lab)
}

fn run(playbook: &str, lab: &Lab) -> String {
    let project =
        Project::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/container_fleet"));
    let said = project.transcript(&format!("benchbook run {playbook} -i {}", lab.inventory().display()));
    for name in lab.names() {
        let host = lab.host(name);
        assert_eq!(host.engine().docker("ps --all --quiet"), "", "{said}");
        assert_eq!(host.processes_with("BENCHBOOK_RUN="), Vec::<String>::new(), "{said}");
    }
    said
}

/// What is said about the result: the table, without what hosts say in an order of their own.
fn result(said: &str) -> String {
    let text = said.split("--- stderr").next().unwrap();
    text.lines().skip(1).collect::<Vec<_>>().join("\n")
}

/// What happened to containers on a host: `create box`, …
fn events(lab: &Lab, name: &str) -> String {
    let line = "events --since 0 --until $(($(date +%s) + 1)) --filter type=container --format '{{.Action}} {{.Actor.Attributes.name}}'";
    let events = lab.host(name).engine().docker(line);
    let own = |line: &&str| ["create ", "destroy "].iter().any(|word| line.starts_with(word));
    events.lines().filter(own).collect::<Vec<_>>().join("\n")
}

#[test]
fn root_starts_and_stops_the_containers_of_who_logs_in() {
    let Some(lab) = lab() else { return };
    let said = run("alone.yml", &lab);
    assert!(said.contains("--- exit 0"), "{said}");
    insta::assert_snapshot!("alone", format!("{}\n{}", result(&said), events(&lab, "n2")));
}

#[test]
fn each_member_of_a_gang_has_a_container() {
    let Some(lab) = lab() else { return };
    let began = SystemTime::now();
    let said = run("gangs.yml", &lab);
    assert!(began.elapsed().unwrap().as_secs() < 120, "{said}");
    assert_eq!(events(&lab, "n1"), events(&lab, "n2"), "{said}");
    insta::assert_snapshot!("gangs", format!("{}\n{}", result(&said), events(&lab, "n1")));
}

#[test]
fn a_member_whose_container_comes_too_late_has_failed_with_its_gang() {
    let Some(lab) = lab() else { return };
    let said = run("late.yml", &lab);
    insta::assert_snapshot!("late", result(&said));
}
