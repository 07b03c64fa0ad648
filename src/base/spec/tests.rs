//! Checks of arguments at compile time, and the manual made from a schema.

use schemars::JsonSchema;
use serde::Deserialize;

use super::*;
use crate::base::{Source, Span, Text, Value};

/// Takes a while.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-exclusive" = [["beans", "powder"]], "x-one-of" = [["beans", "powder"]], "x-unsupported" = {"sugar": "say it in `notes`"}))]
#[allow(dead_code)] // only its schema is looked at
struct Coffee {
    /// Who gets it. A name.
    #[serde(alias = "to")]
    #[schemars(extend("x-aliases" = ["to"]))]
    who: String,
    /// How many cups.
    #[serde(default = "one")]
    cups: u32,
    /// Stir it.
    #[serde(default)]
    stir: bool,
    /// How strong.
    #[serde(default)]
    strength: Strength,
    /// With what.
    with: Option<Vec<Strength>>,
    /// Grams | of beans.
    beans: Option<f64>,
    /// What powder.
    powder: Option<String>,
    /// Remarks.
    #[serde(default)]
    notes: crate::base::Map,
    /// Anything else.
    other: Option<Value>,
    /// What it is served in.
    cup: Option<Cup>,
    /// Others.
    #[serde(default)]
    more: Vec<Cup>,
}

/// A cup.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)] // only its schema is looked at
struct Cup {
    /// How large it is. In litres.
    size: f64,
    /// What stands on it.
    text: Option<String>,
}

#[derive(Default, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code)] // only its schema is looked at
enum Strength {
    /// For the evening.
    Weak,
    /// For the morning.
    #[default]
    Strong,
}

fn one() -> u32 {
    1
}

const SPEC: Spec = Spec {
    name: "coffee",
    summary: "Makes coffee",
    free_form: None,
    open: false,
    on_resume: OnResume::Fail,
    check: CheckMode::Full,
    schema: schema_of::<Coffee>,
};

#[test]
fn parameters_come_from_the_struct() {
    let lines: Vec<String> = SPEC
        .params()
        .iter()
        .map(|p| {
            format!(
                "{} {:?} {} required={} default={:?} choices={:?} | {}",
                p.name, p.aliases, p.kind, p.required, p.default, p.choices, p.doc
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn the_manual_is_generated() {
    insta::assert_snapshot!(SPEC.manual());
}

/// `name: value` lines, each value read by YAML and marked as from the user's file.
fn arguments(text: &str) -> (Vec<Argument>, Span) {
    let source = Source::new("play.yml", text);
    let mut start = 0;
    let mut args = Vec::new();
    for line in text.split_inclusive('\n') {
        if let Some((name, value)) = line.trim_end().split_once(": ") {
            let at = start + name.len() + 2;
            let value_span = Span::new(&source, at, start + line.trim_end().len());
            let read: Value = serde_yaml::from_str(value).unwrap();
            let value = from_file(read, &value_span);
            let name_span = Span::new(&source, start, start + name.len());
            args.push(Argument { name: name.into(), name_span, value, value_span });
        }
        start += line.len();
    }
    let end = text.find('\n').unwrap_or(text.len()).saturating_sub(1);
    (args, Span::new(&source, 0, end))
}

fn from_file(value: Value, span: &Span) -> Value {
    match value {
        Value::String(t) => Value::String(Text::template(t.shared(), span.clone())),
        Value::List(items) => Value::list(items.iter().map(|v| from_file(v.clone(), span)).collect()),
        Value::Map(map) => {
            let pairs = map.iter().map(|(key, value)| (key.clone(), from_file(value.clone(), span)));
            Value::from(pairs.collect::<crate::base::Map>())
        }
        other => other,
    }
}

fn check(text: &str) -> String {
    let (args, task) = arguments(text);
    SPEC.check(&args, &task).to_string()
}

#[test]
fn good_arguments_pass() {
    let good = "coffee:\nto: me\ncups: '3'\nstir: yes\nstrength: weak\nwith: weak,strong\npowder: 5\nnotes: {a: 1}\n";
    assert_eq!(check(good), "");
    let templates = "coffee:\nwho: '{{ me }}'\ncups: '{{ n }}'\nstrength: '{{ s }}'\nwith: ['{{ a }}']\nbeans: '{{ x }}'\nnotes: '{{ m }}'\n";
    assert_eq!(check(templates), "");
}

#[test]
fn all_that_is_wrong_is_said_at_its_place() {
    insta::assert_snapshot!(check(
        "coffee:\nwhoo: me\ncups: many\nstir: perhaps\nstrength: stong\nwith: [weak, stong, 3]\nnotes: x\nbeans: 3\npowder: y\n"
    ));
}

#[test]
fn what_is_wrong_inside_of_arguments_is_said() {
    let good =
        "coffee:\nto: me\npowder: 5\ncup: {size: '{{ s }}', text: 3}\nmore: [{size: 0.2}, {size: 1}]\n";
    assert_eq!(check(good), "");
    insta::assert_snapshot!(check(
        "coffee:\nto: me\npowder: 5\ncup: {siez: 0.2, text: [a]}\nmore: [{size: 1}, {size: much}, {}]\n"
    ));
}

#[test]
fn what_is_missing_is_said_at_the_task() {
    insta::assert_snapshot!(check("coffee:\nstir: no\n"));
}

#[test]
fn the_same_argument_twice_is_an_error() {
    insta::assert_snapshot!(check("coffee:\nwho: me\nto: you\nbeans: 1\n"));
}

#[test]
fn groups_are_checked_again_when_values_are_known() {
    let args = |text: &str| serde_yaml::from_str::<crate::base::Map>(text).unwrap();
    assert_eq!(SPEC.groups().check(&args("{who: me, beans: 3}")), Ok(()));
    assert_eq!(
        SPEC.groups().check(&args("{who: me, beans: null}")),
        Err("one of the following is required: beans, powder".to_owned())
    );
    assert_eq!(
        SPEC.groups().check(&args("{who: me, beans: 1, powder: x}")),
        Err("parameters are mutually exclusive: beans|powder".to_owned())
    );
}
