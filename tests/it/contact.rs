//! First contacts under hard conditions: homes that hosts share, odd login shells, one session at a time, and Ctrl-C meanwhile.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{Project, wait_for};
use crate::lab::Lab;

const PLAYBOOK: &str = "\
- hosts: bench
  gather_facts: false
  tasks:
    - {command: id -un, register: who}
    - {debug: {msg: '{{ inventory_hostname }} {{ who.stdout }}'}}
";

fn project(lab: &Lab, playbook: &str) -> Project {
    let project = Project::empty();
    fs::write(project.path().join("playbook.yml"), playbook).unwrap();
    fs::copy(lab.inventory(), project.path().join("hosts.ini")).unwrap();
    project
}

#[test]
fn many_controllers_meet_a_home_that_hosts_share() {
    // A folder that no host of the lab covers with its own.
    let Ok(shared) = tempfile::Builder::new().prefix("benchbook-home-").tempdir_in("/mnt") else { return };
    let home = shared.path().display();
    let share = format!(
        "mkdir -p {home}/.ssh; cp /root/.ssh/authorized_keys {home}/.ssh/; chown -R bench: {home}; mount --bind {home} /home/bench"
    );
    let Some(lab) =
        Lab::hosts(2).prepare("n1", &share).prepare("n2", &share).sshd("n1", "MaxSessions 1").start()
    else {
        return;
    };
    let projects: Vec<_> = (0..4).map(|_| project(&lab, PLAYBOOK)).collect();
    let start = |project: &Project| {
        let output = fs::File::create(project.path().join("said")).unwrap();
        let mut command = project.shell("exec benchbook run playbook.yml -i hosts.ini");
        command.stdout(output.try_clone().unwrap()).stderr(output).spawn().unwrap()
    };
    let running: Vec<_> = projects.iter().map(start).collect();
    for (mut child, project) in running.into_iter().zip(&projects) {
        let said = || fs::read_to_string(project.path().join("said")).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{}\n{}", said(), lab.log());
        assert!(said().contains("| n1 bench") && said().contains("| n2 bench"), "{}", said());
    }
    // One agent, and nothing of those who came second.
    let files = lab.host("n2").run("find /home/bench/.cache -type f");
    assert_eq!(files.lines().count(), 1, "{files}");
}

#[test]
fn login_shells_of_all_kinds() {
    // It says much, forgets what it was given, and hands its work to another.
    let odd = "printf '#!/bin/sh\\necho \"[motd]\"; echo oops >&2; set -f; IFS=x; CDPATH=/; export CDPATH POSIXLY_CORRECT=1 LC_ALL=C\\n\
               exec env -u HOME HOME=/home/bench sh \"$@\"\\n' >/etc/lab/odd; chmod +x /etc/lab/odd; usermod -s /etc/lab/odd bench";
    let shells = ["/usr/bin/fish", "/bin/tcsh", "/bin/bash"];
    let there: Vec<_> = shells.into_iter().filter(|shell| Path::new(shell).exists()).collect();
    let mut wanted = Lab::hosts(there.len() + 1).prepare("n1", odd);
    for (number, shell) in there.iter().enumerate() {
        wanted = wanted.prepare(&format!("n{}", number + 2), &format!("usermod -s {shell} bench"));
    }
    let Some(lab) = wanted.start() else { return };
    let project = project(&lab, PLAYBOOK);
    // The first puts the agent there, the second finds it.
    for _ in 0..2 {
        let said = project.transcript("benchbook run playbook.yml -i hosts.ini");
        assert!(said.ends_with("--- exit 0\n"), "{said}\n{}", lab.log());
        for name in lab.names() {
            assert!(said.contains(&format!("| {name} bench")), "{said}");
        }
    }
    for name in lab.names() {
        assert_eq!(lab.host(name).run("find /home/bench/.cache/benchbook -type f").lines().count(), 1);
    }
}

/// Starts a run whose sockets are in a folder of its own, and stops it when `ready`; nothing of it is left.
fn interrupted(lab: &Lab, playbook: &str, ready: impl Fn(&Path) -> bool) {
    let project = project(lab, playbook);
    let sockets = project.path().join("r");
    fs::create_dir(&sockets).unwrap();
    let mut command = project.shell("exec benchbook run playbook.yml -i hosts.ini");
    command.env("XDG_RUNTIME_DIR", &sockets).stdout(Stdio::null());
    let mut child = command.stderr(fs::File::create(project.path().join("said")).unwrap()).spawn().unwrap();
    wait_for("the moment", || ready(&sockets));
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(4), "{}", fs::read_to_string(project.path().join("said")).unwrap());
    let left: Vec<_> = fs::read_dir(&sockets).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, [] as [&Path; 0]);
    assert_eq!(masters(&sockets), 0);
}

/// The ssh processes whose sockets are below a folder.
fn masters(sockets: &Path) -> usize {
    let folder = sockets.display().to_string();
    let lines =
        fs::read_dir("/proc").unwrap().flatten().filter_map(|e| fs::read(e.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains(&format!("ControlPath={folder}"))).count()
}

#[test]
fn ctrl_c_while_connecting_and_later() {
    let Some(lab) = Lab::hosts(2).start() else { return };
    let waiting =
        "[{hosts: bench, gather_facts: false, tasks: [{shell: 'touch /tmp/begun; sleep 600', grace: 1}]}]";
    let has_begun =
        || lab.host("n1").file("/tmp/begun").exists() && lab.host("n2").file("/tmp/begun").exists();
    interrupted(&lab, waiting, |_| has_begun());
    for name in lab.names() {
        assert_eq!(lab.host(name).processes_with("BENCHBOOK_RUN="), [] as [&str; 0]);
    }
    // Now nobody answers: the login is under way.
    for name in lab.names() {
        lab.host(name).cut();
    }
    interrupted(&lab, waiting, |sockets| masters(sockets) == 2);
}
