//! `_left`: what runs have left on this machine, for `benchbook clean`. Looks only.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;

use super::Service;
use crate::agent::jobs::Places;
use crate::agent::owner::RUN;
use crate::base::{Map, Value};
use crate::module::Context;
use crate::module::process::processes::{Environment, with_environment};
use crate::wire::Outcome;

pub(super) const SERVICE: Service = Service { name: "_left", run };

/// What one run left.
#[derive(Default)]
struct Found {
    processes: Vec<Value>,
    jobs: Vec<Value>,
}

/// Where folders of cases are when nobody says otherwise.
const FOLDERS: [&str; 2] = ["/tmp", "/var/tmp"];
/// How their names begin; the end of the run's mark follows.
const FOLDER: &str = "benchbook-case.";

/// Gives `runs`: a mapping of a run's mark to `{processes: [{pid, command}], jobs: [{id, path, running}]}`; and `folders`: a
/// mapping of the path of a case's folder to the end of its run's mark.
fn run(_: &Map, _: &mut Context<'_>) -> Outcome {
    let mut runs: BTreeMap<String, Found> = BTreeMap::new();
    let own = rustix::process::getpid();
    for process in with_environment(|pid, environment| pid != own && environment.get(RUN).is_some()) {
        let environment = Environment::of(process.pid);
        let Some(mark) = environment.get(RUN).map(String::from_utf8_lossy) else { continue };
        let row = [
            ("pid", Value::from(i64::from(process.pid.as_raw_pid()))),
            ("command", process.command().into()),
        ];
        runs.entry(mark.into_owned()).or_default().processes.push(Map::from_iter(row).into());
    }
    let places = Places::default();
    for folder in places.runs() {
        // Also one without jobs: it is to be removed.
        runs.entry(folder.file_name().unwrap_or_default().to_string_lossy().into_owned()).or_default();
    }
    for (mark, folder) in places.jobs(None) {
        let running = matches!(folder.ended(), Ok(None));
        let row = [
            ("id", Value::from(folder.id())),
            ("path", folder.path().display().to_string().into()),
            ("running", running.into()),
        ];
        runs.entry(mark.as_str().to_owned()).or_default().jobs.push(Map::from_iter(row).into());
    }
    let told = runs.into_iter().map(|(mark, found)| {
        let row = [("processes", Value::list(found.processes)), ("jobs", Value::list(found.jobs))];
        (mark, Value::from(Map::from_iter(row)))
    });
    Outcome::ok(false).with("runs", told.collect::<Map>()).with("folders", folders())
}

/// The folders of cases that belong to this user.
fn folders() -> Map {
    let own = rustix::process::geteuid().as_raw();
    let temporary = std::env::var("TMPDIR").ok();
    let mut places: Vec<&str> = temporary.iter().map(String::as_str).chain(FOLDERS).collect();
    places.sort_unstable();
    places.dedup();
    let mut found = Map::new();
    for entry in places.into_iter().filter_map(|place| fs::read_dir(place).ok()).flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let end = name.strip_prefix(FOLDER).and_then(|rest| rest.split_once('.'));
        let is_own = || fs::symlink_metadata(entry.path()).is_ok_and(|m| m.is_dir() && m.uid() == own);
        if let Some((end, _)) = end.filter(|_| is_own()) {
            found.insert(entry.path().display().to_string(), end);
        }
    }
    found
}
