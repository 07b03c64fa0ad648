//! Containers on hosts that are reached by ssh, each with an engine of its own; and containers that are hosts themselves.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

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

/// One playbook in three places: through the engine it enters a container; with the flag the engine is not asked for
/// anything, and need not even be there.
#[test]
fn a_container_with_sshd_is_a_host() {
    let Some(lab) = Lab::hosts(2).engine("n1").engine("n2").start() else { return };
    for (name, version) in [("n1", "1.0"), ("n2", "1.1")] {
        inside::small_image(&lab.host(name).engine(), "sshd");
        let package = format!("Package: tool\nStatus: install ok installed\nVersion: {version}\n");
        fs::write(lab.host(name).file("/etc/lab/status"), package).unwrap();
    }
    let inventory = lab.containers_with_sshd("sshd", "-v /etc/lab/status:/var/lib/dpkg/status:ro");
    let project = project();
    let began = SystemTime::now();
    let through = format!("benchbook run inside.yml -i {} -e ansible_user=root", lab.inventory().display());
    let said = project.transcript(&through);
    assert!(said.contains("--- exit 0"), "{said}");
    let seen =
        |since| lab.names().iter().map(|name| lab.host(name).engine().events(since)).collect::<Vec<_>>();
    assert!(seen(began).iter().all(|events| events.contains("exec_start")), "{:?}", seen(began));

    let began = SystemTime::now();
    let run = format!("benchbook run inside.yml --in-container -i {}", inventory.display());
    let inside = project.transcript(&run);
    assert_eq!(seen(began), ["", ""]);
    insta::assert_snapshot!("inside", sorted(&inside, &lab));

    for name in lab.names() {
        // Killed, so that it cannot end its containers.
        lab.host(name).run("pkill -KILL dockerd");
        assert!(!lab.host(name).engine().try_docker("version").0);
    }
    assert_eq!(sorted(&project.transcript(&run), &lab), sorted(&inside, &lab));
}
