//! The labs themselves: their hosts are different machines, faults can be made, and nothing is left of them.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::lab::{self, Lab};

/// What a command says on a host, through ssh; `Err` with ssh's words.
fn ssh(lab: &Lab, address: &str, line: &str) -> Result<String, String> {
    let output = Command::new("ssh")
        .arg("-F")
        .arg(lab.path().join("ssh_config"))
        .args(["-o", "BatchMode=yes", "-o", "ConnectTimeout=2", address, line])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

fn different(mut texts: Vec<String>) -> usize {
    texts.sort();
    texts.dedup();
    texts.len()
}

/// What a lab puts into this machine: links of the network and processes that name its folder.
fn left_of(folder: &Path) -> Vec<String> {
    let mark = folder.display().to_string();
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let path = entry.unwrap().path();
        let line = String::from_utf8_lossy(&fs::read(path.join("cmdline")).unwrap_or_default()).into_owned();
        line.contains(&mark).then(|| line.replace('\0', " "))
    });
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    processes.chain(mounts.lines().filter(|l| l.contains(&mark)).map(str::to_owned)).collect()
}

#[test]
fn every_host_is_a_machine_of_its_own() {
    let Some(lab) = Lab::hosts(3).start() else { return };
    let ask = |line: &str| {
        let answers = lab.addresses().into_iter().map(|a| ssh(&lab, &a, line).unwrap());
        answers.collect::<Vec<_>>()
    };
    assert_eq!(ask("hostname"), ["n1", "n2", "n3"]);
    for what in ["cat /etc/machine-id", "cat /proc/sys/kernel/random/boot_id", "readlink /proc/self/ns/net"] {
        assert_eq!(different(ask(what)), 3, "{what}");
    }
    ask("touch ~/here /tmp/here /var/tmp/here /dev/shm/here");
    assert!(!Path::new("/var/tmp/here").exists() && !Path::new("/tmp/here").exists());
    lab.host("n2").run("useradd guest; test -e /home/bench/here");
    assert!(ssh(&lab, &lab.host("n1").address(), "id guest").is_err());
    assert!(ssh(&lab, &lab.host("n2").address(), "id guest").is_ok());
    // They reach each other.
    let scan = format!("ssh-keyscan -t ed25519 {} 2>/dev/null", lab.host("n3").address());
    assert!(ssh(&lab, &lab.host("n1").address(), &scan).unwrap().contains("ssh-ed25519"));
}

#[test]
fn links_are_cut_and_hosts_die() {
    let Some(lab) = Lab::hosts(2).start() else { return };
    let (n1, n2) = (lab.host("n1"), lab.host("n2"));
    n1.cut();
    assert!(ssh(&lab, &n1.address(), "true").is_err());
    assert!(ssh(&lab, &n2.address(), "true").is_ok());
    n1.restore();
    assert!(ssh(&lab, &n1.address(), "true").is_ok());
    let boot = "cat /proc/sys/kernel/random/boot_id";
    let before = ssh(&lab, &n2.address(), &format!("touch ~/kept; {boot}")).unwrap();
    n2.kill();
    assert!(ssh(&lab, &n2.address(), "true").is_err());
    n2.start();
    let after = ssh(&lab, &n2.address(), &format!("ls; {boot}")).unwrap();
    let (kept, after) = after.split_once('\n').unwrap();
    assert_eq!(kept, "kept");
    assert_ne!(before, after);
}

#[test]
fn hosts_can_be_bad() {
    let wanted = Lab::hosts(4)
        .prepare("n1", lab::NOEXEC_HOME)
        .prepare("n2", lab::FULL_DISK)
        .prepare("n3", lab::BANNER)
        .sshd("n3", "MaxSessions 1")
        .prepare("n4", lab::SUDO);
    let Some(lab) = wanted.start() else { return };
    let ask = |name: &str, line: &str| ssh(&lab, &lab.host(name).address(), line);
    assert_eq!(ask("n1", "cp /bin/true . && ./true || echo $?").unwrap(), "126");
    let full =
        ask("n2", "for f in ~ /tmp /var/tmp /dev/shm; do head -c 99999 /dev/zero >$f/x && echo $f; done; :");
    assert_eq!(full.unwrap(), "");
    assert_eq!(ask("n3", "echo done").unwrap(), "Welcome to n3.\ndone");
    if Path::new("/usr/bin/sudo").exists() {
        assert_eq!(ask("n4", "sudo -n id -un").unwrap(), "root");
    }
}

#[test]
fn one_daemon_answers_at_many_addresses() {
    let Some(lab) = Lab::loopback(20).start() else { return };
    let addresses = lab.addresses();
    assert_eq!(addresses.len(), 20);
    for address in [&addresses[0], &addresses[19]] {
        assert_eq!(ssh(&lab, address, "echo $SSH_CONNECTION | cut -d' ' -f3").unwrap(), **address);
    }
}

/// What a test that is killed does: its pipes close, while an order is under way.
#[test]
fn nothing_is_left_of_a_killed_test() {
    let Some(lab) = Lab::hosts(1).start() else { return };
    drop(lab);
    let folder = tempfile::tempdir().unwrap().keep();
    let mut script = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/lab.sh"))
        .args(["hosts", "2"])
        .arg(&folder)
        .env("REMOVE_FOLDER", "yes")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    let mut output = BufReader::new(script.stdout.take().unwrap());
    output.read_line(&mut ready).unwrap();
    assert!(ready.starts_with("ready"), "{ready}");
    let mut input = script.stdin.take().unwrap();
    input.write_all(b"kill n1\n").unwrap();
    drop((input, output));
    script.wait().unwrap();
    assert_eq!(left_of(&folder), [] as [&str; 0]);
    assert!(!folder.exists());
    let block = format!("bbl{}", script.id() % 512);
    assert!(!Path::new("/sys/class/net").join(block).exists());
}

/// The links of the lab that has this address, and not those of labs beside it: the bridge, and one for each host.
fn links_of(address: &str) -> Vec<String> {
    let numbers: Vec<u32> = address.split('.').map(|number| number.parse().unwrap()).collect();
    let bridge = format!("bbl{}", numbers[1].saturating_sub(18) * 256 + numbers[2]);
    let names = fs::read_dir("/sys/class/net").unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let is_of = |name: &String| *name == bridge || name.starts_with(&format!("{bridge}n"));
    if address.starts_with("198.") { names.filter(is_of).collect() } else { Vec::new() }
}

#[test]
fn nothing_is_left() {
    for wanted in [Lab::hosts(2), Lab::loopback(2)] {
        let Some(lab) = wanted.start() else { return };
        let folder = lab.path().to_path_buf();
        // A process that leaves its session does not outlive its host.
        ssh(&lab, &lab.addresses()[0], "setsid sleep 4321 >/dev/null 2>&1 &").unwrap();
        assert_ne!(left_of(&folder), [] as [&str; 0]);
        let address = lab.addresses()[0].clone();
        assert_eq!(links_of(&address).len(), if address.starts_with("198.") { 3 } else { 0 });
        drop(lab);
        assert_eq!(left_of(&folder), [] as [&str; 0]);
        assert!(!folder.exists());
        assert_eq!(links_of(&address), [] as [&str; 0]);
        let asleep = Command::new("pgrep").args(["-f", "sleep 4321"]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&asleep.stdout), "");
    }
}
