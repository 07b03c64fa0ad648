//! Every pair of the levels at which a variable can be defined: 190 variables, each defined at two of twenty.

use std::fs;
use std::path::Path;

use super::{Run, ours, theirs};
use crate::harness::Project;

/// The levels, weakest first, each with the file that it is made of; `{}` stands for the variables, a mapping in one line.
const LEVELS: [(&str, &str, &str); 20] = [
    ("role defaults", "roles/r/defaults/main.yml", "{}"),
    ("group in the inventory", "inventory/hosts.yml", "g: {hosts: {h: HOST}, vars: {}}"),
    ("inventory group_vars/all", "inventory/group_vars/all.yml", "{}"),
    ("playbook group_vars/all", "group_vars/all.yml", "{}"),
    ("inventory group_vars", "inventory/group_vars/g.yml", "{}"),
    ("playbook group_vars", "group_vars/g.yml", "{}"),
    ("host in the inventory", "", ""),
    ("inventory host_vars", "inventory/host_vars/h.yml", "{}"),
    ("playbook host_vars", "host_vars/h.yml", "{}"),
    ("play vars", "", ""),
    ("vars_prompt", "", ""),
    ("vars_files", "files.yml", "{}"),
    ("role vars", "roles/r/vars/main.yml", "{}"),
    ("block vars", "", ""),
    ("task vars", "", ""),
    ("include_vars", "roles/r/vars/included.yml", "{}"),
    ("set_fact", "", ""),
    ("role parameters", "", ""),
    ("include parameters", "", ""),
    ("extra vars", "", ""),
];

fn pairs() -> impl Iterator<Item = (usize, usize)> {
    (0..LEVELS.len()).flat_map(|strong| (0..strong).map(move |weak| (weak, strong)))
}

fn name((weak, strong): (usize, usize)) -> String {
    format!("v_{weak}_{strong}")
}

/// The variables of a level, as a mapping in one line.
fn defined(level: usize) -> String {
    let names = pairs().filter(|(weak, strong)| [*weak, *strong].contains(&level)).map(name);
    let all: Vec<String> = names.map(|name| format!("{name}: {level}")).collect();
    format!("{{{}}}", all.join(", "))
}

fn level(words: &str) -> usize {
    LEVELS.iter().position(|(name, ..)| *name == words).unwrap()
}

/// A project in which each variable is defined at both of its levels.
fn project() -> Project {
    let project = Project::empty();
    let write = |path: &str, text: &str| {
        let path = project.path().join(path);
        fs::create_dir_all(path.parent().unwrap_or(Path::new(""))).unwrap();
        fs::write(path, text).unwrap();
    };
    for (number, (_, path, form)) in LEVELS.iter().enumerate().filter(|(_, (_, path, _))| !path.is_empty()) {
        let host = defined(level("host in the inventory")).replacen('{', "{ansible_connection: local, ", 1);
        write(path, &form.replace("{}", &defined(number)).replace("HOST", &host));
    }
    let of = |words: &str| defined(level(words));
    let prompts = pairs().filter(|(weak, strong)| [*weak, *strong].contains(&level("vars_prompt")));
    let prompts: Vec<String> =
        prompts.map(|pair| format!("{{name: {}, default: {}}}", name(pair), level("vars_prompt"))).collect();
    let entry = of("role parameters").replacen('{', "{role: r, ", 1);
    let play = format!(
        "- name: P\n  hosts: h\n  gather_facts: false\n  vars: {}\n  vars_prompt: [{}]\n  vars_files: [files.yml]\n  roles: [{entry}]\n",
        of("play vars"),
        prompts.join(", ")
    );
    write("playbook.yml", &play);
    let facts = of("set_fact");
    let include = of("include parameters");
    let tasks = format!(
        "- {{name: facts, set_fact: {facts}}}\n- {{name: vars, include_vars: included.yml}}\n- {{name: probe, include_tasks: probe.yml, vars: {include}}}\n"
    );
    write("roles/r/tasks/main.yml", &tasks);
    let all: Vec<String> = pairs().map(name).map(|name| format!("{name}: \"{{{{ {name} }}}}\"")).collect();
    let probe = format!(
        "- vars: {}\n  block:\n    - {{name: winners, debug: {{msg: {{{}}}}}, vars: {}}}\n",
        of("block vars"),
        all.join(", "),
        of("task vars")
    );
    write("roles/r/tasks/probe.yml", &probe);
    write("extra.yml", &of("extra vars"));
    write("arguments", "-i inventory/hosts.yml -e @extra.yml");
    project
}

fn check(run: &Run) {
    let winners = &run.result("winners")["msg"];
    let wrong: Vec<String> = pairs()
        .filter(|pair| {
            let won = &winners[name(*pair)];
            // What is asked for is a text.
            won.as_u64() != Some(pair.1 as u64) && won.as_str() != Some(pair.1.to_string().as_str())
        })
        .map(|pair| format!("{} against {}: {}", LEVELS[pair.0].0, LEVELS[pair.1].0, winners[name(pair)]))
        .collect();
    assert_eq!(pairs().count(), 190);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn of_two_levels_the_stronger_wins() {
    check(&ours(&project()));
}

#[test]
fn and_so_it_is_in_the_reference() {
    if let Some(run) = theirs(&project()) {
        check(&run);
    }
}
