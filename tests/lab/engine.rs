//! A container engine of its own: Docker's daemon with its data, socket and containers below one folder.

use std::fs;
use std::io::Write as _;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const DAEMON: &str = "/usr/sbin/dockerd";

/// It ends with this value, or when this process is killed, and its containers with it.
pub struct Engine {
    folder: PathBuf,
    /// Closing its input takes everything down.
    script: Child,
}

impl Engine {
    /// `None` where there is no Docker, which is said, and is a failure under CI.
    pub fn start() -> Option<Self> {
        let missing = if !super::is_root() {
            "it needs root"
        } else if Path::new(DAEMON).exists() {
            ""
        } else {
            "docker.io is not installed"
        };
        if !missing.is_empty() {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no container engine: {missing}");
            let _ = writeln!(std::io::stderr(), "skipped, no container engine: {missing}");
            return None;
        }
        // Not below a folder that a test may mount into a container, which would then hold itself.
        let folder =
            tempfile::Builder::new().prefix("benchbook-engine-").tempdir_in("/var/lib").unwrap().keep();
        let script = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/engine.sh"))
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let engine = Self { folder, script };
        let began = Instant::now();
        while !engine.try_docker("version").0 {
            assert!(began.elapsed() < Duration::from_mins(1), "{}", engine.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(engine)
    }

    /// The path of its socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.join("socket")
    }

    /// What a command line of `docker` says; it must succeed.
    pub fn docker(&self, line: &str) -> String {
        let (good, said) = self.try_docker(line);
        assert!(good, "docker {line}: {said}\n{}", self.log());
        said
    }

    fn try_docker(&self, line: &str) -> (bool, String) {
        let line = format!("docker --host unix://{} {line} 2>&1", self.socket().display());
        let output = Command::new("sh").args(["-c", &line]).stdin(Stdio::null()).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Makes an image that holds nothing but these files of this machine, at these paths.
    pub fn image(&self, name: &str, files: &[(&str, &str)]) {
        let root = self.folder.join(name);
        for (from, to) in files {
            let to = root.join(to.trim_start_matches('/'));
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(from, to).unwrap();
        }
        let import = format!("import - {name}");
        let line = format!(
            "tar -C {} -c . | docker --host unix://{} {import}",
            root.display(),
            self.socket().display()
        );
        let output = Command::new("sh").args(["-c", &line]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
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
