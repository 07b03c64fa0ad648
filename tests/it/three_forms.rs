//! The main job, whole, in its three forms: on this machine, in containers that are made for it on hosts, and in containers
//! that are there. It takes minutes, so it is done by `./test --full` only.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::SystemTime;

use crate::harness::Project;
use crate::lab::{Lab, base};

/// Hosts of the lab are one machine: their rounds must not disturb each other.
const VARIABLES: &str = "\nvendor=generic_cpu\nmachine=the lab's\n";

/// Runs the quickstart, prints what `show` says, and gives the cases in it.
fn cases(project: &Project, options: &str) -> BTreeSet<String> {
    let run = project.transcript(&format!("benchbook run playbooks/quickstart.yml {options}"));
    assert!(run.contains("--- exit 0"), "{run}");
    let shown = project.transcript("benchbook show last");
    let _ = writeln!(std::io::stderr(), "{options}\n{shown}");
    let is_case = |line: &&str| line.starts_with("stream ") || line.starts_with("gemm ");
    let name = |line: &str| line.split("  ").next().unwrap().to_owned();
    shown.lines().filter(is_case).map(name).collect()
}

#[test]
fn the_quickstart_runs_in_three_forms() {
    if std::env::var_os("BENCHBOOK_TEST_FULL").is_none() {
        return;
    }
    let Some(base) = base::archive() else { return };
    let Some(lab) = Lab::hosts(3).engine("n1").engine("n2").engine("n3").start() else { return };
    let engines: Vec<_> = lab.names().iter().map(|name| lab.host(name).engine()).collect();
    for engine in &engines {
        engine.import("debian:12", &base);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let project = Project::empty();
    for part in ["playbooks", "roles", "images", "inventories"] {
        project.add(&root.join(part), part);
    }
    fs::copy(root.join("benchbook.toml"), project.path().join("benchbook.toml")).unwrap();

    let here = cases(&project, "");
    assert_eq!(here.len(), 6, "{here:?}");

    let began = SystemTime::now();
    let inventory = lab.inventory();
    fs::write(&inventory, fs::read_to_string(&inventory).unwrap() + VARIABLES).unwrap();
    let made = cases(&project, &format!("-i {} -e ansible_user=root", inventory.display()));
    assert_eq!(made, here);
    for (engine, name) in engines.iter().zip(lab.names()) {
        assert_eq!(engine.docker("ps --all --quiet"), "", "containers of {name}");
        let events = engine.events(began);
        for event in ["container create", "container start", "container die", "container destroy"] {
            assert!(events.contains(event), "{event} on {name}: {events}");
        }
        assert_eq!(lab.host(name).processes_with("BENCHBOOK_RUN="), [] as [&str; 0]);
    }

    let inventory = lab.containers_with_sshd("debian:12", "");
    fs::write(&inventory, fs::read_to_string(&inventory).unwrap() + VARIABLES).unwrap();
    let began = SystemTime::now();
    let inside = cases(&project, &format!("-i {} --in-container", inventory.display()));
    assert_eq!(inside, here);
    for engine in &engines {
        assert_eq!(engine.events(began), "");
    }
}
