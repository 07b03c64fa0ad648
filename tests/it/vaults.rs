//! Vaults go both ways between us and `ansible-vault`.

use std::path::Path;

use crate::ansible::reference;
use crate::harness::Project;

/// What the file in the tests' cases holds.
const PLAIN: &str = "user: bench\npassword: \"päss {{ user }}\"\nport: 8022\n";

fn said(project: &Project, line: &str) -> String {
    let output = project.shell(line).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn project() -> Project {
    Project::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/vault"))
}

#[test]
fn we_read_what_the_reference_wrote() {
    let project = project();
    assert_eq!(said(&project, "benchbook vault view --vault-password-file password one.yml"), PLAIN);
    assert_eq!(said(&project, "benchbook vault view --vault-id lab@other two.yml"), PLAIN);
    let Some(theirs) = reference("ansible-vault") else { return };
    let theirs = theirs.display();
    std::fs::write(project.path().join("new"), PLAIN).unwrap();
    said(&project, &format!("{theirs} encrypt --vault-id lab@other new"));
    assert_eq!(said(&project, "benchbook vault view --vault-id lab@other new"), PLAIN);
    said(&project, "benchbook vault rekey --vault-id lab@other --new-vault-password-file password new");
    assert_eq!(said(&project, &format!("{theirs} view --vault-password-file password new")), PLAIN);
}

#[test]
fn the_reference_reads_what_we_wrote() {
    let Some(theirs) = reference("ansible-vault") else { return };
    let project = project();
    let theirs = theirs.display();
    std::fs::write(project.path().join("new"), PLAIN).unwrap();
    for (ours, other) in [
        ("--vault-password-file password", "--vault-password-file password"),
        ("--vault-id lab@other", "--vault-id lab@other"),
        // The name is a hint.
        ("--vault-id lab@other", "--vault-password-file other"),
    ] {
        said(&project, &format!("benchbook vault encrypt {ours} new"));
        assert_eq!(said(&project, &format!("{theirs} view {other} new")), PLAIN);
        said(&project, &format!("{theirs} decrypt {other} new"));
    }
}

#[test]
fn the_reference_reads_our_values_and_we_theirs() {
    let Some(theirs) = reference("ansible-vault") else { return };
    let project = project();
    let theirs = theirs.display();
    let value = "a 'value' with {{ marks }} and ü";
    let quoted = value.replace('\'', r"'\''");
    let ours =
        said(&project, &format!("benchbook vault encrypt-string --vault-id lab@other -n ours '{quoted}'"));
    let line = format!("{theirs} encrypt_string --vault-id lab@other -n theirs '{quoted}' 2>/dev/null");
    std::fs::write(project.path().join("vars.yml"), ours + &said(&project, &line)).unwrap();
    let playbook = r#"
- hosts: localhost
  gather_facts: false
  vars_files: [vars.yml]
  tasks:
    - assert: {that: [ours == theirs, ours | length == 32, "ours is search('{' ~ '{ marks')"]}
"#;
    std::fs::write(project.path().join("playbook.yml"), playbook).unwrap();
    said(&project, "benchbook run playbook.yml --vault-id lab@other");
    let playbooks = reference("ansible-playbook").unwrap();
    said(&project, &format!("{} playbook.yml --vault-id lab@other", playbooks.display()));
}

/// Numbers, truth values and dates are as secret as texts, and stay what they are for the playbook.
#[test]
fn whatever_comes_out_of_a_vault_is_masked() {
    let project = project();
    let vars = "pin: 471100471\ndoor_pass: 581200581\nflag: true\nratio: 2625.375\nday: 2026-11-22\nnested: {list: [818100818, x1y2]}\n";
    std::fs::write(project.path().join("secret.yml"), vars).unwrap();
    std::fs::write(project.path().join("note.txt"), "hand7over\n").unwrap();
    said(&project, "benchbook vault encrypt --vault-password-file password secret.yml note.txt");
    let playbook = r#"
- hosts: localhost
  gather_facts: false
  vars_files: [secret.yml]
  tasks:
    - assert: {that: [pin * 2 == 942200942, pin is number, flag, ratio * 2 == 5250.75, nested.list | length == 2, "nested.list[0] * 2 == 1636201636", "day | string == '2026-11-22'"]}
    - debug: {msg: ["{{ pin }}", "{{ pin + 1 }}", "pin={{ pin }}", "{{ flag }}", "{{ ratio }}", "{{ day }}", "{{ nested }}"]}
    - debug: {var: nested}
    - set_fact: {copied: "{{ pin }}", sum: "{{ [pin, 1] | sum }}"}
    - debug: {msg: "{{ item }}"}
      loop: ["{{ copied }}", "{{ sum }}", 17]
    - {command: "echo door {{ door_pass }} rc 1", register: door}
    - assert: {that: ["door.stdout_lines[0] | length == 19", "door.stdout == 'door ' ~ door_pass ~ ' rc 1'", copied * 2 == 942200942, sum * 2 == 942200944]}
    - debug: {msg: "{{ lookup('file', 'note.txt') }}"}
    - {command: "echo {{ lookup('unvault', 'note.txt') | trim }}"}
    - {debug: {msg: shown}, when: pin * 2 == 942200942, name: "of {{ pin }}"}
"#;
    std::fs::write(project.path().join("playbook.yml"), playbook).unwrap();
    let events = said(&project, "benchbook run playbook.yml --vault-password-file password --events -");
    let explained = ["pin", "flag", "nested"].map(|name| {
        said(
            &project,
            &format!("benchbook explain {name} playbook.yml --host localhost --vault-password-file password"),
        )
    });
    for secret in
        ["471100471", "471100472", "581200581", "2625.375", "2026-11-22\"", "818100818", "x1y2", "hand7"]
    {
        assert!(!events.contains(secret), "{secret}: {events}");
        assert!(!explained.concat().contains(secret), "{secret}: {explained:?}");
        let kept = project.shell(&format!("grep -raF '{secret}' runs")).output().unwrap();
        assert_eq!(kept.status.code(), Some(1), "{secret}: {}", String::from_utf8_lossy(&kept.stdout));
    }
    assert!(events.contains(r#""stdout":"********""#), "{events}");
    assert!(events.contains(r#""item":17"#) && events.contains("shown"), "{events}");
    assert!(explained[1].contains("********"), "{explained:?}");
}

/// A password of a login or of another user that cannot be opened is told before anybody is contacted.
#[test]
fn passwords_are_opened_before_contact() {
    let project = project();
    let sealed =
        said(&project, "benchbook vault encrypt-string --vault-id lab@other -n ansible_password hunter2");
    std::fs::create_dir(project.path().join("host_vars")).unwrap();
    std::fs::write(project.path().join("host_vars/h1.yml"), sealed).unwrap();
    let playbook = "- hosts: h1\n  gather_facts: false\n  tasks: [{ping: }]\n";
    std::fs::write(project.path().join("playbook.yml"), playbook).unwrap();
    let run = |options: &str| {
        let output = project.shell(&format!("benchbook run playbook.yml -i h1, {options}")).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = run("");
    assert!(said.contains("error[vault]") && said.contains("host_vars/h1.yml:2"), "{said}");
    assert!(said.contains("ansible_password on h1") && said.contains("--vault-id lab@FILE"), "{said}");
    assert_eq!(code, Some(2), "{said}");
    let (code, said) = run("--vault-password-file password");
    assert!(said.contains("no vault password opens this"), "{said}");
    assert_eq!(code, Some(2), "{said}");
    let become_it = "- hosts: h1\n  gather_facts: false\n  become: true\n  tasks: [{ping: }]\n";
    std::fs::write(project.path().join("playbook.yml"), become_it).unwrap();
    let text = std::fs::read_to_string(project.path().join("host_vars/h1.yml")).unwrap();
    let text = text.replace("ansible_password", "ansible_become_password") + "ansible_connection: local\n";
    std::fs::write(project.path().join("host_vars/h1.yml"), text).unwrap();
    let (code, said) = run("--vault-password-file password");
    assert!(said.contains("another user on h1"), "{said}");
    assert_eq!(code, Some(2), "{said}");
}
