//! Before and after, for `--diff`.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::attributes::Change;
use crate::wire::Diff;

/// Longer files are not shown, in bytes; Ansible's limit.
pub const LIMIT: u64 = 104_448;

/// The beginning of a file; nothing if it is not there.
pub fn read(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(file) = File::open(path) {
        // What cannot be read is not shown; the module itself says so when it matters.
        let _ = file.take(LIMIT + 1).read_to_end(&mut bytes);
    }
    bytes
}

/// Two contents of a file.
pub fn of_bytes(path: &Path, before: &[u8], after: &[u8]) -> Diff {
    Diff { header: path.display().to_string(), before: text(before), after: text(after) }
}

fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        _ if bytes.len() as u64 > LIMIT => format!("(longer than {LIMIT} bytes)\n"),
        Ok(text) if !text.contains('\0') => text.to_owned(),
        _ => format!("(binary, {} bytes)\n", bytes.len()),
    }
}

/// Attributes that differ; nothing if none does.
pub fn of_attributes(path: &Path, changes: &[Change]) -> Option<Diff> {
    let side = |value: fn(&Change) -> &String| {
        changes.iter().fold(String::new(), |mut text, change| {
            let _ = writeln!(text, "{}: {}", change.0, value(change));
            text
        })
    };
    (!changes.is_empty()).then(|| Diff {
        header: path.display().to_string(),
        before: side(|c| &c.1),
        after: side(|c| &c.2),
    })
}
