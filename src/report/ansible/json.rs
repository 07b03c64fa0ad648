//! Values as Python's `json.dumps(…, sort_keys=True, ensure_ascii=False)` prints them, in one line or with an indent of 4.

use std::fmt::Write;

use crate::base::{Map, Value};

/// The text of a value; in one line, or a line per entry.
pub(super) fn dump(value: &Value, lines: bool) -> String {
    let mut text = String::new();
    write(&mut text, value, lines.then_some(0));
    text
}

/// The text of a value in lines that were joined: in one line, without blanks behind commas.
pub(super) fn joined(value: &Value) -> String {
    let lines = dump(value, true);
    lines.lines().map(str::trim_start).collect()
}

/// The text of a value in lines with an indent of 1 that were joined, blanks and all.
pub(super) fn narrow(value: &Value) -> String {
    let lines = dump(value, true);
    let indent = |line: &str| (line.len() - line.trim_start().len()) / 4;
    lines.lines().map(|line| " ".repeat(indent(line)) + line.trim_start()).collect()
}

/// `depth` counts indents where there is a line per entry.
fn write(text: &mut String, value: &Value, depth: Option<usize>) {
    match value {
        Value::Null | Value::Omit => text.push_str("null"),
        Value::Bool(truth) => text.push_str(if *truth { "true" } else { "false" }),
        Value::Int(number) => {
            let _ = write!(text, "{number}");
        }
        Value::Float(number) if number.is_nan() => text.push_str("NaN"),
        Value::Float(number) if number.is_infinite() => {
            text.push_str(if *number > 0.0 { "Infinity" } else { "-Infinity" });
        }
        Value::List(items) => {
            let write_item = |text: &mut String, item: &Value, depth| write(text, item, depth);
            entries(text, ['[', ']'], items.iter(), depth, write_item);
        }
        Value::Map(map) => {
            let mut pairs: Vec<(String, &Value)> = map.iter().map(|(k, v)| (k.to_string(), v)).collect();
            pairs.sort_by(|a, b| a.0.cmp(&b.0));
            entries(text, ['{', '}'], pairs.iter(), depth, |text, (key, value), depth| {
                quote(text, key);
                text.push_str(": ");
                write(text, value, depth);
            });
        }
        Value::Float(_) => text.push_str(&value.to_string()),
        other => quote(text, &other.to_string()),
    }
}

fn entries<T>(
    text: &mut String,
    [open, close]: [char; 2],
    items: impl ExactSizeIterator<Item = T>,
    depth: Option<usize>,
    write_one: impl Fn(&mut String, T, Option<usize>),
) {
    let inner = depth.map(|depth| depth + 1);
    let new_line = |text: &mut String, depth: Option<usize>| {
        if let Some(depth) = depth {
            text.push('\n');
            text.extend(std::iter::repeat_n(' ', 4 * depth));
        }
    };
    let is_empty = items.len() == 0;
    text.push(open);
    for (number, item) in items.enumerate() {
        if number > 0 {
            text.push_str(if depth.is_some() { "," } else { ", " });
        }
        new_line(text, inner);
        write_one(text, item, inner);
    }
    if !is_empty {
        new_line(text, depth);
    }
    text.push(close);
}

fn quote(text: &mut String, characters: &str) {
    text.push('"');
    for c in characters.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            c if u32::from(c) < 0x20 => {
                let _ = write!(text, "\\u{:04x}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text.push('"');
}

/// A result as it is shown: what only the program itself needs is left out.
pub(super) fn abridged(result: &Map, verbosity: u8) -> Map {
    let hidden = |key: &str| match key {
        "exception" | "warnings" | "deprecations" | "failed" | "skipped" => true,
        "invocation" | "diff" => verbosity < 3,
        key => key.starts_with("_ansible_"),
    };
    result.iter().filter(|(key, _)| !hidden(&key.to_string())).map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// What is shown of a result of `debug`: what it was asked for.
pub(super) fn of_debug(result: &Map) -> Map {
    const HIDDEN: [&str; 6] = [
        "changed",
        "skip_reason",
        "ansible_loop_var",
        "ansible_index_var",
        "ansible_loop",
        "false_condition",
    ];
    if let Some(msg) = result.get("msg") {
        return Map::from_iter([("msg", msg.clone())]);
    }
    let shown = |key: &str| !HIDDEN.contains(&key);
    result.iter().filter(|(key, _)| shown(&key.to_string())).map(|(k, v)| (k.clone(), v.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_pythons() {
        let inner = Map::from_iter([("z", Value::Null), ("a", Value::from(1.5))]);
        let value = Value::from(Map::from_iter([
            ("b", Value::list(vec![1.into(), "ä\"\n\u{1}".into(), Value::Map(inner.into())])),
            ("a", Value::list(Vec::new())),
            ("c", Value::from(Map::new())),
        ]));
        insta::assert_snapshot!(dump(&value, false), @r#"{"a": [], "b": [1, "ä\"\n\u0001", {"a": 1.5, "z": null}], "c": {}}"#);
        insta::assert_snapshot!(dump(&value, true), @r#"
        {
            "a": [],
            "b": [
                1,
                "ä\"\n\u0001",
                {
                    "a": 1.5,
                    "z": null
                }
            ],
            "c": {}
        }
        "#);
    }
}
