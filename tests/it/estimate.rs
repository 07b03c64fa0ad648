//! `plan --estimate` against the run that follows: batches, barriers, machines that hosts share, gangs, rounds and includes, whose
//! lengths are known because they sleep.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use crate::harness::Project;

fn json(project: &Project, line: &str) -> Json {
    let output = project.shell(line).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn took(project: &Project) -> f64 {
    json(project, "benchbook show last --format json")["seconds"].as_f64().unwrap()
}

#[track_caller]
fn is_near(estimate: &Json, real: f64) {
    let seconds = estimate["seconds"].as_f64().unwrap();
    assert!((seconds - real).abs() < 0.2 * real, "{seconds} s, and it took {real} s: {estimate:#}");
}

#[test]
fn an_estimate_is_what_the_next_run_takes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/estimate");
    let project = Project::copy_of(&folder);
    let plan =
        |more: &str| json(&project, &format!("benchbook plan playbook.yml --estimate --format json {more}"));
    let nothing = plan("");
    assert_eq!((&nothing["seconds"], &nothing["tasks"]["alike"]), (&Json::from(0.0), &Json::from(0)));
    assert!(nothing["tasks"]["unknown"].as_u64().unwrap() > 10, "{nothing:#}");

    let run = |more: &str| {
        let said = project.transcript(&format!("benchbook run playbook.yml {more}"));
        assert!(said.ends_with("--- exit 0\n"), "{said}");
    };
    run("");
    let known = plan("");
    assert_eq!(known["tasks"]["unknown"], 0, "{known:#}");
    assert_eq!(known["unknown"], Json::from(Vec::<String>::new()));
    run("");
    is_near(&known, took(&project));
    assert_eq!(known["like"].as_array().unwrap().len(), 1);

    // More rounds than there have ever been, and one host less.
    let longer = plan("-e rounds=4 --limit '!n3'");
    assert_eq!((&longer["tasks"]["alike"], &longer["tasks"]["unknown"]), (&Json::from(0), &Json::from(0)));
    run("-e rounds=4 --limit '!n3'");
    is_near(&longer, took(&project));

    // The same task in another playbook is the same task.
    let other = "- {hosts: n1, gather_facts: false, tasks: [{import_tasks: more.yml}]}\n";
    fs::write(project.path().join("other.yml"), other).unwrap();
    let elsewhere = json(&project, "benchbook plan other.yml --estimate --format json");
    assert_eq!(
        (&elsewhere["tasks"]["task"], &elsewhere["tasks"]["unknown"]),
        (&1.into(), &0.into()),
        "{elsewhere:#}"
    );

    // Another host takes as long as those that are known; a case that is new is not known.
    let hosts = project.path().join("hosts");
    let more = fs::read_to_string(&hosts).unwrap().replace("\nn3 ", "\nn4 machine=m4\nn3 ");
    fs::write(&hosts, more).unwrap();
    let playbook = project.path().join("playbook.yml");
    let text = fs::read_to_string(&playbook).unwrap();
    let new = "  cases:\n    - {name: new, run: [{command: sleep 1}]}\n";
    fs::write(&playbook, text.replacen("  cases:\n", new, 1)).unwrap();
    let other = plan("");
    assert!(other["tasks"]["step"].as_u64().unwrap() > 0, "{other:#}");
    assert_eq!(other["unknown"], serde_json::json!(["new on n1", "new on n2", "new on n3", "new on n4"]));
}
