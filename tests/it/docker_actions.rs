//! The actions that ask a container engine, against a real one: each folder of `tests/cases/docker/` is a project.

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use fancy_regex::Regex;

use crate::harness::{Project, wait_for};
use crate::lab::engine::Engine;

/// What differs from engine to engine → what stands for it.
static NORMAL: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let rules = [(r"\b(sha256:)?[0-9a-f]{64}\b", "ID"), (r"\b[0-9a-f]{12}\b", "ID"), (r"--->.*\n", "--->\n")];
    rules.map(|(pattern, word)| (Regex::new(pattern).unwrap(), word)).into()
});

/// An engine with the images that the projects use.
fn engine() -> Option<Engine> {
    let engine = Engine::start()?;
    engine.image(
        "shell",
        &[
            ("/bin/busybox", "/bin/busybox"),
            ("/bin/busybox", "/bin/sh"),
            ("/bin/busybox", "/bin/cat"),
            ("/bin/busybox", "/bin/grep"),
        ],
    );
    engine.image("bare", &[("/bin/busybox", "/sleep")]);
    Some(engine)
}

fn project(name: &str) -> Project {
    Project::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/docker").join(name))
}

/// What a command line says, with nothing in it that belongs to this engine.
fn said(project: &Project, engine: &Engine, line: &str) -> String {
    let socket = engine.socket();
    let line = format!("{line} playbook.yml -i hosts.ini -e socket={}", socket.display());
    let said = project.transcript(&line).replace(socket.to_str().unwrap(), "SOCKET");
    NORMAL.iter().fold(said, |said, (pattern, word)| pattern.replace_all(&said, *word).into_owned())
}

#[test]
fn containers_have_the_state_that_is_wanted() {
    let Some(engine) = engine() else { return };
    let project = project("states");
    insta::assert_snapshot!("docker-states", said(&project, &engine, "benchbook run --diff"));
    insta::assert_snapshot!("docker-states-check", said(&project, &engine, "benchbook run --check --diff"));
    assert_eq!(engine.docker("ps -aq"), "");
}

#[test]
fn containers_have_the_options_that_are_wanted() {
    let Some(engine) = engine() else { return };
    let project = project("options");
    let ran = said(&project, &engine, "benchbook run");
    let shown = engine.docker("inspect -f '{{json .Config}} {{json .HostConfig}}' o1");
    let shown: Vec<serde_json::Value> =
        serde_json::Deserializer::from_str(&shown).into_iter().map(Result::unwrap).collect();
    let shown = serde_json::to_string_pretty(&shown).unwrap();
    let run = Regex::new(r#""benchbook\.(run|controller)": ".*""#).unwrap();
    let shown = run.replace_all(&shown, "\"benchbook.$1\": \"…\"");
    let agent = Regex::new(r"/\S*/benchbook-agent").unwrap();
    let shown = agent.replace_all(&shown, "AGENT");
    insta::assert_snapshot!("docker-options", format!("{ran}\n{shown}"));
}

#[test]
fn what_an_engine_refuses_is_explained() {
    let Some(engine) = engine() else { return };
    let project = project("refusals");
    std::fs::write(project.path().join("strange"), b"\x7fELF of another world").unwrap();
    std::fs::write(project.path().join("script"), "#!/bin/perl\n").unwrap();
    for file in ["strange", "script"] {
        let done = Command::new("chmod").args(["+x", file]).current_dir(project.path()).status().unwrap();
        assert!(done.success());
    }
    let file = |name: &str| project.path().join(name).display().to_string();
    engine.image("strange", &[(&file("strange"), "/strange"), (&file("script"), "/script")]);
    insta::assert_snapshot!("docker-refusals", said(&project, &engine, "benchbook run"));
}

#[test]
fn images_are_built_loaded_and_named() {
    let Some(engine) = engine() else { return };
    let project = project("images");
    let shell = |line: &str| assert!(project.shell(line).status().unwrap().success(), "{line}");
    engine.docker("tag bare saved:1");
    engine.docker(&format!("save -o {} saved:1", project.path().join("saved.tar").display()));
    engine.docker("rmi saved:1");
    shell("tar -C app -czf context.tar.gz .");
    let ran = said(&project, &engine, "benchbook run --diff");
    let log = project.transcript("benchbook log last --step build 2>&1");
    let log = NORMAL.iter().fold(log, |log, (pattern, word)| pattern.replace_all(&log, *word).into_owned());
    insta::assert_snapshot!("docker-images", format!("{ran}\n{log}"));
    wait_for("the builds that were given up", || engine.docker("ps -aq").is_empty());
}

#[test]
fn commands_are_run_in_containers() {
    let Some(engine) = engine() else { return };
    insta::assert_snapshot!("docker-exec", said(&project("exec"), &engine, "benchbook run"));
}

#[test]
fn networks_are_made_and_removed() {
    let Some(engine) = engine() else { return };
    insta::assert_snapshot!("docker-networks", said(&project("networks"), &engine, "benchbook run --diff"));
    assert_eq!(engine.docker("network ls -q --filter type=custom"), "");
}
