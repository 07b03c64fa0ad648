//! Nothing of a run is left, however it ends: real programs, and a look into every process's environment.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::interrupt::Running;

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
fn after_stop_from_another_terminal() {
    let mut running = start("deaf", true, "");
    let stopped = running.project().transcript("benchbook stop");
    assert_eq!(running.end().code(), Some(4), "{}", running.said());
    nothing_left(&running, "stop");
    let again = running.project().transcript("benchbook stop last --now");
    insta::assert_snapshot!([stopped, again].join("\n"));
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
        let ids = fancy_regex::Regex::new(r"/\S+/jobs/TIME-playbook\.END/j[0-9a-f]{32}").unwrap();
        let text = ids.replace_all(&text, "JOBS/ID").into_owned();
        let text = numbers.replace_all(&text, "process N").into_owned();
        // Other tests run on this machine too.
        let foreign = |line: &&str| !line.contains("is no run of this project");
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
