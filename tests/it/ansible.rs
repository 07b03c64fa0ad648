//! The reference: ansible-core as `tests/ansible/requirements.txt` names it, which `./test --install` puts beside
//! the build. What it does with a playbook is what ours must do.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program of the reference, such as `ansible-playbook` or its `python`, from the folder that
/// `BENCHBOOK_TEST_ANSIBLE` names.
///
/// `None` where it is not installed, which is said, and is a failure under CI.
pub fn reference(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("BENCHBOOK_TEST_ANSIBLE").map(|folder| Path::new(&folder).join(program));
    let path = path.filter(|path| path.exists());
    if path.is_none() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "ansible-core is not installed");
        let _ =
            writeln!(std::io::stderr(), "skipped: ansible-core is not installed; ./test --install gets it");
    }
    path
}

#[test]
fn it_is_the_version_that_is_named() {
    let Some(ansible) = reference("ansible") else { return };
    let wanted = include_str!("../ansible/requirements.txt");
    let wanted = wanted.lines().find_map(|line| line.strip_prefix("ansible-core==")).unwrap();
    let output = Command::new(ansible).arg("--version").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().next(), Some(format!("ansible [core {wanted}]").as_str()));
}
