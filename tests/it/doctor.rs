//! `benchbook doctor` and the role `preflight`: hosts behind real sshds, which lack what this kernel lacks by mounts.

use std::fs;

use crate::harness::Project;
use crate::lab::Lab;

/// A governor and turbo as of a machine with two processors, and sessions that end what they have started.
const LAPTOP: &str = "
mount -t tmpfs lab /sys/devices/system/cpu/cpufreq
cd /sys/devices/system/cpu/cpufreq
mkdir policy0 policy1
echo powersave >policy0/scaling_governor
echo powersave >policy1/scaling_governor
echo 1 >boost
mkdir -p /etc/systemd /run/systemd/seats
printf '[Login]\\nKillUserProcesses=yes\\n' >/etc/systemd/logind.conf";
/// The same as it should be.
const SERVER: &str = "
mount -t tmpfs lab /sys/devices/system/cpu/cpufreq
cd /sys/devices/system/cpu/cpufreq
mkdir policy0 policy1
echo performance >policy0/scaling_governor
echo performance >policy1/scaling_governor
echo 0 >boost";

fn project(lab: &Lab) -> Project {
    let project = Project::empty();
    fs::copy(lab.inventory(), project.path().join("hosts.ini")).unwrap();
    project
}

#[test]
fn hosts_are_looked_at() {
    let lab = Lab::hosts(3).prepare("n1", LAPTOP).prepare("n2", SERVER).prepare("n3", SERVER).peers().start();
    let Some(lab) = lab else { return };
    let project = project(&lab);
    lab.host("n3").run("rm /home/bench/.ssh/id_ed25519");
    let checks = "--check governor --check turbo --check logout --check peers";
    let told = [
        project.transcript(&format!("benchbook doctor -i hosts.ini {checks}")),
        project.transcript(&format!("benchbook doctor -i hosts.ini n2 {checks} --format json")),
        project.transcript("benchbook doctor -i hosts.ini n2 --check govenor"),
        project.transcript("benchbook doctor -i hosts.ini nobody"),
    ];
    insta::assert_snapshot!(told.join("\n"));
    // What a machine may have is its own affair, but this is too much for any.
    let many = "benchbook doctor -i hosts.ini n2 --check open_files -e preflight_open_files=99999999999";
    let many = project.transcript(many);
    assert!(many.contains("; needed: 99999999999") && many.ends_with("--- exit 1\n"), "{many}");
    let little =
        project.transcript("benchbook doctor -i hosts.ini n2 --check memlock -e preflight_memlock=1024");
    assert!(little.contains("memlock  ok") && little.ends_with("--- exit 0\n"), "{little}");
    let peers = project.transcript("benchbook doctor -i hosts.ini --check peers --ssh");
    let lines: Vec<String> =
        peers.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert!(peers.contains("Permission denied") && peers.contains("fix: ssh-copy-id"), "{peers}");
    assert!(lines.contains(&"ok 2 of 3 2 reached".to_owned()), "{peers}");
    assert!(peers.ends_with("--- exit 1\n"), "{peers}");
    let all = project.transcript("benchbook doctor -i hosts.ini -e preflight_watch=0.1");
    for wanted in ["same_kernel", "same_drivers", "same_accelerators", "clock_offset"] {
        let line = all.lines().find(|line| line.starts_with(wanted)).unwrap_or_default();
        assert!(line.contains(" ok ") && line.contains(" all 3 "), "{wanted}\n{all}");
    }
    lab.host("n2").kill();
    let lost = project.transcript("benchbook doctor -i hosts.ini --check swap");
    assert!(lost.contains("n2 cannot be looked at") && lost.ends_with("--- exit 3\n"), "{lost}");
}

#[test]
fn the_role_stops_hosts_that_are_not_fit() {
    let Some(lab) = Lab::hosts(2).prepare("n1", LAPTOP).prepare("n2", SERVER).peers().start() else { return };
    let project = project(&lab);
    let play = "[{hosts: bench, gather_facts: false, roles: [preflight], tasks: [{command: 'true', name: Measure}]}]";
    fs::write(project.path().join("playbook.yml"), play).unwrap();
    let checks = r#"{"preflight_checks": ["governor", "logout", "peers"], "preflight_ssh": true}"#;
    let run = |more: &str| {
        let line = format!("benchbook run playbook.yml -i hosts.ini -e '{checks}' {more} 2>/dev/null");
        project.transcript(&line)
    };
    let told = [run(""), run("-e preflight_fail_on=never")];
    insta::assert_snapshot!("role", told.join("\n"));
}
