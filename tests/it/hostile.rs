//! Input that wants to exhaust the program: a clear answer within bounds of time and memory.

use std::process::Output;
use std::time::{Duration, Instant};

use crate::harness::Project;

/// How deep towers are.
const DEEP: usize = 100_000;
/// What the program may map, in KiB.
const MEMORY: usize = 2_000_000;
/// What one call may take on a machine that is busy, in seconds.
const SECONDS: u64 = 60;

/// A play that says `text`.
fn playbook(vars: &str, text: &str) -> String {
    format!(
        "- hosts: localhost\n  connection: local\n  gather_facts: false\n  vars:\n    a: 1\n{vars}  tasks:\n    - debug: {{msg: \"{text}\"}}\n"
    )
}

fn tower(open: &str, middle: &str, close: &str) -> String {
    [&open.repeat(DEEP), middle, &close.repeat(DEEP)].concat()
}

/// Runs the program on a playbook, within bounds.
#[track_caller]
fn bounded(project: &Project, verb: &str, words: &str) -> (Output, String) {
    let line =
        format!("ulimit -v {MEMORY}; exec timeout -s KILL {SECONDS} benchbook {verb} playbook.yml {words}");
    let start = Instant::now();
    let output = project.shell(&line).output().unwrap();
    let said = [&*output.stdout, &*output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    // A signal, an abort or a panic is no answer.
    let code = output.status.code();
    assert!(matches!(code, Some(0..=2)), "{verb}: {code:?} after {:?}: {}", start.elapsed(), short(&said));
    assert!(start.elapsed() < Duration::from_secs(SECONDS));
    (output, said)
}

/// The beginning of what was said.
fn short(said: &str) -> String {
    said.chars().take(2000).collect()
}

/// The text is refused before anything runs, with these words.
#[track_caller]
fn refused(playbook: &str, words: &str, told: &str) {
    let project = Project::empty();
    std::fs::write(project.path().join("playbook.yml"), playbook).unwrap();
    std::fs::write(project.path().join("deep.json"), format!("{{\"b\": {}}}", tower("[", "", "]"))).unwrap();
    for verb in ["plan", "run"] {
        let (output, said) = bounded(&project, verb, words);
        assert_eq!(output.status.code(), Some(2), "{verb}: {}", short(&said));
        assert!(said.contains(told), "{verb}: {}", short(&said));
        assert!(said.len() < 10_000, "{verb} says {} bytes: {}", said.len(), short(&said));
    }
}

/// The plan is shown; the task fails with these words.
#[track_caller]
fn fails(vars: &str, text: &str, told: &str) {
    let project = Project::empty();
    std::fs::write(project.path().join("playbook.yml"), playbook(vars, text)).unwrap();
    let (output, said) = bounded(&project, "plan", "");
    assert_eq!(output.status.code(), Some(0), "{}", short(&said));
    let (output, said) = bounded(&project, "run", "");
    assert_eq!(output.status.code(), Some(1), "{}", short(&said));
    assert!(said.contains(told), "{}", short(&said));
    assert!(said.len() < 10_000, "it says {} bytes: {}", said.len(), short(&said));
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut vars = format!("    a0: &a0 [{}]\n", ["x"; 10].join(", "));
    for level in 1..12 {
        let below = format!("*a{}", level - 1);
        vars += &format!("    a{level}: &a{level} [{}]\n", vec![below; 10].join(", "));
    }
    refused(&playbook(&vars, "{{ a11 }}"), "", "error[too-many-aliases]");
}

#[test]
fn towers_of_yaml_and_json_are_refused() {
    let flow = |open, close| playbook(&format!("    b: {}\n", tower(open, "1", close)), "{{ b }}");
    refused(&flow("[", "]"), "", "error[too-deep]");
    refused(&flow("{a: ", "}"), "", "error[too-deep]");
    refused(&playbook(&format!("    b:\n      {}x\n", "- ".repeat(DEEP)), "{{ b }}"), "", "error[too-deep]");
    refused(&playbook("", "{{ b }}"), "-e @deep.json", "error[too-deep]");
}

#[test]
fn towers_of_templates_are_refused() {
    for text in [
        format!("{{{{ {} }}}}", tower("(", "1", ")")),
        format!("{{{{ {} }}}}", tower("[", "1", "]")),
        tower("{% if a %}", "x", "{% endif %}"),
        format!("{{% if false %}}{}{{% endif %}}", "{% elif false %}".repeat(DEEP)),
        format!("{{{{ {}true }}}}", "not ".repeat(DEEP)),
        format!("{{{{ {}1 }}}}", "-".repeat(DEEP)),
        format!("{{{{ 1{} }}}}", " + 1".repeat(DEEP)),
    ] {
        refused(&playbook("", &text), "", "error[template-");
    }
}

#[test]
fn ten_megabytes_are_an_ordinary_text() {
    let project = Project::empty();
    let long = "x".repeat(10_000_000);
    let text = playbook(&format!("    b: {long}\n"), "{{ b | length }} long");
    std::fs::write(project.path().join("playbook.yml"), text).unwrap();
    assert_eq!(bounded(&project, "plan", "").0.status.code(), Some(0));
    let (output, said) = bounded(&project, "run", "");
    assert_eq!(output.status.code(), Some(0), "{}", short(&said));
    assert!(said.contains("10000000 long"), "{}", short(&said));
}

#[test]
fn a_circle_of_variables_is_told() {
    fails("    b: '{{ c }}'\n    c: '{{ b }}'\n", "{{ b }}", "a variable needs itself: b -> c -> b");
}

#[test]
fn results_without_end_are_refused() {
    for text in [
        "{{ 'x' * 10**9 }}",
        "{{ ('x' * 10**9) | length }}",
        "{{ 10**10**10 }}",
        "{{ range(10**12) | list }}",
    ] {
        fails("", text, " at playbook.yml:7:");
    }
}

#[test]
fn loops_without_end_are_ended() {
    let hundred_thousand = "{% for i in range(10**5) %}";
    let end = "{% endfor %}";
    let quiet = format!("{}{}", hundred_thousand.repeat(3), end.repeat(3));
    let loud = format!("{}xxxxxxxx{}", hundred_thousand.repeat(2), end.repeat(2));
    for text in [quiet, loud] {
        fails("", &text, "this takes too long to compute");
    }
}
