//! Nothing of a run is left, however it ends: real programs, and a look into every process's environment.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{Project, wait_for};
use crate::interrupt::Running;
use crate::lab::Lab;

/// Every child, as a plain request and as a job.
const CHILDREN: [&str; 4] = ["deaf", "away", "stopped", "waiting"];

fn start(kind: &str, job: bool, more: &str) -> Running {
    Running::start_with("leaving", &format!("-e kind={kind} -e job={job} {more}"))
}

/// All children at once: each spends its time waiting.
fn with_all(test: fn(&str, bool)) {
    std::thread::scope(|scope| {
        for kind in CHILDREN {
            for job in [false, true] {
                scope.spawn(move || test(kind, job));
            }
        }
    });
}

fn nothing_left(running: &Running, told: &str) {
    assert_eq!(running.left(), [] as [PathBuf; 0], "{told}");
    // Also no folder of a job.
    let mark = running.mark();
    let jobs = |place: &str| {
        let uid = Command::new("id").arg("-u").output().unwrap();
        let uid = String::from_utf8(uid.stdout).unwrap();
        PathBuf::from(place).join(format!("benchbook-{}/jobs/{mark}", uid.trim()))
    };
    for place in ["/var/tmp", "/tmp", "/dev/shm"] {
        assert!(!jobs(place).exists(), "{told}: {place}");
    }
}

#[test]
fn after_a_time_out() {
    with_all(|kind, job| {
        let told = format!("{kind}, job: {job}");
        let mut running = start(kind, job, "-e limit=1");
        assert_eq!(running.end().code(), Some(1), "{told}\n{}", running.said());
        nothing_left(&running, &told);
    });
}

#[test]
fn after_ctrl_c() {
    with_all(|kind, job| {
        let told = format!("{kind}, job: {job}");
        let mut running = start(kind, job, "");
        running.interrupt();
        assert_eq!(running.end().code(), Some(4), "{told}\n{}", running.said());
        nothing_left(&running, &told);
    });
}

#[test]
fn after_a_failure() {
    with_all(|kind, job| {
        let told = format!("{kind}, job: {job}");
        let mut running = start(kind, job, "-e failing=true");
        assert_eq!(running.end().code(), Some(1), "{told}\n{}", running.said());
        nothing_left(&running, &told);
    });
}

#[test]
fn after_stop_from_another_terminal() {
    with_all(|kind, job| {
        let told = format!("{kind}, job: {job}");
        let mut running = start(kind, job, "");
        let stopped = running.project().transcript("benchbook stop");
        assert_eq!(running.end().code(), Some(4), "{told}\n{}", running.said());
        nothing_left(&running, &told);
        let again = running.project().transcript("benchbook stop last --now");
        insta::assert_snapshot!("after_stop_from_another_terminal", [stopped, again].join("\n"));
    });
}

#[test]
fn what_a_task_leaves_in_the_background() {
    let mut running = start("background", false, "");
    assert_eq!(running.end().code(), Some(0), "{}", running.said());
    nothing_left(&running, "background");
    let log = running.project().transcript("benchbook show last");
    assert!(running.errors().contains("local: the run had left `sleep 600`"), "{}\n{log}", running.errors());
}

#[test]
fn a_dead_controller_leaves_jobs_that_clean_removes() {
    let mut running = start("waiting", true, "");
    running.kill();
    assert_eq!(running.end().code(), None);
    // Its plain children are ended by their agent, its jobs go on.
    std::thread::sleep(Duration::from_secs(1));
    assert!(running.left().len() >= 2, "{:?}", running.left());
    let project = running.project();
    let said = |line: &str| {
        let numbers = fancy_regex::Regex::new(r"process \d+").unwrap();
        let mark = running.mark();
        let text = project.transcript(line).replace(mark.rsplit('.').next().unwrap(), "END");
        let ids = fancy_regex::Regex::new(r"/\S+/jobs/TIME-playbook\.END/j[0-9]+\.[0-9]+").unwrap();
        let text = ids.replace_all(&text, "JOBS/ID").into_owned();
        let text = numbers.replace_all(&text, "process N").into_owned();
        // Other tests run on this machine too.
        let foreign =
            |line: &&str| !line.contains("is no run of this project") && !line.starts_with("localhost  a");
        let foreign = |line: &&str| foreign(line) && !line.starts_with("localhost  control sockets");
        text.lines().filter(foreign).map(|line| format!("{line}\n")).collect::<String>()
    };
    let looked = said("benchbook clean -i localhost, --dry-run");
    assert!(running.left().len() >= 2, "only looked");
    let unasked = said("benchbook clean last -i localhost,");
    let removed = said("benchbook clean last -i localhost, --yes");
    nothing_left(&running, &removed);
    let again = said("benchbook clean last -i localhost, --yes");
    insta::assert_snapshot!([looked, unasked, removed, again].join("\n"));
}

/// All children at once over ssh, each for a name of its own; every ending after the other.
#[test]
fn over_ssh() {
    let Some(lab) = Lab::hosts(2).start() else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/end_to_end/leaving");
    let project = Project::copy_of(&folder);
    let text = fs::read_to_string(lab.inventory()).unwrap();
    let (_, variables) = text.split_once("[bench:vars]").unwrap();
    let mut hosts = "[bench]\n".to_owned();
    for kind in CHILDREN {
        for (host, job) in [("n1", false), ("n2", true)] {
            let address = lab.host(host).address();
            hosts += &format!("{kind}-{host} ansible_host={address} kind={kind} job={job}\n");
        }
    }
    fs::write(project.path().join("hosts.ini"), format!("{hosts}\n[bench:vars]{variables}")).unwrap();
    for (ending, more, code) in
        [("time-out", "-e limit=1", 1), ("failure", "-e failing=true", 1), ("Ctrl-C", "", 4), ("stop", "", 4)]
    {
        let line = format!("exec benchbook run fleet.yml -i hosts.ini --forks 8 {more}");
        let mut command = project.shell(&line);
        command.stdout(Stdio::null()).stderr(fs::File::create(project.path().join("said")).unwrap());
        let mut child = command.spawn().unwrap();
        if code == 4 {
            let begun = |host: &&str| {
                CHILDREN.iter().all(|kind| lab.host(host).file(&format!("/tmp/{kind}-{host}")).exists())
            };
            wait_for("all children", || ["n1", "n2"].iter().all(begun));
            assert!(lab.host("n1").processes_with("BENCHBOOK_RUN=").len() >= 2 * CHILDREN.len());
        }
        match ending {
            "Ctrl-C" => kill_process(Pid::from_child(&child), Signal::INT).unwrap(),
            "stop" => drop(project.transcript("benchbook stop")),
            _ => {}
        }
        let status = child.wait().unwrap();
        let told = format!("{ending}: {}", fs::read_to_string(project.path().join("said")).unwrap());
        assert_eq!(status.code(), Some(code), "{told}");
        for name in lab.names() {
            let host = lab.host(name);
            assert_eq!(host.processes_with("BENCHBOOK_RUN="), [] as [&str; 0], "{told}");
            assert_eq!(
                host.run("find /var/tmp/benchbook-61000/jobs -mindepth 1 2>/dev/null || :"),
                "",
                "{told}"
            );
            host.run("rm -f /tmp/*-n?");
        }
    }
}

#[test]
fn on_hosts_that_only_an_earlier_controller_has_used() {
    let Some(lab) = Lab::hosts(2).start() else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/end_to_end/leaving");
    let project = Project::copy_of(&folder);
    let line = format!("exec benchbook run terms.yml -i {}", lab.inventory().display());
    let mut killed = project.shell(&line).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for("the second play", || lab.host("n2").file("/tmp/begun").exists());
    killed.kill().unwrap();
    killed.wait().unwrap();
    lab.host("n2").run("touch /tmp/go");
    assert_ne!(lab.host("n1").processes_with("BENCHBOOK_RUN="), [] as [&str; 0]);
    let output = project.shell("benchbook resume last").output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("the run had left `sleep 600`"), "{told}");
    for name in lab.names() {
        assert_eq!(lab.host(name).processes_with("BENCHBOOK_RUN="), [] as [&str; 0], "{told}");
    }
}
