//! Actions and plugins in Python where they are not at home: on other machines, as other users, in containers, and when nobody
//! wants them any more. `tests/cases/python/` is the project; what actions can do is that of `dialect/actions`.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::ansible::reference;
use crate::harness::{Project, wait_for};
use crate::lab::engine::Client;
use crate::lab::{self, Lab};

/// The project; nothing without ansible-core.
fn project() -> Option<Project> {
    reference("python")?;
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let project = Project::copy_of(&cases.join("python"));
    project.add(&cases.join("dialect/actions/action_plugins"), "action_plugins");
    Some(project)
}

fn shell(project: &Project, line: &str) -> Command {
    let mut shell = project.shell(line);
    shell.env("BENCHBOOK_ANSIBLE_PYTHON", reference("python").unwrap());
    shell
}

/// A container with nothing of its own but folders: its programs are the host's.
fn container(client: &Client) {
    let folder = tempfile::tempdir().unwrap();
    let line = "mkdir -p usr etc tmp root; chmod 1777 tmp; cp /etc/passwd /etc/group etc; \
        for name in bin sbin lib lib64; do ln -s usr/$name $name; done; tar -cf ../image.tar .";
    let root = folder.path().join("root");
    fs::create_dir(&root).unwrap();
    assert!(Command::new("sh").args(["-ec", line]).current_dir(&root).status().unwrap().success());
    client.import("programs", &folder.path().join("image.tar"));
    client.docker("run -d --name c1 --network none -v /usr:/usr:ro programs /bin/sleep 100000");
}

#[test]
fn actions_work_over_every_connection() {
    let Some(project) = project() else { return };
    let wanted = Lab::hosts(2).prepare("n1", lab::SUDO).prepare("n2", lab::SUDO).engine("n1");
    let Some(lab) = wanted.start() else { return };
    let client = lab.host("n1").engine();
    container(&client);
    let inventory = fs::read_to_string(lab.inventory()).unwrap().replace("vendor=generic_cpu\n", "");
    let more = format!(
        "login=bench\nhome=/home/bench\n[inside]\nc1 ansible_connection=docker login=root home=/root \
         ansible_docker_docker_host=unix://{}\n[all:vars]\nansible_python_interpreter=/usr/bin/python3\n",
        client.socket.display()
    );
    fs::write(project.path().join("hosts.ini"), format!("{inventory}{more}")).unwrap();
    fs::write(project.path().join("password"), "word").unwrap();
    let vaulted = "benchbook vault encrypt --vault-password-file password secret.yml";
    fs::write(project.path().join("secret.yml"), "secret: the-secret-word\n").unwrap();
    assert!(shell(&project, vaulted).status().unwrap().success());
    let run = "benchbook run reached.yml -i hosts.ini -e @secret.yml --vault-password-file password -vvv";
    let output = shell(&project, run).output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    for host in ["n1  ok=41", "n2  ok=41", "c1  ok=25"] {
        assert!(said.contains(host), "no {host} in {said}");
    }
    assert!(!said.contains("the-hidden-word"), "{said}");
    // What ends by itself is no news, and what nobody waits for goes on.
    assert!(!said.contains("had left"), "{said}");
    let n1 = lab.host("n1");
    wait_for("the job that nobody waits for", || n1.run("cat /tmp/over; true").trim() == "over");
    wait_for("what looks after jobs", || n1.processes_with("BENCHBOOK_RUN=").is_empty());
    let folders = "ls /home/bench/.ansible/tmp /root/.ansible/tmp /tmp/touched 2>/dev/null | grep -v /; :";
    wait_for("folders to be removed", || n1.run(folders).trim().is_empty());
}

/// A run that is at work in one of the playbooks.
fn started(project: &Project, playbook: &str) -> Child {
    let child = shell(project, &format!("exec benchbook run {playbook}.yml -i localhost,other"))
        .stdout(Stdio::null())
        .stderr(fs::File::create(project.path().join("said")).unwrap())
        .process_group(0)
        .spawn()
        .unwrap();
    wait_for(playbook, || project.path().join("started").exists());
    child
}

fn signal(child: &Child, words: &str) {
    assert!(
        Command::new("sh").args(["-c", &format!("kill {words}{}", child.id())]).status().unwrap().success()
    );
}

#[test]
fn ctrl_c_ends_what_python_does() {
    for playbook in ["action", "command", "background", "lookup"] {
        let Some(project) = project() else { return };
        let mut child = started(&project, playbook);
        signal(&child, "-INT -");
        let ended = child.wait().unwrap();
        let said = fs::read_to_string(project.path().join("said")).unwrap();
        assert_eq!(ended.code(), Some(4), "{playbook}: {said}");
        assert_eq!(project.left(), Vec::<String>::new(), "{playbook}: {said}");
        assert!(!project.path().join("never").exists());
    }
}

#[test]
fn nothing_is_left_of_python_when_the_program_is_killed() {
    for playbook in ["action", "lookup"] {
        let Some(project) = project() else { return };
        let mut child = started(&project, playbook);
        signal(&child, "-KILL ");
        child.wait().unwrap();
        project.wait_for_orphans();
    }
}

#[test]
fn hosts_that_come_back_are_waited_for() {
    let Some(project) = project() else { return };
    let Some(lab) = Lab::hosts(1).prepare("n1", lab::SUDO).start() else { return };
    let inventory = fs::read_to_string(lab.inventory()).unwrap().replace("vendor=generic_cpu\n", "");
    fs::write(project.path().join("hosts.ini"), inventory).unwrap();
    let n1 = lab.host("n1");
    n1.run("echo first >/var/tmp/boot");
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut run = shell(&project, "benchbook run back.yml -i hosts.ini")
        .env("SILENT", silent.local_addr().unwrap().port().to_string())
        .stdout(Stdio::null())
        .stderr(fs::File::create(project.path().join("said")).unwrap())
        .spawn()
        .unwrap();
    wait_for("the order to reboot", || n1.file("/tmp/rebooting").exists());
    n1.kill();
    n1.start();
    n1.run("echo second >/var/tmp/boot");
    let ended = run.wait().unwrap();
    let said = fs::read_to_string(project.path().join("said")).unwrap();
    assert_eq!(ended.code(), Some(0), "{said}");
    assert!(said.contains("reboot  changed"), "{said}");
}
