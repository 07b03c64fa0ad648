//! Several users on one host, over ssh: becoming another, and two who want the machine at once.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use crate::harness::{Project, wait_for};
use crate::lab::{self, Lab};

/// Preparation: a user who is neither `bench` nor root, and passwords for all.
const USERS: &str = "useradd -m -s /bin/sh other; chmod 700 /home/other
printf 'bench:of-bench\\nroot:of-root\\nother:of-other\\n' | chpasswd";

#[test]
fn every_way_to_another_user() {
    if !["/usr/bin/sudo", "/usr/bin/doas", "/usr/bin/su"].iter().all(|path| Path::new(path).exists()) {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "sudo, doas and su are missing");
        return;
    }
    let asks = "echo 'bench ALL=(ALL) ALL' >/etc/sudoers.d/lab";
    let doas = "printf 'permit nopass bench as root\\npermit nopass bench as other\\n' >/etc/doas.conf; chmod 400 /etc/doas.conf";
    let su = "printf 'root:of-all\\nother:of-all\\n' | chpasswd";
    let ways = [lab::SUDO, asks, su, doas];
    let wanted = ways
        .iter()
        .zip(["n1", "n2", "n3", "n4"])
        .fold(Lab::hosts(4), |wanted, (way, name)| wanted.prepare(name, &format!("{USERS}\n{way}")));
    let Some(lab) = wanted.start() else { return };
    let project = Project::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/fleet/users"));
    let hosts = fs::read_to_string(lab.inventory())
        .unwrap()
        .replacen("n2 ", "n2 ansible_become_password=of-bench ", 1)
        // su asks for the password of the one it becomes; here all of them have the same.
        .replacen("n3 ", "n3 ansible_become_method=su ansible_become_password=of-all ", 1)
        .replacen("n4 ", "n4 ansible_become_method=doas ", 1);
    fs::write(project.path().join("hosts.ini"), hosts).unwrap();
    let said = project.transcript("benchbook run playbook.yml -i hosts.ini");
    assert!(said.ends_with("--- exit 0\n"), "{said}\n{}", lab.log());
    assert!(!said.contains("of-bench") && !said.contains("of-all"), "{said}");
    assert_eq!(said.matches("the run had left `sleep 600` (process").count(), 8, "{said}");
    for name in lab.names() {
        assert_eq!(lab.host(name).processes_with("BENCHBOOK_RUN="), [] as [&str; 0]);
        assert_eq!(lab.host(name).run("pgrep -l benchbook || :"), "");
    }
}

#[test]
fn two_users_take_turns() {
    let Some(lab) = Lab::hosts(1).start() else { return };
    let host = lab.host("n1");
    let project = |user: &str| {
        let project =
            Project::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/fleet/outage"));
        let hosts = fs::read_to_string(lab.inventory()).unwrap();
        fs::write(
            project.path().join("hosts.ini"),
            hosts.replace("ansible_user=bench", &format!("ansible_user={user}")),
        )
        .unwrap();
        project
    };
    let (bench, root) = (project("bench"), project("root"));
    let line = "exec benchbook run playbook.yml -i hosts.ini";
    let start = |project: &Project, who: &str| {
        let output = fs::File::create(project.path().join("said")).unwrap();
        let mut command = project.shell(line);
        command.env("USER", who).stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        command.spawn().unwrap()
    };
    let said = |project: &Project| fs::read_to_string(project.path().join("said")).unwrap();
    let mut first = start(&bench, "ann");
    wait_for("the first round", || {
        said(&bench).contains("n1") || host.run("ls /var/tmp").contains("benchbook-61000")
    });
    wait_for("its lease", || host.run("cat /dev/shm/benchbook.lease 2>/dev/null || :").contains("job "));
    let refused = root.transcript(&format!("USER=bob {} --on-busy fail", line.trim_start_matches("exec ")));
    assert!(refused.contains("n1 is busy: run ") && refused.contains(" of ann@"), "{refused}");
    assert!(refused.ends_with("--- exit 1\n"), "{refused}");
    let mut second = start(&root, "bob");
    wait_for("the second to wait", || said(&root).contains("waiting for it"));
    // Its job still has the machine when the controller is dead, then nobody has.
    first.kill().unwrap();
    first.wait().unwrap();
    host.run("touch /tmp/go");
    assert_eq!(second.wait().unwrap().code(), Some(0), "{}", said(&root));
    // And the other way round: a file that root has written to.
    host.run("rm /tmp/go");
    let mut second = start(&root, "bob");
    wait_for("its lease", || host.run("cat /dev/shm/benchbook.lease").contains("job "));
    let refused = bench.transcript(&format!("USER=ann {} --on-busy fail", line.trim_start_matches("exec ")));
    assert!(refused.contains(" of bob@"), "{refused}");
    host.run("touch /tmp/go");
    assert_eq!(second.wait().unwrap().code(), Some(0), "{}", said(&root));
}
