//! `ansible`, `ansible-inventory` and what settings do: the same words, the same exit codes.
//!
//! `tests/cases/calls/NAME/` is a project, and its file `calls` holds lines for the shell. What ours says is a snapshot, and
//! is compared with the reference where that is installed. Behind a `~` the words of errors and warnings may differ.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::ansible::reference;
use crate::harness::{BENCHBOOK, Project};

/// What the reference says and we do not: that an option of it will go, and where in the command line a task stands.
fn is_own(line: &str) -> bool {
    line.contains("DEPRECATION") || line.contains("deprecation_warnings") || line.starts_with("{'action'")
}

/// What a line says on both outputs, without what may differ, and its exit code.
fn said(project: &Project, programs: &Path, python: Option<&Path>, line: &str) -> String {
    let (wording, call) = line.strip_prefix("~ ").map_or((true, line), |call| (false, call));
    let path = std::env::var("PATH").unwrap_or_default();
    let mut shell = project.shell(call);
    shell.env("PATH", format!("{}:{path}", programs.display())).env("PYTHONDONTWRITEBYTECODE", "1");
    // Hosts in their order.
    shell.env("ANSIBLE_FORKS", "1");
    if let Some(python) = python {
        shell.env("ANSIBLE_PYTHON_INTERPRETER", python);
    }
    let output = shell.output().unwrap();
    let (mut text, mut told) = (String::new(), String::new());
    for (stream, bytes) in [(&mut text, &output.stdout), (&mut told, &output.stderr)] {
        let words = String::from_utf8_lossy(bytes);
        let words = words.replace(&project.path().canonicalize().unwrap().display().to_string(), "PROJECT");
        for line in words.lines().filter(|line| !is_own(line)) {
            writeln!(stream, "{}", line.trim_end()).unwrap();
        }
    }
    let mut heard: Vec<_> = told.lines().filter(|line| line.starts_with('[')).collect();
    heard.sort_unstable();
    // Empty lines stand around what only the reference says.
    let mut lines: Vec<_> = text.lines().filter(|line| !line.is_empty()).collect();
    if wording {
        lines.extend(heard);
    }
    format!("$ {line}\n{}\nexit {}\n\n", lines.join("\n"), output.status.code().unwrap_or(-1))
}

fn names(project: &Project) -> PathBuf {
    let folder = project.path().join("programs");
    fs::create_dir(&folder).unwrap();
    for name in ["ansible", "ansible-config", "ansible-inventory", "ansible-playbook"] {
        std::os::unix::fs::symlink(BENCHBOOK, folder.join(name)).unwrap();
    }
    folder
}

fn compared(case: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/calls").join(case);
    let (ours, theirs) = (Project::copy_of(&folder), Project::copy_of(&folder));
    let programs = names(&ours);
    let reference = reference("ansible").map(|program| program.parent().unwrap().to_owned());
    let python = reference.as_ref().map(|folder| folder.join("python"));
    let (mut told, mut differences) = (String::new(), String::new());
    let calls = fs::read_to_string(folder.join("calls")).unwrap();
    for line in calls.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let by_ours = said(&ours, &programs, None, line);
        told += &by_ours;
        let Some(reference) = &reference else { continue };
        let by_theirs = said(&theirs, reference, python.as_deref(), line);
        if by_ours != by_theirs {
            writeln!(differences, "--- ansible\n{by_theirs}--- benchbook\n{by_ours}").unwrap();
        }
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../cases/calls/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!(case, told));
    assert!(differences.is_empty(), "\n{differences}");
}

#[test]
fn a_task_on_hosts_is_told_as_the_reference_tells_it() {
    compared("adhoc");
}

#[test]
fn what_a_playbook_would_do_is_listed_as_by_the_reference() {
    compared("listing");
}

#[test]
fn whoever_steps_through_a_playbook_is_asked_as_by_the_reference() {
    compared("step");
}

#[test]
fn a_failure_takes_along_whom_it_does_in_the_reference() {
    compared("failing");
}

#[test]
fn what_is_wrong_with_a_playbook_is_said_in_the_words_of_the_reference() {
    compared("broken");
}

#[test]
fn a_failure_is_told_with_all_that_it_is_because_of() {
    compared("causes");
}

#[test]
fn an_inventory_is_shown_as_the_reference_shows_it() {
    compared("inventory");
}

#[test]
fn settings_do_what_they_do_in_the_reference() {
    compared("settings");
}

#[test]
fn tasks_of_this_machine_stand_beside_the_playbook_as_in_the_reference() {
    compared("beside");
}
