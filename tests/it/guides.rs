//! What the guides quote is what stands in the repository.

use std::fs;
use std::path::Path;

use crate::harness::Project;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn the_case_of_the_guide_is_the_example() {
    let guide = read("docs/guide/write-a-case.md");
    let quoted = guide.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(quoted, read("examples/case/playbook.yml"));
}

#[test]
fn every_example_has_a_playbook_and_three_lines_about_it() {
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")).unwrap() {
        let folder = entry.unwrap().path();
        assert!(folder.join("playbook.yml").is_file(), "{}", folder.display());
        let about = fs::read_to_string(folder.join("README.md")).unwrap();
        assert_eq!(about.lines().count(), 3, "{}", folder.display());
        assert!(about.contains("`benchbook run playbook.yml"), "{}", folder.display());
    }
}

#[test]
fn every_inventory_that_ships_is_planned() {
    let root = env!("CARGO_MANIFEST_DIR");
    for entry in fs::read_dir(Path::new(root).join("inventories")).unwrap() {
        let inventory = entry.unwrap().file_name().into_string().unwrap();
        let project = Project::empty();
        let line = format!("cd {root} && benchbook plan playbooks/quickstart.yml -i inventories/{inventory}");
        let said = project.transcript(&line);
        assert!(said.contains("Quickstart") && said.ends_with("--- exit 0\n"), "{said}");
    }
}
