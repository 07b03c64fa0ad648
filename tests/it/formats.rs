//! What other programs read of a run (`show --format junit`, `prometheus`) is read by programs that are not ours, and says what
//! `--format json` says.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};

use crate::harness::Project;

/// Reads `JUnit` by `junitparser`, and gives what it has found.
const JUNIT: &str = "
import json, sys, junitparser
suites = junitparser.JUnitXml.fromstring(sys.stdin.buffer.read())
print(json.dumps({
    'counts': [suites.tests, suites.failures, suites.errors, suites.skipped],
    'suites': [{
        'name': suite.name, 'host': suite.hostname, 'counts': [suite.tests, suite.failures, suite.errors, suite.skipped],
        'properties': {p.name: p.value for p in suite.properties()},
        'cases': [{
            'class': case.classname, 'name': case.name, 'seconds': case.time,
            'properties': {p.get('name'): p.get('value') for p in case._elem.iter('property')},
            'results': [[type(r).__name__, r.type, r.message, r.text] for r in case.result],
        } for case in suite],
    } for suite in suites],
}))";

/// Reads Prometheus' text by the parser of its own client library.
const PROMETHEUS: &str = "
import json, sys
from prometheus_client.parser import text_string_to_metric_families
text = sys.stdin.buffer.read().decode()
print(json.dumps([[s.name, s.labels, s.value] for f in text_string_to_metric_families(text) for s in f.samples]))";

/// What Debian's Python makes of a text; none where the package is missing, which is a failure in CI.
fn read_by(program: &str, package: &str, text: &[u8]) -> Option<Json> {
    let import = format!("import {package}");
    if !Command::new("/usr/bin/python3").args(["-c", &import]).output().is_ok_and(|o| o.status.success()) {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "python3 has no {package}");
        return None;
    }
    let mut python = Command::new("/usr/bin/python3");
    let python = python.args(["-c", program]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut python = python.spawn().unwrap();
    python.stdin.take().unwrap().write_all(text).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(text));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// A run with hosts that are slow, that break, and that say what one should not take for markup.
pub fn page() -> Project {
    let project = Project::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/page"));
    let said = project.transcript("benchbook run playbook.yml -i hosts.yml -e @secrets.yml 2>&1");
    assert!(said.ends_with("--- exit 1\n") && !said.contains("hunter2secret"), "{said}");
    project
}

fn shown(project: &Project, format: &str) -> Vec<u8> {
    let output = project.shell(&format!("benchbook show --all --format {format}")).output().unwrap();
    assert!(output.status.success());
    output.stdout
}

/// What each row of the result says of a host.
fn cells(summary: &Json) -> impl Iterator<Item = (&Json, &str, &Json)> {
    let rows = summary["rows"].as_array().unwrap().iter();
    rows.flat_map(|row| {
        row["cells"].as_object().unwrap().iter().map(move |(host, cell)| (row, host.as_str(), cell))
    })
}

#[test]
fn what_programs_read_is_what_the_result_says() {
    let project = page();
    let summary: Json = serde_json::from_slice(&shown(&project, "json")).unwrap();
    junit(&summary, &shown(&project, "junit"));
    prometheus(&summary, &shown(&project, "prometheus"));
}

fn junit(summary: &Json, text: &[u8]) {
    let Some(read) = read_by(JUNIT, "junitparser", text) else { return };
    assert_eq!(read["counts"], json!([10, 2, 1, 2]), "{read:#}");
    let mut seen = 0;
    for suite in read["suites"].as_array().unwrap() {
        let host = suite["name"].as_str().unwrap();
        let own = cells(summary).filter(|(_, at, _)| *at == host).collect::<Vec<_>>();
        for case in suite["cases"].as_array().unwrap() {
            assert_eq!(case["class"], json!(format!("playbook.{host}")));
            let cells = own.iter().filter(|(row, ..)| row["case"] == case["name"]);
            for (row, _, cell) in cells.filter(|(.., cell)| !cell["statistics"].is_null()) {
                let labels = row["labels"].as_array().unwrap().iter().map(|label| label[1].as_str().unwrap());
                let name = std::iter::once(row["figure"].as_str().unwrap())
                    .chain(labels)
                    .collect::<Vec<_>>()
                    .join(" ");
                let value = case["properties"][&name].as_str().unwrap();
                let (number, unit) = value.split_once(' ').unwrap();
                assert_eq!(unit, row["unit"], "{case:#}");
                assert_eq!(number.parse::<f64>().ok(), cell["statistics"]["median"].as_f64(), "{case:#}");
                seen += 1;
            }
        }
    }
    assert_eq!(
        seen, 11,
        "two figures of two cases on both hosts, one of one on both, and one on the host that does not break: {read:#}"
    );
    let results = |host: usize, case: usize| read["suites"][host]["cases"][case]["results"].to_string();
    assert_eq!(results(0, 0), "[]");
    assert!(
        results(1, 0).contains(
            "[\"Failure\",\"missed\",\"bandwidth Triad: 7000 MB/s is below 8000 MB/s (playbook.yml:"
        )
    );
    let broken = results(1, 3);
    assert!(
        broken.contains("[\"Error\",\"failed\",\"round 1: ") && broken.contains("| <script>document.title"),
        "{broken}"
    );
    assert!(results(0, 4).contains("Skipped"), "{read:#}");
}

fn prometheus(summary: &Json, text: &[u8]) {
    let Some(read) = read_by(PROMETHEUS, "prometheus_client", text) else { return };
    let mut samples: BTreeMap<String, f64> = BTreeMap::new();
    let mut medians = BTreeMap::new();
    for sample in read.as_array().unwrap() {
        let (name, labels) = (sample[0].as_str().unwrap(), &sample[1]);
        let twice = samples.insert(format!("{name} {labels}"), sample[2].as_f64().unwrap());
        assert_eq!(twice, None, "{sample}");
        if name == "benchbook_figure_median" {
            let own = labels.as_object().unwrap().iter().filter(|(name, _)| name.starts_with("label_"));
            let own: Vec<&str> = own.map(|(_, value)| value.as_str().unwrap()).collect();
            let key = [&labels["case"], &labels["host"], &labels["figure"], &labels["unit"]];
            medians.insert(format!("{key:?} {own:?}"), sample[2].as_f64().unwrap());
        }
        if name == "benchbook_run_exit_status" {
            assert_eq!(sample[2].as_f64(), summary["exit"].as_f64());
        }
    }
    let mut wanted = BTreeMap::new();
    for (row, host, cell) in cells(summary) {
        if let Some(median) = cell["statistics"]["median"].as_f64() {
            let labels: Vec<&str> =
                row["labels"].as_array().unwrap().iter().map(|l| l[1].as_str().unwrap()).collect();
            let key = [&row["case"], &json!(host), &row["figure"], &row["unit"]];
            wanted.insert(format!("{key:?} {labels:?}"), median);
        }
    }
    assert_eq!(medians, wanted);
    let missed =
        samples.iter().filter(|(name, value)| name.contains("\"verdict\":\"missed\"") && **value > 0.0);
    assert_eq!(missed.count(), 2, "{samples:#?}");
}
