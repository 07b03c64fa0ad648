//! Progress on a terminal: what runs where, and how many rounds are left. `script` lends the terminal.

use std::path::Path;

use crate::harness::Project;

#[test]
fn a_terminal_sees_what_runs_and_what_is_left() {
    let project = Project::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/case"));
    let line = "TERM=xterm script -qec 'stty cols 100; benchbook run playbook.yml' /dev/null";
    let output = project.shell(line).output().unwrap();
    let seen = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{seen}");
    for words in ["0/8 case runs, 8 left", "8/8 case runs", "localhost  checksum[mib=8]  round 3/3  Read it"]
    {
        assert!(seen.contains(words), "`{words}` is not in:\n{seen}");
    }
}

#[test]
fn without_a_terminal_there_are_plain_lines() {
    let project = Project::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/case"));
    let output = project.shell("benchbook run playbook.yml").output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!told.contains('\u{1b}') && !told.contains("left"), "{told}");
    assert!(told.contains("localhost  checksum[mib=8]  round 3/3  Read it  ok"), "{told}");
}
