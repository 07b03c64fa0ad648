//! Connections that are lost under a running round: it goes on, and its output comes whole.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::{Project, wait_for};
use crate::lab::{self, Lab};

/// All output of the round on a host that has come so far.
fn logged(project: &Project, host: &str, ending: &str) -> String {
    let runs = fs::read_dir(project.path().join("runs")).into_iter().flatten().flatten();
    let folders = runs.filter_map(|run| fs::read_dir(run.path().join("logs").join(host)).ok());
    let files = folders.flatten().flatten().map(|file| file.path());
    let measured = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.contains("run") && name.ends_with(ending)
    };
    files.filter(measured).filter_map(|path| fs::read_to_string(path).ok()).collect()
}

/// The ssh process of this controller for an address.
fn master(lab: &Lab, address: &str) -> i32 {
    let processes = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        let words: Vec<_> = line.split(|b| *b == 0).map(String::from_utf8_lossy).map(String::from).collect();
        let folder = lab.path().display().to_string();
        let is_it = words.iter().any(|word| word == "ControlMaster=yes")
            && words.iter().any(|word| word.contains(&folder))
            && words.iter().any(|word| word == address);
        is_it.then(|| entry.file_name().to_string_lossy().parse::<i32>().ok()).flatten()
    });
    processes.max().expect("a master for it")
}

#[test]
fn a_round_does_not_notice_a_lost_connection() {
    let Some(lab) = Lab::hosts(3).prepare("n3", lab::SUDO).start() else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/fleet/outage");
    let project = Project::copy_of(&folder);
    // The round of n3 is another user's.
    let inventory = fs::read_to_string(lab.inventory()).unwrap();
    let mut hosts =
        inventory + "ansible_ssh_extra_args='-o ServerAliveInterval=1'\nbenchbook_reconnect_timeout=120\n";
    hosts = hosts.replacen("n3 ", "n3 ansible_become=true ", 1);
    fs::write(project.path().join("hosts.ini"), hosts).unwrap();
    let output = fs::File::create(project.path().join("said")).unwrap();
    let mut command = project.shell("exec benchbook run playbook.yml -i hosts.ini");
    let mut run = command.stdout(output.try_clone().unwrap()).stderr(output).spawn().unwrap();
    let said = || fs::read_to_string(project.path().join("said")).unwrap();
    wait_for("the middle", || {
        lab.names().iter().all(|n| logged(&project, n, ".out").contains("line 1000\n"))
    });
    lab.host("n1").cut();
    for name in ["n2", "n3"] {
        let pid = rustix::process::Pid::from_raw(master(&lab, &lab.host(name).address())).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }
    let lost =
        |name: &str| said().lines().any(|line| line.contains(name) && line.contains("the job goes on there"));
    wait_for("the losses to be seen", || lab.names().iter().all(|name| lost(name)));
    // n1 comes to its end while nobody can reach it.
    for name in lab.names() {
        lab.host(name).run("touch /tmp/go");
    }
    wait_for("the end on n1", || {
        lab.host("n1").run("find /var/tmp/benchbook-61000/jobs -name result").contains("result")
    });
    lab.host("n1").restore();
    assert_eq!(run.wait().unwrap().code(), Some(0), "{}\n{}", said(), lab.log());
    let lines = |word: &str| (1..=2000).map(|i| format!("{word} {i}\n")).collect::<String>();
    for (name, user) in [("n1", "bench"), ("n2", "bench"), ("n3", "root")] {
        assert_eq!(logged(&project, name, ".out"), format!("{}rate 42\n{user}\n", lines("line")), "{name}");
        assert_eq!(logged(&project, name, ".err"), lines("error"), "{name}");
        assert_eq!(lab.host(name).processes_with("BENCHBOOK_RUN="), [] as [&str; 0]);
    }
    let shown = project.shell("benchbook show --all --format json").output().unwrap();
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    let text = shown.to_string();
    let rates: BTreeMap<&str, usize> = ["n1", "n2", "n3"]
        .into_iter()
        .map(|name| (name, text.matches(&format!("\"{name}\"")).count()))
        .collect();
    assert!(rates.values().all(|count| *count > 0) && text.contains("42"), "{text}");
}
