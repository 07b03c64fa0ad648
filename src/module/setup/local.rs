//! The target's own facts: `*.fact` files in a folder, as `ansible_local`.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{Facts, names};
use crate::base::{Map, Value};
use crate::module::process::Command;
use crate::module::{Context, TargetPath};

/// Every fact file under its name. As in Ansible, one that cannot be read says so in its value, and in a warning.
pub fn gather(facts: &mut Facts, folder: &TargetPath, ctx: &mut Context<'_>) {
    let folder = folder.expand(ctx);
    let mut found = Map::new();
    for name in names(&folder) {
        if let Some(stem) = name.strip_suffix(".fact") {
            let value = read(&folder.join(&name), ctx).unwrap_or_else(|why| {
                facts.warn(why.as_str());
                why.into()
            });
            found.insert(stem, value);
        }
    }
    facts.set("local", found);
}

fn read(path: &Path, ctx: &mut Context<'_>) -> Result<Value, String> {
    let name = path.display();
    let metadata = path.metadata().map_err(|error| format!("Could not stat fact ({name}): {error}"))?;
    let text = if metadata.permissions().mode() & 0o100 != 0 {
        let run = ctx.run(&Command { quiet: true, ..Command::new([path]) });
        let done = run.map_err(|error| format!("Could not execute fact script ({name}): {error}"))?;
        if !done.status.success() {
            let err = String::from_utf8_lossy(&done.stderr);
            return Err(format!("Failure executing fact script ({name}), rc: {}, err: {err}", done.rc()));
        }
        done.stdout
    } else {
        // What may not be read is empty.
        std::fs::read(path).unwrap_or_default()
    };
    let Ok(text) = String::from_utf8(text) else {
        return Err(format!("error loading fact - output of running \"{name}\" was not utf-8"));
    };
    if let Ok(value) = serde_json::from_str(&text) {
        return Ok(value);
    }
    let Some(sections) = ini(&text) else {
        return Err(format!("error loading facts as JSON or ini - please check content: {name}"));
    };
    for (_, section) in sections.iter() {
        for value in section.as_map().into_iter().flat_map(Map::values).filter_map(Value::as_str) {
            if let Some(odd) = odd_percent(value) {
                let why = format!("'%' must be followed by '%' or '(', found: '{odd}'");
                return Err(format!("error loading facts as ini - please check content: {name} ({why})"));
            }
        }
    }
    Ok(sections.into())
}

/// What begins with a `%` that means nothing.
fn odd_percent(value: &str) -> Option<&str> {
    let mut rest = value;
    while let Some(at) = rest.find('%') {
        match rest[at + 1..].chars().next() {
            Some('%' | '(') => rest = &rest[at + 2..],
            _ => return Some(&rest[at..]),
        }
    }
    None
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
    Some(sections.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::{ini, odd_percent};

    #[test]
    fn ini_is_read_as_python_does() {
        let read = ini("# x\n[Rack]\nUnit = 12\nname: a=b\n[other]\n").unwrap();
        assert_eq!(
            serde_json::to_string(&read).unwrap(),
            r#"{"Rack":{"unit":"12","name":"a=b"},"other":{}}"#
        );
        assert!(ini("nonsense").is_none());
        assert!(ini("a = b").is_none());
        assert_eq!(ini(""), Some(crate::base::Map::new()));
        assert_eq!(odd_percent("100 %% of %(x)s"), None);
        assert_eq!(odd_percent("a % b"), Some("% b"));
        assert_eq!(odd_percent("a %"), Some("%"));
    }
}
