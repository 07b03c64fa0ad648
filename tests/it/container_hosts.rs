//! Containers on hosts that are reached by ssh, each with an engine of its own; and containers that are hosts themselves.

use std::path::Path;

use crate::harness::Project;
use crate::lab::engine::Client;
use crate::lab::{self, Lab, inside};

fn project() -> Project {
    Project::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/container_hosts"))
}

/// The lines that hosts have in common, in no order: they are at work at the same time.
fn sorted(said: &str, lab: &Lab) -> String {
    let said = said.replace(lab.path().to_str().unwrap(), "LAB");
    let mut lines: Vec<&str> = said.lines().filter(|line| !line.starts_with("$ ")).collect();
    lines.sort_unstable();
    lines.dedup();
    lines.join("\n")
}

fn small(client: &Client) {
    client.image("small", &[("/bin/busybox", "/bin/busybox")]);
}

#[test]
fn a_container_of_each_host_is_entered() {
    let wanted = Lab::hosts(2).engine("n1").engine("n2").prepare("n1", lab::SUDO).prepare("n2", lab::SUDO);
    let Some(lab) = wanted.start() else { return };
    for name in lab.names() {
        let client = lab.host(name).engine();
        small(&client);
        client.docker("run -d --name box --network none -v /etc:/lab:ro small /bin/busybox sleep 100000");
    }
    let project = project();
    let run = format!("benchbook run entering.yml -i {}", lab.inventory().display());
    insta::assert_snapshot!("entered", sorted(&project.transcript(&run), &lab));
}

#[test]
fn a_container_with_sshd_is_a_host() {
    let Some(lab) = Lab::hosts(2).engine("n1").engine("n2").start() else { return };
    for name in lab.names() {
        inside::small_image(&lab.host(name).engine(), "sshd");
    }
    let inventory = lab.containers_with_sshd("sshd", "");
    let project = project();
    let run = format!("benchbook run inside.yml --in-container -i {}", inventory.display());
    insta::assert_snapshot!("inside", sorted(&project.transcript(&run), &lab));
}
