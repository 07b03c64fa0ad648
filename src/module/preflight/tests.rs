//! Machines that we have not: their files, and what is found on them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::clock::Synchronised;
use super::machine::Machine;
use super::*;
use crate::base::args;

/// A machine, what is asked of it, and each finding as `severity check: seen | fix`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// Path → what the link says.
    #[serde(default)]
    links: BTreeMap<String, String>,
    /// What files hold after the load was watched.
    #[serde(default)]
    later: BTreeMap<String, String>,
    /// Whether somebody keeps the clock, and to how many microseconds.
    #[serde(default)]
    clock: Option<(bool, u64)>,
    /// Host → ssh's words when nobody can log in there.
    #[serde(default)]
    closed: BTreeMap<String, String>,
    #[serde(default)]
    args: Map,
    findings: Vec<String>,
    /// What is to be the same on all hosts.
    #[serde(default)]
    here: Option<Map>,
}

struct Told<'a> {
    root: &'a Path,
    case: &'a Case,
}

impl Machine for Told<'_> {
    fn wait(&mut self, _: Duration) -> Result<(), Failure> {
        put(self.root, &self.case.later);
        Ok(())
    }

    fn clock(&mut self) -> Option<Synchronised> {
        self.case.clock.map(|(kept, error)| Synchronised { kept, error })
    }

    fn log_in(&mut self, host: &str) -> Result<(), String> {
        self.case.closed.get(host).map_or(Ok(()), |words| Err(words.clone()))
    }
}

fn put(root: &Path, files: &BTreeMap<String, String>) {
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

#[test]
fn machines() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/preflight");
    let mut count = 0;
    for file in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        for document in serde_yaml::Deserializer::from_str(&text) {
            let case = Case::deserialize(document).unwrap();
            let scratch = tempfile::tempdir().unwrap();
            put(scratch.path(), &case.files);
            for (path, target) in &case.links {
                let path = scratch.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::os::unix::fs::symlink(target, path).unwrap();
            }
            let args: Args = args::from_map(&case.args).unwrap();
            let root = Root(scratch.path().to_owned());
            let mut machine = Told { root: scratch.path(), case: &case };
            let found = Look { root: &root, args: &args, machine: &mut machine }.findings();
            let told: Vec<String> = match found {
                Err(failure) => vec![failure.into_outcome().msg.unwrap()],
                Ok(found) => found.iter().map(line).collect(),
            };
            assert_eq!(told, case.findings, "{}", case.name);
            if let Some(wanted) = &case.here {
                assert_eq!(Value::from(here(&root)), Value::from(wanted.clone()), "{}", case.name);
            }
            count += 1;
        }
    }
    assert!(count > 10, "only {count}");
}

fn line(found: &Finding) -> String {
    let fix = if found.fix.is_empty() { String::new() } else { format!(" | {}", found.fix) };
    format!("{} {}: {}{fix}", found.severity.word(), found.check, found.seen)
}

#[test]
fn sizes_are_read_and_told() {
    let said = ["16 MiB", "131072", "1.5 GB", "unlimited"].map(|text| bytes("memlock", text).unwrap());
    assert_eq!(said, [Some(16 << 20), Some(131_072), Some(1_500_000_000), None]);
    let refused = bytes("memlock", "16 apples").unwrap_err().into_outcome().msg.unwrap();
    assert!(refused.starts_with("memlock: "), "{refused}");
    let told = [999, 1536, 16 << 20, 503 << 30].map(size);
    assert_eq!(told, ["999 B", "1.5 KiB", "16 MiB", "503 GiB"]);
}

#[test]
fn this_machine_tells_something() {
    let root = Root::own();
    let args: Args = args::from_map(&Map::from_iter([("watch", 0.0)])).unwrap();
    let case = Case {
        name: String::new(),
        files: BTreeMap::new(),
        links: BTreeMap::new(),
        later: BTreeMap::new(),
        clock: None,
        closed: BTreeMap::new(),
        args: Map::new(),
        findings: Vec::new(),
        here: None,
    };
    let found = Look { root: &root, args: &args, machine: &mut Told { root: Path::new("/"), case: &case } }
        .findings();
    let found = found.unwrap();
    let told = |check| found.iter().find(|found| found.check == check).unwrap();
    assert!(told("memory").seen.ends_with(" are available"), "{:?}", told("memory"));
    assert!(clock::of_the_kernel().is_some());
    assert_eq!(
        here(&root).get("kernel").unwrap().as_str().unwrap(),
        rustix::system::uname().release().to_str().unwrap()
    );
}
