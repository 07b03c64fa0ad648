//! The same playbook on ansible-core and on ours: values with their types, what is skipped and what fails must be the same.
//!
//! `tests/cases/dialect/NAME/` is a project with `playbook.yml`, perhaps `hosts` (the inventory) and `arguments`. Words of
//! messages may differ.

mod precedence;

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::{Map, Value as Json};

use crate::ansible::reference;
use crate::harness::Project;

/// One task on one host: name, host, how it ended, and its values.
type Line = (String, String, String, Json);

/// What a playbook did on an engine, by host; the order among hosts may differ.
#[derive(Debug)]
pub struct Run {
    lines: Vec<Line>,
    failed: bool,
    /// What was said besides, for whoever looks for the difference.
    said: String,
}

impl Run {
    fn new(mut lines: Vec<Line>, output: &Output) -> Self {
        lines.sort_by(|a, b| a.1.cmp(&b.1));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Self { lines, failed: !output.status.success(), said }
    }

    /// What a task gave on its first host.
    pub fn result(&self, name: &str) -> &Json {
        &self.lines.iter().find(|line| line.0 == name).unwrap_or_else(|| panic!("no task {name}")).3
    }
}

/// What can differ in its words, or is of one engine only.
const NOISE: [&str; 14] = [
    "invocation",
    "warnings",
    "deprecations",
    "exception",
    "diff",
    "start",
    "end",
    "delta",
    "msg",
    "reason",
    "_ansible_delegated_vars",
    "failed",
    "ansible_facts_modules",
    "stderr_lines",
];

/// The values of a result that are compared.
fn values(status: &str, result: &Json) -> Json {
    let (Some(all), "ok") = (result.as_object(), status) else { return Json::Null };
    let mut kept: Map<String, Json> = Map::new();
    for (key, value) in all {
        if key == "results" && value.is_array() {
            let items = value.as_array().unwrap().iter().map(|item| values("ok", item)).collect();
            kept.insert(key.clone(), Json::Array(items));
        } else if key == "msg" && !all.contains_key("results") || !NOISE.contains(&key.as_str()) {
            kept.insert(key.clone(), value.clone());
        }
    }
    if kept.contains_key("cmd") || kept.contains_key("checksum") || kept.contains_key("add_host") {
        // Of modules, `register` tells what counts.
        kept.retain(|key, _| key == "item" || key == "changed");
    }
    kept.into()
}

fn arguments(folder: &Path) -> String {
    let said = fs::read_to_string(folder.join("arguments")).unwrap_or_default();
    let inventory = if folder.join("hosts").exists() { "-i hosts " } else { "" };
    format!("playbook.yml {inventory}{}", said.trim())
}

/// What ours does.
pub fn ours(project: &Project) -> Run {
    let output =
        project.shell(&format!("benchbook run {} --events -", arguments(project.path()))).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let events = text.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
    let ended = events.filter(|event| event["event"] == "step_ended" && event["fate"]["fate"] != "bypassed");
    let lines = ended.filter_map(|event| {
        let word = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let fate = &event["fate"];
        let status = match (fate["fate"].as_str(), fate["status"].as_str()) {
            (Some("skipped"), _) => "skipped",
            (_, Some("ok")) => "ok",
            _ if fate["ignored"] == true => "ignored",
            _ => "failed",
        };
        let name = word("name");
        let name = name.rsplit(" : ").next().unwrap_or_default().to_owned();
        Some((name, word("host"), status.to_owned(), values(status, &event["result"])))
    });
    Run::new(lines.collect(), &output)
}

/// What the reference does, if it is installed.
pub fn theirs(project: &Project) -> Option<Run> {
    let program = reference("ansible-playbook")?;
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/dialect");
    let output = project
        .shell(&format!("{} {}", program.display(), arguments(project.path())))
        .env("ANSIBLE_CALLBACK_PLUGINS", cases)
        .env("ANSIBLE_STDOUT_CALLBACK", "record")
        .env("ANSIBLE_NOCOLOR", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let records = text.lines().filter_map(|line| line.strip_prefix("RECORD "));
    let lines = records.map(|line| {
        let line: Json = serde_json::from_str(line).unwrap();
        let word = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        let status = word("status");
        (word("name"), word("host"), status.clone(), values(&status, &line["result"]))
    });
    Some(Run::new(lines.collect(), &output))
}

#[test]
fn both_engines_do_the_same() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/dialect");
    let mut folders: Vec<_> = fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let mut differences = String::new();
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        let project = Project::copy_of(folder);
        let Some(theirs) = theirs(&project) else { return };
        let ours = ours(&project);
        let name = folder.file_name().unwrap().to_string_lossy();
        for (there, here) in theirs.lines.iter().zip(&ours.lines).filter(|(there, here)| there != here) {
            differences += &format!("{name}\n  ansible   {there:?}\n  benchbook {here:?}\n");
        }
        if theirs.lines.len() != ours.lines.len() || theirs.failed != ours.failed {
            let (a, b) = (theirs.lines.len(), ours.lines.len());
            differences +=
                &format!("{name}: {a} and {b} tasks, failed {} and {}\n", theirs.failed, ours.failed);
            differences += &format!("{}{}", theirs.said, ours.said);
        }
    }
    assert!(differences.is_empty(), "\n{differences}");
}
