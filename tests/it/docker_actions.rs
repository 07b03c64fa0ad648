//! The actions that ask a container engine, against a real one: each folder of `tests/cases/docker/` is a project.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use fancy_regex::Regex;

use crate::harness::{Project, wait_for};
use crate::lab::engine::Engine;
use crate::lab::registry::Registry;

/// What differs from engine to engine → what stands for it.
static NORMAL: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let rules = [
        (r"\b(sha256:)?[0-9a-f]{64}\b", "ID"),
        (r"\b[0-9a-f]{12}\b", "ID"),
        (r"--->.*\n", "--->\n"),
        (r"(benchbook\.(run|controller))=\S+", "$1=…"),
        (r"(lookup \S+ on) \S+:\d+", "$1 DNS"),
    ];
    rules.map(|(pattern, word)| (Regex::new(pattern).unwrap(), word)).into()
});

/// An engine with the images that the projects use.
fn engine() -> Option<Engine> {
    Engine::start().inspect(give_images)
}

fn give_images(engine: &Engine) {
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
}

fn project(name: &str) -> Project {
    Project::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/docker").join(name))
}

/// What a command line says, with nothing in it that belongs to this engine.
fn said(project: &Project, engine: &Engine, line: &str) -> String {
    let socket = engine.socket();
    let line = format!("{line} playbook.yml -i hosts.ini -e socket={}", socket.display());
    let said = project.transcript(&line).replace(socket.to_str().unwrap(), "SOCKET");
    // Whatever fails is to be ignored.
    assert!(said.contains("--- exit 0\n"), "{said}");
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
fn podmans_containers_too() {
    let Some(engine) = Engine::podman().inspect(give_images) else { return };
    let line = "benchbook run --skip-tags health";
    insta::assert_snapshot!("docker-states-podman", said(&project("states"), &engine, line));
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

/// The largest memory that the controller had, in MiB.
fn peak(project: &Project, engine: &Engine) -> u64 {
    let socket = engine.socket();
    let line = format!(
        "exec /usr/bin/time -o peak -f %M benchbook run playbook.yml -i hosts.ini -e socket={} 2>&1",
        socket.display()
    );
    let said = project.transcript(&line);
    assert!(said.contains("--- exit 0\n"), "{said}");
    std::fs::read_to_string(project.path().join("peak")).unwrap().trim().parse::<u64>().unwrap() / 1024
}

#[test]
fn what_is_sent_to_an_engine_is_not_held_in_memory() {
    let Some(engine) = engine() else { return };
    let project = project("large");
    let zeros =
        |name: &str| std::fs::File::create(project.path().join(name)).unwrap().set_len(300 << 20).unwrap();
    zeros("context/zeros");
    zeros("zeros");
    engine.image("loaded:1", &[(project.path().join("zeros").to_str().unwrap(), "/zeros")]);
    engine.docker(&format!("save -o {} loaded:1", project.path().join("loaded.tar").display()));
    engine.docker("rmi loaded:1");
    let peak = peak(&project, &engine);
    assert!(peak < 150, "{peak} MiB");
    let kept = project.lock()["files"]["context/zeros"].clone();
    // sha256sum of 300 MiB of zeros
    assert_eq!(kept, "17a88af83717f68b8bd97873ffcf022c8aed703416fe9b08e0fa9e3287692bf0");
}

#[test]
fn images_are_sent_to_a_registry_and_come_from_it() {
    let Some((engine, registry)) = engine().zip(Registry::start()) else { return };
    let run = format!("benchbook run -e port={}", registry.port);
    let project = project("registry");
    let said = said(&project, &engine, &run).replace(&registry.port.to_string(), "PORT");
    insta::assert_snapshot!("docker-registry", said);
    // What came from a registry is known by its digest there.
    let images = project.lock()["images"]["here"].clone();
    let repository = format!("localhost:{}/team/shell", registry.port);
    let of_registry =
        images.as_array().unwrap().iter().filter(|image| image["name"] == format!("{repository}:1"));
    let digests: Vec<_> = of_registry.map(|image| image["digests"][0].as_str().unwrap()).collect();
    assert!(
        !digests.is_empty()
            && digests.iter().all(|digest| digest.starts_with(&format!("{repository}@sha256:"))),
        "{images}"
    );
}

/// Says its version, and that it has no containers; whoever asks something else waits for ever.
fn answer_the_version_only(socket: &Path) {
    let listener = UnixListener::bind(socket).unwrap();
    std::thread::spawn(move || {
        let mut waiting = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut asked = [0; 4096];
            let count = stream.read(&mut asked).unwrap();
            let asked = String::from_utf8_lossy(&asked[..count]);
            // The second is asked for at the end of a run.
            let answers = [("/version", r#"{"ApiVersion":"1.41"}"#), ("/containers/json", "[]")];
            if let Some((_, body)) = answers.iter().find(|(path, _)| asked.contains(path)) {
                let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length:";
                write!(stream, "{head} {}\r\n\r\n{body}", body.len()).unwrap();
            }
            waiting.push(stream);
        }
    });
}

#[test]
fn an_engine_that_does_not_answer_has_the_time_of_the_task() {
    let project = project("silent");
    let socket = project.path().join("engine.sock");
    answer_the_version_only(&socket);
    let line = format!("benchbook run playbook.yml -i hosts.ini -e socket={}", socket.display());
    insta::assert_snapshot!(
        "docker-silent",
        project.transcript(&line).replace(socket.to_str().unwrap(), "SOCKET")
    );
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

/// Presses Ctrl-C when something is under way; everything of it must be gone soon.
fn interrupt(engine: &Engine, what: &str, words: &str, under_way: impl Fn() -> bool) {
    let project = project("interrupted");
    let socket = engine.socket();
    let line = format!(
        "exec benchbook run playbook.yml -i hosts.ini -e socket={} -e what={what} {words}",
        socket.display()
    );
    let mut running = project.shell(&line).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for(what, under_way);
    let since = Instant::now();
    let signal = format!("kill -INT {}", running.id());
    assert!(Command::new("sh").args(["-c", &signal]).status().unwrap().success());
    let mut said = String::new();
    running.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(running.wait().unwrap().code(), Some(4), "{what}: {said}");
    assert!(since.elapsed() < Duration::from_secs(20), "{what} took {:?}: {said}", since.elapsed());
    assert!(said.contains("CANCELLED"), "{what}: {said}");
    // The engine may still be ending a build that nobody waits for.
    wait_for(&format!("the end of {what}"), || engine.docker("ps -aq").is_empty());
}

#[test]
fn long_work_ends_when_it_is_interrupted() {
    let Some(engine) = engine() else { return };
    let runs = || !engine.docker("ps -q").is_empty();
    interrupt(&engine, "build", "", runs);
    interrupt(&engine, "end", "", runs);
    interrupt(&engine, "exec", "", || runs() && engine.docker("top x1").contains("100001"));
    // A registry that never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    silent.set_nonblocking(true).unwrap();
    let words = format!("-e port={}", silent.local_addr().unwrap().port());
    let asked = RefCell::new(Vec::new());
    interrupt(&engine, "pull", &words, || {
        asked.borrow_mut().extend(silent.accept().ok());
        !asked.borrow().is_empty()
    });
}
