//! Before and after, for `--diff`: in Ansible's form for whoever registers the result, and as text for people.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::attributes::Change;
use crate::base::{Map, Value};
use crate::wire::{Outcome, diffs};

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
pub fn of_bytes(header: &str, before: &[u8], after: &[u8]) -> Value {
    of(header, text(before), text(after))
}

/// A file, with its name, where it was there before, and what it becomes, with where that comes from.
pub fn of_change(before: Option<(&str, &[u8])>, source: &str, after: &[u8]) -> Value {
    let mut map = Map::new();
    if let Some((header, _)) = before {
        map.insert("before_header", header);
    }
    map.insert("after_header", source);
    map.insert("before", before.map(|(_, before)| text(before)).unwrap_or_default());
    map.insert("after", text(after));
    map.into()
}

/// Attributes of a path and, where it became something else, what it was and is; as `file` tells it.
/// `content` is what was in a folder that goes.
pub fn of_file(path: &Path, changes: &[Change], states: Option<(&str, &str)>, content: Option<Map>) -> Value {
    let side = |state: Option<&str>, value: fn(&Change) -> &Value| {
        let mut map = Map::from_iter([("path", path.to_string_lossy().as_ref())]);
        if let Some(state) = state {
            map.insert("state", state);
        }
        for change in changes {
            map.insert(change.0, value(change).clone());
        }
        map
    };
    let mut before = side(states.map(|(before, _)| before), |c| &c.1);
    if let Some(content) = content {
        before.insert("path_content", content);
    }
    let after = side(states.map(|(_, after)| after), |c| &c.2);
    Map::from_iter([("before", before), ("after", after)]).into()
}

fn of(header: &str, before: impl Into<Value>, after: impl Into<Value>) -> Value {
    Map::from_iter([
        ("before_header", Value::from(header)),
        ("after_header", header.into()),
        ("before", before.into()),
        ("after", after.into()),
    ])
    .into()
}

fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        _ if bytes.len() as u64 > LIMIT => format!("(longer than {LIMIT} bytes)\n"),
        Ok(text) if !text.contains('\0') => text.to_owned(),
        _ => format!("(binary, {} bytes)\n", bytes.len()),
    }
}

/// Attributes that differ; nothing if none does.
pub fn of_attributes(header: &str, changes: &[Change]) -> Option<Value> {
    let side = |value: fn(&Change) -> &Value| -> Map {
        changes.iter().map(|change| (change.0, value(change).clone())).collect()
    };
    (!changes.is_empty()).then(|| of(header, side(|c| &c.1), side(|c| &c.2)))
}

/// Adds what differs to an outcome.
pub fn tell(outcome: &mut Outcome, told: impl IntoIterator<Item = Value>) {
    let mut all: Vec<Value> =
        outcome.values.get("diff").and_then(Value::as_list).unwrap_or_default().to_vec();
    all.extend(told);
    if !all.is_empty() {
        let all = Value::list(all);
        outcome.diff = diffs(&all);
        outcome.values.insert("diff", all);
    }
}

/// Of a list the only difference, for those who tell one and no list.
pub fn as_one(outcome: &mut Outcome) {
    if let Some([one]) = outcome.values.get("diff").and_then(Value::as_list) {
        let one = one.clone();
        outcome.values.insert("diff", one);
    }
}

/// Adds what differs where it is one difference and no list.
pub fn tell_one(outcome: &mut Outcome, told: Value) {
    outcome.diff = diffs(&told);
    outcome.values.insert("diff", told);
}
