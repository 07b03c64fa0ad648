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
