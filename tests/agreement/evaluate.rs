//! Evaluates expressions as the program does, for the comparison with ansible-core: reads one JSON object per line (`kind`,
//! `text`, `vars`), writes one per line, `ok` with the value or `err`. See `agree.py`.

use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::sync::Arc;

use benchbook::base::{Map, Span, SystemClock, Text, Value};
use benchbook::load::DiskFiles;
use benchbook::model::{Level, VarLayer};
use benchbook::vars::{Environment, FileOptions, Scope, SearchPaths, Templar, TemplateError};
use serde_json::json;

/// Every string becomes one from the user's files.
fn trusted(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::template(text.shared(), Span::nowhere("vars")),
        Value::List(items) => Value::list(items.iter().map(trusted).collect()),
        Value::Map(map) => Value::from(map.iter().map(|(k, v)| (k.clone(), trusted(v))).collect::<Map>()),
        other => other.clone(),
    }
}

/// JSON in which the types can be told apart; the same tags are written by `reference.py`.
fn tagged(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(b) => json!(b),
        Value::Int(i) => json!({"int": i.to_string()}),
        Value::Float(x) => json!({"float": benchbook::base::value::python_float(*x)}),
        Value::String(text) => json!(text.as_str()),
        Value::Bytes(bytes) => json!({"bytes": benchbook::base::hexadecimal(bytes)}),
        Value::Date(date) => json!({"date": &**date}),
        Value::List(items) => items.iter().map(tagged).collect(),
        Value::Map(map) => {
            let pairs = map.iter().map(|(key, item)| json!([tagged(&key.to_value()), tagged(item)]));
            json!({"map": pairs.collect::<Vec<_>>()})
        }
        Value::Undefined(_) => json!({"other": "undefined"}),
        Value::Omit => json!({"other": "omit"}),
        Value::Sealed(sealed) => tagged(sealed.reveal()),
    }
}

fn evaluate(case: &serde_json::Value, environment: &Environment) -> Result<Value, TemplateError> {
    let vars: Value = serde_json::from_value(case["vars"].clone()).unwrap_or_default();
    let vars = Arc::new(trusted(&vars).as_map().cloned().unwrap_or_default());
    let layer = VarLayer { level: Level::PlayVars, origin: "vars".into(), span: Span::nowhere("vars"), vars };
    let search: Vec<PathBuf> =
        serde_json::from_value(case["search"].clone()).unwrap_or_else(|_| vec![PathBuf::from(".")]);
    let environment = Arc::new(environment.with_search(SearchPaths::new(search)));
    let templar = Templar::new(Scope::new().with(layer), environment);
    let text = case["text"].as_str().unwrap_or_default();
    let place = Span::whole("text", text);
    match case["kind"].as_str() {
        Some("condition") => templar.condition(&Value::template(text, place)).map(Value::from),
        Some("expression") => templar.evaluate(&Text::template(text, place)),
        Some("file") => {
            let mut options = FileOptions::default();
            if let Some(lstrip) = case["options"]["lstrip_blocks"].as_bool() {
                options.lstrip_blocks = lstrip;
            }
            if let Some(trim) = case["options"]["trim_blocks"].as_bool() {
                options.trim_blocks = trim;
            }
            templar.template_file(text, &place, &options).map(Value::String)
        }
        _ => templar.render(&Value::template(text, place)),
    }
}

fn main() -> std::io::Result<()> {
    let environment = Environment::new(Arc::new(DiskFiles), Arc::new(SystemClock));
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let case: serde_json::Value = serde_json::from_str(&line?)?;
        let answer = match evaluate(&case, &environment) {
            Ok(value) => json!({"ok": tagged(&value)}),
            Err(error) => json!({"err": error.to_string()}),
        };
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}
