//! What a module's program printed, as a result: JSON somewhere in text of strangers.

use crate::base::{Map, Value};
use crate::wire::Outcome;
use crate::wire::result::{Giver, result};

/// How the program ended.
#[derive(Clone, Debug, Default)]
pub struct Ended {
    /// Its exit code, or minus a signal's number.
    pub rc: i32,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
    /// Whether that belongs to the result.
    pub keep_stderr: bool,
    /// Whether what it was called with belongs to the result.
    pub keep_invocation: bool,
}

/// What it amounts to. Whatever it printed, this is an outcome.
pub fn judge(ended: &Ended) -> Outcome {
    let (json, junk) = match cut(&ended.stdout) {
        Ok(found) => found,
        Err(why) => return unread(ended, format!("Module result deserialization failed: {why}")),
    };
    match read(&json) {
        Ok(Value::Map(map)) => {
            let mut outcome = told((*map).clone(), ended);
            if !junk.trim().is_empty() {
                let warning = format!("Module invocation had junk after the JSON data: {junk}");
                outcome.warnings.insert(0, warning);
            }
            outcome
        }
        Ok(other) => {
            unread(ended, format!("Malformed result. Received {} instead of a mapping.", other.kind()))
        }
        Err(why) => unread(ended, format!("Module result deserialization failed: {why}")),
    }
}

/// From the first line that begins with a brace to the last that ends with one, and what comes after.
fn cut(text: &str) -> Result<(String, String), &'static str> {
    let lines: Vec<&str> = text.lines().collect();
    let start = lines.iter().position(|line| line.trim_start().starts_with('{'));
    let lines = &lines[start.ok_or("No start of json char found")?..];
    let end = lines.iter().rposition(|line| line.trim_end().ends_with('}'));
    let end = end.ok_or("No end of json char found")?;
    Ok((lines[..=end].join("\n"), lines[end + 1..].join("\n")))
}

fn read(json: &str) -> Result<Value, String> {
    match serde_json::from_str(json) {
        Ok(value) => Ok(value),
        // Python writes bytes that are no text as halves of a character.
        Err(error) => serde_json::from_str(&without_halves(json)).map_err(|_| error.to_string()),
    }
}

/// The text with `\udc80` and the like, which stand for no character, replaced.
fn without_halves(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let unit = |text: &str| u32::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok();
        let taken = match unit(rest) {
            Some(0xd800..=0xdbff) if matches!(rest.get(6..).and_then(unit), Some(0xdc00..=0xdfff)) => 12,
            Some(0xd800..=0xdfff) => {
                out.push_str("\\ufffd");
                rest = &rest[6..];
                continue;
            }
            Some(_) => 6,
            // What is protected by a backslash is no escape of its own.
            None => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
        };
        out.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    out + rest
}

/// A result as the module means it.
fn told(map: Map, ended: &Ended) -> Outcome {
    let mut outcome = result(map, Giver::Module, ended.keep_invocation);
    if ended.keep_stderr && !ended.stderr.is_empty() && !outcome.values.contains_key("stderr") {
        outcome.values.insert("stderr", ended.stderr.as_str());
    }
    outcome
}

/// A failure with everything that it printed.
pub(super) fn unread(ended: &Ended, msg: String) -> Outcome {
    Outcome::failed(msg)
        .with("module_stdout", ended.stdout.as_str())
        .with("module_stderr", ended.stderr.as_str())
        .with("rc", ended.rc)
}

/// Nobody can read the program.
pub(super) fn no_interpreter(name: &str) -> Outcome {
    let ended = Ended { rc: 127, stderr: format!("{name}: not found\n"), ..Ended::default() };
    unread(&ended, format!("The module interpreter '{name}' was not found."))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::Status;

    fn said(stdout: &str) -> Outcome {
        judge(&Ended { stdout: stdout.to_owned(), ..Ended::default() })
    }

    #[test]
    fn a_result_is_cut_out_of_what_stands_around_it() {
        let outcome = said("hello\n  {\"changed\": true,\n\"a\": 1}\nbye\n\n");
        assert_eq!((outcome.status, outcome.changed), (Status::Ok, true));
        assert_eq!(outcome.values.get("a"), Some(&Value::Int(1)));
        assert_eq!(outcome.warnings, ["Module invocation had junk after the JSON data: bye\n"]);
        for (text, why) in [
            ("", "No start of json char found"),
            ("[1]\n", "No start of json char found"),
            ("{\n", "No end of json char found"),
        ] {
            let outcome = said(text);
            assert_eq!(outcome.msg, Some(format!("Module result deserialization failed: {why}")));
            assert_eq!(outcome.values.get("module_stdout").and_then(Value::as_str), Some(text));
        }
    }

    #[test]
    fn types_of_newer_modules_are_told_plainly() {
        let outcome = said(concat!(
            r#"{"failed": true, "exception": {"__ansible_type": "ErrorSummary", "event": {"msg": "boom", "chain": {"event": {"msg": "why"}}}}, "#,
            r#""warnings": [{"__ansible_type": "WarningSummary", "event": {"msg": "careful"}}], "x": {"__ansible_type": "_AnsibleTaggedStr", "value": "y", "tags": []}, "#,
            r#""deprecations": [{"__ansible_type": "DeprecationSummary", "event": {"msg": "old"}, "version": "9", "deprecator": {"resolved_name": "a.b.c", "type": {"value": "module", "__ansible_type": "PluginType"}, "__ansible_type": "PluginInfo"}}]}"#,
        ));
        assert_eq!(outcome.msg.as_deref(), Some("Task failed: Module failed: boom: why"));
        assert_eq!(outcome.warnings, ["careful"]);
        let told = serde_json::to_string(&outcome.values).unwrap();
        insta::assert_snapshot!(told, @r#"{"x":"y","deprecations":[{"msg":"old","collection_name":"a.b","deprecator":{"resolved_name":"a.b.c","type":"module"},"version":"9"}]}"#);
    }

    #[test]
    fn halves_of_characters_are_replaced() {
        let outcome = said(r#"{"a": "\udc80x\ud83d\ude00\\ud800"}"#);
        assert_eq!(outcome.values.get("a").and_then(Value::as_str), Some("\u{fffd}x\u{1f600}\\ud800"));
    }

    proptest! {
        #[test]
        fn whatever_is_printed_is_an_outcome(text in "[{}\\[\\]\"\\\\:, a-z0-9\n\\PC]{0,80}", rc in -9..200) {
            let outcome = judge(&Ended { rc, stdout: text.clone(), ..Ended::default() });
            if outcome.values.contains_key("module_stdout") {
                prop_assert_eq!(outcome.status, Status::Failed);
            }
        }

        #[test]
        fn escapes_without_characters_never_hinder(units in proptest::collection::vec(0_u32..0x1_0000, 0..8)) {
            let escapes = units.iter().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>().concat();
            let outcome = said(&format!(r#"{{"a": "{escapes}"}}"#));
            prop_assert!(outcome.values.contains_key("a"), "{:?}", outcome.msg);
        }

        #[test]
        fn junk_around_a_result_does_not_change_it(before in "[a-z \n]{0,20}", after in "[a-z \n]{0,20}", number in any::<i64>()) {
            let outcome = said(&format!("{before}\n{{\"number\": {number}, \"deep\": {{\"er\": [{number}]}}}}\n{after}"));
            prop_assert_eq!(outcome.values.get("number"), Some(&Value::from(number)));
            prop_assert_eq!(outcome.warnings.is_empty(), after.trim().is_empty());
        }
    }
}
