//! Containers as targets: real images in a real engine, from the command line.

use std::path::Path;

use crate::harness::Project;
use crate::lab::engine::Engine;

#[test]
fn a_container_is_a_host_or_is_entered() {
    let Some(engine) = Engine::start() else { return };
    let files = [("/bin/busybox", "/bin/busybox"), ("/bin/busybox", "/bin/sh"), ("/etc/hostname", "/inside")];
    engine.image("shell", &files);
    engine.image("bare", &[("/bin/busybox", "/sleep")]);
    for (name, options, command) in [
        ("c1", "shell", "/bin/busybox sleep 100000"),
        ("c2", "bare", "/sleep 100000"),
        ("c3", "--read-only shell", "/bin/busybox sleep 100000"),
        ("c4", "shell", "/bin/busybox true"),
        ("c8", "--read-only --mount type=volume,dst=/.benchbook bare", "/sleep 100000"),
    ] {
        engine.docker(&format!("run -d --name {name} --network none {options} {command}"));
    }
    engine.docker("wait c4");
    let project = Project::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/containers"));
    let socket = engine.socket();
    let run = format!("benchbook run playbook.yml -i hosts.ini -e socket={}", socket.display());
    let said = project.transcript(&run);
    let said = said.replace(socket.to_str().unwrap(), "SOCKET");
    let tells = |line: &&str| ["c", "FAILED ", "  help: "].iter().any(|start| line.starts_with(start));
    let mut lines: Vec<&str> = said.lines().filter(tells).collect();
    // Hosts are at work at the same time.
    lines.sort_unstable();
    lines.dedup();
    insta::assert_snapshot!(lines.join("\n"));

    let options = format!("entering.yml -i mixed.ini -e socket={}", socket.display());
    let entered = project.transcript(&format!("benchbook run {options} 2>/dev/null"));
    let planned = project.transcript(&format!("benchbook plan {options}"));
    let texts = [planned, entered].join("\n").replace(socket.to_str().unwrap(), "SOCKET");
    insta::assert_snapshot!("entering", texts);
}

/// RPM's database is read by the program on the target, where there is one.
#[test]
fn packages_of_rpm_are_compared() {
    let Some(engine) = Engine::start() else { return };
    let project = Project::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/containers"));
    for (name, version) in [("c1", "5.1.8"), ("c2", "5.2.0")] {
        let program = project.path().join(name);
        let lists = format!(
            "#!/bin/sh\n[ \"$1\" = -qa ] && echo 'bash {version}-1.x86_64' && echo 'zlib 1.2-3.x86_64'\n"
        );
        std::fs::write(&program, lists).unwrap();
        assert!(project.shell(&format!("chmod +x {name}")).status().unwrap().success());
        let files = [
            ("/bin/busybox", "/bin/busybox"),
            ("/bin/busybox", "/bin/sh"),
            (program.to_str().unwrap(), "/usr/bin/rpm"),
        ];
        engine.image(name, &files);
        engine.docker(&format!("run -d --name {name} --network none {name} /bin/busybox sleep 100000"));
    }
    let line =
        format!("benchbook run rpm.yml -i rpm.ini --in-container -e socket={}", engine.socket().display());
    let said = project.transcript(&line);
    let told = "the packages differ: bash 5.1.8-1.x86_64 on c1, 5.2.0-1.x86_64 on c2 (rpm.yml:3)";
    assert!(said.contains(told) && said.contains("--- exit 0"), "{said}");
}

#[test]
fn podman_speaks_the_same_api() {
    let Some(engine) = Engine::podman() else { return };
    let files = [("/bin/busybox", "/bin/busybox"), ("/bin/busybox", "/bin/sh")];
    engine.image("shell", &files);
    engine.docker("run -d --name c1 --network none shell /bin/busybox sleep 100000");
    let project = Project::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/containers"));
    let options = format!("-e socket={}", engine.socket().display());
    let said = project.transcript(&format!("benchbook run playbook.yml -i hosts.ini -l c1,c6 {options}"));
    for line in ["c1  ok=6", "c6  ok=6", "--- exit 0"] {
        assert!(said.contains(line), "{said}");
    }
}
