//! Reference pages are made from the code. `BENCHBOOK_UPDATE=1 cargo nextest run reference` writes them anew.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Name → text.
fn texts(folder: &Path) -> BTreeMap<String, String> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

#[test]
fn the_pages_of_modules_are_current() {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/modules");
    let scratch = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_benchbook"))
        .args(["doc", "--write"])
        .arg(scratch.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let now = texts(scratch.path());
    if std::env::var_os("BENCHBOOK_UPDATE").is_some() {
        std::fs::remove_dir_all(&committed).unwrap();
        std::fs::create_dir(&committed).unwrap();
        for (name, text) in &now {
            std::fs::write(committed.join(name), text).unwrap();
        }
    }
    assert_eq!(texts(&committed), now, "a page is stale: see the top of {}", file!());
}
