//! Hosts for tests and benches: brought up by `lab.sh`, gone when the value is dropped or this process dies.
//!
//! Knows nothing of the product: what it gives is an inventory, an `ssh_config` and names of hosts.

// Each program that includes this module uses another part of it.
#![allow(dead_code)]

pub mod base;
pub mod engine;
pub mod inside;
pub mod registry;

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::sync::Mutex;

use engine::Client;

/// Preparation: `bench` may become anyone by `sudo`, without a password.
pub const SUDO: &str = "echo 'bench ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/lab";
/// Preparation: no program below the home folders can be executed.
pub const NOEXEC_HOME: &str = "mount -o remount,bind,noexec /home";
/// Preparation: 64 KiB for home, temporary and run-time folders together, which is less than an agent.
pub const FULL_DISK: &str = "mkdir /mnt/lab 2>/dev/null || :
mount -t tmpfs -o size=64k,mode=1777 lab /dev/shm
for folder in home/bench tmp var/tmp run/user; do
    mkdir -p /dev/shm/$folder /$folder; chmod 1777 /dev/shm/$folder; mount --bind /dev/shm/$folder /$folder
done
mkdir -p /home/bench/.ssh; cp /root/.ssh/authorized_keys /home/bench/.ssh/; chown -R bench: /home/bench";
/// Preparation: the login shell of `bench` greets before it does anything.
pub const BANNER: &str = r#"printf '#!/bin/sh\necho "Welcome to $(hostname)."\nexec /bin/sh "$@"\n' >/etc/lab/greeter
chmod +x /etc/lab/greeter; usermod -s /etc/lab/greeter bench"#;

/// What a lab will be.
pub struct Wanted {
    kind: &'static str,
    count: usize,
    files: Vec<(String, String)>,
}

impl Wanted {
    /// Further lines of the host's `sshd_config`; they win over the lab's own.
    #[must_use]
    pub fn sshd(mut self, host: &str, lines: &str) -> Self {
        self.files.push((format!("{host}/sshd_config"), format!("{lines}\n")));
        self
    }

    /// A shell script that runs as root on the host before its sshd starts.
    #[must_use]
    pub fn prepare(mut self, host: &str, script: &str) -> Self {
        self.files.push((format!("{host}/prepare"), format!("{script}\n")));
        self
    }

    /// The users of hosts may log in to the other hosts by ssh.
    #[must_use]
    pub fn peers(mut self) -> Self {
        self.files.push(("peers".to_owned(), String::new()));
        self
    }

    /// The host runs a Docker of its own; only its root may ask it.
    #[must_use]
    pub fn engine(mut self, host: &str) -> Self {
        self.files.push((format!("{host}/engine"), String::new()));
        self
    }

    /// Brings it up; `None` where that is impossible, which is said, and is a failure under CI.
    pub fn start(self) -> Option<Lab> {
        let missing = self.missing();
        if !missing.is_empty() {
            let why = format!("no lab of {} {}: {missing}", self.count, self.kind);
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{why}");
            let _ = writeln!(std::io::stderr(), "skipped, {why}");
            return None;
        }
        Some(Lab::start(&self))
    }

    fn missing(&self) -> String {
        let mut missing = Vec::new();
        if self.kind == "hosts" && !is_root() {
            missing.push("it needs root");
        }
        if !Path::new("/usr/sbin/sshd").exists() {
            missing.push("openssh-server is not installed");
        }
        if self.kind == "hosts"
            && !["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip"].iter().any(|p| Path::new(p).exists())
        {
            missing.push("iproute2 is not installed");
        }
        if self.files.iter().any(|(path, _)| path.ends_with("/engine")) && !engine::missing().is_empty() {
            missing.push(engine::missing());
        }
        missing.join(", ")
    }
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|o| o.stdout == b"0\n")
}

/// Hosts that are up.
pub struct Lab {
    names: Vec<String>,
    /// Closing the first tells the script to take everything down.
    talk: Mutex<Option<(ChildStdin, BufReader<ChildStdout>)>>,
    script: Child,
    folder: tempfile::TempDir,
}

impl Lab {
    /// `n1` … `nN`, each a machine of its own.
    pub fn hosts(count: usize) -> Wanted {
        Wanted { kind: "hosts", count, files: Vec::new() }
    }

    /// `n1` … `nN`, addresses of one machine; it brings up many in a second, and works without root.
    pub fn loopback(count: usize) -> Wanted {
        Wanted { kind: "loopback", count, files: Vec::new() }
    }

    fn start(wanted: &Wanted) -> Self {
        let folder = tempfile::Builder::new().prefix("benchbook-lab-").tempdir().unwrap();
        for (name, text) in &wanted.files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        // In a process group of its own: who kills the test's must not kill what cleans up after it.
        let mut script = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/lab.sh"))
            .args([wanted.kind, &wanted.count.to_string()])
            .arg(folder.path())
            .env("REMOVE_FOLDER", "yes")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(folder.path().join("script.log")).unwrap())
            .process_group(0)
            .spawn()
            .unwrap();
        let talk = (script.stdin.take().unwrap(), BufReader::new(script.stdout.take().unwrap()));
        let names = (1..=wanted.count).map(|n| format!("n{n}")).collect();
        let lab = Self { names, talk: Mutex::new(Some(talk)), script, folder };
        let answer = lab.hear();
        assert!(answer.starts_with("ready"), "the lab does not start: {answer}");
        lab
    }

    /// The lab's folder, with `ssh_config`, `known_hosts` and `key`.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// An INI inventory with all hosts in the group `bench`.
    pub fn inventory(&self) -> PathBuf {
        self.path().join("inventory.ini")
    }

    /// The names in the inventory.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// One host of a lab of `hosts`; `n1` of a `loopback` lab is the machine behind all names.
    pub fn host<'a>(&'a self, name: &'a str) -> Host<'a> {
        Host { lab: self, name }
    }

    /// The addresses in order of the names.
    pub fn addresses(&self) -> Vec<String> {
        let files =
            self.names.iter().filter_map(|n| fs::read_to_string(self.path().join(n).join("address")).ok());
        files.flat_map(|text| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
    }

    /// What every sshd said.
    pub fn log(&self) -> String {
        self.names.iter().fold(String::new(), |mut text, name| {
            if let Ok(log) = fs::read_to_string(self.path().join(name).join("log")) {
                let _ = write!(text, "== {name}\n{log}");
            }
            text
        })
    }

    fn order(&self, order: &str) {
        if let Some((input, _)) = self.talk.lock().unwrap().as_mut() {
            writeln!(input, "{order}").unwrap();
        }
        let answer = self.hear();
        assert_eq!(answer, "ok\n", "{order}\n{}", self.log());
    }

    fn hear(&self) -> String {
        let mut line = String::new();
        if let Some((_, output)) = self.talk.lock().unwrap().as_mut() {
            output.read_line(&mut line).unwrap();
        }
        if line.is_empty() {
            line = fs::read_to_string(self.path().join("script.log")).unwrap_or_default();
        }
        line
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = writeln!(std::io::stderr(), "the lab's sshd:\n{}", self.log());
        }
        if let Ok(talk) = self.talk.get_mut() {
            talk.take();
        }
        let _ = self.script.wait();
    }
}

/// One machine of a lab.
#[derive(Clone, Copy)]
pub struct Host<'a> {
    lab: &'a Lab,
    name: &'a str,
}

impl Host<'_> {
    /// Its address in the network of the lab.
    pub fn address(&self) -> String {
        let text = fs::read_to_string(self.lab.path().join(self.name).join("address")).unwrap();
        text.split_whitespace().next().unwrap().to_owned()
    }

    /// Its first process, as seen from here.
    pub fn pid(&self) -> u32 {
        let text = fs::read_to_string(self.lab.path().join(self.name).join("pid")).unwrap();
        text.trim().parse().unwrap()
    }

    /// A path on it → the path by which this machine reaches the same file.
    pub fn file(&self, path: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{path}", self.pid()))
    }

    /// A command of the shell as root on it, not through ssh.
    pub fn command(&self, line: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.pid().to_string(), "--all", "sh", "-c", line]).stdin(Stdio::null());
        command
    }

    /// What a command said that must succeed there, as root and not through ssh.
    pub fn run(&self, line: &str) -> String {
        let Output { status, stdout, stderr } = self.command(line).output().unwrap();
        let said = String::from_utf8_lossy(&stdout).into_owned();
        assert!(status.success(), "{line}: {status}\n{said}{}", String::from_utf8_lossy(&stderr));
        said
    }

    /// Its processes that carry `mark` in their environment, as `pid command line`.
    pub fn processes_with(&self, mark: &str) -> Vec<String> {
        let line = format!(
            "for p in /proc/[0-9]*; do grep -qzs '{mark}' $p/environ && \
             echo \"${{p#/proc/}} $(tr '\\0' ' ' <$p/cmdline)\"; done; :"
        );
        self.run(&line).lines().map(str::to_owned).collect()
    }

    /// Whoever asks its container engine.
    pub fn engine(&self) -> Client {
        Client { socket: self.file("/run/docker.sock") }
    }

    /// Takes its network cable out: no packet comes or goes.
    pub fn cut(&self) {
        self.lab.order(&format!("cut {}", self.name));
    }

    /// Puts the cable back.
    pub fn restore(&self) {
        self.lab.order(&format!("restore {}", self.name));
    }

    /// Switches it off. Its disk stays, its processes do not.
    pub fn kill(&self) {
        self.lab.order(&format!("kill {}", self.name));
    }

    /// Switches it on again: same disk, another boot.
    pub fn start(&self) {
        self.lab.order(&format!("start {}", self.name));
    }
}
