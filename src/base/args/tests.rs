//! Coercions: what was given, what comes out, and the whole text of every refusal.

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Everything {
    flag: bool,
    count: u8,
    ratio: f64,
    #[serde(alias = "label")]
    name: String,
    list: Vec<String>,
    numbers: Vec<i32>,
    maybe: Option<String>,
    choice: Option<Choice>,
    any: Option<Value>,
    map: std::collections::BTreeMap<String, String>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Choice {
    Yes,
    Link,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Needy {
    path: String,
}

fn yaml(text: &str) -> Map {
    serde_yaml::from_str(text).unwrap()
}

fn read(text: &str) -> Everything {
    from_map(&yaml(text)).unwrap()
}

fn error(text: &str) -> String {
    from_map::<Everything>(&yaml(text)).unwrap_err().to_string()
}

#[test]
fn values_are_read_as_ansible_reads_them() {
    for text in ["flag: 'yes'", "flag: 'True'", "flag: 1", "flag: 1.0", "flag: 'on'", "flag: ' T '"] {
        assert!(read(text).flag, "{text}");
    }
    assert_eq!(read("count: '5'").count, 5);
    assert_eq!(read("count: 5.0").count, 5);
    assert_eq!(read("count: ' 7 '").count, 7);
    assert!((read("ratio: '0.5'").ratio - 0.5).abs() < f64::EPSILON);
    assert!((read("ratio: 2").ratio - 2.0).abs() < f64::EPSILON);
    assert_eq!(read("name: 5").name, "5");
    assert_eq!(read("name: 1.0").name, "1.0");
    assert_eq!(read("name: true").name, "True");
    assert_eq!(read("label: x").name, "x");
    assert_eq!(read("list: a,b").list, ["a", "b"]);
    assert_eq!(read("list: [1, true]").list, ["1", "True"]);
    assert_eq!(read("list: 3").list, ["3"]);
    assert_eq!(read("numbers: '1,2'").numbers, [1, 2]);
    assert_eq!(read("maybe: ").maybe, None);
    assert_eq!(read("maybe: 1").maybe.as_deref(), Some("1"));
    assert_eq!(read("choice: link").choice, Some(Choice::Link));
    assert_eq!(read("choice: true").choice, Some(Choice::Yes));
    assert_eq!(read("any: {a: [1, null]}").any, Some(Value::from(yaml("a: [1, null]"))));
    assert_eq!(read("map: {A: 1}").map["A"], "1");
    assert_eq!(read("count: null").count, 0);
}

#[test]
fn omitted_arguments_are_not_given() {
    let args = Map::from_iter([("maybe", Value::Omit), ("count", Value::Omit)]);
    assert_eq!(from_map::<Everything>(&args).unwrap(), Everything::default());
}

#[test]
fn errors_name_the_argument_what_was_given_and_what_is_expected() {
    let cases = [
        ("flag: maybe", "argument `flag`: expected a boolean (yes or no), got a string `maybe`"),
        ("count: 300", "argument `count`: expected an integer from 0 to 255, got an integer 300"),
        ("count: five", "argument `count`: expected an integer, got a string `five`"),
        ("count: true", "argument `count`: expected an integer, got a boolean True"),
        ("name: [a]", "argument `name`: expected a string, got a list"),
        ("list: {a: 1}", "argument `list`: expected a list, got a mapping"),
        ("list: [a, [b]]", "argument `list[1]`: expected a string, got a list"),
        ("numbers: '1,x'", "argument `numbers[1]`: expected an integer, got a string `x`"),
        ("map: {a: []}", "argument `map.a`: expected a string, got a list"),
        ("choice: lnk", "argument `choice`: expected one of yes, link, got a string `lnk`"),
        ("choice: 3", "argument `choice`: expected one of yes, link, got an integer 3"),
        ("nmae: x", "unknown argument `nmae`: did you mean `name`?"),
        ("name: a\nlabel: b", "argument `name` is given twice, perhaps under an alias"),
    ];
    for (text, expected) in cases {
        assert_eq!(error(text), expected, "{text}");
    }
    let far = error("zzzzzz: 1");
    assert!(far.starts_with("unknown argument `zzzzzz`: the arguments are flag, count, "), "{far}");
    let missing = from_map::<Needy>(&Map::new()).unwrap_err();
    assert_eq!(missing.to_string(), "missing required arguments: path");
}

#[test]
fn a_secret_is_not_shown() {
    let secret = Value::String(Text::data("hunter2").into_secret());
    let args = Map::from_iter([("count", secret.clone()), ("numbers", secret)]);
    let message = from_map::<Everything>(&args).unwrap_err().to_string();
    assert_eq!(message, "argument `count`: expected an integer, got a secret string");
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        Just(Value::Omit),
        any::<bool>().prop_map(Value::from),
        any::<i128>().prop_map(Value::Int),
        any::<f64>().prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
        proptest::collection::vec(any::<u8>(), 0..4).prop_map(|b| Value::Bytes(b.into())),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::list),
            proptest::collection::vec(("[a-z]{1,3}", inner), 0..3)
                .prop_map(|m| Value::from(Map::from_iter(m))),
        ]
    })
}

proptest! {
    #[test]
    fn no_value_makes_it_panic(value in any_value()) {
        for name in ["flag", "count", "ratio", "name", "list", "numbers", "maybe", "choice", "any", "map"] {
            let args = Map::from_iter([(name, value.clone())]);
            if let Err(error) = from_map::<Everything>(&args) {
                prop_assert!(error.to_string().contains(name), "{error}");
            }
        }
    }
}
