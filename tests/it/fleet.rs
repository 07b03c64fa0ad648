//! Whole runs over ssh on hosts of a lab: the same playbook by another inventory alone, and links that are cut.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::harness::{Project, wait_for};
use crate::lab::{Lab, SUDO};

fn case(name: &str) -> Project {
    Project::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/fleet").join(name))
}

#[test]
fn every_host_answers_for_itself() {
    let Some(lab) = Lab::hosts(3).start() else { return };
    let project = case("identity");
    let said = project.transcript(&format!("benchbook run playbook.yml -i {}", lab.inventory().display()));
    assert!(said.ends_with("--- exit 0\n"), "{said}");
    let ids = fs::read_to_string(project.path().join("ids")).unwrap();
    let ids: BTreeMap<&str, &str> = ids.lines().filter_map(|line| line.split_once(' ')).collect();
    assert_eq!(ids.len(), 3, "{ids:?}");
    for (host, id) in &ids {
        assert_eq!(lab.host(host).run("cat /etc/machine-id").trim(), *id);
        assert_eq!(ids.values().filter(|other| *other == id).count(), 1, "{ids:?}");
    }
}

#[test]
fn the_quickstart_runs_on_three_hosts_by_another_inventory_alone() {
    let Some(lab) = Lab::hosts(3).start() else { return };
    let project = Project::empty();
    let root = env!("CARGO_MANIFEST_DIR");
    let copied =
        project.shell(&format!("cp -r {root}/benchbook.toml {root}/playbooks {root}/roles .")).status();
    assert!(copied.unwrap().success());
    // The last section are the variables of the group.
    let inventory = fs::read_to_string(lab.inventory()).unwrap() + "vendor=generic_cpu\n";
    fs::write(project.path().join("rack.ini"), inventory).unwrap();
    let mut line = "benchbook run playbooks/quickstart.yml -i rack.ini --in-container".to_owned();
    if std::env::var_os("BENCHBOOK_TEST_FULL").is_none() {
        line += " --case 'stream[mib=64]' --case gemm -e stream_repetitions=2 -e n=128 -e gemm_repetitions=1";
    }
    let said = project.transcript(&line);
    assert!(said.ends_with("--- exit 0\n"), "{said}\n{}", lab.log());
    let shown = project.transcript("benchbook show last --all");
    for host in ["n1", "n2", "n3"] {
        assert!(shown.contains(host), "{shown}");
        assert_eq!(lab.host(host).processes_with("BENCHBOOK_RUN="), [] as [&str; 0]);
    }
}

#[test]
fn a_link_that_is_cut_is_unreachable_and_the_others_go_on() {
    let Some(lab) = Lab::hosts(3).start() else { return };
    let project = case("cut");
    let line = format!(
        "exec benchbook run playbook.yml -i {} -e '{{\"ansible_ssh_extra_args\": \"-o ServerAliveInterval=1\"}}'",
        lab.inventory().display()
    );
    let output = fs::File::create(project.path().join("said")).unwrap();
    let mut command = project.shell(&line);
    command.stdout(output.try_clone().unwrap()).stderr(output);
    let mut run = command.spawn().unwrap();
    wait_for("the task", || lab.names().iter().all(|n| lab.host(n).file("/tmp/waiting").exists()));
    lab.host("n2").cut();
    let since = Instant::now();
    let status = run.wait().unwrap();
    let said = fs::read_to_string(project.path().join("said")).unwrap();
    assert_eq!(status.code(), Some(3), "{said}");
    assert!(since.elapsed() < Duration::from_secs(20), "it took {:?}\n{said}", since.elapsed());
    assert!(said.contains("n2") && said.contains("unreachable"), "{said}");
    for name in ["n1", "n3"] {
        assert_eq!(fs::read_to_string(lab.host(name).file("/tmp/done")).unwrap(), "awake", "{said}");
    }
    assert!(!lab.host("n2").file("/tmp/done").exists());
}

/// The machine's own rsync, from the controller to hosts and back, on a host itself, between hosts, and as another user.
#[test]
fn folders_are_synchronized() {
    let Some(lab) = Lab::hosts(2).prepare("n1", SUDO).peers().start() else { return };
    let project = case("synchronize");
    let said = project.transcript(&format!("benchbook run playbook.yml -i {}", lab.inventory().display()));
    assert!(said.ends_with("--- exit 0\n"), "{said}\n{}", lab.log());
    assert!(!said.contains("hunter2"), "{said}");
    let read = |path: &str| fs::read_to_string(project.path().join(path)).unwrap();
    assert_eq!([read("pulled/sub/two"), read("here/one")], ["two\n", "one\n"]);
}
