//! Signals to the real program, as a terminal sends them: what runs is ended, what must happen still happens, what was
//! measured is kept, and nothing is left behind.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use crate::harness::{BENCHBOOK, Project, normal, wait_for};

/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// The program at work in a process group of its own, as a shell starts it.
pub struct Running {
    project: Project,
    child: Child,
}

/// Who gets a signal.
#[derive(Clone, Copy)]
enum Whom {
    Group,
    Program,
}

impl Running {
    /// Starts `tests/cases/end_to_end/<name>` and waits until its long task is at work.
    pub fn start(name: &str) -> Self {
        Self::start_with(name, "")
    }

    /// The same with more words on its command line.
    pub fn start_with(name: &str, words: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/end_to_end").join(name);
        let project = Project::copy_of(&folder);
        let child = project
            .shell(&format!("exec {BENCHBOOK} run playbook.yml {words}"))
            .stdout(fs::File::create(project.path().join("stdout")).unwrap())
            .stderr(fs::File::create(project.path().join("stderr")).unwrap())
            .process_group(0)
            .spawn()
            .unwrap();
        let running = Self { project, child };
        wait_for("the task to start", || running.project.path().join("started").exists());
        running
    }

    fn send(&self, signal: &str, whom: Whom) {
        let sign = match whom {
            Whom::Group => "-",
            Whom::Program => "",
        };
        let line = format!("kill -{signal} {sign}{}", self.child.id());
        assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success());
    }

    /// The project it works in.
    pub fn project(&self) -> &Project {
        &self.project
    }

    /// Ctrl-C.
    pub fn interrupt(&self) {
        self.send("INT", Whom::Group);
    }

    /// The program dies without a word.
    pub fn kill(&self) {
        self.send("KILL", Whom::Program);
    }

    /// What it said on standard error.
    pub fn errors(&self) -> String {
        fs::read_to_string(self.project.path().join("stderr")).unwrap()
    }

    /// What its processes carry.
    pub fn mark(&self) -> String {
        let lock = self.project.path().join("runs").join(self.run_id()).join("lock.json");
        let lock: serde_json::Value = serde_json::from_str(&fs::read_to_string(lock).unwrap()).unwrap();
        lock["mark"].as_str().unwrap().to_owned()
    }

    /// Waits until it is over.
    pub fn end(&mut self) -> ExitStatus {
        let since = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(since.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What tasks wrote down, in order.
    fn order(&self) -> String {
        fs::read_to_string(self.project.path().join("order")).unwrap_or_default()
    }

    fn run_id(&self) -> String {
        let mut folders = fs::read_dir(self.project.path().join("runs")).unwrap();
        folders.next().unwrap().unwrap().file_name().into_string().unwrap()
    }

    /// Processes that belong to the run.
    pub fn left(&self) -> Vec<PathBuf> {
        let mark = format!("BENCHBOOK_RUN={}", self.run_id());
        let folder = self.project.path().display().to_string();
        let belongs = |process: &Path| {
            let holds = |file: &str, text: &str| {
                fs::read(process.join(file)).is_ok_and(|b| String::from_utf8_lossy(&b).contains(text))
            };
            // A run that another test began in the same second has the same name, but another home.
            (holds("environ", &mark) && holds("environ", &folder)) || holds("cmdline", &folder)
        };
        fs::read_dir("/proc").unwrap().map(|e| e.unwrap().path()).filter(|p| belongs(p)).collect()
    }

    /// What it said on standard output.
    pub fn said(&self) -> String {
        let said = fs::read_to_string(self.project.path().join("stdout")).unwrap();
        normal(&said.replace(&self.project.path().display().to_string(), "PROJECT"))
    }
}

fn stubborn_case(whom: Whom) -> String {
    let mut running = Running::start("stubborn");
    running.send("INT", whom);
    assert_eq!(running.end().code(), Some(4), "{}", running.said());
    assert_eq!(running.order(), "TERM\nfinish\n");
    assert_eq!(running.left(), [] as [PathBuf; 0]);
    let shown = running.project.transcript("benchbook show");
    let runs = running.project.transcript("benchbook runs");
    [running.said(), shown, runs].join("\n")
}

#[test]
fn ctrl_c_at_a_terminal() {
    insta::assert_snapshot!("ctrl_c", stubborn_case(Whom::Group));
}

#[test]
fn an_interrupt_of_the_program_alone() {
    insta::assert_snapshot!("ctrl_c", stubborn_case(Whom::Program));
}

#[test]
fn always_runs_after_ctrl_c() {
    let mut running = Running::start("always");
    running.send("INT", Whom::Group);
    assert_eq!(running.end().code(), Some(4), "{}", running.said());
    assert_eq!(running.order(), "always\n");
    assert_eq!(running.left(), [] as [PathBuf; 0]);
}

#[test]
fn a_second_ctrl_c_gives_up_at_once() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/end_to_end/stubborn/playbook.yml");
    assert!(fs::read_to_string(folder).unwrap().contains("grace: 0.5"));
    let mut running = Running::start("stubborn");
    running.send("INT", Whom::Group);
    wait_for("TERM", || running.order() == "TERM\n");
    running.send("INT", Whom::Group);
    assert_eq!(running.end().code(), Some(4), "{}", running.said());
    assert_eq!(running.order(), "TERM\n", "`finish` ran all the same");
    wait_for("its processes to end", || running.left().is_empty());
}

#[test]
fn a_killed_run_can_be_read() {
    let mut running = Running::start("stubborn");
    running.send("KILL", Whom::Program);
    assert_eq!(running.end().code(), None);
    // The round is a job, which goes on.
    assert!(!running.left().is_empty());
    running.project.transcript("benchbook clean last -i localhost, --yes");
    assert_eq!(running.left(), [] as [PathBuf; 0]);
    let shown = running.project.transcript("benchbook show last");
    let runs = running.project.transcript("benchbook runs");
    let log = running.project.transcript("benchbook log last --case stubborn --round 1");
    insta::assert_snapshot!([shown, runs, log].join("\n"));
}
