//! `benchbook clean` on a host where others died: shown first, then removed; what lives is left alone.

use std::fs;

use crate::harness::Project;
use crate::lab::Lab;

/// What the dead have left, and beside it what only looks like it.
const LEFT: &str = r#"
cache=/home/bench/.cache/benchbook
old=$(printf 'a%.0s' $(seq 64))
mkdir -p $cache/agents/$old /tmp/bb.dead /tmp/bb.young /tmp/benchbook-Copy12 /tmp/benchbook-other
echo old >$cache/agents/$old/benchbook-agent
echo half >$cache/.new-0123456789abcdef
echo half >$cache/.new-fedcba9876543210
cp /bin/true /tmp/benchbook-Copy12/benchbook-agent
touch /tmp/bb.dead/0 /tmp/benchbook-other/precious
echo '{"holder":{"run":"20260101T000000Z-night.abcdef","user":"ann","controller":"desk","since":0,"holders":[{"name":"round","token":{"boot":"x","pid":1,"start":1}}]},"waiting":[]}' >/dev/shm/benchbook.lease
chmod 666 /dev/shm/benchbook.lease
touch -d '1 hour ago' $cache/.new-0123456789abcdef /tmp/bb.dead /tmp/benchbook-Copy12 /tmp/benchbook-other
chown -R bench: /home/bench/.cache /tmp/bb.* /tmp/benchbook-*
"#;

#[test]
fn what_lies_there_for_nothing() {
    let Some(lab) = Lab::hosts(1).start() else { return };
    let host = lab.host("n1");
    let project = Project::empty();
    fs::copy(lab.inventory(), project.path().join("hosts.ini")).unwrap();
    fs::write(
        project.path().join("playbook.yml"),
        "[{hosts: bench, gather_facts: false, tasks: [{command: 'true'}]}]",
    )
    .unwrap();
    let run = project.transcript("benchbook run playbook.yml -i hosts.ini");
    assert!(run.ends_with("--- exit 0\n"), "{run}");
    host.run(LEFT);
    let told = [
        project.transcript("benchbook clean -i hosts.ini --dry-run"),
        project.transcript("benchbook clean -i hosts.ini"),
        project.transcript("benchbook clean -i hosts.ini --yes"),
        project.transcript("benchbook clean -i hosts.ini --yes"),
    ];
    insta::assert_snapshot!(told.join("\n"));
    let there = host.run("cd /tmp; ls -d bb.* benchbook-*; cat benchbook-other/precious /dev/shm/benchbook.lease; ls -A /home/bench/.cache/benchbook; ls /home/bench/.cache/benchbook/agents | wc -l");
    assert_eq!(
        there,
        "bb.young\nbenchbook-other\n{\"holder\":null,\"waiting\":[]}\n.new-fedcba9876543210\nagents\n1\n"
    );
}
