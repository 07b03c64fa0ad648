//! Containers that a run makes, works in and takes away, in a real engine; the engine says what is left.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};

use crate::harness::{Project, wait_for};
use crate::lab::engine::Engine;

/// A number that no other command line on this machine holds: how long something takes that nobody waits for.
fn seconds() -> u32 {
    fastrand::u32(10_000_000..99_999_999)
}

/// Whether a process, in a container or not, has this word in its command line.
fn is_at_work(word: &str) -> bool {
    let holds = |process: &Path| {
        let line = fs::read(process.join("cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|own| own == word.as_bytes())
    };
    fs::read_dir("/proc").unwrap().any(|entry| holds(&entry.unwrap().path()))
}

fn send(signal: &str, process: &Child) {
    let line = format!("kill -{signal} {}", process.id());
    assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success());
}

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
        let (verb, rest) = line.split_once(' ').unwrap();
        format!("benchbook {verb} -i hosts.ini -e socket={} {rest}", self.engine.socket().display())
    }

    /// What it says.
    fn said(&self, line: &str) -> String {
        let text = self.project.transcript(&self.line(line));
        text.replace(self.engine.socket().to_str().unwrap(), "SOCKET")
    }

    /// Goes on with the last run, in which nothing is slow any more.
    fn resumed(&self, seconds: &str) -> String {
        let said = self.project.transcript("benchbook resume 2>&1");
        said.replace(self.engine.socket().to_str().unwrap(), "SOCKET").replace(seconds, "SECONDS")
    }

    /// What the last run has kept of images: host, name and id.
    fn images(&self) -> Vec<String> {
        let kept = self.project.lock();
        let of_host = |(host, images): (&String, &serde_json::Value)| {
            let word = |image: &serde_json::Value, key: &str| image[key].as_str().unwrap().to_owned();
            let images = images.as_array().unwrap().iter();
            images
                .map(|image| format!("{host} {} {}", word(image, "name"), word(image, "id")))
                .collect::<Vec<_>>()
        };
        kept["images"].as_object().unwrap().iter().flat_map(of_host).collect()
    }

    /// All containers that are there.
    fn containers(&self) -> String {
        self.engine.docker("ps --all --format '{{.Names}} {{.State}}'")
    }

    /// What happened to containers so far: `create box`, …
    fn events(&self) -> String {
        let now = self.engine.docker("events --since 0 --until $(($(date +%s) + 1)) --filter type=container --format '{{.Action}} {{.Actor.Attributes.name}}'");
        let own = |line: &&str| {
            ["create ", "start ", "die ", "destroy "].iter().any(|word| line.starts_with(word))
                // The engine gives the containers of a build two words for a name.
                && line.split(' ').nth(1).is_some_and(|name| ["box", "own"].iter().any(|own| name.starts_with(own)))
        };
        now.lines().filter(own).collect::<Vec<_>>().join("\n")
    }
}

/// A run of which one stage does not end.
struct Slow<'a> {
    life: &'a Lifecycle,
    stage: &'a str,
    seconds: String,
    run: Child,
}

impl<'a> Slow<'a> {
    fn begin(life: &'a Lifecycle, stage: &'a str) -> Self {
        let seconds = seconds().to_string();
        let said = fs::File::create(life.project.path().join("said")).unwrap();
        let errors = said.try_clone().unwrap();
        let line =
            format!("SLOW={stage} exec {}", life.line(&format!("run stages.yml -e seconds={seconds}")));
        let run = life.project.shell(&line).stdout(said).stderr(errors).process_group(0).spawn().unwrap();
        Self { life, stage, seconds, run }
    }

    fn heard(&self) -> String {
        fs::read_to_string(self.life.project.path().join("said")).unwrap_or_default()
    }

    /// Until it is in that stage.
    fn wait(&self) {
        wait_for(self.stage, || match self.stage {
            "start" => self.life.containers().contains("box"),
            "stop" => self.heard().contains("one  close"),
            _ => is_at_work(&self.seconds),
        });
    }

    /// So many Ctrl-C; then nothing is left. Gives what `seconds` was.
    fn interrupted(mut self, times: usize) -> String {
        for _ in 0..times {
            send("INT", &self.run);
        }
        let ended = self.run.wait().unwrap();
        let told = format!("{}: {}", self.stage, self.heard());
        assert_eq!(ended.code(), Some(4), "{told}");
        if self.stage == "build" {
            // The engine ends by itself what it was building.
            wait_for("the end of the build", || self.life.containers().is_empty());
        }
        assert_eq!(self.life.containers(), "", "{told}");
        assert!(!is_at_work(&self.seconds), "{told}");
        self.seconds
    }

    /// The controller dies. Gives what `seconds` was.
    fn killed(mut self) -> String {
        send("KILL", &self.run);
        self.run.wait().unwrap();
        self.seconds
    }
}

#[test]
fn one_container_for_a_play() {
    let Some(life) = Lifecycle::start() else { return };
    let planned = life.said("plan play.yml");
    let run = life.said("run play.yml");
    insta::assert_snapshot!("play", [planned, run, life.events()].join("\n"));
    assert_eq!(life.containers(), "");
    let id = life.engine.docker("image inspect --format '{{.Id}}' small");
    // As the play names it, and with the tag that it was built with.
    assert_eq!(life.images(), [format!("here small:latest {id}"), format!("here small {id}")]);
}

#[test]
fn one_for_each_case_or_round() {
    let Some(life) = Lifecycle::start() else { return };
    let planned = life.said("plan lifetimes.yml");
    let run = life.said("run lifetimes.yml");
    insta::assert_snapshot!("lifetimes", [planned, run, life.events()].join("\n"));
    assert_eq!(life.containers(), "");
}

/// Failures that leave nothing behind, each with the lines about it.
#[test]
fn it_stops_after_a_failure() {
    let Some(life) = Lifecycle::start() else { return };
    let mut texts = String::new();
    for wrong in ["image", "start", "configure", "case", "container"] {
        texts += &life.said(&format!("run failing.yml -e wrong={wrong} 2>/dev/null"));
        assert_eq!(life.containers(), "", "{wrong}");
    }
    insta::assert_snapshot!("failing", texts);
}

#[test]
fn it_stops_after_ctrl_c_in_each_stage() {
    let Some(life) = Lifecycle::start() else { return };
    for stage in ["build", "start", "configure", "prepare", "round", "finish", "stop"] {
        let slow = Slow::begin(&life, stage);
        slow.wait();
        slow.interrupted(1);
    }
}

/// The second Ctrl-C lets nothing run any more, but what the run started in the engine goes.
#[test]
fn it_stops_after_two_ctrl_c() {
    let Some(life) = Lifecycle::start() else { return };
    let slow = Slow::begin(&life, "round");
    slow.wait();
    slow.interrupted(2);
}

#[test]
fn a_killed_controller_is_resumed_in_its_container() {
    let Some(life) = Lifecycle::start() else { return };
    let slow = Slow::begin(&life, "round");
    slow.wait();
    let seconds = slow.killed();
    assert_eq!(life.containers(), "box running");
    life.engine.docker("exec box /bin/busybox touch /go");
    insta::assert_snapshot!("resumed", life.resumed(&seconds));
    assert_eq!(life.containers(), "");
}

#[test]
fn a_container_that_is_gone_is_made_anew() {
    let Some(life) = Lifecycle::start() else { return };
    let slow = Slow::begin(&life, "round");
    slow.wait();
    let seconds = slow.killed();
    life.engine.docker("rm --force box");
    insta::assert_snapshot!("resumed_anew", life.resumed(&seconds));
    assert_eq!(life.containers(), "");
}

#[test]
fn a_run_that_was_stopped_is_resumed() {
    let Some(life) = Lifecycle::start() else { return };
    let slow = Slow::begin(&life, "round");
    slow.wait();
    let seconds = slow.interrupted(1);
    insta::assert_snapshot!("resumed_after_stop", life.resumed(&seconds));
    assert_eq!(life.containers(), "");
}

#[test]
fn one_that_is_kept_is_there_until_clean() {
    let Some(life) = Lifecycle::start() else { return };
    let kept = life.said("run failing.yml --keep-container 2>&1");
    assert_eq!(life.containers(), "box running");
    // Somebody else's run does not take it.
    let other = life.said("run failing.yml 2>/dev/null");
    assert_eq!(life.containers(), "box running");
    // Other tests leave something on this machine, too.
    let clean = life.said("clean --dry-run 2>&1 | grep -A 1 '^here  .*failing'");
    let cleaned = life.said("clean --yes 2>&1 | grep 'failing is gone'");
    insta::assert_snapshot!("kept", [kept, other, clean, cleaned].join("\n"));
    assert_eq!(life.containers(), "");
}

/// Nobody takes networks away but who made them, and `clean` when that run is dead.
#[test]
fn networks_that_a_dead_run_has_left_are_removed() {
    let Some(life) = Lifecycle::start() else { return };
    let networks = || life.engine.docker("network ls --filter type=custom --format '{{.Name}}'");
    life.engine.docker("network create somebodys");
    let seconds = seconds().to_string();
    let line = format!("exec {}", life.line(&format!("run networks.yml -e seconds={seconds} 2>/dev/null")));
    let mut run = life.project.shell(&line).process_group(0).spawn().unwrap();
    wait_for("the task", || is_at_work(&seconds));
    send("KILL", &run);
    run.wait().unwrap();
    let shown = life.said("clean --dry-run 2>&1 | grep -A 2 '^here  .*networks'");
    assert_eq!(networks(), "bench-net\nsomebodys");
    let removed = life.said("clean --yes 2>&1 | grep 'networks is gone'");
    insta::assert_snapshot!("networks", [shown, removed].join("\n"));
    assert_eq!(life.containers(), "");
    assert_eq!(networks(), "somebodys");
    assert!(!is_at_work(&seconds));
}

/// What it would do is said; nothing is touched, and what would be done in a container that is not there is passed by.
#[test]
fn check_mode_starts_nothing() {
    let Some(life) = Lifecycle::start() else { return };
    let images = life.engine.docker("images --quiet");
    let networks = life.engine.docker("network ls");
    let mut texts = String::new();
    for words in ["check.yml --check --diff", "check.yml --check"] {
        texts += &life.said(&format!("run {words} 2>&1"));
    }
    insta::assert_snapshot!("check", texts);
    assert_eq!(life.events(), "");
    assert_eq!(life.engine.docker("images --quiet"), images);
    assert_eq!(life.engine.docker("network ls"), networks);
}

#[test]
fn who_is_inside_asks_no_engine() {
    let Some(life) = Lifecycle::start() else { return };
    let inside = life.said("run failing.yml --in-container 2>&1");
    insta::assert_snapshot!("inside", [inside, life.events()].join("\n"));
}

/// The monitor is started once; containers come and go while it samples.
#[test]
fn containers_are_seen_by_the_monitor_of_their_machine() {
    let Some(life) = Lifecycle::start() else { return };
    let playbook = fs::read_to_string(life.project.path().join("watched.yml")).unwrap();
    for lifetime in ["play", "case", "round"] {
        let text = playbook.replace("lifetime: play", &format!("lifetime: {lifetime}"));
        fs::write(life.project.path().join("watched.yml"), text).unwrap();
        let said = life.said("run watched.yml");
        assert!(said.contains("--- exit 0"), "{lifetime}: {said}");
        let shown = life.project.shell("benchbook show --format json").output().unwrap();
        let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
        let slices = shown["slices"].as_array().unwrap();
        assert_eq!(slices.len(), 5, "{lifetime}: {shown:#}");
        let (mut idle, mut busy) = (0.0_f64, f64::INFINITY);
        for slice in slices {
            let used = |column: &str, what: &str| {
                let figure = &slice["monitors"]["host"]["columns"][column][what];
                figure.as_f64().unwrap_or_else(|| panic!("{lifetime} {column}: {slice:#}"))
            };
            let cores = used("container.cpu", "mean");
            match slice["case"].as_str().unwrap() {
                "idle" => idle = idle.max(cores),
                _ => busy = busy.min(cores),
            }
            assert!(used("container.memory", "max") > 1e5, "{lifetime}: {slice:#}");
        }
        // Others want the processors too.
        assert!(busy > idle + 0.1, "{lifetime}: {idle} {busy} {shown:#}");
        assert_eq!(shown["warnings"].as_array().map(Vec::len), Some(0), "{lifetime}: {shown:#}");
        assert_eq!(life.containers(), "");
    }
}
