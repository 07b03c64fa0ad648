//! Modules against real files: every case of `tests/cases/modules/<module>/*.yml` in a folder of its own.
//!
//! A case is run under `--check` (which must change nothing and must say the same about `changed`), then for real, then
//! again. Results are compared as a whole; `T` stands for the case's folder.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use benchbook::base::{Map, RunMark, SystemClock, Value};
use benchbook::module::{self, Context, Link, SPECS};
use benchbook::wire::{Outcome, Request, Status, Stream};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// The module, when it is not the folder's name.
    module: Option<String>,
    /// What is there at the beginning.
    #[serde(default)]
    given: BTreeMap<String, Entry>,
    args: Map,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    /// The content of upload 0.
    upload: Option<String>,
    timeout_ms: Option<u64>,
    #[serde(default)]
    diff: bool,
    /// All that is registered.
    result: Map,
    /// Keys that are there but differ from run to run.
    #[serde(default)]
    varying: Vec<String>,
    /// What is registered under `--check`, when `changed` is not enough to say.
    check: Option<Map>,
    /// All that is there afterwards; by default what was given.
    files: Option<BTreeMap<String, Entry>>,
    /// Whether a second run changes something again.
    #[serde(default)]
    again: bool,
    /// What was sent to the controller.
    #[serde(default)]
    download: String,
}

/// A file (its content), a folder or a link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Entry {
    content: Option<String>,
    link: Option<String>,
    mode: Option<String>,
    /// How many names the file has, when there are several.
    names: Option<u64>,
    /// Ends in `~` and starts so; for backups, whose name has the time in it.
    backup: bool,
}

/// What a module's controller is here.
#[derive(Default)]
pub struct Buffer {
    upload: Option<String>,
    sent: Mutex<Vec<u8>>,
}

impl Link for Buffer {
    fn send(&self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        assert_eq!(stream, Stream::Download);
        self.sent.lock().unwrap().extend_from_slice(bytes);
        Ok(())
    }
    fn upload(&self, number: u32) -> io::Result<Box<dyn Read + '_>> {
        assert_eq!(number, 0);
        let content = self.upload.as_ref().ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(content.as_bytes()))
    }
    fn cancelled(&self) -> Option<Duration> {
        None
    }
}

fn make(folder: &Path, entries: &BTreeMap<String, Entry>) {
    for (name, entry) in entries {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        match (&entry.content, &entry.link) {
            (Some(content), _) => std::fs::write(&path, content).unwrap(),
            (None, Some(target)) => std::os::unix::fs::symlink(target, &path).unwrap(),
            (None, None) => std::fs::create_dir_all(&path).unwrap(),
        }
        let mode = entry.mode.as_deref().unwrap_or(if entry.content.is_some() { "0644" } else { "0755" });
        if entry.link.is_none() {
            let bits = u32::from_str_radix(mode, 8).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(bits)).unwrap();
        }
    }
}

/// All that is in a folder, with what is ordinary left out.
fn listing(folder: &Path, prefix: &str, found: &mut BTreeMap<String, Entry>) {
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        let metadata = path.symlink_metadata().unwrap();
        let mode = format!("{:04o}", metadata.mode() & 0o7777);
        let mut entry = Entry::default();
        if metadata.is_symlink() {
            entry.link = Some(std::fs::read_link(&path).unwrap().to_str().unwrap().to_owned());
        } else if metadata.is_dir() {
            entry.mode = (mode != "0755").then_some(mode);
            listing(&path, &format!("{name}/"), found);
        } else {
            entry.mode = (mode != "0644").then_some(mode);
            entry.content = Some(std::fs::read_to_string(&path).unwrap());
            entry.names = (metadata.nlink() > 1).then_some(metadata.nlink());
        }
        let ordinary_folder = entry == Entry::default();
        let parent_is_enough = path.is_dir() && path.read_dir().unwrap().next().is_some();
        let (name, entry) = match name.rsplit_once('~') {
            // `a.txt.123.2026-11-21@20:31:00~`
            Some((stem, "")) => {
                let stem = stem.rsplitn(3, '.').nth(2).unwrap().to_owned();
                (format!("{stem}~"), Entry { backup: true, ..entry })
            }
            _ => (name, entry),
        };
        if !(ordinary_folder && parent_is_enough) {
            found.insert(name, entry);
        }
    }
}

/// Replaces the folder's path by `T` (or back) in every string.
fn replace(value: &Value, from: &str, to: &str) -> Value {
    match value {
        Value::String(text) => text.as_str().replace(from, to).into(),
        Value::List(items) => Value::list(items.iter().map(|v| replace(v, from, to)).collect()),
        Value::Map(map) => Value::from(replace_all(map, from, to)),
        other => other.clone(),
    }
}

fn replace_all(map: &Map, from: &str, to: &str) -> Map {
    map.iter().map(|(k, v)| (k.clone(), replace(v, from, to))).collect()
}

/// A call of a module, as a controller sends it.
pub fn request(name: &str, args: Map) -> Request {
    Request::plain(RunMark::from("test"), 1, name, args, Duration::from_millis(500))
}

fn run(case: &Case, name: &str, folder: &str, check: bool) -> (Outcome, Vec<u8>) {
    let module = module::find(name).unwrap_or_else(|| panic!("no module {name}"));
    let args = replace_all(&case.args, "T/", &format!("{folder}/"));
    let request = Request {
        check,
        diff: case.diff,
        environment: case
            .environment
            .iter()
            .map(|(name, value)| (name.clone(), value.replace("T/", &format!("{folder}/"))))
            .collect(),
        timeout_ms: case.timeout_ms,
        uploads: u32::from(case.upload.is_some()),
        ..request(name, args)
    };
    let link = Buffer { upload: case.upload.clone(), ..Buffer::default() };
    let mut context = Context { request: &request, link: &link, clock: &SystemClock };
    // As the controller does before it sends a request.
    let groups = SPECS.iter().find(|spec| spec.name == name).unwrap().groups();
    let outcome = match groups.check(&request.args) {
        Ok(()) => (module.run)(&request.args, &mut context),
        Err(problem) => Outcome::failed(problem),
    };
    (outcome, link.sent.into_inner().unwrap())
}

/// The registered map as a case writes it: without what belongs to this machine and user, with `T` for the folder.
fn comparable(outcome: &Outcome, varying: &[String], folder: &str) -> Map {
    let mut map = replace_all(&outcome.clone().take_register(), folder, "T");
    for key in varying {
        // Its absence shows: the key stays as a null that no case expects.
        if map.remove(key).is_none() {
            map.insert(key.as_str(), Value::Null);
        }
    }
    for key in ["uid", "gid", "owner", "group"] {
        map.remove(key);
    }
    map
}

fn show(map: &Map) -> String {
    serde_yaml::to_string(map).unwrap()
}

fn check_case(case: &Case, module: &str, problems: &mut Vec<String>) {
    let sandbox = tempfile::tempdir().unwrap();
    let folder = sandbox.path().to_str().unwrap();
    make(sandbox.path(), &case.given);
    let list = || {
        let mut found = BTreeMap::new();
        listing(sandbox.path(), "", &mut found);
        for entry in found.values_mut() {
            entry.link = entry.link.take().map(|target| target.replace(folder, "T"));
            entry.content = entry.content.take().map(|content| content.replace(folder, "T"));
        }
        found
    };
    let mut expect = |what: &str, same: bool, detail: String| {
        if !same {
            problems.push(format!("{module} / {}: {what}\n{detail}", case.name));
        }
    };
    let given = list();
    let (dry, _) = run(case, module, folder, true);
    expect("--check changed files", list() == given, format!("{:#?}", list()));
    if let Some(result) = &case.check {
        let varying = case.varying.iter().map(String::as_str);
        let mut got = comparable(&dry, &[], folder);
        varying.for_each(|key| drop(got.remove(key)));
        expect("under --check", &got == result, show(&got));
    } else {
        let wanted = case.result.get("changed").cloned().unwrap_or_default();
        let skipped = dry.status == Status::Skipped && !dry.changed;
        let same = skipped || Value::from(dry.changed) == wanted;
        expect("changed under --check", same, show(&dry.clone().take_register()));
    }
    let (outcome, sent) = run(case, module, folder, false);
    let got = comparable(&outcome, &case.varying, folder);
    expect("result", got == case.result, show(&got));
    let files = case.files.as_ref().map_or_else(|| given.clone(), Clone::clone);
    expect("files", list() == files, format!("{:#?}", list()));
    expect("download", sent == case.download.as_bytes(), String::from_utf8_lossy(&sent).into_owned());
    let (second, _) = run(case, module, folder, false);
    expect("second run", second.changed == case.again, show(&second.clone().take_register()));
}

#[test]
fn modules_do_what_their_cases_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/modules");
    let mut problems = Vec::new();
    let mut count = 0;
    let mut folders: Vec<_> = root.read_dir().unwrap().map(|e| e.unwrap().path()).collect();
    folders.sort();
    for folder in folders {
        let module = folder.file_name().unwrap().to_str().unwrap().to_owned();
        for file in folder.read_dir().unwrap() {
            let path = file.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let read = || -> Result<Vec<Case>, serde_yaml::Error> {
                let mut value: serde_yaml::Value = serde_yaml::from_str(&text)?;
                value.apply_merge()?;
                serde_yaml::from_value(value)
            };
            let cases = read().unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            for case in cases {
                count += 1;
                let module = case.module.clone().unwrap_or_else(|| module.clone());
                check_case(&case, &module, &mut problems);
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(count > 80, "only {count} cases were found");
}

#[test]
fn facts_have_ansibles_names_and_agree_with_this_machine() {
    let case: Case = serde_yaml::from_str("{name: facts, args: {}, result: {}}").unwrap();
    let (outcome, _) = run(&case, "setup", "/", false);
    let register = Value::from(outcome.clone().take_register());
    let facts = register.get("ansible_facts").and_then(Value::as_map).unwrap();
    let text = |name: &str| facts.get(name).map(ToString::to_string).unwrap_or_default();
    assert_eq!(text("ansible_system"), "Linux");
    assert_eq!(text("ansible_architecture"), std::env::consts::ARCH);
    let processors = std::fs::read_to_string("/proc/cpuinfo").unwrap().matches("\nprocessor").count() + 1;
    assert_eq!(text("ansible_processor_vcpus"), processors.to_string());
    let interfaces = facts.get("ansible_interfaces").and_then(Value::as_list).unwrap();
    assert!(interfaces.contains(&"lo".into()));
    let loopback = facts.get("ansible_lo").and_then(|lo| lo.get("ipv4")).unwrap();
    assert_eq!(loopback.get("address"), Some(&"127.0.0.1".into()));
    assert_eq!(loopback.get("netmask"), Some(&"255.0.0.0".into()));
}
