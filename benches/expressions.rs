//! Renders 10,000 templated strings, and with a Python that has ansible-core also by its Templar, and prints the ratio.
//!
//!     REFERENCE_PYTHON=/path/to/python cargo bench --bench expressions

// A bench is a program of its own, and prints what it measured.
#![allow(clippy::print_stdout)]

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use benchbook::base::{Span, SystemClock, Value};
use benchbook::load::extra::extra_vars;
use benchbook::load::{DiskFiles, Loader};
use benchbook::vars::{Environment, Scope, Templar};

const STRINGS: usize = 10_000;

/// What playbooks say, with the place of a number in each, so that no two are the same.
const PATTERNS: [&str; 8] = [
    "{{ base }}/run-NUMBER/{{ inventory_hostname }}",
    "{{ port + NUMBER }}",
    "{{ packages | join(',') }}-NUMBER",
    "{{ 'x' if enabled and port > NUMBER else 'y' }}",
    "{{ users | selectattr('active') | map(attribute='name') | list }} NUMBER",
    "{{ name | regex_replace('^(.*)-(\\d+)$', '\\2-NUMBER') }}",
    "{{ missing_NUMBER | default(base | basename) }}",
    "{% for p in packages %}{{ loop.index }}={{ p }} {% endfor %}NUMBER",
];

const VARS: &str = r#"{"base": "/opt/{{ name }}", "name": "bench-12", "inventory_hostname": "n1", "port": 8080,
    "enabled": true, "packages": ["gcc", "make", "numactl"],
    "users": [{"name": "a", "active": true}, {"name": "b", "active": false}]}"#;

/// The same work for the reference: the strings come on its input, the seconds go to its output.
const REFERENCE: &str = r#"
import json, sys, time
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar, trust_as_template
def trust(v):
    if isinstance(v, str): return trust_as_template(v)
    if isinstance(v, list): return [trust(i) for i in v]
    if isinstance(v, dict): return {k: trust(i) for k, i in v.items()}
    return v
given = json.load(sys.stdin)
init_plugin_loader([])
templar = Templar(loader=DataLoader(), variables=trust(given["vars"]))
texts = [trust(text) for text in given["texts"]]
begin = time.perf_counter()
results = [templar.template(text) for text in texts]
print(time.perf_counter() - begin)
"#;

fn reference(python: &str, texts: &[String]) -> Option<f64> {
    let vars: serde_json::Value = serde_json::from_str(VARS).ok()?;
    let mut child = Command::new(python)
        .args(["-c", REFERENCE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let given = serde_json::json!({"vars": vars, "texts": texts});
    serde_json::to_writer(child.stdin.take()?, &given).ok()?;
    let output = child.wait_with_output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

fn main() {
    let texts: Vec<String> = (0..STRINGS)
        .map(|n| PATTERNS[n % PATTERNS.len()].replace("NUMBER", &(n / PATTERNS.len()).to_string()))
        .collect();
    let loader = Loader::new(Arc::new(DiskFiles), Arc::default(), Vec::new());
    let layer = extra_vars(&loader, VARS).expect("the variables above are a mapping");
    let environment = Arc::new(Environment::new(Arc::new(DiskFiles), Arc::new(SystemClock)));
    let templar = Templar::new(Scope::new().with(layer), environment);
    let values: Vec<Value> =
        texts.iter().map(|text| Value::template(text.as_str(), Span::whole("texts", text))).collect();
    let begin = Instant::now();
    for value in &values {
        templar.render(value).expect("every text above has a value");
    }
    let ours = begin.elapsed().as_secs_f64();
    println!("{STRINGS} strings: {:.1} ms", ours * 1e3);
    match std::env::var("REFERENCE_PYTHON") {
        Ok(python) => match reference(&python, &texts) {
            Some(theirs) => {
                println!(
                    "ansible-core's Templar: {:.1} ms, {:.1} times as long",
                    theirs * 1e3,
                    theirs / ours
                );
            }
            None => println!("{python} has no ansible-core 2.19"),
        },
        Err(_) => println!("set REFERENCE_PYTHON to a Python with ansible-core to compare"),
    }
}
