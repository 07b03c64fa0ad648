//! The program as a user calls it: `tests/cases/cli/<name>/` is a project, its file `command` holds lines for the shell,
//! and the snapshot is all that was said.

use std::fs;

use crate::harness::Project;

#[test]
fn transcripts() {
    insta::glob!("../cases/cli", "*/command", |path| {
        let folder = path.parent().unwrap();
        let project = Project::copy_of(folder);
        let lines = fs::read_to_string(path).unwrap();
        let said: Vec<String> = lines
            .lines()
            .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
            .map(|line| project.transcript(line))
            .collect();
        let settings = insta::Settings::clone_current();
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        settings.bind(|| {
            insta::with_settings!({
                snapshot_path => "../cases/cli/snapshots",
                prepend_module_to_snapshot => false,
                omit_expression => true,
                snapshot_suffix => "",
            }, { insta::assert_snapshot!(name, said.join("\n")) });
        });
    });
}
