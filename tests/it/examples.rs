//! Every folder of `examples/` runs as its README says.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::Project;

fn examples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut folders: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

#[test]
fn every_example_runs() {
    let mut broken = String::new();
    let folders = examples();
    assert!(folders.len() > 5);
    for folder in folders {
        let said = Project::copy_of(&folder).transcript("benchbook run playbook.yml");
        if !said.ends_with("--- exit 0\n") {
            broken += &format!("{}\n{said}\n", folder.display());
        }
    }
    assert!(broken.is_empty(), "{broken}");
}

#[test]
fn a_second_run_changes_nothing() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/check_and_diff");
    let project = Project::copy_of(&folder);
    let first = project.transcript("benchbook run playbook.yml");
    assert!(first.contains("changed=4"), "{first}");
    let second = project.transcript("benchbook run playbook.yml");
    assert!(second.contains("changed=0") && second.ends_with("--- exit 0\n"), "{second}");
}

/// `linear` keeps step, `free` lets the fastest go first, `dag` does what something needs before it.
#[test]
fn strategies_differ_in_order() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/several_hosts");
    let said = Project::copy_of(&folder).transcript("benchbook run playbook.yml 2>&1");
    let places = |word: &str| -> Vec<usize> {
        said.lines().enumerate().filter(|(_, line)| line.contains(word)).map(|(number, _)| number).collect()
    };
    let before = |one: &str, other: &str| {
        let (one, other) = (places(one), places(other));
        !one.is_empty() && !other.is_empty() && one.iter().max() < other.iter().min()
    };
    assert!(before("Who is there", "Only some of them"), "{said}");
    assert!(before("Once for all", "All of them know"), "{said}");
    let arrived: Vec<&str> =
        said.lines().filter(|line| line.contains("Say who got here")).map(|line| &line[..2]).collect();
    assert_eq!(arrived, ["n2", "n3", "n1"], "{said}");
    for host in ["n1", "n2", "n3"] {
        assert!(before(&format!("{host}  left"), &format!("{host}  both")), "{said}");
        assert!(before(&format!("{host}  right"), &format!("{host}  both")), "{said}");
        assert!(before(&format!("{host}  both"), &format!("{host}  after all")), "{said}");
    }
}
