//! Bad playbooks and the whole text of what the user is told. One file per subject in `tests/cases/decode`.

use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Decoder;
use crate::base::spec::{Catalogue, CheckMode, OnResume, Spec, schema_of};
use crate::base::{Diagnostics, Source};
use crate::syntax::yaml;

#[derive(Deserialize, JsonSchema)]
struct Any {}

fn spec(name: &'static str, free_form: Option<&'static str>) -> Spec {
    let (on_resume, check) = (OnResume::Rerun, CheckMode::Skipped);
    Spec { name, summary: "", free_form, open: true, on_resume, check, schema: schema_of::<Any> }
}

fn catalogue() -> Catalogue {
    Catalogue::new([spec("command", Some("cmd")), spec("copy", None), spec("debug", None)])
}

#[test]
fn bad_playbooks_are_explained() {
    insta::glob!("../../../tests/cases/decode", "*.yml", |path| {
        let text = std::fs::read_to_string(path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let mut problems = Diagnostics::new();
        let node = yaml::parse_one(&Source::new(name, text), &mut problems).unwrap().unwrap();
        Decoder::new(&catalogue()).playbook(&node, Path::new("."), &mut problems);
        assert!(problems.has_errors());
        insta::assert_snapshot!(problems.in_file_order());
    });
}

#[test]
fn the_ways_to_write_arguments_mean_the_same() {
    let source = Source::new(
        "x.yml",
        "- hosts: all\n  tasks:\n    - copy: src=a dest=\"b c\"\n    - copy: {src: a, dest: b c}\n    - action: copy src=a dest='b c'\n    - \
         local_action: {module: copy, src: a, dest: b c}\n    - copy:\n      args: {src: a, dest: b c}\n    - command: echo a=b chdir=/tmp\n",
    );
    let mut problems = Diagnostics::new();
    let node = yaml::parse_one(&source, &mut problems).unwrap().unwrap();
    let entries = Decoder::new(&catalogue()).playbook(&node, Path::new("."), &mut problems);
    assert!(problems.is_empty(), "{problems}");
    let [super::PlayEntry::Play(play)] = entries.as_slice() else { panic!("one play") };
    let mut lines = Vec::new();
    for item in &play.tasks {
        let crate::model::Item::Task(task) = item else { panic!("a task") };
        let arguments: Vec<_> =
            task.call.arguments.iter().map(|a| format!("{}={}", a.name, a.value)).collect();
        let free = task.call.free_form.as_ref().map(|f| f.to_string()).unwrap_or_default();
        let delegate =
            task.keywords.inherited.delegate_to.as_ref().map(|d| d.to_string()).unwrap_or_default();
        lines.push(format!("{} [{free}] {} {delegate}", task.call.name.value, arguments.join(" ")));
    }
    insta::assert_snapshot!(lines.join("\n"));
}
