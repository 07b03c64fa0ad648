//! `vars_prompt` asks on a terminal, which `script` lends.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Stdio};

use crate::harness::Project;

fn project() -> Project {
    Project::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/prompting"))
}

/// A program on a terminal.
struct Dialogue {
    program: Child,
    seen: String,
}

impl Dialogue {
    fn start(project: &Project, line: &str) -> Self {
        let line = format!("TERM=xterm exec script -qec 'stty cols 100; {line}' /dev/null");
        let program = project.shell(&line).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        Self { program, seen: String::new() }
    }

    /// Waits for a question and answers it.
    #[track_caller]
    fn answer(&mut self, question: &str, keys: &str) {
        let (mut seen, mut byte) = (Vec::new(), [0]);
        while !seen.ends_with(question.as_bytes()) {
            let count = self.program.stdout.as_mut().unwrap().read(&mut byte).unwrap();
            assert_eq!(count, 1, "{}{}", self.seen, String::from_utf8_lossy(&seen));
            seen.extend(byte);
        }
        self.seen += std::str::from_utf8(&seen).unwrap();
        self.program.stdin.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    /// All that it said, and its exit.
    fn end(mut self) -> (String, Option<i32>) {
        self.program.stdout.as_mut().unwrap().read_to_string(&mut self.seen).unwrap();
        (self.seen, self.program.wait().unwrap().code())
    }
}

/// Answers everything.
fn asked(project: &Project, line: &str) -> Dialogue {
    let mut dialogue = Dialogue::start(project, line);
    dialogue.answer("Which size [small]: ", "\n");
    dialogue.answer("Token []: ", "hunter2\n");
    dialogue.answer("confirm Token []: ", "hunter3\n");
    dialogue.answer("Token []: ", "hunter2\n");
    dialogue.answer("confirm Token []: ", "hunter2\n");
    dialogue.answer("Plain []: ", "{{ unit }}\n");
    dialogue.answer("Rendered []: ", "{{ unit }}\n");
    dialogue
}

#[test]
fn a_run_asks_first_and_tells_nothing_that_is_private() {
    let project = project();
    let (seen, code) = asked(&project, "exec benchbook run playbook.yml -e given=yes").end();
    assert!(seen.contains("size=small plain={{ unit }} rendered=GiB given=yes"), "{seen}");
    assert!(seen.contains("7 long"), "{seen}");
    assert!(seen.contains("not the same") && !seen.contains("hunter"), "{seen}");
    assert_eq!(code, Some(0), "{seen}");
    let kept = project.shell("grep -ra hunter runs").output().unwrap();
    assert_eq!(kept.status.code(), Some(1), "{}", String::from_utf8_lossy(&kept.stdout));
}

#[test]
fn a_resumed_run_does_not_ask_again() {
    let project = project();
    let line = "BENCHBOOK_FAULT_KILL_AFTER_RECORD=2 benchbook run playbook.yml -e given=yes";
    let (seen, _) = asked(&project, line).end();
    assert!(!seen.contains("7 long"), "{seen}");
    project.wait_for_orphans();
    let (seen, code) = Dialogue::start(&project, "exec benchbook resume last").end();
    assert!(seen.contains("size=small plain={{ unit }} rendered=GiB given=yes"), "{seen}");
    assert!(seen.contains("7 long"), "{seen}");
    assert!(!seen.contains("Token [") && !seen.contains("hunter"), "{seen}");
    assert_eq!(code, Some(0), "{seen}");
}

#[test]
fn a_plan_asks_nothing() {
    let project = project();
    for line in ["benchbook plan playbook.yml", "benchbook run --dry-run playbook.yml"] {
        let (seen, code) = Dialogue::start(&project, &format!("exec {line}")).end();
        assert!(!seen.contains("Which size [") && seen.contains("given (vars_prompt)"), "{seen}");
        assert!(seen.contains("`size` is shown with its default"), "{seen}");
        assert_eq!(code, Some(0), "{seen}");
    }
}

#[test]
fn ctrl_c_at_a_hidden_question_gives_the_terminal_its_echo_back() {
    let project = project();
    let line = "benchbook run playbook.yml -e given=yes; echo ended with $?; stty -a | tr \" \" \"\\n\" | grep -x -e echo -e icanon -e isig";
    let mut dialogue = Dialogue::start(&project, line);
    dialogue.answer("Which size [small]: ", "\n");
    dialogue.answer("Token []: ", "hunt\x03");
    let (seen, _) = dialogue.end();
    assert!(seen.contains("ended with 130"), "{seen}");
    for mode in ["echo", "icanon", "isig"] {
        assert!(seen.contains(&format!("\n{mode}\r\n")), "{seen}");
    }
    assert!(!seen.contains("hunt"), "{seen}");
}

#[test]
fn figures_are_read_again_with_what_was_typed() {
    let project = Project::empty();
    let playbook = "- hosts: localhost\n  gather_facts: false\n  vars_prompt: [{name: least, prompt: Least, private: false}]\n  cases:\n    - name: c\n      run:\n        - command: echo 7 GB/s\n          metrics: [{name: speed, regex: '(?P<value>[0-9]+)', unit: GB/s, better: higher, expect: {min: \"{{ least }} GB/s\"}}]\n";
    std::fs::write(project.path().join("playbook.yml"), playbook).unwrap();
    let mut dialogue = Dialogue::start(&project, "exec benchbook run playbook.yml");
    dialogue.answer("Least: ", "5\n");
    let (seen, code) = dialogue.end();
    assert_eq!(code, Some(0), "{seen}");
    let output = project.shell("benchbook reparse last").output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("1 as before"), "{said}");
}

/// As the reference does: with a new salt each time, or the one that is given, and once, so that a resumed run has the same.
#[test]
fn what_is_typed_may_be_hashed() {
    let project = Project::empty();
    let playbook = "- hosts: localhost
  gather_facts: false
  vars_prompt:
    - {name: salted, prompt: Salted, encrypt: md5_crypt, salt: abcdefgh}
    - {name: own, prompt: Own, encrypt: sha512_crypt, salt_size: 6, confirm: true}
    - {name: idle, prompt: Idle, encrypt: sha256, default: nothing}
  tasks:
    - assert:
        that:
          - salted == 'hunter2' | password_hash('md5', 'abcdefgh')
          - own is match('[$]6[$]rounds=656000[$]......[$]')
          - own == 'hunter3' | password_hash('sha512', own.split('$')[3])
          - idle == 'nothing' | password_hash('sha256', idle.split('$')[3])
    - set_fact: {before: '{{ own }}'}
    - assert: {that: before == own}
";
    std::fs::write(project.path().join("playbook.yml"), playbook).unwrap();
    let mut dialogue =
        Dialogue::start(&project, "BENCHBOOK_FAULT_KILL_AFTER_RECORD=8 benchbook run playbook.yml");
    dialogue.answer("Salted: ", "hunter2\n");
    dialogue.answer("Own: ", "hunter3\n");
    dialogue.answer("confirm Own: ", "hunter3\n");
    dialogue.answer("Idle [nothing]: ", "\n");
    let (seen, _) = dialogue.end();
    assert!(!seen.contains("hunter"), "{seen}");
    project.wait_for_orphans();
    let (seen, code) = Dialogue::start(&project, "exec benchbook resume last").end();
    assert_eq!(code, Some(0), "{seen}");

    let unasked =
        playbook.replace("prompt: Salted,", "default: hunter2,").replace("prompt: Own,", "default: hunter3,");
    std::fs::write(project.path().join("playbook.yml"), unasked).unwrap();
    let output = project.shell("benchbook run playbook.yml").stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("nobody can be asked for `own`, which takes its default"), "{said}");

    let wrong = "- hosts: localhost\n  vars_prompt: [{name: x, encrypt: rot13}]\n";
    std::fs::write(project.path().join("playbook.yml"), wrong).unwrap();
    let output = project.shell("benchbook plan playbook.yml").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("rot13 is not in the list") && said.contains("playbook.yml:2:17"), "{said}");
}

#[test]
fn what_failed_is_run_again_with_what_was_typed() {
    let project = Project::empty();
    let playbook = "- hosts: all\n  connection: local\n  gather_facts: false\n  vars_prompt: [{name: word, prompt: Word}]\n  tasks:\n    - {name: it is there, assert: {that: word == 'hunter2'}}\n    - {name: and so is the file, command: \"test -e {{ playbook_dir }}/there-{{ inventory_hostname }}\"}\n";
    std::fs::write(project.path().join("playbook.yml"), playbook).unwrap();
    std::fs::write(project.path().join("there-h1"), "").unwrap();
    let mut dialogue = Dialogue::start(&project, "exec benchbook run playbook.yml -i h1,h2,");
    dialogue.answer("Word: ", "hunter2\n");
    let (seen, code) = dialogue.end();
    assert_eq!(code, Some(1), "{seen}");
    std::fs::write(project.path().join("there-h2"), "").unwrap();
    let output = project.shell("benchbook run --failed-from last").stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("1 host (h2)") && !said.contains("hunter"), "{said}");
}
