//! `benchbook inventory` and `ansible-inventory` of the same sources: the same text, byte for byte.
//!
//! `tests/cases/inventory_listing/NAME/` holds inventories, and `asks` with the arguments of one call per line.

use std::fs;
use std::path::Path;

use crate::ansible::reference;
use crate::harness::Project;

#[test]
fn both_programs_list_the_same() {
    let Some(program) = reference("ansible-inventory") else { return };
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/inventory_listing");
    let mut differences = String::new();
    let mut asked = 0;
    for case in fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()) {
        let project = Project::copy_of(&case);
        for ask in fs::read_to_string(case.join("asks")).unwrap().lines() {
            let theirs = project.shell(&format!("{} {ask}", program.display())).output().unwrap();
            let ours = project.shell(&format!("benchbook inventory {ask}")).output().unwrap();
            let (theirs_said, ours_said) =
                (String::from_utf8_lossy(&theirs.stdout), String::from_utf8_lossy(&ours.stdout));
            if theirs_said != ours_said || theirs.status.code() != ours.status.code() {
                let diff = similar::TextDiff::from_lines(theirs_said.as_ref(), ours_said.as_ref());
                let stderr = String::from_utf8_lossy(&ours.stderr);
                differences += &format!("{} {ask}\n{}{stderr}\n", case.display(), diff.unified_diff());
            }
            asked += 1;
        }
    }
    assert!(differences.is_empty(), "\n{differences}");
    assert!(asked > 25, "{asked} calls");
}
