//! A run whose controller is killed, at every place of its journal, and resumed: in the end it is the run that it would have
//! been. What was done is not done again, what is known is known again, and the figures are the same.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use benchbook::base::{HostName, StepId};
use benchbook::event::{Event, Record};
use benchbook::store::{Run, Runs};
use serde_json::Value as Json;

use crate::harness::{Project, normal, wait_for};
use crate::lab::Lab;

/// Kills the program behind so many records of its journal.
const KILL: &str = "BENCHBOOK_FAULT_KILL_AFTER_RECORD";

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
    /// What commands did on each host, in their order.
    done: BTreeMap<PathBuf, Vec<String>>,
}

impl Left {
    fn by(project: &Project) -> Self {
        let shown = project.shell("benchbook show --all --format json").output().unwrap();
        let mut summary: Json = serde_json::from_slice(&shown.stdout).unwrap();
        strip(&mut summary);
        let (mut files, mut done) = (BTreeMap::new(), BTreeMap::new());
        read(&project.path().join("fetched"), project.path(), &mut files);
        read(&project.path().join("state"), project.path(), &mut done);
        let run = fs::read_dir(project.path().join("runs")).unwrap().next().unwrap().unwrap().path();
        for folder in ["logs", "artifacts"] {
            read(&run.join(folder), &run, &mut files);
        }
        let notes = done.extract_if(.., |path, _| path.extension().is_some());
        files.extend(notes);
        let lines = |text: String| text.lines().map(str::to_owned).collect();
        Self { summary, files, done: done.into_iter().map(|(path, text)| (path, lines(text))).collect() }
    }

    /// Takes out what was done twice. Gives how often that was.
    fn once(mut self) -> (Self, usize) {
        let before: usize = self.done.values().map(Vec::len).sum();
        for lines in self.done.values_mut() {
            let mut seen = HashSet::new();
            lines.retain(|line| seen.insert(line.clone()));
        }
        let after: usize = self.done.values().map(Vec::len).sum();
        (self, before - after)
    }
}

/// Takes out times and what is named after them, and how often something changed: a step that was under way may find its work
/// done.
fn strip(json: &mut Json) {
    match json {
        Json::Object(map) => {
            map.retain(|key, _| !["run", "started", "ended", "seconds", "changed"].contains(&key.as_str()));
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

fn records(project: &Project) -> Vec<Record> {
    let runs = Runs::new(project.path().join("runs"));
    Run::open(runs.find("last").unwrap()).unwrap().records().unwrap()
}

/// How many requests were sent for steps that have not ended: nobody can know whether these were done.
fn under_way(records: &[Record]) -> usize {
    let mut sent: HashMap<(&StepId, &HostName), usize> = HashMap::new();
    for record in records {
        match record {
            Record::Sending(sending) => *sent.entry((&sending.step, &sending.host)).or_default() += 1,
            Record::Ended(ending) => {
                if let Event::StepEnded { step, host, .. } = &ending.told {
                    sent.remove(&(step, host));
                }
            }
            _ => {}
        }
    }
    sent.values().sum()
}

/// Kills the run behind `places` records, spread over its journal (behind every one with `--full`), and resumes it each time.
fn kill_and_resume(inventory: &str, forks: usize, places: usize) {
    let command = format!("exec benchbook run playbook.yml -i {inventory} -i hosts.ini --forks {forks}");
    let command = command.as_str();
    let whole = project();
    let output = whole.shell(command).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let expected = Left::by(&whole);
    assert!(expected.files.len() > 20, "{expected:#?}");
    let (expected, twice) = expected.once();
    assert_eq!(twice, 0, "every command has a line of its own");
    let count = records(&whole).len();
    assert!(count >= 100, "{count}");
    let full = std::env::var_os("BENCHBOOK_TEST_FULL").is_some();
    let stride = if full { 1 } else { count.div_ceil(places) };
    for place in (1..count).step_by(stride) {
        let project = project();
        let killed = project.shell(command).env(KILL, place.to_string()).output().unwrap();
        assert_eq!(killed.status.code(), None, "behind record {place}: {}", said(&killed));
        let unknown = under_way(&records(&project));
        let resumed = project.shell("benchbook resume last").output().unwrap();
        assert_eq!(resumed.status.code(), Some(1), "behind record {place}: {}", said(&resumed));
        let (left, twice) = Left::by(&project).once();
        assert!(
            twice <= unknown,
            "behind record {place}: {twice} things were done twice, {unknown} were unknown"
        );
        assert_eq!(left, expected, "behind record {place}: {}", normal(&said(&resumed)));
    }
}

#[test]
fn a_run_that_is_killed_anywhere_becomes_what_it_would_have_been() {
    kill_and_resume("local.ini", 1, 24);
}

#[test]
fn a_fleet_over_ssh_does_not_notice_either() {
    let Some(lab) = Lab::loopback(3).start() else { return };
    kill_and_resume(lab.inventory().to_str().unwrap(), 3, 6);
}

#[test]
fn nor_does_a_run_with_many_hands() {
    kill_and_resume("local.ini", 5, 16);
}

/// A project with a run whose case `long` is at its second round.
struct Underway {
    project: Project,
    child: std::process::Child,
}

const PASSWORD: &str = "hunter2-is-my-name";

impl Underway {
    fn start() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/resume/small");
        let project = Project::copy_of(&folder);
        fs::write(project.path().join("vars.yml"), format!("password: {PASSWORD}\n")).unwrap();
        let line = "exec benchbook run playbook.yml -i hosts.ini --limit n1 --case first --case long -e @vars.yml -e 'greeting=\"hello you\"'";
        let child = project
            .shell(line)
            .stdout(std::process::Stdio::null())
            .stderr(fs::File::create(project.path().join("stderr")).unwrap())
            .spawn()
            .unwrap();
        let underway = Self { project, child };
        wait_for("the second round", || underway.project.path().join("begun.2").exists());
        underway
    }

    fn end(mut self, signal: &str) -> Project {
        let line = format!("kill -{signal} {}", self.child.id());
        assert!(std::process::Command::new("sh").args(["-c", &line]).status().unwrap().success());
        self.child.wait().unwrap();
        // Now the second round can come to its end.
        fs::write(self.project.path().join("go"), "").unwrap();
        self.project
    }
}

fn order(project: &Project) -> String {
    fs::read_to_string(project.path().join("order.n1")).unwrap()
}

#[test]
fn everything_of_the_call_comes_back_and_no_secret_is_left() {
    let project = Underway::start().end("KILL");
    let holds = |folder: &str| {
        let grep = format!("grep -rqF {PASSWORD} {folder}");
        project.shell(&grep).status().unwrap().success()
    };
    assert!(holds(".") && !holds("runs"), "only the user's file says it");
    let key = project.shell("stat -c %a .local/state/benchbook/keys/*").output().unwrap();
    assert_eq!(String::from_utf8_lossy(&key.stdout), "600\n");
    let told = [
        project.transcript("benchbook show"),
        project.transcript("cd / && benchbook resume $HOME/runs/*"),
        project.transcript("benchbook show --all"),
        project.transcript("benchbook resume last"),
        project.transcript("benchbook run --failed-from last"),
        project.transcript("ls .local/state/benchbook/keys"),
    ];
    insta::assert_snapshot!("killed", told.join("\n"));
    // The second round was under way, as a job: it is attached to, and nothing is done twice.
    let letters = format!("{} letters\n", PASSWORD.len());
    assert_eq!(order(&project), letters + "first\nfirst\nlong 1\nlong 2\nlong 3\nfinish long\n");
    assert!(!holds("runs"));
}

#[test]
fn what_was_cleared_away_after_ctrl_c_is_done_again() {
    let project = Underway::start().end("INT");
    let letters = format!("{} letters\n", PASSWORD.len());
    let before = letters + "first\nfirst\nlong 1\nlong 2\nfinish long\n";
    assert_eq!(order(&project), before);
    let told = [
        project.transcript("benchbook show"),
        project.transcript("benchbook resume last"),
        project.transcript("benchbook show --all"),
    ];
    insta::assert_snapshot!("stopped", told.join("\n"));
    assert_eq!(order(&project), before + "long 1\nlong 2\nlong 3\nfinish long\n");
}

#[test]
fn resume_says_why_it_does_not() {
    let underway = Underway::start();
    let busy = underway.project.transcript("benchbook resume last");
    let process = format!("process {} of", underway.child.id());
    assert!(busy.contains(&process), "{busy}");
    let project = underway.end("KILL");
    let playbook = fs::read_to_string(project.path().join("playbook.yml")).unwrap();
    fs::write(project.path().join("playbook.yml"), playbook.clone() + "# changed\n").unwrap();
    fs::create_dir(project.path().join("group_vars")).unwrap();
    fs::write(project.path().join("group_vars/all.yml"), "x: 1\n").unwrap();
    let changed = project.transcript("benchbook resume last");
    fs::remove_dir_all(project.path().join("group_vars")).unwrap();
    fs::write(project.path().join("playbook.yml"), playbook).unwrap();
    let keys = project.path().join(".local/state/benchbook/keys");
    fs::rename(&keys, project.path().join("elsewhere")).unwrap();
    let keyless = project.transcript("benchbook resume last");
    fs::rename(project.path().join("elsewhere"), &keys).unwrap();
    insta::assert_snapshot!("refused", [changed, keyless].join("\n"));
    assert_eq!(project.shell("benchbook resume last").status().unwrap().code(), Some(0));
}

#[test]
fn only_what_failed_is_run_again() {
    let project = project();
    let output = project.shell("benchbook run playbook.yml -i local.ini -i hosts.ini").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let told = [
        project.transcript("benchbook plan --failed-from last"),
        project.transcript("benchbook run --failed-from last 2>/dev/null"),
    ];
    insta::assert_snapshot!("failed_from", told.join("\n"));
}

#[test]
fn without_the_key_it_is_said_which_steps_are_unknown() {
    let project = project();
    let command = "exec benchbook run playbook.yml -i local.ini -i hosts.ini";
    let killed = project.shell(command).env(KILL, "200").output().unwrap();
    assert_eq!(killed.status.code(), None, "{}", said(&killed));
    let grep = project.shell("grep -rqF hunter2 runs").status().unwrap();
    assert!(!grep.success(), "the secret is in the run's folder");
    fs::remove_dir_all(project.path().join(".local/state/benchbook/keys")).unwrap();
    insta::assert_snapshot!("keyless", project.transcript("benchbook resume last"));
}

/// A plain task was under way when the controller died, and nobody knows what became of it.
fn unknown_fate(word: &str) -> String {
    let project = Project::empty();
    let keyword = if word.is_empty() { String::new() } else { format!("      on_resume: {word}\n") };
    let playbook = format!(
        "- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:\n    - name: Under way\n      \
         shell: if [ -e begun ]; then echo again; else touch begun; sleep 600; fi\n      \
         args: {{chdir: '{{{{ playbook_dir }}}}'}}\n{keyword}    - {{name: After, command: 'true'}}\n"
    );
    fs::write(project.path().join("playbook.yml"), playbook).unwrap();
    let mut command = project.shell("exec benchbook run playbook.yml");
    let mut child =
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    wait_for("the task", || project.path().join("begun").exists());
    child.kill().unwrap();
    child.wait().unwrap();
    // Otherwise it depends on who is faster whether there is something to tell of.
    project.wait_for_orphans();
    project.transcript("benchbook resume last 2>&1")
}

#[test]
fn what_to_do_about_an_unknown_fate_is_the_users_choice() {
    insta::assert_snapshot!("unknown_fate", ["", "fail", "skip", "rerun"].map(unknown_fate).join("\n"));
}
