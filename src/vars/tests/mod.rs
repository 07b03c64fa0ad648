//! Expressions from data files, error texts, and what must hold for any text.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use super::*;
use crate::base::{Clock, Map, Span, Timestamp, Value};
use crate::load::{Expressions, Files, MemoryFiles};
use crate::model::{Level, VarLayer};

struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp(1_795_000_000_123_456_000)
    }
}

fn environment(files: impl Files + 'static) -> Arc<Environment> {
    Arc::new(Environment::new(Arc::new(files), Arc::new(StoppedClock)))
}

/// Every string becomes one from the user's files, as reading YAML would have it.
fn as_written(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::template(text.shared(), Span::whole("vars.yml", text.as_str())),
        Value::List(items) => Value::list(items.iter().map(as_written).collect()),
        Value::Map(map) => Value::from(map.iter().map(|(k, v)| (k.clone(), as_written(v))).collect::<Map>()),
        other => other.clone(),
    }
}

fn scope(level: Level, vars: &Value) -> Scope {
    let vars = Arc::new(as_written(vars).as_map().expect("a mapping").clone());
    Scope::new().with(VarLayer { level, origin: "vars.yml".into(), span: Span::nowhere("vars.yml"), vars })
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn templar(vars: &str) -> Templar {
    Templar::new(scope(Level::PlayVars, &json(vars)), environment(MemoryFiles::default()))
}

fn written(text: &str) -> Value {
    Value::template(text, Span::whole("playbook.yml", text))
}

/// Same kind and same value, which `==` alone would not tell (`1 == 1.0 == True`).
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len() && a.iter().all(|(k, v)| b.get_key(k).is_some_and(|w| same(v, w)))
        }
        _ => std::mem::discriminant(a) == std::mem::discriminant(b) && a == b,
    }
}

/// What ansible-core gives for each expression; `known-differences.txt` lists those that differ, and must shrink.
#[test]
fn expressions_give_what_ansible_gives() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/expressions");
    let read = |name: &str| std::fs::read_to_string(format!("{folder}/{name}")).expect("a data file");
    let data = json(&read("reference.json"));
    let differences = read("known-differences.txt");
    let known: BTreeSet<String> = differences
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split("  # ").next().unwrap_or(line).replace("\\n", "\n"))
        .collect();
    let templar = Templar::new(
        scope(Level::PlayVars, data.get("vars").expect("vars")),
        environment(crate::load::DiskFiles),
    );
    let mut report = String::new();
    let mut count = 0;
    let filters = json(&read("filters.json"));
    let cases = data.get("cases").and_then(Value::as_list).expect("cases").iter();
    for case in cases.chain(filters.as_list().expect("cases")) {
        count += 1;
        let expression = case.get("expression").and_then(Value::as_str).expect("an expression");
        let given = templar.render(&as_written(&Value::list(vec![written(expression)])));
        let given = given.map(|list| list.as_list().expect("a list").first().cloned().unwrap_or(Value::Omit));
        let agrees = match (&given, case.get("ok")) {
            (Ok(Value::Omit), Some(wanted)) => wanted.as_str() == Some("__omit__"),
            (Ok(given), Some(wanted)) => same(given, wanted),
            (Err(_), None) => true,
            _ => false,
        };
        if agrees == known.contains(expression) {
            let wanted = case.get("ok").or_else(|| case.get("err"));
            let what = if agrees { "is listed as different, but agrees" } else { "differs" };
            let given = given.map_err(|error| error.to_string());
            let _ = writeln!(report, "{expression}\n  {what}\n  given  {given:?}\n  wanted {wanted:?}");
        }
    }
    assert!(count > 300, "only {count} cases were found");
    assert!(report.is_empty(), "{report}");
}

/// Every filter, test and lookup of ansible-core and Jinja.
#[test]
fn every_name_of_ansible_core_is_known() {
    let data = json(include_str!("../../../tests/cases/expressions/names.json"));
    let known = |kind: &str, name: &str| match kind {
        "filters" => syntax_check(&written(&format!("{{{{ x | {name} }}}}"))).is_none(),
        "tests" => {
            syntax_check(&written(&format!(
                "{{{{ [x] | select('{name}') }}}}{{{{ '{name}' is test or unknown }}}}"
            )))
            .is_none()
                && templar("{}").render(&written(&format!("{{{{ '{name}' is test }}}}")))
                    == Ok(Value::from(true))
        }
        _ => syntax_check(&written(&format!("{{{{ lookup('{name}', x) }}}}"))).is_none(),
    };
    let mut unknown = Vec::new();
    for kind in ["filters", "tests", "lookups"] {
        let names = data.get(kind).and_then(Value::as_list).expect("names").iter().filter_map(Value::as_str);
        unknown.extend(names.filter(|name| !known(kind, name)).map(|name| format!("{kind}: {name}")));
    }
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn conditions_want_booleans() {
    let templar = templar(r#"{"n": 3, "s": "yes", "b": true, "l": [1]}"#);
    let judge = |text: &str| templar.condition(&written(text)).map_err(|error| error.to_string());
    assert_eq!(judge("n == 3 and b"), Ok(true));
    assert_eq!(judge("{{ b }}"), Ok(true));
    assert_eq!(judge("s | bool"), Ok(true));
    assert_eq!(judge("nope is defined and nope.x > 1"), Ok(false));
    assert_eq!(judge("a.b.c | default(false)"), Ok(false));
    assert_eq!(judge("l"), Err("a condition must give true or false, this gave a list".into()));
    assert_eq!(judge("s"), Err("a condition must give true or false, this gave the string `yes`".into()));
    assert_eq!(judge("typo == 1"), Err("'typo' is undefined".into()));
    assert_eq!(judge("a.b.c is not defined and typo == 1"), Err("'typo' is undefined".into()));
    assert_eq!(templar.condition(&Value::list(vec![false.into(), written("typo")])), Ok(false));
    assert_eq!(templar.condition(&Value::Null), Ok(true));
}

mod answers;
mod captured;
mod errors;
mod generated;
mod lenient;
mod properties;
mod rendering;
mod url;
