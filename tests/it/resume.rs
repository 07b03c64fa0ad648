//! A run whose controller is killed, at every place of its journal, and resumed: in the end it is the run that it would have
//! been. What was done is not done again, what is known is known again, and the figures are the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value as Json;

use crate::harness::{Project, normal};

/// Kills the program behind so many records of its journal.
const KILL: &str = "BENCHBOOK_FAULT_KILL_AFTER_RECORD";
/// At how many places the quick tests kill.
const QUICK: usize = 24;

fn project() -> Project {
    Project::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/resume/fleet"))
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// All that a run leaves: the summary, and every file but for the database.
#[derive(Debug, PartialEq)]
struct Left {
    summary: Json,
    files: BTreeMap<PathBuf, String>,
}

impl Left {
    fn by(project: &Project) -> Self {
        let shown = project.shell("benchbook show --all --format json").output().unwrap();
        let mut summary: Json = serde_json::from_slice(&shown.stdout).unwrap();
        strip(&mut summary);
        let mut files = BTreeMap::new();
        for folder in ["state", "fetched"] {
            read(&project.path().join(folder), project.path(), &mut files);
        }
        let run = fs::read_dir(project.path().join("runs")).unwrap().next().unwrap().unwrap().path();
        for folder in ["logs", "artifacts"] {
            read(&run.join(folder), &run, &mut files);
        }
        Self { summary, files }
    }
}

/// Times, and what is named after them.
fn strip(json: &mut Json) {
    match json {
        Json::Object(map) => {
            map.retain(|key, _| !["run", "started", "ended", "seconds"].contains(&key.as_str()));
            map.values_mut().for_each(strip);
        }
        Json::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

fn read(folder: &Path, root: &Path, files: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, root, files);
        } else {
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            files.insert(path.strip_prefix(root).unwrap().to_owned(), text);
        }
    }
}

fn records(project: &Project) -> usize {
    let run = fs::read_dir(project.path().join("runs")).unwrap().next().unwrap().unwrap().path();
    let database = rusqlite::Connection::open(run.join("run.db")).unwrap();
    database.query_row("SELECT count(*) FROM journal", (), |row| row.get(0)).unwrap()
}

#[test]
fn a_run_that_is_killed_anywhere_becomes_what_it_would_have_been() {
    let command = "benchbook run playbook.yml -i hosts.ini --forks 1";
    let whole = project();
    let output = whole.shell(command).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let expected = Left::by(&whole);
    assert!(expected.files.len() > 20, "{expected:#?}");
    let records = records(&whole);
    assert!(records >= 100, "{records}");
    let full = std::env::var_os("BENCHBOOK_TEST_FULL").is_some();
    let stride = if full { 1 } else { records.div_ceil(QUICK) };
    for place in (1..records).step_by(stride) {
        let project = project();
        let killed = project.shell(command).env(KILL, place.to_string()).output().unwrap();
        assert_eq!(killed.status.code(), None, "behind record {place}: {}", said(&killed));
        let resumed = project.shell("benchbook resume last").output().unwrap();
        assert_eq!(resumed.status.code(), Some(1), "behind record {place}: {}", said(&resumed));
        let left = Left::by(&project);
        assert_eq!(left, expected, "behind record {place}: {}", normal(&said(&resumed)));
    }
}
