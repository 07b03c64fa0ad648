//! Becoming another user with the machine's own sudo, su and doas: `tests/cases/become/<name>/` is a project with rules for them,
//! its file `command` holds lines for the shell of an ordinary user, and the snapshot is all that was said.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::harness::{BENCHBOOK, Project};

/// Why this machine cannot play it: names of programs, or that we are not root.
fn missing() -> String {
    let mut missing = String::new();
    let programs = ["sudo", "su", "doas", "setpriv", "unshare", "useradd", "chpasswd", "script"];
    let found = |name: &str| {
        ["/usr/bin", "/bin", "/usr/sbin", "/sbin"].iter().any(|folder| Path::new(folder).join(name).exists())
    };
    for name in programs.iter().filter(|name| !found(name)) {
        let _ = write!(missing, " {name}");
    }
    if !rustix::process::getuid().is_root() {
        missing += " root";
    }
    missing
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[test]
fn transcripts() {
    let missing = missing();
    if !missing.is_empty() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "missing:{missing}");
        return;
    }
    let programs = Path::new(BENCHBOOK).parent().unwrap().display().to_string();
    insta::glob!("../cases/become", "*/command", |path| {
        let folder = path.parent().unwrap();
        let project = Project::copy_of(folder);
        let stage = folder.parent().unwrap().join("stage.sh");
        let lines = fs::read_to_string(path).unwrap();
        let said: Vec<String> = lines
            .lines()
            .map(|line| {
                let stage = quoted(&stage.display().to_string());
                let staged = format!("unshare -m sh {stage} {} {}", quoted(&programs), quoted(line));
                let said = project.transcript(&staged);
                format!("$ {line}\n{}", said.split_once('\n').unwrap().1)
            })
            .collect();
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        insta::with_settings!({
            snapshot_path => "../cases/become/snapshots",
            prepend_module_to_snapshot => false,
            omit_expression => true,
            snapshot_suffix => "",
        }, { insta::assert_snapshot!(name, said.join("\n")) });
    });
}
