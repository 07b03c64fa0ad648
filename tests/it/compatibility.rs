//! What is said about compatibility: every row names what shows it, that is there, and the page is made of the rows.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use benchbook::load::ansible_cfg::settings::{Effect, SETTINGS};

use crate::harness::Project;

const TABLE: &str = include_str!("../../docs/reference/compatibility.txt");

struct Row {
    section: &'static str,
    feature: &'static str,
    status: &'static str,
    shown_by: Vec<&'static str>,
    note: &'static str,
}

fn rows() -> Vec<Row> {
    let mut section = "";
    let mut rows = Vec::new();
    for line in TABLE.lines() {
        if let Some(name) = line.strip_prefix("## ") {
            section = name;
        } else if !line.is_empty() && !line.starts_with('#') {
            let fields: Vec<_> = line.split(" |").map(str::trim).collect();
            let [feature, status, shown_by, note] = fields[..] else { panic!("four fields: {line}") };
            rows.push(Row { section, feature, status, shown_by: shown_by.split("; ").collect(), note });
        }
    }
    rows
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Where a thing that shows something is, if it is there.
fn found(shown_by: &str) -> Option<PathBuf> {
    let (kind, name) = shown_by.split_once(' ').unwrap_or((shown_by, ""));
    let case = root().join("tests/cases").join(kind);
    match kind {
        "test" => {
            let (file, function) = name.split_once("::")?;
            let path = root().join("tests/it").join(format!("{file}.rs"));
            fs::read_to_string(&path).ok()?.contains(&format!("fn {function}(")).then_some(path)
        }
        "conformance" => {
            let listed = fs::read_to_string(root().join("tests/conformance/targets.txt")).unwrap();
            let passes = |line: &str| line == format!("{name} fast") || line == format!("{name} slow");
            listed.lines().any(passes).then(|| root().join("tests/conformance"))
        }
        _ if name.is_empty() => case.is_dir().then_some(case),
        _ => [case.join(name), case.join(format!("{name}.yml"))].into_iter().find(|path| path.exists()),
    }
}

#[test]
fn every_row_is_shown_by_something_that_is_there() {
    let mut wrong = String::new();
    for row in rows() {
        if !["same", "partly", "absent"].contains(&row.status)
            || (row.status == "partly" && row.note.is_empty())
        {
            writeln!(wrong, "{}: {} {}", row.feature, row.status, row.note).unwrap();
        }
        for shown_by in row.shown_by.iter().filter(|shown_by| found(shown_by).is_none()) {
            writeln!(wrong, "{}: there is no {shown_by}", row.feature).unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// What there is not is refused before anything runs, by its name and with its place.
#[test]
fn what_is_absent_is_refused_by_name() {
    let cases = root().join("tests/cases/refused");
    let project = Project::copy_of(&cases);
    let mut told = String::new();
    let mut names: Vec<_> = fs::read_dir(&cases).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.extend(fs::read_dir(cases.join("inventories")).unwrap().map(|entry| entry.unwrap().path()));
    names.sort();
    for path in names.iter().filter(|path| path.is_file()) {
        let name = path.strip_prefix(&cases).unwrap().display();
        let line = if path.parent() == Some(&cases) {
            format!("benchbook plan {name} -i localhost,")
        } else {
            format!("benchbook inventory -i {name} --list")
        };
        let said = project.transcript(&line);
        assert!(said.contains("--- exit 2"), "{said}");
        writeln!(told, "{said}").unwrap();
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../cases/refused/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!("refused", told));
}

#[test]
fn every_refusal_is_a_row() {
    let rows = rows();
    let cases = root().join("tests/cases/refused");
    for path in fs::read_dir(&cases).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file())
    {
        let name = format!("refused {}", path.file_stem().unwrap().display());
        assert!(rows.iter().any(|row| row.shown_by.contains(&name.as_str())), "{name}");
    }
}

fn page() -> String {
    let mut page = String::from(
        "# Compatibility with Ansible\n\n<!-- made of compatibility.txt and the table of settings by \
         tests/it/compatibility.rs: BENCHBOOK_UPDATE=1 cargo nextest run compatibility -->\n\nThe reference is \
         ansible-core 2.19.14. `same`: what it does; `partly`: the note says what is missing; `absent`: refused by name, \
         with its place, before anything runs. `conformance X` is a target of the reference's own suite, `test X` a \
         function in tests/it, any other word a folder of tests/cases.\n",
    );
    let mut section = "";
    for row in rows() {
        if row.section != section {
            section = row.section;
            write!(page, "\n## {section}\n\n| feature | status | shown by | note |\n|---|---|---|---|\n")
                .unwrap();
        }
        let shown_by: Vec<_> = row.shown_by.iter().map(|word| format!("`{word}`")).collect();
        writeln!(page, "| {} | {} | {} | {} |", row.feature, row.status, shown_by.join(", "), row.note)
            .unwrap();
    }
    page.push_str(
        "\n## Settings\n\nThey count where the program is called by the name of a command of Ansible; `benchbook` itself \
         reads `benchbook.toml`. A variable of the environment wins over the file.\n\n| setting | variable | here |\n|---|---|---|\n",
    );
    for setting in SETTINGS {
        let variables: Vec<_> = setting.variables.iter().map(|name| format!("`{name}`")).collect();
        let effect = match setting.effect {
            Effect::Same => "as in Ansible",
            Effect::Moot => "needless",
            Effect::Nothing => "no effect, which is told",
        };
        let name = format!("`[{}] {}`", setting.section, setting.key);
        writeln!(page, "| {name} | {} | {effect} |", variables.join(", ")).unwrap();
    }
    page
}

#[test]
fn the_page_is_current() {
    let path: &Path = &root().join("docs/reference/compatibility.md");
    let now = page();
    if std::env::var_os("BENCHBOOK_UPDATE").is_some() {
        fs::write(path, &now).unwrap();
    }
    assert_eq!(fs::read_to_string(path).unwrap_or_default(), now, "see the top of {}", file!());
}
