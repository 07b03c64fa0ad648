//! What the guides quote is what stands in the repository.

use std::fs;
use std::path::Path;

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
