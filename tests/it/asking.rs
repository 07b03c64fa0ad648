//! `pause` asks the user on a terminal, which `script` lends.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::harness::Project;

/// A run that has asked its question.
fn asked() -> (Project, Child) {
    let project = Project::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/asking"));
    let line =
        "TERM=xterm exec script -qec 'stty cols 100; exec benchbook run -i n1,n2, playbook.yml' /dev/null";
    let mut run = project.shell(line).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let out = run.stdout.as_mut().unwrap();
    let (mut seen, mut byte) = (Vec::new(), [0]);
    while !seen.ends_with(b"Is the cable in:\r\n") {
        assert_eq!(out.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&seen));
        seen.extend(byte);
    }
    // Long enough for everything that moves on a terminal to move over the question.
    std::thread::sleep(Duration::from_secs(1));
    (project, run)
}

fn answered(mut run: Child, keys: &[u8]) -> (String, Option<i32>) {
    let mut seen = String::new();
    run.stdin.as_mut().unwrap().write_all(keys).unwrap();
    run.stdout.as_mut().unwrap().read_to_string(&mut seen).unwrap();
    (seen, run.wait().unwrap().code())
}

#[test]
fn one_answer_serves_all_hosts_and_nothing_moves_until_it_is_there() {
    let (_project, run) = asked();
    let (seen, code) = answered(run, b"well in\n");
    assert!(seen.starts_with("well in\r\n"), "{seen}");
    for host in ["n1", "n2"] {
        assert!(seen.contains(&format!("{host}  answer  ")), "{seen}");
    }
    assert_eq!(seen.matches("it is well in").count(), 2, "{seen}");
    assert!(!seen.contains("cable in:"), "asked again: {seen}");
    assert_eq!(code, Some(0), "{seen}");
}

#[test]
fn ctrl_c_is_an_answer() {
    let (_project, run) = asked();
    let start = Instant::now();
    let (seen, code) = answered(run, b"\x03");
    assert!(seen.contains("n1  ask  ") && seen.contains("CANCELLED") && seen.contains("exit 4"), "{seen}");
    assert_eq!(code, Some(4), "{seen}");
    assert!(start.elapsed() < Duration::from_secs(20));
}
