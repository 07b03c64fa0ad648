//! The same playbook on ansible-core and on ours: values with their types, what is skipped and what fails must be the same.
//!
//! `tests/cases/dialect/NAME/` is a project with `playbook.yml`, perhaps `hosts` (the inventory) and `arguments`. Words of
//! messages may differ.

mod precedence;

use std::collections::BTreeSet;
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
    /// What was said besides, for whoever looks for the difference.
    said: String,
}

impl Run {
    fn new(mut lines: Vec<Line>, output: &Output) -> Self {
        lines.sort_by(|a, b| a.1.cmp(&b.1));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Self { lines, said }
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
    "include_args",
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
    // The reference's callbacks are not told that nothing was skipped; `register` is, on both.
    if kept.get("skipped") == Some(&Json::Bool(false)) {
        kept.remove("skipped");
    }
    if kept.contains_key("include") {
        kept.remove("changed");
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
    let mut shell = project.shell(&format!("benchbook run {} --events -", arguments(project.path())));
    if let Some(python) = reference("python") {
        shell.env("BENCHBOOK_ANSIBLE_PYTHON", python);
    }
    let output = shell.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let events = text.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
    // Of what a `meta` does, the reference tells nothing to its callbacks.
    let is_meta = |event: &Json| event["name"].as_str().is_some_and(|name| name.starts_with("meta "));
    let ended = events.filter(|event| {
        event["event"] == "step_ended" && event["fate"]["fate"] != "bypassed" && !is_meta(event)
    });
    let lines = ended.map(|event| {
        let word = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let fate = &event["fate"];
        let status = match (fate["fate"].as_str(), fate["status"].as_str()) {
            (Some(word @ ("skipped" | "unreachable")), _) => word,
            (_, Some("ok")) => "ok",
            _ if fate["ignored"] == true => "ignored",
            _ => "failed",
        };
        let name = word("name");
        let name = name.rsplit(" : ").next().unwrap_or_default();
        // What a play asks before its tasks has a name of its own in ours.
        let name = if name == "facts" { "Gathering Facts" } else { name }.to_owned();
        (name, word("host"), status.to_owned(), values(status, &event["result"]))
    });
    Run::new(lines.collect(), &output)
}

/// What the reference does, if it is installed.
pub fn theirs(project: &Project) -> Option<Run> {
    let program = reference("ansible-playbook")?;
    // Whatever lies below this folder is loaded as a plugin.
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/dialect");
    let output = project
        .shell(&format!("{} {}", program.display(), arguments(project.path())))
        .env("ANSIBLE_CALLBACK_PLUGINS", plugins)
        .env("ANSIBLE_STDOUT_CALLBACK", "record")
        .env("ANSIBLE_PYTHON_INTERPRETER", program.with_file_name("python"))
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

/// What one engine did and the other did not.
fn only<'a>(these: &'a Run, others: &Run) -> Vec<&'a Line> {
    let mut others: Vec<&Line> = others.lines.iter().collect();
    let mut own = Vec::new();
    for line in &these.lines {
        match others.iter().position(|other| *other == line) {
            Some(place) => drop(others.swap_remove(place)),
            None => own.push(line),
        }
    }
    own
}

#[test]
fn both_engines_do_the_same() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/dialect");
    let known = fs::read_to_string(cases.join("known-differences.txt")).unwrap();
    let known: BTreeSet<&str> = known.lines().filter(|line| !line.starts_with('#')).collect();
    let mut folders: Vec<_> = fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let (mut differences, mut met) = (String::new(), BTreeSet::new());
    // One alone, for who works on it.
    if let Some(only) = std::env::var_os("BENCHBOOK_TEST_DIALECT") {
        folders.retain(|folder| folder.ends_with(&only));
        assert!(!folders.is_empty(), "there is no {only:?} in tests/cases/dialect");
    }
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        let project = Project::copy_of(folder);
        let Some(theirs) = theirs(&project) else { return };
        let ours = ours(&project);
        let case = folder.file_name().unwrap().to_string_lossy();
        assert!(!theirs.lines.is_empty(), "{case} does nothing on ansible-core: {}", theirs.said);
        let mut told = false;
        for (engine, line) in only(&theirs, &ours)
            .into_iter()
            .map(|line| ("ansible  ", line))
            .chain(only(&ours, &theirs).into_iter().map(|line| ("benchbook", line)))
        {
            let name = format!("{case}: {}", line.0);
            if !known.contains(name.as_str()) {
                differences += &format!("{name}\n  {engine} on {} {}: {}\n", line.1, line.2, line.3);
                told = true;
            }
            met.insert(name);
        }
        if told {
            differences += &format!("{case} also said: {}\n", ours.said);
        }
    }
    let is_played = |name: &str| {
        folders.iter().any(|folder| name.starts_with(&format!("{}: ", folder.file_name().unwrap().display())))
    };
    for mended in known.iter().filter(|name| is_played(name) && !met.contains(**name)) {
        differences += &format!("{mended}: no difference any more, so it is not one that is known\n");
    }
    assert!(differences.is_empty(), "\n{differences}");
}
