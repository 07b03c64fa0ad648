//! What a task costs above its round trip: `cargo bench --bench modules`.
//!
//! One host of a loopback lab, by ssh, facts off, our agent there already. A play has a hundred tasks of one kind, each with a
//! file of its own: the first time they change something, again they do not. `ping` is the round trip: request, answer, journal
//! and report. All kinds in turn, [`TIMES`] times, medians. `$BENCHBOOK_BIN_DIR` names the folder of the programs to measure;
//! otherwise it is this build's.

// A program to be read by people at a terminal.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

#[path = "../tests/lab/mod.rs"]
mod lab;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lab::Lab;

/// Tasks of a play.
const TASKS: u32 = 100;
/// How often a median is taken of.
const TIMES: usize = 5;
/// Name → task, with `N` for its number. The first one is what the others are held against.
const KINDS: [(&str, &str); 7] = [
    ("ping", "ping:"),
    ("copy content", "copy: {content: 'value N', dest: FOLDER/N}"),
    ("copy src (4 KiB)", "copy: {src: data, dest: FOLDER/N}"),
    ("file directory", "file: {path: FOLDER/N, state: directory, mode: '0750'}"),
    (
        "file touch",
        "file: {path: FOLDER/N, state: touch, access_time: preserve, modification_time: preserve}",
    ),
    ("lineinfile", "lineinfile: {path: FOLDER/N, line: 'key = N', regexp: '^key', create: true}"),
    ("lineinfile, one file", "lineinfile: {path: FOLDER/all, line: 'key N', create: true}"),
];

/// One lab, and where playbooks and runs go.
struct Stage {
    lab: Lab,
    scratch: tempfile::TempDir,
}

impl Stage {
    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    fn play(&self, name: &str, tasks: &str) {
        let head = "- hosts: n1\n  gather_facts: false\n  tasks:\n";
        fs::write(self.path(name), format!("{head}{tasks}")).unwrap();
    }

    /// How long a playbook takes, from the start of the program to its end.
    fn run(&self, playbook: &str) -> Duration {
        let folder = std::env::var_os("BENCHBOOK_BIN_DIR").map(PathBuf::from);
        let program = |name: &str, built: &str| {
            folder.as_ref().map_or_else(|| built.into(), |folder| folder.join(name))
        };
        let log = fs::File::create(self.path("output")).unwrap();
        let began = Instant::now();
        let status = Command::new(program("benchbook", env!("CARGO_BIN_EXE_benchbook")))
            .args(["run", playbook, "-i"])
            .arg(self.lab.inventory())
            .env("BENCHBOOK_AGENT", program("benchbook-agent", env!("CARGO_BIN_EXE_benchbook-agent")))
            .env("HOME", self.scratch.path())
            .current_dir(self.scratch.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .status()
            .unwrap();
        let elapsed = began.elapsed();
        assert!(status.success(), "{playbook}: {}", fs::read_to_string(self.path("output")).unwrap());
        elapsed
    }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn main() {
    let lab = Lab::loopback(1).start().expect("a lab: openssh-server must be installed");
    let stage = Stage { lab, scratch: tempfile::tempdir().unwrap() };
    fs::write(stage.path("data"), "0123456789abcde\n".repeat(256)).unwrap();
    let folder =
        |kind: usize| Path::new("/var/tmp/benchbook-bench").join(kind.to_string()).display().to_string();
    for (number, (_, task)) in KINDS.iter().enumerate() {
        let mut tasks = String::new();
        for n in 1..=TASKS {
            let task = task.replace("FOLDER", &folder(number)).replace('N', &n.to_string());
            let _ = writeln!(tasks, "    - {task}");
        }
        stage.play(&format!("{number}.yml"), &tasks);
        let (absent, there) = ("absent", "directory");
        let empty = [absent, there]
            .map(|state| format!("    - file: {{path: {}, state: {state}}}\n", folder(number)));
        stage.play(&format!("empty-{number}.yml"), &empty.concat());
    }
    stage.play("nothing.yml", "    - ping:\n");
    stage.run("nothing.yml");
    let mut times = vec![[Vec::new(), Vec::new()]; KINDS.len()];
    for _ in 0..TIMES {
        for (number, [first, again]) in times.iter_mut().enumerate() {
            stage.run(&format!("empty-{number}.yml"));
            first.push(stage.run(&format!("{number}.yml")));
            again.push(stage.run(&format!("{number}.yml")));
        }
    }
    stage.play("end.yml", "    - file: {path: /var/tmp/benchbook-bench, state: absent}\n");
    stage.run("end.yml");

    println!("{TASKS} tasks on one host by ssh, medians of {TIMES}, in milliseconds\n");
    println!("| task | first time | a task above ping | again | a task above ping |");
    println!("|---|---|---|---|---|");
    let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
    let medians: Vec<[f64; 2]> =
        times.iter_mut().map(|kind| [0, 1].map(|time| milliseconds(median(&mut kind[time])))).collect();
    for ((name, _), [first, again]) in KINDS.iter().zip(&medians) {
        let above = |time: f64, base: f64| (time - base) / f64::from(TASKS);
        println!(
            "| `{name}` | {first:.0} | {:.2} | {again:.0} | {:.2} |",
            above(*first, medians[0][0]),
            above(*again, medians[0][1])
        );
    }
}
