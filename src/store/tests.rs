//! A run's folder is written, broken and read.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;

use super::provenance::Variable;
use super::{Keys, Provenance, Run, RunFolder, RunStore, Runs, StoreError};
use crate::base::{Diagnostic, HostName, StepId, Timestamp, Value};
use crate::event::{Event, Figure, Journal, Record};
use crate::wire::Stream;

const STARTED: Timestamp = Timestamp(1_795_379_460_000_000_000);

fn happened(event: Event) -> Record {
    Record::Happened { time: STARTED, event }
}

fn warning(number: usize) -> Record {
    happened(Event::Warning { text: format!("number {number}") })
}

fn figure(value: f64) -> Record {
    happened(Event::Figure(Figure {
        case: "stream".into(),
        host: "n1".into(),
        round: 1,
        warmup: false,
        step: "p/cases/stream/run/1/0".into(),
        name: "bandwidth".into(),
        labels: BTreeMap::from([("op".into(), "Triad".into())]),
        value,
        unit: "MB/s".into(),
        higher_is_better: true,
        log: "logs/n1/p.out".into(),
        bytes: (3, 9),
    }))
}

fn keys() -> Keys {
    Keys::new(std::env::temp_dir().join("benchbook-test-keys"))
}

fn new_run(runs: &Path) -> RunStore {
    RunStore::open(RunFolder::create(runs, STARTED, "quick").unwrap(), &keys()).unwrap()
}

#[test]
fn what_is_committed_is_read_again_in_order() {
    let runs = tempfile::tempdir().unwrap();
    let store = new_run(runs.path());
    let records: Vec<Record> = (0..3).map(warning).chain([figure(1.5)]).collect();
    store.commit_blocking(records[..2].to_vec()).unwrap();
    store.commit_blocking(records[2..].to_vec()).unwrap();
    // A reader beside the writer sees it, and a second writer is refused.
    let run = Run::open(store.folder().clone()).unwrap();
    assert_eq!(run.records().unwrap(), records);
    assert!(run.is_going_on());
    assert!(matches!(RunStore::open(store.folder().clone(), &keys()), Err(StoreError::Locked(_))));
    store.close().unwrap();
    drop(store);
    assert!(!run.is_going_on());
    assert_eq!(run.folder().path().metadata().unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(run.folder().id().as_str(), "20261122T203100Z-quick");
}

#[test]
fn a_finished_run_can_be_read_where_nothing_can_be_written() {
    let runs = tempfile::tempdir().unwrap();
    let store = new_run(runs.path());
    store.commit_blocking(vec![warning(1)]).unwrap();
    store.close().unwrap();
    let files: Vec<_> = std::fs::read_dir(store.folder().path())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(files, ["run.db"], "no write-ahead log is left beside it");
}

#[test]
fn logs_are_appended_to_and_know_their_offsets() {
    let runs = tempfile::tempdir().unwrap();
    let store = new_run(runs.path());
    let (step, host) = (StepId::from("p/tasks/hello"), HostName::from("n1"));
    let first = store.log(&step, &host, Stream::Stdout, b"one\n").unwrap();
    let second = store.log(&step, &host, Stream::Stdout, b"two\n").unwrap();
    store.log(&step, &host, Stream::Stderr, b"oh\n").unwrap();
    assert_eq!((first.offset, second.offset), (0, 4));
    assert_eq!(first.path, "logs/n1/p.tasks.hello.out");
    store.commit_blocking(vec![]).unwrap();
    let run = Run::open(store.folder().clone()).unwrap();
    assert_eq!(run.log(Path::new(&first.path)).unwrap().unwrap(), b"one\ntwo\n");
    assert_eq!(run.log(Path::new("logs/n1/nothing.out")).unwrap(), None);
}

#[test]
fn figures_that_were_read_again_supersede_the_old_ones() {
    let runs = tempfile::tempdir().unwrap();
    let store = new_run(runs.path());
    store.commit_blocking(vec![figure(1.0), figure(2.0)]).unwrap();
    store
        .commit_blocking(vec![happened(Event::Reparsed { playbook: "quick.yml".into() }), figure(3.0)])
        .unwrap();
    store.close().unwrap();
    let database = rusqlite::Connection::open(store.folder().database()).unwrap();
    let count = |condition: &str| {
        let query = format!("SELECT count(*) FROM figure WHERE {condition}");
        database.query_row(&query, (), |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!((count("superseded IS NULL"), count("superseded IS NOT NULL")), (1, 2));
}

#[test]
fn many_runs_of_one_second_are_listed_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let made: Vec<RunFolder> = (0..12)
        .map(|_| {
            let run = RunFolder::create(folder.path(), STARTED, "quick").unwrap();
            std::fs::write(run.database(), "").unwrap();
            run
        })
        .collect();
    assert_eq!(Runs::new(folder.path()).list().unwrap(), made);
}

#[test]
fn runs_are_found_by_what_people_call_them() {
    let runs = tempfile::tempdir().unwrap();
    let make = |seconds: i64, playbook| {
        let folder =
            RunFolder::create(runs.path(), Timestamp(STARTED.0 + seconds * 1_000_000_000), playbook).unwrap();
        RunStore::open(folder, &keys()).unwrap().folder().id().as_str().to_owned()
    };
    let first = make(0, "quick");
    let twin = make(0, "quick");
    let newest = make(3600, "cluster");
    let all = Runs::new(runs.path());
    assert_eq!(twin, format!("{first}-2"));
    let find = |name: &str| all.find(name).map(|f| f.id().as_str().to_owned());
    assert_eq!(find("last").unwrap(), newest);
    assert_eq!(find(&first).unwrap(), first);
    assert_eq!(find(&newest[..11]).unwrap(), newest);
    assert_eq!(find(runs.path().join(&twin).to_str().unwrap()).unwrap(), twin);
    let said = |name: &str| {
        let text = Diagnostic::from(all.find(name).unwrap_err()).to_string();
        text.replace(&runs.path().display().to_string(), "RUNS")
    };
    let empty = Diagnostic::from(Runs::new("/nowhere").find("last").unwrap_err());
    insta::assert_snapshot!(
        [said("2026"), said(&first.replace("quick", "quikc")), said("x"), empty.to_string()].join("\n\n")
    );
}

#[test]
fn provenance_masks_what_its_name_calls_secret() {
    let runs = tempfile::tempdir().unwrap();
    let folder = RunFolder::create(runs.path(), STARTED, "quick").unwrap();
    let mut provenance = Provenance::new();
    provenance.files.insert("playbooks/quick.yml".into(), super::digest(b"- hosts: all\n"));
    provenance.variables.push(Variable::new("size", &Value::from(3), "-e"));
    provenance.variables.push(Variable::new("db_password", &Value::from("hunter2"), "-e"));
    provenance.hosts.entry("n1".into()).or_default().learn("ansible_kernel", &Value::from("6.1.0"));
    provenance.write(&folder).unwrap();
    let text = std::fs::read_to_string(folder.lock()).unwrap();
    assert!(text.contains("6.1.0") && !text.contains("hunter2"));
    assert_eq!(Provenance::read(&folder).unwrap(), provenance);
}

/// Runs this test binary as a child that commits until it is killed, then reads what it said was committed.
#[test]
fn everything_acknowledged_survives_a_kill() {
    if let Ok(folder) = std::env::var("BENCHBOOK_TEST_CRASH") {
        let store = RunStore::open(RunFolder::at(folder.clone()), &keys()).unwrap();
        for number in 0.. {
            store.commit_blocking(vec![warning(number)]).unwrap();
            std::fs::write(format!("{folder}/acknowledged"), (number + 1).to_string()).unwrap();
        }
    }
    let runs = tempfile::tempdir().unwrap();
    let folder = RunFolder::create(runs.path(), STARTED, "quick").unwrap();
    let acknowledged = folder.path().join("acknowledged");
    let count =
        || std::fs::read_to_string(&acknowledged).ok().and_then(|t| t.parse::<usize>().ok()).unwrap_or(0);
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::tests::everything_acknowledged_survives_a_kill", "--nocapture"])
        .env("BENCHBOOK_TEST_CRASH", folder.path())
        .spawn()
        .unwrap();
    while count() < 50 {
        assert!(child.try_wait().unwrap().is_none(), "the child ended by itself");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let run = Run::open(folder.clone()).unwrap();
    let records = run.records().unwrap();
    assert!(records.len() >= count(), "{} of {} are left", records.len(), count());
    assert_eq!(records, (0..records.len()).map(warning).collect::<Vec<_>>());
    assert!(!run.is_going_on());
    RunStore::open(folder, &keys()).unwrap().commit_blocking(vec![warning(records.len())]).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn any_text_comes_back(texts in prop::collection::vec("\\PC*", 1..20)) {
        let runs = tempfile::tempdir().unwrap();
        let store = new_run(runs.path());
        let records: Vec<Record> =
            texts.into_iter().map(|text| happened(Event::Warning { text })).collect();
        store.commit_blocking(records.clone()).unwrap();
        prop_assert_eq!(Run::open(store.folder().clone()).unwrap().records().unwrap(), records);
    }
}
