//! `benchbook schema`: what ships fits, what is wrong does not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use benchbook::base::{Diagnostics, Source, Value};
use benchbook::syntax::yaml;
use serde_json::Value as Json;

use crate::json_schema::problems;

fn schema(of: &str) -> Json {
    let output = Command::new(env!("CARGO_BIN_EXE_benchbook")).args(["schema", of]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// As an editor reads it.
fn document(text: &str) -> Json {
    let mut warnings = Diagnostics::new();
    let node = yaml::parse_one(&Source::new("document", text), &mut warnings).unwrap();
    serde_json::to_value(node.map_or(Value::Null, |node| node.to_value())).unwrap()
}

fn wrong_with(of: &str, text: &str) -> Vec<String> {
    let schema = schema(of);
    problems(&schema, &schema, &document(text), of)
}

/// YAML files below a folder of the repository, each with what it is.
fn shipped() -> BTreeMap<PathBuf, &'static str> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeMap::new();
    let mut folders: Vec<_> = ["playbooks", "examples", "roles"].map(|folder| root.join(folder)).into();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let is_yaml = path.extension().is_some_and(|end| end == "yml");
            let of = match folder.file_name().unwrap().to_str().unwrap() {
                // A baseline.
                _ if text.contains("\nfigures:\n") => continue,
                _ if text.contains("\n- hosts:") || text.contains("\n  hosts:") => "playbook",
                "tasks" | "handlers" => "tasks",
                _ => continue,
            };
            if is_yaml {
                found.insert(path, of);
            }
        }
    }
    found
}

#[test]
fn what_ships_fits() {
    let files = shipped();
    assert!(files.values().any(|of| *of == "tasks") && files.values().any(|of| *of == "playbook"));
    let (playbook, tasks) = (schema("playbook"), schema("tasks"));
    for (path, of) in files {
        let schema = if of == "tasks" { &tasks } else { &playbook };
        let wrong = problems(schema, schema, &document(&std::fs::read_to_string(&path).unwrap()), of);
        assert_eq!(wrong, Vec::<String>::new(), "{}", path.display());
    }
}

#[test]
fn what_is_written_in_every_way_fits() {
    let fits = [
        "- {hosts: all, gather_facts: no, become: 'yes', serial: [1, 50%], tasks: []}",
        "- {hosts: all, tasks: }\n- import_playbook: other.yml\n  tags: [a]",
        "- hosts: all\n  roles: [a, {role: b, some_parameter: 1}]\n  strategy: free",
        "- hosts: all\n  tasks:\n    - block: [{ping: }]\n      rescue: [{meta: noop}]",
        "- hosts: all\n  tasks:\n    - copy: src=a dest=b\n    - ansible.builtin.copy: {src: a, dest: b, mode: 0644, backup: yes}",
        "- hosts: all\n  tasks:\n    - file: {path: /x, state: '{{ wanted }}', force: '{{ really }}'}\n      with_items: [1]\n    - a.b.c: {any: thing}\n    - '{{ module }}': {}",
        "- hosts: all\n  cases:\n    - {name: a, run: [{command: stream}], metrics: [{name: x, unit: s, better: lower, regex: x}], repeat: 3}",
    ];
    for text in fits {
        assert_eq!(wrong_with("playbook", text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn what_is_wrong_does_not() {
    let wrong = [
        ("playbook", "hosts: all"),
        ("playbook", "- {hosts: all, taks: []}"),
        ("playbook", "- {hosts: all, gather_facts: perhaps}"),
        ("playbook", "- {hosts: all, strategy: fastest}"),
        ("playbook", "- hosts: all\n  tasks: [{copy: {dst: /x}}]"),
        ("playbook", "- hosts: all\n  tasks: [{file: {path: /x, state: gone}}]"),
        ("playbook", "- hosts: all\n  tasks: [{block: [{fle: {path: /x}}]}]"),
        ("tasks", "- {ping: , retries: many}"),
        ("inventory", "all: {host: {n1: }}"),
        ("inventory", "all: {hosts: [n1, n2]}"),
    ];
    for (of, text) in wrong {
        assert_ne!(wrong_with(of, text), Vec::<String>::new(), "{text}");
    }
    let inventory = "all: {hosts: {n1: {threads: 4}, n2: }, children: {lab: {hosts: {n1: }}}, vars: {a: 1}}";
    assert_eq!(wrong_with("inventory", inventory), Vec::<String>::new());
}
