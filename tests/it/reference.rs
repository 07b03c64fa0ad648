//! Reference pages are made from the code. `BENCHBOOK_UPDATE=1 cargo nextest run reference` writes them anew.

use std::path::Path;
use std::process::Command;

/// Compares a committed page with what the program says now.
fn page_is_current(page: &str, arguments: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_benchbook")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let now = String::from_utf8(output.stdout).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference").join(page);
    if std::env::var_os("BENCHBOOK_UPDATE").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap();
    assert_eq!(committed, now, "{page} is stale: see the top of {}", file!());
}

#[test]
fn the_page_of_modules_is_current() {
    page_is_current("modules.md", &["doc", "--all"]);
}
