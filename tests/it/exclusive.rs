//! A round has its machine for itself, whatever names the machine goes by; tasks outside of cases share it.

use std::fs;
use std::path::Path;

use crate::harness::Project;

/// When each began and ended, in nanoseconds.
fn spans(line: &str) -> Vec<(u128, u128)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/end_to_end/exclusive");
    let project = Project::copy_of(&folder);
    let said = project.transcript(line);
    assert!(said.ends_with("--- exit 0\n"), "{said}");
    let text = fs::read_to_string(project.path().join("spans")).unwrap();
    let mut spans: Vec<(u128, u128)> = text
        .lines()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(start, end)| (start.parse().unwrap(), end.parse().unwrap()))
        .collect();
    spans.sort_unstable();
    spans
}

fn overlap(spans: &[(u128, u128)]) -> bool {
    spans.windows(2).any(|pair| pair[1].0 < pair[0].1)
}

#[test]
fn rounds_on_one_machine_never_overlap() {
    let spans = spans("benchbook run playbook.yml -i hosts.ini");
    assert_eq!(spans.len(), 6);
    assert!(!overlap(&spans), "{spans:?}");
}

#[test]
fn tasks_overlap() {
    let spans = spans("benchbook run tasks.yml -i hosts.ini");
    assert_eq!(spans.len(), 3);
    assert!(overlap(&spans), "{spans:?}");
}

#[test]
fn one_fork_does_one_thing_at_a_time() {
    let spans = spans("benchbook run tasks.yml -i hosts.ini --forks 1");
    assert_eq!(spans.len(), 3);
    assert!(!overlap(&spans), "{spans:?}");
}
