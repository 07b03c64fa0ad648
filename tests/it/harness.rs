//! Runs the real program in a project folder of its own and writes down what it said.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use fancy_regex::Regex;

/// The program under test.
pub const BENCHBOOK: &str = env!("CARGO_BIN_EXE_benchbook");
/// Its agent, which lies beside it.
pub const AGENT: &str = env!("CARGO_BIN_EXE_benchbook-agent");

/// What differs from run to run → what stands for it.
static NORMAL: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let rules = [
        // Runs that begin in one second are numbered.
        (r"\b(\d{8}T\d{6}Z-[a-z_]+)-\d+\b", "$1"),
        (r"\b\d{8}T\d{6}Z", "TIME"),
        (r"/tmp/benchbook-case[.\w]+", "CASE_DIR"),
        (r"\b\d{4}-\d\d-\d\d \d\d:\d\d UTC", "DATE UTC"),
        (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "DATETIME"),
        (r"\b(\d+\.\d s|\d+m\d\ds|\d+h\d\dm)(?=\s|,|$)", "N s"),
        (r#""(seconds|started|ended|time)":\s*"?[\d.]+"?"#, "\"$1\": N"),
    ];
    rules.map(|(pattern, word)| (Regex::new(pattern).unwrap(), word)).into()
});

/// A copy of a project in a temporary folder.
pub struct Project {
    folder: tempfile::TempDir,
    /// Where leases of this machine are: tests that run side by side do not wait for each other.
    leases: tempfile::TempDir,
}

impl Project {
    /// An empty one.
    pub fn empty() -> Self {
        let folder = tempfile::Builder::new().prefix("benchbook-test-").tempdir().unwrap();
        Self { folder, leases: tempfile::tempdir().unwrap() }
    }

    /// All files below `source`.
    pub fn copy_of(source: &Path) -> Self {
        let project = Self::empty();
        copy(source, project.path());
        project
    }

    /// All files below `source` go into this folder of it.
    pub fn add(&self, source: &Path, folder: &str) {
        copy(source, &self.path().join(folder));
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The file of this machine's lease.
    pub fn lease(&self) -> PathBuf {
        self.leases.path().join("benchbook.lease")
    }

    /// A command of the shell in the project's folder, with `benchbook` on its path and nothing of ours in its
    /// environment.
    pub fn shell(&self, line: &str) -> Command {
        let programs = Path::new(BENCHBOOK).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("sh");
        command.args(["-c", line]).current_dir(self.path());
        for name in ["EXEC_IN_CONTAINER", "BENCHBOOK_LOG", "NO_COLOR", "RUST_BACKTRACE", "XDG_STATE_HOME"] {
            command.env_remove(name);
        }
        command
            .env("PATH", format!("{}:{path}", programs.display()))
            .env("HOME", self.path())
            .env("LC_ALL", "C.UTF-8")
            .env("BENCHBOOK_AGENT", AGENT)
            // What is installed on this machine counts only where a test says so.
            .env("BENCHBOOK_ANSIBLE_PYTHON", "/nowhere/python3")
            .env("BENCHBOOK_LEASE_FOLDER", self.leases.path())
            .stdin(std::process::Stdio::null());
        command
    }

    /// Runs one line and gives everything it said, with what differs from run to run replaced.
    pub fn transcript(&self, line: &str) -> String {
        let output = self.shell(line).output().unwrap();
        format!("$ {line}\n{}", self.said(&output))
    }

    /// `lock.json` of the only run.
    pub fn lock(&self) -> serde_json::Value {
        let runs = fs::read_dir(self.path().join("runs")).unwrap().map(|entry| entry.unwrap().path());
        let mut locks = runs.map(|run| run.join("lock.json")).filter(|path| path.exists());
        let path = locks.next().expect("a run");
        assert_eq!(locks.next(), None, "several runs");
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    }

    /// Waits until the agents of a controller that was killed have ended what they ran, and themselves.
    pub fn wait_for_orphans(&self) {
        wait_for("the agents", || self.left().is_empty());
    }

    /// Processes that were started here, by their command lines.
    pub fn left(&self) -> Vec<String> {
        let home = format!("HOME={}\0", self.path().display());
        let is_ours = |process: &Path| {
            fs::read(process.join("environ"))
                .is_ok_and(|bytes| bytes.windows(home.len()).any(|part| part == home.as_bytes()))
        };
        let processes = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
        let words = |process: PathBuf| fs::read(process.join("cmdline")).unwrap_or_default();
        let ours = processes.filter(|process| is_ours(process)).map(words);
        ours.map(|words| String::from_utf8_lossy(&words).replace('\0', " ")).collect()
    }

    fn said(&self, output: &Output) -> String {
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.stderr.is_empty() {
            text += "--- stderr\n";
            text += &String::from_utf8_lossy(&output.stderr);
        }
        let ending = output.status.code().map_or_else(|| output.status.to_string(), |code| code.to_string());
        text += &format!("--- exit {ending}\n");
        normal(&text.replace(&self.path().display().to_string(), "PROJECT"))
    }
}

/// Waits for what others do. Longer than anything may take on a machine that is busy.
#[track_caller]
pub fn wait_for(what: &str, done: impl Fn() -> bool) {
    let since = Instant::now();
    while !done() {
        assert!(since.elapsed() < Duration::from_mins(1), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Replaces what differs from run to run.
pub fn normal(text: &str) -> String {
    NORMAL
        .iter()
        .fold(text.to_owned(), |text, (pattern, word)| pattern.replace_all(&text, *word).into_owned())
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let source: PathBuf = entry.unwrap().path();
        let target = to.join(source.file_name().unwrap());
        if source.is_dir() {
            copy(&source, &target);
        } else {
            fs::copy(&source, &target).unwrap();
        }
    }
}
