//! What is printed and read again stays what it was: YAML texts, Python's literals, names in templates.

use proptest::prelude::*;

use super::*;
use crate::syntax::literal;

/// Text that looks like something else, or needs care in quotes.
const ODD: &[&str] = &[
    "yes",
    "~",
    "null",
    "0x1f",
    "1:30",
    "1e3",
    "1.5",
    "2026-11-21",
    "-",
    "- a",
    "?",
    "a: b",
    "a #b",
    "#",
    "---",
    "...",
    "=",
    "<<",
    "*a",
    "&a",
    "!b",
    "%",
    "@",
    "'",
    "\"",
    "\\",
    "\n",
    "a\n b\n",
    "\t",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "",
    " ",
    "{{ a }}",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "é",
    "😀",
    "x\r\n",
    "\0",
];

fn any_text() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(ODD).prop_map(ToOwned::to_owned);
    prop_oneof![
        odd.clone(),
        (odd.clone(), odd).prop_map(|(a, b)| a + &b),
        "\\PC{0,12}",
        "[-a:#,?'\"\\[\\]{} \n]{0,8}",
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::num::f64::NORMAL.prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::list),
            prop::collection::btree_map(any_text(), inner, 0..4)
                .prop_map(|map| Value::from(Map::from_iter(map))),
        ]
    })
}

/// What the filters write and `from_yaml` does not read as `value`.
fn lost_in_yaml(value: &Value) -> Option<String> {
    let vars = Arc::new(Map::from_iter([("value", value.clone())]));
    let layer = VarLayer { level: Level::Facts, origin: "f".into(), span: Span::nowhere("f"), vars };
    let templar = Templar::new(Scope::new().with(layer), environment(MemoryFiles::default()));
    ["to_yaml", "to_nice_yaml", "to_nice_yaml(indent=2)", "to_yaml(default_flow_style=true)"].iter().find_map(
        |filter| {
            let text = templar.render_str(&written(&format!("{{{{ value | {filter} }}}}")));
            let back = templar.render(&written(&format!("{{{{ value | {filter} | from_yaml }}}}")));
            let kept = back.as_ref().is_ok_and(|back| same(back, value));
            (!kept).then(|| format!("{filter} of {value:?} is {text:?}, read as {back:?}"))
        },
    )
}

#[test]
fn odd_texts_come_back_from_yaml() {
    let lost: Vec<String> = ODD
        .iter()
        .flat_map(|odd| [(*odd).to_owned(), format!("a{odd}"), format!("{odd}a")])
        .flat_map(|text| {
            let item = Value::from(text.as_str());
            let map = Value::from(Map::from_iter([(text, item.clone())]));
            [Value::list(vec![item.clone()]), map, item]
        })
        .filter_map(|value| lost_in_yaml(&value))
        .collect();
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn yaml_comes_back(value in any_value()) {
        prop_assert_eq!(lost_in_yaml(&value), None);
    }

    #[test]
    fn literals_come_back(value in any_value()) {
        let value = Value::list(vec![value]);
        let back = literal::parse(&value.to_string(), None);
        prop_assert!(back.as_ref().is_some_and(|back| same(back, &value)), "{}", value);
    }

    #[test]
    fn names_in_a_template_are_found(names in prop::collection::btree_set("v_[a-z]{1,6}", 1..5), pieces in "[^{}%#]{0,8}") {
        let listed: Vec<&str> = names.iter().map(String::as_str).collect();
        let text = format!("{pieces}{{{{ {} }}}}{pieces}{{% if {} %}}{pieces}{{% endif %}}", listed.join(" + "), listed.join(" and "));
        let found = references(&written(&text));
        prop_assert_eq!((found.names, found.open), (names, false), "{}", text);
    }
}
