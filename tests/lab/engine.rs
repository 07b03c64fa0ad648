//! A container engine of its own: Docker's daemon, or Podman's service, with its data, socket and containers below one
//! folder.

use std::fs;
use std::io::Write as _;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

const DOCKER: &str = "/usr/sbin/dockerd";
const PODMAN: &str = "/usr/bin/podman";

/// Why Docker cannot be started, or nothing.
pub(super) fn missing() -> &'static str {
    lacks(DOCKER)
}

fn lacks(program: &str) -> &'static str {
    if !super::is_root() {
        "it needs root"
    } else if !Path::new(DOCKER).exists() {
        "docker.io is not installed"
    } else if !Path::new(program).exists() {
        "podman is not installed"
    } else {
        ""
    }
}

/// Whoever asks an engine that is there, through the socket at which it listens.
pub struct Client {
    /// As this machine sees it.
    pub socket: PathBuf,
}

impl Client {
    /// What a command line of `docker` says; it must succeed.
    pub fn docker(&self, line: &str) -> String {
        let (good, said) = self.try_docker(line);
        assert!(good, "docker {line}: {said}");
        said
    }

    /// Whether it succeeds, and what it says.
    pub fn try_docker(&self, line: &str) -> (bool, String) {
        let line = format!("docker --host unix://{} {line} 2>&1", self.socket.display());
        let output = Command::new("sh").args(["-c", &line]).stdin(Stdio::null()).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// What has happened in it since then.
    pub fn events(&self, since: SystemTime) -> String {
        let seconds = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64();
        let (since, until) = (seconds(since), seconds(SystemTime::now()));
        self.docker(&format!("events --since {since:.6} --until {until:.6}"))
    }

    /// Makes an image that holds nothing but these files of this machine, at these paths.
    pub fn image(&self, name: &str, files: &[(&str, &str)]) {
        let folder = tempfile::tempdir().unwrap();
        // Its mode becomes that of the image's root.
        let root = folder.path().join("root");
        fs::create_dir(&root).unwrap();
        for (from, to) in files {
            let to = root.join(to.trim_start_matches('/'));
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(from, to).unwrap();
        }
        let archive = folder.path().join("archive");
        let line = format!("tar -C {} -cf {} .", root.display(), archive.display());
        assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success(), "{line}");
        self.import(name, &archive);
    }

    /// Makes an image of an archive of its root.
    pub fn import(&self, name: &str, archive: &Path) {
        self.docker(&format!("import {} {name}", archive.display()));
    }
}

/// It ends with this value, or when this process is killed, and its containers with it.
pub struct Engine {
    folder: PathBuf,
    /// Closing its input takes everything down.
    script: Child,
}

impl Engine {
    /// Docker's; `None` where there is none, which is said, and is a failure under CI.
    pub fn start() -> Option<Self> {
        Self::start_as("docker", lacks(DOCKER))
    }

    /// Podman's, which speaks the same API.
    pub fn podman() -> Option<Self> {
        Self::start_as("podman", lacks(PODMAN))
    }

    fn start_as(kind: &str, missing: &str) -> Option<Self> {
        if !missing.is_empty() {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no container engine: {missing}");
            let _ = writeln!(std::io::stderr(), "skipped, no container engine: {missing}");
            return None;
        }
        // Not below a folder that a test may mount into a container, which would then hold itself.
        let folder =
            tempfile::Builder::new().prefix("benchbook-engine-").tempdir_in("/var/lib").unwrap().keep();
        let script = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/engine.sh"))
            .arg(kind)
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let engine = Self { folder, script };
        let began = Instant::now();
        while !engine.client().try_docker("version").0 {
            assert!(began.elapsed() < Duration::from_mins(1), "{}", engine.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(engine)
    }

    /// The path of its socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.join("socket")
    }

    /// Who asks it.
    pub fn client(&self) -> Client {
        Client { socket: self.socket() }
    }

    /// What a command line of `docker` says; it must succeed.
    pub fn docker(&self, line: &str) -> String {
        self.client().docker(line)
    }

    /// See [`Client::image`].
    pub fn image(&self, name: &str, files: &[(&str, &str)]) {
        self.client().image(name, files);
    }

    /// What the daemon wrote.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = writeln!(std::io::stderr(), "the engine's log:\n{}", self.log());
        }
        drop(self.script.stdin.take());
        let _ = self.script.wait();
    }
}
