//! A base image with a compiler and an sshd, where no registry can be reached.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The archive of its root, for [`super::engine::Client::import`]: made by `base.sh` at the first time, which takes some
/// minutes. `None` where that is impossible, which is said, and is a failure under CI.
pub fn archive() -> Option<PathBuf> {
    if !super::is_root() || !Path::new("/usr/sbin/debootstrap").exists() {
        let why = "no base image: it needs root and debootstrap";
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{why}");
        let _ = writeln!(std::io::stderr(), "skipped, {why}");
        return None;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/base.sh");
    let output = Command::new(script).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(PathBuf::from(String::from_utf8(output.stdout).unwrap().trim()))
}
