//! Playbooks walked to their end on agents in this process: each folder of `tests/cases/run/` holds a playbook and an
//! inventory (`hosts`); snapshots hold what happened, in words.

mod gangs;
mod harness;
mod limits;
mod reconnecting;
mod stopping;

use std::path::Path;

use harness::Stage;

#[test]
fn playbooks() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/run");
    insta::glob!(folder, "*/playbook.yml", |path| {
        let case = path.parent().unwrap();
        insta::assert_snapshot!(Stage::new(case).run());
    });
}
