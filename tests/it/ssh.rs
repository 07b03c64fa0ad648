//! Other machines: what happens at the first contact and later, what is said when there is none, and what stays behind.

use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;
use std::time::Duration;

use crate::harness::{Project, wait_for};
use crate::lab::{self, Lab};

const AGENTS: &str = "/home/bench/.cache/benchbook/agents";
const PLAYBOOK: &str = "\
- hosts: bench
  gather_facts: false
  tasks:
    - command: id -un
      register: who
    - debug: {msg: \"{{ inventory_hostname }} {{ who.stdout }}\"}
";

/// A project with a playbook and the lab's inventory.
fn project(lab: &Lab, playbook: &str) -> Project {
    let project = Project::empty();
    fs::write(project.path().join("playbook.yml"), playbook).unwrap();
    let inventory = fs::read_to_string(lab.inventory()).unwrap();
    // Its role is not in this project.
    fs::write(project.path().join("hosts.ini"), inventory.replace("vendor=generic_cpu\n", "")).unwrap();
    project
}

/// With a line more for all hosts.
fn add(project: &Project, line: &str) {
    let path = project.path().join("hosts.ini");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(path, format!("{text}{line}\n")).unwrap();
}

fn run(project: &Project, options: &str) -> String {
    project.transcript(&format!("benchbook run playbook.yml -i hosts.ini {options}"))
}

#[track_caller]
fn says(said: &str, exit: u8, words: &[&str]) {
    assert!(said.ends_with(&format!("--- exit {exit}\n")), "{said}");
    for words in words {
        assert!(said.contains(words), "no `{words}` in\n{said}");
    }
}

#[test]
fn the_first_contact_finds_a_place_for_the_agent() {
    let wanted = Lab::hosts(3)
        .prepare("n1", lab::BANNER)
        .prepare("n2", lab::NOEXEC_HOME)
        .prepare("n3", lab::FULL_DISK);
    let Some(lab) = wanted.start() else { return };
    let project = project(&lab, PLAYBOOK);
    let said = run(&project, "");
    says(
        &said,
        3,
        &["| n1 bench", "| n2 bench", "the agent cannot be put on bench@", "No space left on device"],
    );
    let there =
        |host: &str, folder: &str| lab.host(host).run(&format!("find {folder} -type f")).lines().count();
    assert_eq!(there("n1", AGENTS), 1);
    // What could not be executed does not stay.
    assert_eq!(there("n2", "/home/bench/.cache"), 0);
    assert_eq!(there("n2", "/var/tmp/benchbook-61000/agents"), 1);
    let before = lab.host("n2").run("stat -c %i /var/tmp/benchbook-61000/agents/*/*");
    says(&run(&project, "--limit n1,n2"), 0, &["| n1 bench", "| n2 bench"]);
    assert_eq!(lab.host("n2").run("stat -c %i /var/tmp/benchbook-61000/agents/*/*"), before);
    // What somebody else prepared in a folder that all share is not run.
    lab.host("n2").run("chown root /var/tmp/benchbook-61000");
    says(&run(&project, "--limit n2"), 0, &["| n2 bench"]);
    assert_eq!(there("n2", "/tmp/benchbook-61000/agents"), 1);
}

#[test]
fn a_damaged_agent_is_replaced() {
    let Some(lab) = Lab::hosts(1).start() else { return };
    let project = project(&lab, PLAYBOOK);
    let host = lab.host("n1");
    says(&run(&project, ""), 0, &["| n1 bench"]);
    let sum = host.run(&format!("sha256sum {AGENTS}/*/*"));
    let damages = [
        // A byte at the end, a file that is cut, no program at all.
        "printf x >>$f",
        "head -c 100000 $f >/tmp/cut && cat /tmp/cut >$f",
        "echo echo hello >$f",
    ];
    for damage in damages {
        host.run(&format!("f=$(echo {AGENTS}/*/*); {damage}"));
        assert_ne!(host.run(&format!("sha256sum {AGENTS}/*/*")), sum);
        says(&run(&project, ""), 0, &["| n1 bench"]);
        assert_eq!(host.run(&format!("sha256sum {AGENTS}/*/*")), sum, "{damage}");
    }
}

#[test]
fn several_controllers_at_once() {
    let Some(lab) = Lab::hosts(1).start() else { return };
    let projects: Vec<_> = (0..4).map(|_| project(&lab, PLAYBOOK)).collect();
    let line = "benchbook run playbook.yml -i hosts.ini";
    let start = |p: &Project| p.shell(line).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let running: Vec<_> = projects.iter().map(start).collect();
    for mut child in running {
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
    assert_eq!(lab.host("n1").run("find /home/bench/.cache -type f").lines().count(), 1);
}

#[test]
fn what_is_wrong_is_told_apart() {
    let Some(lab) = Lab::loopback(1).sshd("n1", "MaxStartups 1:100:1\nLoginGraceTime 3").start() else {
        return;
    };
    let told = |line: &str| {
        let project = project(&lab, PLAYBOOK);
        add(&project, line);
        run(&project, "")
    };
    let none = lab.path().join("none").display().to_string();
    fs::write(&none, "").unwrap();
    says(&told("ansible_port=1"), 3, &["it does not answer", "Connection refused"]);
    says(&told("ansible_user=nobody"), 3, &["it refuses the login", "Permission denied", "ssh-copy-id"]);
    let unknown = format!("ansible_ssh_extra_args='-o UserKnownHostsFile={none}'");
    // Of two values for an option, ssh takes the first.
    let unknown = format!(
        "ansible_ssh_common_args='-o UserKnownHostsFile={none} -F {}/ssh_config'\n{unknown}",
        lab.path().display()
    );
    says(&told(&unknown), 3, &["its host key is not known", "ssh-keyscan"]);
    let known = fs::read_to_string(lab.path().join("known_hosts")).unwrap();
    let (name, _) = known.split_once(' ').unwrap();
    let other = fs::read_to_string(lab.path().join("key.pub")).unwrap();
    fs::write(&none, format!("{name} {other}")).unwrap();
    says(&told(&unknown), 3, &["its host key has changed: it sent SHA256:", "none:1", "ssh-keygen -R"]);
    // One login that never comes to an end keeps all others out, until the daemon ends it after three seconds.
    let address = &lab.addresses()[0];
    let port: u16 = known.split_once("]:").unwrap().1.split(' ').next().unwrap().parse().unwrap();
    let _held = connect(&SocketAddr::new(address.parse().unwrap(), port));
    says(&told(""), 0, &["| n1 "]);
    // One from which nothing can be got within the tries.
    let full = TcpListener::bind((address.as_str(), 0)).unwrap();
    let port = full.local_addr().unwrap().port();
    // It ends with the tests.
    std::thread::spawn(move || {
        for caller in full.incoming() {
            let _ = caller.unwrap().write_all(b"Exceeded MaxStartups\r\n");
        }
    });
    says(&told(&format!("ansible_port={port}")), 3, &["its ssh daemon drops new connections", "MaxStartups"]);
}

fn connect(to: &SocketAddr) -> TcpStream {
    TcpStream::connect_timeout(to, Duration::from_secs(5)).unwrap()
}

#[test]
fn raw_works_without_an_agent() {
    let Some(lab) = Lab::loopback(1).start() else { return };
    let playbook = "\
- hosts: bench
  gather_facts: false
  tasks:
    - {raw: 'echo out; echo err >&2; exit 3', register: r, failed_when: r.rc != 3}
    - debug: {msg: '{{ r.stdout }} {{ r.stderr }} {{ r.rc }}'}
    - {raw: 'echo $0', args: {executable: /bin/sh}}
    - command: id
";
    let project = project(&lab, playbook);
    fs::write(project.path().join("nothing"), "").unwrap();
    let said = project.transcript("BENCHBOOK_AGENT=nothing benchbook run playbook.yml -i hosts.ini -v");
    says(
        &said,
        3,
        &["| out err 3", "no agent for Linux ", "(looked for nothing)", "`raw` works without one"],
    );
    assert!(said.contains("ok=3"), "{said}");
}

#[test]
fn a_password_goes_no_other_way() {
    let wanted = Lab::hosts(2)
        .sshd("n1", "PasswordAuthentication yes")
        .sshd("n2", "PasswordAuthentication yes")
        .prepare("n1", "echo bench:hunter2 | chpasswd")
        .prepare("n2", "echo bench:other | chpasswd");
    let Some(lab) = wanted.start() else { return };
    let project = project(&lab, PLAYBOOK);
    add(&project, "ansible_password=hunter2\nansible_ssh_extra_args='-o PubkeyAuthentication=no'");
    let said = run(&project, "-vv");
    says(&said, 3, &["| n1 bench", "it refuses the login"]);
    assert!(!said.contains("hunter2"), "{said}");
    // Through n1, whose ssh must not learn the password of the host behind it: n1 lets nobody in without its own.
    let jump = format!(
        "ansible_ssh_common_args='-F {0}/ssh_config -J bench@{1}'",
        lab.path().display(),
        lab.host("n1").address()
    );
    add(&project, &format!("{jump}\nansible_password=other"));
    let config = lab.path().join("ssh_config");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(
        &config,
        format!("Match host {}\nPubkeyAuthentication no\nMatch all\n{text}", lab.host("n1").address()),
    )
    .unwrap();
    says(&run(&project, "--limit n2"), 3, &["it refuses the login"]);
    fs::write(&config, text).unwrap();
    says(&run(&project, "--limit n2"), 0, &["| n2 bench"]);
}

#[test]
fn a_jump_host_leads_on() {
    let Some(lab) = Lab::hosts(2).start() else { return };
    let project = project(&lab, PLAYBOOK);
    let jump = format!(
        "ansible_ssh_common_args='-F {0}/ssh_config -o ProxyJump=bench@{1}'",
        lab.path().display(),
        lab.host("n1").address()
    );
    add(&project, &jump);
    says(&run(&project, "--limit n2"), 0, &["| n2 bench"]);
    let log = fs::read_to_string(lab.path().join("n2/log")).unwrap();
    assert!(
        log.contains(&format!("Accepted publickey for bench from {}", lab.host("n1").address())),
        "{log}"
    );
    lab.host("n2").run("pkill sshd || :");
    says(&run(&project, "--limit n2"), 3, &["it does not answer", "Connection refused"]);
}

#[test]
fn nothing_stays_when_the_controller_is_killed() {
    let Some(lab) = Lab::hosts(2).start() else { return };
    let playbook = "[{hosts: bench, gather_facts: false, tasks: [{shell: 'touch /tmp/started; sleep 600'}]}]";
    let project = project(&lab, playbook);
    let mut child = project
        .shell("exec benchbook run playbook.yml -i hosts.ini")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let names = ["n1", "n2"];
    wait_for("the tasks", || names.iter().all(|name| lab.host(name).file("/tmp/started").exists()));
    child.kill().unwrap();
    child.wait().unwrap();
    let mark = lab.path().display().to_string();
    let masters = || {
        let processes =
            fs::read_dir("/proc").unwrap().filter_map(|e| fs::read(e.unwrap().path().join("cmdline")).ok());
        let lines = processes.map(|line| String::from_utf8_lossy(&line).into_owned());
        lines.filter(|line| line.contains("ControlMaster") && line.contains(&mark)).count()
    };
    wait_for("the masters to end", || masters() == 0);
    let left = |name: &&str| lab.host(name).run("pgrep -u bench -l 'agent|sleep' || :");
    wait_for("the agents to end", || names.iter().all(|name| left(name).is_empty()));
}

#[test]
fn few_connections_serve_many_hosts() {
    let Some(lab) = Lab::loopback(6).start() else { return };
    let project = project(&lab, PLAYBOOK);
    fs::write(project.path().join("benchbook.toml"), "[ssh]\nconnections = 2\n").unwrap();
    let said = run(&project, "");
    says(&said, 0, &["| n1 ", "| n6 "]);
    // One that is in use is not closed.
    fs::write(project.path().join("benchbook.toml"), "[ssh]\nconnections = 2\nacquire_timeout = 1\n")
        .unwrap();
    fs::write(
        project.path().join("playbook.yml"),
        "[{hosts: bench, gather_facts: false, tasks: [{command: sleep 4}]}]",
    )
    .unwrap();
    let said = run(&project, "");
    says(&said, 3, &["all 2 connections were in use for 1 s", "`connections` below [ssh]"]);
    assert_eq!(said.matches("  changed  ").count(), 2, "{said}");
}

#[test]
fn logins_come_one_after_the_other_where_the_user_says_so() {
    let Some(lab) = Lab::loopback(6).start() else { return };
    let project = project(&lab, PLAYBOOK);
    fs::write(project.path().join("benchbook.toml"), "[ssh]\nlogins = 1\n").unwrap();
    let before = lab.log().len();
    says(&run(&project, ""), 0, &["| n1 ", "| n6 "]);
    // Nobody begins before the one before is in.
    let log = lab.log();
    let marks = ["Connection from", "Accepted publickey"];
    let seen: Vec<_> = log[before..]
        .lines()
        .filter_map(|line| marks.iter().position(|mark| line.starts_with(mark)))
        .collect();
    assert_eq!(seen, [0, 1].repeat(6), "{log}");
}
