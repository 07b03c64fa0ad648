//! The reference pages of modules and actions: each has one, its example runs on a machine of its own, and what comes back is
//! what the page says.
//!
//! `src/cli/doc/pages/NAME.yml` is the source. A page is run twice on a host whose programs and packages are its own: the second run
//! must change nothing, unless the page says `again`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use benchbook::action::ACTIONS;
use benchbook::module::SPECS;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::harness::Project;
use crate::lab::Lab;

/// A page's file. The program reads of it what it shows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    #[serde(default)]
    returns: BTreeMap<String, String>,
    /// `--diff` shows what the example changes.
    #[serde(default)]
    diff: bool,
    example: String,
    unproven: Option<String>,
    /// Tasks that are done before, in the first of both runs.
    #[serde(default)]
    given: String,
    /// Files beside the playbook: name → content.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// Tasks that look whether the example did what it says.
    #[serde(default)]
    then: String,
    /// A second run changes something again.
    #[serde(default)]
    again: bool,
    /// The machine has a container engine, with the image `busybox`.
    #[serde(default)]
    engine: bool,
    /// Packages of Debian that are installed there first, from where apt keeps packages.
    #[serde(default)]
    packages: Vec<String>,
    /// Why it has no keys of its own that could be listed.
    open: Option<String>,
}

/// What the reference says of all results, in its list.
const COMMON: [&str; 18] = [
    "changed",
    "failed",
    "msg",
    "skipped",
    "skip_reason",
    "skipped_reason",
    "false_condition",
    "results",
    "diff",
    "warnings",
    "deprecations",
    "exception",
    "ansible_loop_var",
    "item",
    "invocation",
    "attempts",
    "timed_out",
    "details",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/doc/pages")
}

/// Name → page.
fn pages() -> BTreeMap<String, Page> {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    files
        .map(|path| {
            let page = serde_yaml::from_str(&fs::read_to_string(&path).unwrap());
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, page.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
        })
        .collect()
}

/// All that a user may write.
fn names() -> BTreeSet<&'static str> {
    let all = SPECS.iter().map(|spec| spec.name).chain(ACTIONS.iter().map(|action| action.spec.name));
    all.filter(|name| !name.contains("._")).collect()
}

#[test]
fn each_module_has_a_page() {
    let pages = pages();
    let written: BTreeSet<&str> = pages.keys().map(String::as_str).collect();
    assert_eq!(written, names());
    let program = fs::read_to_string(folder().with_extension("rs")).unwrap();
    let unlisted: Vec<_> =
        written.iter().filter(|name| !program.contains(&format!("    \"{name}\"\n"))).collect();
    assert!(unlisted.is_empty(), "not in pages.rs: {unlisted:?}");
}

/// What cases of modules get back stands on the module's page.
#[test]
fn every_key_that_comes_back_is_on_the_page() {
    #[derive(Deserialize)]
    struct Case {
        module: Option<String>,
        result: BTreeMap<String, Json>,
        #[serde(default)]
        varying: Vec<String>,
        check: Option<BTreeMap<String, Json>>,
    }
    let pages = pages();
    let mut missing: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/modules");
    for folder in fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir())
    {
        for file in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let cases: Vec<Case> = serde_yaml::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
            for case in cases {
                let module =
                    case.module.unwrap_or_else(|| folder.file_name().unwrap().to_str().unwrap().to_owned());
                let keys = case
                    .result
                    .into_keys()
                    .chain(case.check.unwrap_or_default().into_keys())
                    .chain(case.varying);
                let Some(page) = pages.get(&module) else { continue };
                missing.entry(module).or_default().extend(keys.filter(|key| !told(page, key)));
            }
        }
    }
    missing.retain(|_, keys| !keys.is_empty());
    assert!(missing.is_empty(), "{missing:#?}");
}

fn told(page: &Page, key: &str) -> bool {
    page.open.is_some()
        || page.returns.contains_key(key)
        || COMMON.contains(&key)
        || key.starts_with('_')
        || key == "<<"
}

fn indented(tasks: &str) -> String {
    tasks
        .lines()
        .map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") })
        .collect()
}

/// The machine's own programs, packages and databases: what is written there is gone in the end.
const OWN: &str = "mkdir -p /dev/shm/own
mount -t tmpfs -o mode=755 own /dev/shm/own
for folder in usr var opt; do
    mkdir /dev/shm/own/$folder /dev/shm/own/$folder.work
    mount -t overlay -o lowerdir=/$folder,upperdir=/dev/shm/own/$folder,workdir=/dev/shm/own/$folder.work own /$folder
done
mkdir -p /var/tmp && chmod 1777 /var/tmp";

/// Runs a playbook of a page → what it said, and what its tasks of the module returned.
fn run(project: &Project, playbook: &str, inventory: &Path) -> (String, Vec<Json>) {
    let line = format!(
        "benchbook run {playbook} -i {} -e ansible_user=root --diff --events events 2>&1",
        inventory.display()
    );
    let said = project.transcript(&line);
    let events = fs::read_to_string(project.path().join("events")).unwrap_or_default();
    let ends = events.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
    (said, ends.filter(|event| event["event"] == "step_ended").collect())
}

/// The lines of the tasks that are the module's own, where the example begins at this line.
fn own_lines(name: &str, example: &str, from: usize) -> BTreeSet<usize> {
    let is_module = |line: &str| {
        let Some((key, value)) = line.trim().split_once(':') else { return false };
        key.rsplit('.').next() == Some(name) || key == "action" && value.trim() == name
    };
    let (mut own, mut task, mut is_own) = (BTreeSet::new(), Vec::new(), false);
    for (line, number) in example.lines().zip(from..) {
        if line.starts_with("- ") {
            (task, is_own) = (Vec::new(), false);
        }
        task.push(number);
        is_own |= is_module(line);
        if is_own {
            own.extend(task.iter().copied());
        }
    }
    assert!(!own.is_empty(), "{name}: no task of the example is of this module");
    own
}

/// What is wrong with a page, by the example.
fn wrong(name: &str, page: &Page, inventory: &Path) -> String {
    let mut wrong = String::new();
    let project = Project::empty();
    for (file, content) in &page.files {
        let path = project.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    // Handlers of an example would be run in the middle, so a page has none; tasks of the example stand at known lines.
    let head = "- hosts: n1\n  gather_facts: false\n  tasks:\n";
    let packages = match &page.packages[..] {
        [] => String::new(),
        packages => format!("- ansible.builtin.command: {INSTALL} {}\n", packages.join(" ")),
    };
    let first = format!("{head}{}", indented(&(packages + &page.given)));
    let example = indented(&page.example);
    let lines = own_lines(name, &page.example, first.lines().count() + 1);
    fs::write(project.path().join("once.yml"), format!("{first}{example}{}", indented(&page.then))).unwrap();
    fs::write(project.path().join("again.yml"), format!("{head}{example}{}", indented(&page.then))).unwrap();
    let (said, ends) = run(&project, "once.yml", inventory);
    if !said.ends_with("--- exit 0\n") {
        return format!("{name}: the example fails\n{said}\n");
    }
    let own = |event: &&Json| {
        let line = event["place"].as_str().and_then(|place| place.rsplit(':').next()?.parse().ok());
        line.is_some_and(|line: usize| lines.contains(&line))
    };
    let mut differs = false;
    for event in ends.iter().filter(own) {
        differs |= event["diff"].as_array().is_some_and(|diff| !diff.is_empty());
        let items =
            event["result"]["results"].as_array().cloned().unwrap_or_else(|| vec![event["result"].clone()]);
        for key in items.iter().filter_map(Json::as_object).flat_map(|result| result.keys()) {
            if !told(page, key) {
                let _ = writeln!(wrong, "{name}: returns {key}, which is not on its page");
            }
        }
    }
    if differs != page.diff {
        let _ = writeln!(wrong, "{name}: diff: {} on its page, {differs} in its example\n{said}", page.diff);
    }
    let (said, _) = run(&project, "again.yml", inventory);
    if !said.ends_with("--- exit 0\n") || said.contains("changed=0") == page.again {
        let _ = writeln!(wrong, "{name}: run again, with again: {}\n{said}", page.again);
    }
    wrong
}

/// Whether nothing must be fetched for these packages.
fn are_kept(packages: &[String]) -> bool {
    let mut words = INSTALL.split_whitespace();
    let asked = Command::new(words.next().unwrap()).args(words).arg("--print-uris").args(packages).output();
    packages.is_empty() || asked.is_ok_and(|said| said.status.success() && said.stdout.is_empty())
}

/// How many pages are looked at side by side.
const WORKERS: usize = 3;

/// Installs without a network.
const INSTALL: &str = "apt-get install -qq -y --no-install-recommends --no-download";

/// A machine for the example of a page; `None` where there can be none.
fn machine(page: &Page) -> Option<Lab> {
    if !are_kept(&page.packages) {
        let why = format!("apt keeps no {}", page.packages.join(", "));
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{why}");
        let _ = writeln!(std::io::stderr(), "skipped, {why}    (./test --install gets them)");
        return None;
    }
    if !page.engine {
        return Lab::hosts(1).prepare("n1", OWN).start();
    }
    let lab = Lab::hosts(1).engine("n1").start()?;
    lab.host("n1")
        .engine()
        .image("busybox", &[("/bin/busybox", "/bin/busybox"), ("/bin/busybox", "/bin/sh")]);
    Some(lab)
}

#[test]
fn every_example_does_what_its_page_says() {
    let only = std::env::var("BENCHBOOK_TEST_PAGE").ok();
    let pages = pages();
    let wanted = |name: &str| only.as_ref().is_none_or(|only| only.split(',').any(|only| only == name));
    for (name, page) in &pages {
        let is_sentence = page.unproven.as_ref().is_none_or(|why| why.trim_end().ends_with('.'));
        assert!(is_sentence, "{name}: `unproven` is a sentence");
    }
    let runs: Vec<_> = pages.iter().filter(|(name, page)| wanted(name) && page.unproven.is_none()).collect();
    let next = AtomicUsize::new(0);
    let work = || -> String {
        let mut said = String::new();
        while let Some((name, page)) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
            // One of its own: what an example leaves is in nobody's way.
            let Some(lab) = machine(page) else { continue };
            said.push_str(&wrong(name, page, &lab.inventory()));
        }
        said
    };
    let wrong: String = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{wrong}");
}
