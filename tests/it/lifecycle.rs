//! Containers that a run makes, works in and takes away, in a real engine; the engine says what is left.

use std::path::Path;

use crate::harness::Project;
use crate::lab::engine::Engine;

/// An engine, and a project whose containers it runs.
struct Lifecycle {
    engine: Engine,
    project: Project,
}

impl Lifecycle {
    fn start() -> Option<Self> {
        let engine = Engine::start()?;
        engine.image("shell", &[("/bin/busybox", "/bin/busybox"), ("/bin/busybox", "/bin/sh")]);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/lifecycle");
        Some(Self { engine, project: Project::copy_of(&folder) })
    }

    /// A command line about a playbook.
    fn line(&self, line: &str) -> String {
        format!("benchbook {line} -i hosts.ini -e socket={}", self.engine.socket().display())
    }

    /// What it says.
    fn said(&self, line: &str) -> String {
        let text = self.project.transcript(&self.line(line));
        text.replace(self.engine.socket().to_str().unwrap(), "SOCKET")
    }

    /// All containers that are there.
    fn containers(&self) -> String {
        self.engine.docker("ps --all --format '{{.Names}} {{.State}}'")
    }

    /// What happened to containers so far: `create box`, …
    fn events(&self) -> String {
        let now = self.engine.docker("events --since 0 --until $(date +%s) --filter type=container --format '{{.Action}} {{.Actor.Attributes.name}}'");
        let own = |line: &&str| {
            ["create ", "start ", "die ", "destroy "].iter().any(|word| line.starts_with(word))
                // The engine gives the containers of a build two words for a name.
                && line.split(' ').nth(1).is_some_and(|name| ["box", "own"].iter().any(|own| name.starts_with(own)))
        };
        now.lines().filter(own).collect::<Vec<_>>().join("\n")
    }
}

#[test]
fn one_container_for_a_play() {
    let Some(life) = Lifecycle::start() else { return };
    let planned = life.said("plan play.yml");
    let run = life.said("run play.yml");
    insta::assert_snapshot!("play", [planned, run, life.events()].join("\n"));
    assert_eq!(life.containers(), "");
}

#[test]
fn one_for_each_case_or_round() {
    let Some(life) = Lifecycle::start() else { return };
    let planned = life.said("plan lifetimes.yml");
    let run = life.said("run lifetimes.yml");
    insta::assert_snapshot!("lifetimes", [planned, run, life.events()].join("\n"));
    assert_eq!(life.containers(), "");
}
