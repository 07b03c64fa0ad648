//! A figure is as good as the bytes it came from: they are where the database says, and can be read again.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::harness::Project;

fn case(name: &str) -> Project {
    Project::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/end_to_end").join(name))
}

/// The folder of the only run.
fn only_run(project: &Project) -> PathBuf {
    let mut folders = fs::read_dir(project.path().join("runs")).unwrap().map(|entry| entry.unwrap().path());
    let folder = folders.next().unwrap();
    assert!(folders.next().is_none(), "there is more than one run");
    folder
}

/// Value and what the log holds at its place, of each figure that counts.
fn figures(run: &Path) -> Vec<(f64, String)> {
    let database = Connection::open(run.join("run.db")).unwrap();
    let query = "SELECT value, log, first_byte, end_byte FROM figure WHERE superseded IS NULL ORDER BY rowid";
    let mut statement = database.prepare(query).unwrap();
    let rows = statement
        .query_map((), |row| {
            let (log, first, end): (String, i64, i64) = (row.get(1)?, row.get(2)?, row.get(3)?);
            let bytes = fs::read(run.join(log)).unwrap();
            let range = usize::try_from(first).unwrap()..usize::try_from(end).unwrap();
            Ok((row.get(0)?, String::from_utf8(bytes[range].to_vec()).unwrap()))
        })
        .unwrap();
    rows.map(Result::unwrap).collect()
}

fn assert_evidence(figures: &[(f64, String)]) {
    for (value, bytes) in figures {
        assert_eq!(bytes.parse::<f64>().ok(), Some(*value), "{figures:?}");
    }
}

#[test]
fn a_mended_metric_gives_its_figures_without_another_run() {
    let project = case("mended");
    let first = project.transcript("benchbook run playbook.yml 2>/dev/null");
    let run = only_run(&project);
    let before = figures(&run);
    assert_eq!(before.len(), 8, "two figures in four rounds\n{first}");
    assert_evidence(&before);

    let playbook = project.path().join("playbook.yml");
    let text = fs::read_to_string(&playbook).unwrap();
    fs::write(&playbook, text.replace(r"(?P<value>\d+)", r"(?P<value>[\d.]+)")).unwrap();
    let tried = project.transcript("benchbook reparse last --dry-run");
    assert_eq!(figures(&run), before, "a dry run wrote\n{tried}");
    let again = project.transcript("benchbook reparse last");
    let after = figures(&run);
    assert_eq!(after.len(), 8, "{again}");
    assert_evidence(&after);
    assert_eq!(fs::read_to_string(project.path().join("count")).unwrap().lines().count(), 4, "it ran again");
    only_run(&project);
    let shown = project.transcript("benchbook show --all");
    insta::assert_snapshot!([first, tried, again, shown].join("\n"));
}

/// `yum_repository` writes it into a file, and `--diff` shows files.
#[test]
fn passwords_among_arguments_are_kept_nowhere() {
    let project = Project::empty();
    let playbook = "- hosts: all
  gather_facts: false
  tasks:
    - yum_repository: {name: epel, description: x, baseurl: http://x, password: hunter2secret, proxy_password: \"{{ 'proxy' ~ 'secret' }}\", reposdir: '{{ playbook_dir }}'}
      register: written
    - debug: {var: written}
";
    fs::write(project.path().join("p.yml"), playbook).unwrap();
    let said = project.transcript(
        "benchbook run p.yml -i localhost, -e ansible_connection=local --diff -vvv --events events",
    );
    assert!(said.contains("+password = ********") && said.contains("--- exit 0"), "{said}");
    let written = fs::read_to_string(project.path().join("epel.repo")).unwrap();
    assert!(written.contains("= hunter2secret\n") && written.contains("= proxysecret\n"), "{written}");
    let found = project.transcript("grep -rlaE 'hunter2secret|proxysecret' runs events");
    assert!(found.contains("--- exit 1"), "{found}\n{said}");
    assert!(!said.contains("hunter2secret") && !said.contains("proxysecret"), "{said}");
}
