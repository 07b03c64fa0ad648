//! The target's own facts: `*.fact` files in a folder, as `ansible_local`.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{Facts, names};
use crate::base::{Map, Value};
use crate::module::process::Command;
use crate::module::{Context, TargetPath};

/// Every fact file under its name; one that cannot be read says so in its value, as in Ansible.
pub fn gather(facts: &mut Facts, folder: &TargetPath, ctx: &mut Context<'_>) {
    let folder = folder.expand(ctx);
    let mut found = Map::new();
    for name in names(&folder.to_string_lossy()) {
        if let Some(stem) = name.strip_suffix(".fact") {
            found.insert(stem, read(&folder.join(&name), ctx));
        }
    }
    facts.set("local", found);
}

fn read(path: &Path, ctx: &mut Context<'_>) -> Value {
    let trouble = |why: String| Value::from(format!("error loading fact - {why}: {}", path.display()));
    let program = path.metadata().is_ok_and(|m| m.permissions().mode() & 0o111 != 0);
    let text = if program {
        match ctx.run(&Command { quiet: true, ..Command::new([path]) }) {
            Ok(done) if done.status.success() => String::from_utf8_lossy(&done.stdout).into_owned(),
            Ok(done) => return trouble(format!("the program ended with {}", done.rc())),
            Err(error) => return trouble(error.to_string()),
        }
    } else {
        match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return trouble(error.to_string()),
        }
    };
    match serde_json::from_str::<Value>(&text) {
        Ok(value) => value,
        Err(_) => ini(&text).map_or_else(|| trouble("neither JSON nor INI".to_owned()), Value::from),
    }
}

/// Sections of `key = value` or `key: value`; keys in lower case, values as text, as Python's `configparser`.
fn ini(text: &str) -> Option<Map> {
    let mut sections: Vec<(String, Map)> = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            sections.push((name.to_owned(), Map::new()));
            continue;
        }
        let (key, value) = line.split_once(['=', ':'])?;
        sections.last_mut()?.1.insert(key.trim().to_lowercase(), value.trim());
    }
    (!sections.is_empty()).then(|| sections.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::ini;

    #[test]
    fn ini_is_read_as_python_does() {
        let read = ini("# x\n[Rack]\nUnit = 12\nname: a=b\n[other]\n").unwrap();
        assert_eq!(
            serde_json::to_string(&read).unwrap(),
            r#"{"Rack":{"unit":"12","name":"a=b"},"other":{}}"#
        );
        assert!(ini("nonsense").is_none());
        assert!(ini("a = b").is_none());
    }
}
