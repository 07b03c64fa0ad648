//! What ansible-core answered, kept in data files by `tests/agreement/capture.py`: values and types must be the same.

use super::*;
use crate::base::Text;
use crate::base::value::python_float;

/// Whether a value is what the tagged answer says.
fn is(value: &Value, answer: &serde_json::Value) -> bool {
    let tag = |name: &str| answer.get(name).and_then(serde_json::Value::as_str);
    match value {
        Value::Null => answer.is_null(),
        Value::Bool(b) => answer.as_bool() == Some(*b),
        Value::Int(i) => tag("int") == Some(&i.to_string()),
        Value::Float(x) => tag("float") == Some(&python_float(*x)),
        Value::String(text) => answer.as_str() == Some(text.as_str()),
        Value::Bytes(bytes) => tag("bytes") == Some(&crate::base::hexadecimal(bytes)),
        Value::Date(date) => {
            tag("date").is_some_and(|wanted| wanted.replace(' ', "T") == date.replace(' ', "T"))
        }
        Value::List(items) => answer.as_array().is_some_and(|wanted| {
            items.len() == wanted.len() && items.iter().zip(wanted).all(|(item, wanted)| is(item, wanted))
        }),
        Value::Map(map) => answer.get("map").and_then(serde_json::Value::as_array).is_some_and(|wanted| {
            let is_pair = |((key, item), pair): ((&crate::base::Key, &Value), &serde_json::Value)| {
                is(&key.to_value(), &pair[0]) && is(item, &pair[1])
            };
            map.len() == wanted.len() && map.iter().zip(wanted).all(is_pair)
        }),
        Value::Undefined(_) | Value::Omit | Value::Sealed(_) => false,
    }
}

fn given(templar: &Templar, case: &serde_json::Value) -> Result<Value, TemplateError> {
    let text = case["text"].as_str().expect("a text");
    match case["kind"].as_str() {
        Some("expression") => templar.evaluate(&Text::template(text, Span::whole("text", text))),
        Some("file") => {
            let mut options = FileOptions::default();
            let flag = |name: &str, default: bool| case["options"][name].as_bool().unwrap_or(default);
            options.lstrip_blocks = flag("lstrip_blocks", options.lstrip_blocks);
            options.trim_blocks = flag("trim_blocks", options.trim_blocks);
            templar.template_file(text, &Span::whole("text", text), &options).map(Value::String)
        }
        _ => templar.render(&written(text)),
    }
}

/// The cases of a file that are answered otherwise; those that say so with a reason must still be.
fn differences(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/expressions");
    let data = std::fs::read_to_string(format!("{folder}/{name}")).expect("a data file");
    let data: serde_json::Value = serde_json::from_str(&data).expect("JSON");
    let vars: Value = serde_json::from_value(data["vars"].clone()).expect("variables");
    let search = SearchPaths::new([format!("{folder}/templates").into()]);
    let environment = Arc::new(environment(crate::load::DiskFiles).with_search(search));
    let mut report = String::new();
    let cases = data["cases"].as_array().expect("cases");
    assert!(cases.len() > 80, "only {} cases were found", cases.len());
    for case in cases {
        // A case may change a variable; the next one must not see that.
        let templar = Templar::new(scope(Level::PlayVars, &vars), Arc::clone(&environment));
        let given = given(&templar, case);
        let agrees = match (&given, case.get("ok")) {
            (Ok(value), Some(answer)) => is(value, answer),
            (given, wanted) => given.is_err() && wanted.is_none(),
        };
        if agrees == case.get("differs").is_some() {
            let wanted = case.get("ok").or_else(|| case.get("err"));
            let given = given.map_err(|error| error.to_string());
            let _ = writeln!(report, "{}\n  given  {given:?}\n  wanted {wanted:?}", case["text"]);
        }
    }
    report
}

#[test]
fn templates_are_read_and_run_as_ansible_does() {
    let report = differences("grammar.json");
    assert!(report.is_empty(), "{report}");
}

#[test]
fn yaml_is_written_as_ansible_does() {
    let report = differences("yaml.json");
    assert!(report.is_empty(), "{report}");
}

#[test]
fn numbers_are_those_of_python() {
    let report = differences("numbers.json");
    assert!(report.is_empty(), "{report}");
}
