//! Called by the names of Ansible's commands: the same lines on standard output, the same exit codes.
//!
//! `tests/cases/dropin/NAME/` is a project with `playbook.yml`, `hosts` and perhaps `arguments`. What ours prints is a
//! snapshot, and is compared with the reference where that is installed. The order among hosts and the words of messages may
//! differ.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::LazyLock;

use fancy_regex::Regex;

use crate::ansible::reference;
use crate::harness::{BENCHBOOK, Project};

fn cases() -> Vec<PathBuf> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/dropin");
    let mut folders: Vec<_> = fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|folder| folder.is_dir() && !folder.ends_with("snapshots"));
    folders.sort();
    folders
}

/// Where a heading begins, and where a line about a host.
static HEADING: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(PLAY|TASK|RUNNING HANDLER|NO MORE HOSTS)\b").unwrap());
static ENTRY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^(ok|changed|skipping|ASYNC|fatal|failed|included|\.\.\.ignoring|FAILED - RETRYING|\[ERROR\]|h\d+ +:)",
    )
    .unwrap()
});

/// The names of jobs, which are new in each run.
static JOB: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"jid=j\d+\.\d+").unwrap());

/// `included: FILE for HOSTS`, with the hosts in order.
fn included(line: &str) -> Option<String> {
    let (file, rest) = line.strip_prefix("included: ")?.split_once(" for ")?;
    let (hosts, item) =
        rest.split_once(" => ").map_or((rest, String::new()), |(h, i)| (h, format!(" => {i}")));
    let mut hosts: Vec<_> = hosts.split(", ").collect();
    hosts.sort_unstable();
    Some(format!("included: {file} for {}{item}", hosts.join(", ")))
}

/// What was printed, with the hosts of a task in order and without what may differ: words of errors, times, the headings that
/// `meta` has.
fn normal(text: &str, folder: &Path) -> String {
    let mut sections: Vec<(String, Vec<String>)> = Vec::new();
    for line in text.lines() {
        if sections.last().is_some_and(|(heading, _)| heading == line) {
            // `meta` has a heading for each host.
        } else if HEADING.is_match(line).unwrap() {
            sections.push((line.to_owned(), Vec::new()));
        } else if let Some((_, entries)) = sections.last_mut() {
            let line = line.replace(&format!("{}/", folder.display()), "");
            let entry = ENTRY.is_match(&line).unwrap();
            let words = ["FAILED! => ", "UNREACHABLE! => ", ") => {\""];
            let line = JOB.replace(&line, "jid=…").into_owned();
            if line.starts_with("ASYNC POLL") {
                continue;
            }
            let line = match words.iter().find_map(|word| line.split_once(word)) {
                Some((start, _)) => format!("{start} => …"),
                None => included(&line).unwrap_or(line),
            };
            match entries.last_mut() {
                Some(last) if !entry => {
                    last.push('\n');
                    last.push_str(&line);
                }
                _ => entries.push(line),
            }
        }
    }
    let mut told = String::new();
    for (heading, mut entries) in sections {
        if heading.starts_with("TASK [meta]") {
            continue;
        }
        entries.retain(|entry| !entry.starts_with("[ERROR]"));
        let mut entries: Vec<_> = entries.iter().map(|entry| entry.trim_end().to_owned()).collect();
        entries.retain(|entry| !entry.is_empty());
        entries.sort();
        writeln!(told, "{heading}").unwrap();
        for entry in &entries {
            writeln!(told, "{entry}").unwrap();
        }
    }
    told
}

fn call(project: &Project, program: &Path) -> Output {
    let python = reference("python").unwrap_or_else(|| program.with_file_name("python"));
    let said = fs::read_to_string(project.path().join("arguments")).unwrap_or_default();
    project
        .shell(&format!("{} -i hosts playbook.yml {}", program.display(), said.trim()))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("ANSIBLE_NOCOLOR", "1")
        .env("ANSIBLE_PYTHON_INTERPRETER", &python)
        .env("BENCHBOOK_ANSIBLE_PYTHON", &python)
        .output()
        .unwrap()
}

fn told(output: &Output, project: &Project) -> String {
    let text = String::from_utf8_lossy(&output.stdout);
    let folder = project.path().canonicalize().unwrap();
    format!("{}exit {}\n", normal(&text, &folder), output.status.code().unwrap_or(-1))
}

/// The program under the name of a command of Ansible.
fn called(project: &Project, name: &str) -> PathBuf {
    let link = project.path().join(name);
    std::os::unix::fs::symlink(BENCHBOOK, &link).unwrap();
    link
}

#[test]
fn ansible_playbook_prints_the_lines_of_the_reference() {
    let mut differences = String::new();
    for folder in cases() {
        let case = folder.file_name().unwrap().to_string_lossy().into_owned();
        // Plugins are done by ansible-core.
        if folder.join("plugins").exists() && reference("python").is_none() {
            continue;
        }
        let project = Project::copy_of(&folder);
        let ours = call(&project, &called(&project, "ansible-playbook"));
        let told_by_ours = told(&ours, &project);
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("../cases/dropin/snapshots");
        settings.set_prepend_module_to_snapshot(false);
        settings.bind(|| insta::assert_snapshot!(case.as_str(), told_by_ours));
        let Some(program) = reference("ansible-playbook") else { continue };
        // Playbooks change their own files.
        let project = Project::copy_of(&folder);
        let told_by_theirs = told(&call(&project, &program), &project);
        if told_by_ours != told_by_theirs {
            let said = String::from_utf8_lossy(&ours.stderr);
            writeln!(
                differences,
                "{case}\n--- ansible\n{told_by_theirs}\n--- benchbook\n{told_by_ours}\n{said}"
            )
            .unwrap();
        }
    }
    assert!(differences.is_empty(), "\n{differences}");
}

#[test]
fn a_wrong_option_a_missing_playbook_and_the_version() {
    let project = Project::empty();
    let program = called(&project, "ansible-playbook");
    let call = |arguments: &str| {
        let output = project.shell(&format!("{} {arguments}", program.display())).output().unwrap();
        let words =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code(), words)
    };
    assert_eq!(call("--nonsense x.yml").0, Some(2));
    let (code, words) = call("missing.yml");
    assert_eq!(
        (code, words.contains("the playbook: missing.yml could not be found")),
        (Some(1), true),
        "{words}"
    );
    let (code, words) = call("--version");
    assert_eq!((code, words.starts_with("ansible-playbook [core 2.19.")), (Some(0), true), "{words}");
    assert!(!project.path().join("runs").exists());
}

fn refused(line: &str, environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let project = Project::empty();
    let program = called(&project, "ansible-playbook");
    fs::write(project.path().join("play.yml"), "- {hosts: localhost, gather_facts: false, tasks: []}\n")
        .unwrap();
    let mut shell = project.shell(&format!("{} {line}", program.display()));
    let output = shell.envs(environment.iter().copied()).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn names_of_other_commands_are_none() {
    let project = Project::empty();
    for name in ["ansible-galaxy", "ansible-doc", "ansible-pull", "ansible-console"] {
        let mut shell = project.shell(&format!("{} all", called(&project, name).display()));
        let output = shell.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("unrecognized subcommand 'all'"), "{name}: {said}");
        assert_eq!(output.status.code(), Some(2), "{name}");
    }
}

#[test]
fn a_setting_without_effect_is_named() {
    let variables = [("ANSIBLE_GATHER_SUBSET", "network"), ("ANSIBLE_JINJA2_EXTENSIONS", "x")];
    let (code, said) = refused("play.yml", &variables);
    let told = "ANSIBLE_GATHER_SUBSET, ANSIBLE_JINJA2_EXTENSIONS";
    let warnings = said.lines().filter(|line| line.contains("no effect")).count();
    assert_eq!((code, warnings), (Some(0), 1), "{said}");
    assert!(told.split(", ").all(|name| said.contains(name)), "{said}");
    assert_eq!(refused("play.yml", &[("ANSIBLE_STRATEGY", "debug")]).0, Some(1));
}

/// The reference has these callbacks in a collection only, which is not installed here: the lines are those of ansible.posix 2.1.0.
#[test]
fn callbacks_that_are_asked_for_tell_how_long_everything_took() {
    let project = Project::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/dropin/within"));
    let program = called(&project, "ansible-playbook");
    let told = |callbacks: &str, more: &[(&str, &str)]| {
        let output = project
            .shell(&format!("{} -i hosts playbook.yml", program.display()))
            .env("ANSIBLE_CALLBACKS_ENABLED", callbacks)
            .envs(more.iter().copied())
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let plain = told("", &[]);
    let tasks = plain.matches("\nTASK [").count();
    let time = Regex::new(
        r"(?m)^[A-Z]\w+ \d\d \w+ \d{4}  \d\d:\d\d:\d\d [+-]\d{4} \(0:00:\d\d\.\d{3}\)       0:00:\d\d\.\d{3} \*+ $",
    );
    let time = time.unwrap();
    let all = told("timer, ansible.posix.profile_tasks", &[]);
    // One below each heading, and one in the recap.
    assert_eq!(time.find_iter(&all).count(), tasks + 1, "{all}");
    assert!(all.contains("\nPlaybook run took 0 days, 0 hours, 0 minutes, "), "{all}");
    let last = [
        ("PROFILE_TASKS_SUMMARY_ONLY", "1"),
        ("PROFILE_TASKS_SORT_ORDER", "none"),
        ("PROFILE_TASKS_TASK_OUTPUT_LIMIT", "1"),
    ];
    let short = told("profile_tasks", &last);
    assert_eq!(time.find_iter(&short).count(), 1, "{short}");
    let (_, recap) = short.split_once("\nTASKS RECAP ").unwrap();
    let rows: Vec<_> = recap.lines().skip(3).collect();
    let first = plain.split_once("\nTASK [").unwrap().1.split_once(']').unwrap().0;
    assert!(rows.len() == 1 && rows[0].starts_with(&format!("{first} ---")), "{rows:?}");
    let roles = told("profile_roles", &[("PROFILE_ROLES_SUMMARY_ONLY", "yes")]);
    assert!(roles.lines().last().unwrap().starts_with("total ---"), "{roles}");
}

#[test]
fn a_job_that_nobody_waits_for_outlives_its_run() {
    let project = Project::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/outliving"));
    let program = called(&project, "ansible-playbook");
    let run = |playbook: &str| {
        let output = project.shell(&format!("{} {playbook}", program.display())).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    };
    run("begin.yml");
    let went = project.path().join("went");
    assert!(!went.exists());
    run("look.yml");
    assert_eq!(fs::read_to_string(went).unwrap(), "on\n");
}
