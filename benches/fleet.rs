//! How long whole fleets take, against the floor and against other tools:
//! `cargo bench --bench fleet -- TOOLS [HOSTS…] [NAME…]`.
//!
//! TOOLS is a folder that `benches/fleet/tools.sh` filled (or `-`: none), HOSTS are sizes of fleets (10 and 50), NAMEs keep
//! those of pyinfra, mitogen and ansible-core that are to be measured too (all three). All in one run on one loopback
//! lab, with the same key exchange, facts off, our agent on the host already. Ours, the floor (one plain `ssh` per host, all
//! hosts at once, all the work in one script) and pyinfra are medians of five; mitogen and ansible-core run once.
//! `$BENCHBOOK_BIN_DIR` names the folder of the programs to measure; otherwise it is this build's.

// A program to be read by people at a terminal.
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used)]

#[path = "../tests/lab/mod.rs"]
mod lab;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lab::Lab;

/// Workloads: a playbook, a script and a deploy of each lie in `benches/fleet`.
const WORKLOADS: [(&str, &str, f64); 2] = [
    ("w1", "20 × `command: /bin/true`", 1.6),
    (
        "w2",
        "directory, template, copy, lineinfile, shell, set_fact, assert, stat, command, 3 copies, removal",
        2.0,
    ),
];
/// How often a median is taken of.
const TIMES: usize = 5;

/// Who does the work.
#[derive(Clone, Copy, PartialEq)]
enum Tool {
    Floor,
    Benchbook,
    Pyinfra,
    Mitogen,
    Ansible,
}

impl Tool {
    fn name(self) -> &'static str {
        match self {
            Tool::Floor => "the floor",
            Tool::Benchbook => "benchbook",
            Tool::Pyinfra => "pyinfra",
            Tool::Mitogen => "mitogen",
            Tool::Ansible => "ansible-core",
        }
    }

    fn times(self) -> usize {
        if matches!(self, Tool::Mitogen | Tool::Ansible) { 1 } else { TIMES }
    }
}

/// One lab, one folder of tools, and where runs go.
struct Stage {
    lab: Lab,
    hosts: usize,
    tools: Option<PathBuf>,
    scratch: tempfile::TempDir,
}

impl Stage {
    fn new(hosts: usize, tools: Option<PathBuf>) -> Self {
        let lab = Lab::loopback(hosts).start().expect("a lab: openssh-server must be installed");
        let scratch = tempfile::tempdir().unwrap();
        let stage = Self { lab, hosts, tools, scratch };
        stage.describe_for_pyinfra();
        fs::write(stage.path("ansible.cfg"), "[defaults]\n").unwrap();
        stage
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// The same inventory in pyinfra's words.
    fn describe_for_pyinfra(&self) {
        let hosts = self.lab.names().iter().zip(self.lab.addresses());
        let hosts: Vec<_> =
            hosts.map(|(n, a)| format!("    (\"{n}\", {{\"ssh_hostname\": \"{a}\"}}),\n")).collect();
        fs::write(self.path("inventory.py"), format!("bench = [\n{}]\n", hosts.concat())).unwrap();
        let config = fs::read_to_string(self.lab.path().join("ssh_config")).unwrap();
        let setting = |name: &str| config.lines().find_map(|l| l.strip_prefix(&format!("{name} "))).unwrap();
        fs::create_dir(self.path("group_data")).unwrap();
        let data = format!(
            "ssh_user = \"{}\"\nssh_port = {}\nssh_key = \"{}\"\nssh_known_hosts_file = \"{}\"\nssh_strict_host_key_checking = \"yes\"\n",
            setting("User"),
            setting("Port"),
            setting("IdentityFile"),
            setting("UserKnownHostsFile"),
        );
        fs::write(self.path("group_data/all.py"), data).unwrap();
    }

    /// How long a tool takes for a workload, or what went wrong.
    fn measure(&self, tool: Tool, workload: &str) -> Result<Duration, String> {
        if tool == Tool::Floor {
            return self.floor(workload);
        }
        let mut command = self.command(tool, workload).ok_or("not installed")?;
        let log = self.path("output");
        let file = fs::File::create(&log).unwrap();
        command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
        let began = Instant::now();
        let status = command.status().map_err(|e| e.to_string())?;
        let elapsed = began.elapsed();
        if status.success() {
            Ok(elapsed)
        } else {
            let said = fs::read_to_string(&log).unwrap_or_default();
            Err(format!("{status}: {}", said.lines().rev().take(20).collect::<Vec<_>>().join("\n")))
        }
    }

    fn command(&self, tool: Tool, workload: &str) -> Option<Command> {
        let folder = fleet();
        let playbook = folder.join(format!("{workload}.yml"));
        let forks = self.hosts.to_string();
        let mut command;
        match tool {
            Tool::Floor => return None,
            Tool::Benchbook => {
                command = Command::new(program("benchbook"));
                command
                    .arg("run")
                    .arg(playbook)
                    .arg("-i")
                    .arg(self.lab.inventory())
                    .args(["--forks", &forks]);
                command.env("BENCHBOOK_AGENT", program("benchbook-agent")).current_dir(self.scratch.path());
                command.env("HOME", self.scratch.path());
            }
            Tool::Pyinfra => {
                command = Command::new(self.tools.as_ref()?.join("bin/pyinfra"));
                command
                    .arg("-y")
                    .arg(self.path("inventory.py"))
                    .arg(format!("{workload}.py"))
                    .current_dir(folder);
            }
            Tool::Mitogen | Tool::Ansible => {
                let tools = self.tools.as_ref()?;
                command = Command::new(tools.join("bin/ansible-playbook"));
                command.arg("-i").arg(self.lab.inventory()).arg(playbook).args(["--forks", &forks]);
                command
                    .env("ANSIBLE_CONFIG", self.path("ansible.cfg"))
                    .env("ANSIBLE_HOME", self.path("ansible"));
                command.env("ANSIBLE_PIPELINING", "1");
                if tool == Tool::Mitogen {
                    command.env("ANSIBLE_STRATEGY", "mitogen_linear");
                    command.env("ANSIBLE_STRATEGY_PLUGINS", mitogen(tools)?);
                }
            }
        }
        Some(command)
    }

    /// One `ssh` per host, all at once, each with the whole work as one script.
    fn floor(&self, workload: &str) -> Result<Duration, String> {
        let script = fs::read(fleet().join(format!("{workload}.sh"))).unwrap();
        let began = Instant::now();
        let hosts = self.lab.names().iter().zip(self.lab.addresses());
        let children: Vec<_> = hosts
            .map(|(name, address)| {
                let mut child = Command::new("ssh")
                    .arg("-F")
                    .arg(self.lab.path().join("ssh_config"))
                    .args([&address, &format!("sh -s {name}")])
                    .stdin(Stdio::piped())
                    .stdout(Stdio::null())
                    .spawn()
                    .unwrap();
                child.stdin.take().unwrap().write_all(&script).unwrap();
                child
            })
            .collect();
        for mut child in children {
            let status = child.wait().unwrap();
            if !status.success() {
                return Err(format!("ssh: {status}"));
            }
        }
        Ok(began.elapsed())
    }

    /// The median, or what went wrong first.
    fn median(&self, tool: Tool, workload: &str) -> Result<Duration, String> {
        let mut elapsed =
            (0..tool.times()).map(|_| self.measure(tool, workload)).collect::<Result<Vec<_>, _>>()?;
        elapsed.sort();
        Ok(elapsed[elapsed.len() / 2])
    }
}

fn fleet() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/fleet")
}

fn program(name: &str) -> PathBuf {
    match std::env::var_os("BENCHBOOK_BIN_DIR") {
        Some(folder) => Path::new(&folder).join(name),
        None => Path::new(env!("CARGO_BIN_EXE_benchbook")).with_file_name(name),
    }
}

/// Where mitogen's strategies are.
fn mitogen(tools: &Path) -> Option<PathBuf> {
    let line = "import ansible_mitogen; print(ansible_mitogen.__path__[0])";
    let output = Command::new(tools.join("bin/python")).args(["-c", line]).output().ok()?;
    let folder = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| Path::new(folder.trim()).join("plugins/strategy"))
}

/// What a command says, in one line.
fn said(program: impl AsRef<std::ffi::OsStr>, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    let text = output.map(|o| [o.stdout, o.stderr].concat()).unwrap_or_default();
    String::from_utf8_lossy(&text).lines().next().unwrap_or("unknown").to_owned()
}

fn describe(tools: Option<&PathBuf>) {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|l| l.strip_prefix("model name"))
        .map_or("unknown", |l| l.trim_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!(
        "{} · {model}, {cores} cores · Linux {}",
        said("date", &["-u", "+%F %R UTC"]),
        said("uname", &["-r"])
    );
    println!("{} · {}", said("ssh", &["-V"]), said(program("benchbook"), &["--version"]));
    if let Some(tools) = tools {
        let list = Command::new(tools.join("bin/pip")).args(["freeze"]).output();
        let list = list.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
        let named: Vec<_> = list
            .lines()
            .filter(|l| ["ansible-core", "mitogen", "pyinfra"].iter().any(|n| l.starts_with(n)))
            .collect();
        println!("{}", named.join(" · "));
    }
    println!();
}

fn main() {
    let mut words = std::env::args().skip(1).filter(|word| !word.starts_with("--"));
    let Some(tools) = words.next() else {
        eprintln!(
            "cargo bench --bench fleet -- TOOLS [HOSTS…] [NAME…]    (benches/fleet/tools.sh TOOLS fills the folder; `-`: none)"
        );
        return;
    };
    let tools = (tools != "-").then(|| PathBuf::from(tools));
    let (numbers, names): (Vec<_>, Vec<_>) = words.partition(|word| word.parse::<usize>().is_ok());
    let mut fleets: Vec<usize> = numbers.iter().flat_map(|word| word.parse()).collect();
    let wanted = |tool: Tool| match tool {
        Tool::Floor | Tool::Benchbook => true,
        tool => tools.is_some() && (names.is_empty() || names.iter().any(|name| name == tool.name())),
    };
    if fleets.is_empty() {
        fleets = vec![10, 50];
    }
    describe(tools.as_ref());
    println!("| work | hosts | tool | seconds | of the floor | wanted |");
    println!("|---|---:|---|---:|---:|---:|");
    for hosts in fleets {
        let stage = Stage::new(hosts, tools.clone());
        let first = stage.measure(Tool::Benchbook, "w1");
        for (workload, _, goal) in WORKLOADS {
            let mut floor = None;
            let all = [Tool::Floor, Tool::Benchbook, Tool::Pyinfra, Tool::Mitogen, Tool::Ansible];
            for tool in all.into_iter().filter(|tool| wanted(*tool)) {
                let measured = stage.median(tool, workload);
                if tool == Tool::Floor {
                    floor = measured.as_ref().ok().copied();
                }
                let wanted = if tool == Tool::Benchbook { format!("≤ {goal}") } else { String::new() };
                row(workload, hosts, tool.name(), measured, floor, &wanted);
            }
        }
        row("w1", hosts, "benchbook, first contact", first, None, "");
    }
    for (workload, what, _) in WORKLOADS {
        println!("\n{workload}: {what}");
    }
}

fn row(
    workload: &str,
    hosts: usize,
    tool: &str,
    elapsed: Result<Duration, String>,
    floor: Option<Duration>,
    wanted: &str,
) {
    let elapsed = match elapsed {
        Ok(elapsed) => elapsed,
        Err(why) => {
            eprintln!("{tool}, {workload}, {hosts} hosts: {why}");
            return println!("| {workload} | {hosts} | {tool} | – | | {wanted} |");
        }
    };
    let ratio =
        floor.map(|floor| format!("{:.2}", elapsed.as_secs_f64() / floor.as_secs_f64())).unwrap_or_default();
    println!("| {workload} | {hosts} | {tool} | {:.2} | {ratio} | {wanted} |", elapsed.as_secs_f64());
}
