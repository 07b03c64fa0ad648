//! Templates that a generator builds from the grammar: nothing makes the engine panic, and everything ends soon.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::base::Diagnostic;

const VARS: &str = r#"{"a": 3, "b": "x y", "l": [1, "z", [2.5]], "m": {"k": [1], "n": null}, "t": "{{ a }}", "f": -0.5, "e": []}"#;

const NAMES: &[&str] =
    &["a", "b", "l", "m", "t", "f", "e", "nope", "loop", "omit", "é", "namespace", "range", "self"];

const LITERALS: &[&str] = &[
    "0",
    "1",
    "-7",
    "2.5",
    "1e300",
    "0x1f",
    "1_000",
    "99999999999999999999999999999999999",
    "''",
    "'a'",
    "'{{ a }}'",
    "'%s-%d'",
    "'\\n\\x41'",
    "true",
    "none",
    "[]",
    "{}",
    "()",
    "(1, 'q')",
    "[3, 1, 2]",
    "{'k': 1, 2: 'v'}",
    "'é☃😀'",
];

const OPERATORS: &[&str] = &[
    "+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", ">=", "in", "not in", "and", "or", "is",
    "is not", "if",
];

const METHODS: &[&str] = &[
    ".k",
    ".items()",
    ".upper()",
    "[0]",
    "[-1]",
    "[1:]",
    "[::-1]",
    "[::0]",
    ".0",
    "['k']",
    ".split('x')",
    ".append(1)",
    ".format(1, k=2)",
    "(1)",
    "()",
    ".get('n')",
    "[a]",
    ".update({'q': 1})",
    ".replace('x', '')",
];

/// All filters but those that read files or take their time.
fn filters() -> Vec<String> {
    let left_out = ["fileglob", "vault", "unvault", "password_hash", "random", "shuffle"];
    let data = json(include_str!("../../../tests/cases/expressions/names.json"));
    let names = data.get("filters").and_then(Value::as_list).expect("names").iter().filter_map(Value::as_str);
    names.filter(|name| !left_out.contains(name)).map(ToOwned::to_owned).collect()
}

fn expression() -> impl Strategy<Value = String> {
    let leaf =
        prop_oneof![prop::sample::select(NAMES), prop::sample::select(LITERALS)].prop_map(ToOwned::to_owned);
    leaf.prop_recursive(4, 24, 3, |inner| {
        let filtered = (inner.clone(), prop::sample::select(filters()));
        let given = (inner.clone(), prop::sample::select(filters()), inner.clone());
        prop_oneof![
            (inner.clone(), prop::sample::select(OPERATORS), inner.clone())
                .prop_map(|(left, operator, right)| format!("({left} {operator} {right})")),
            (inner.clone(), prop::sample::select(METHODS)).prop_map(|(of, method)| format!("{of}{method}")),
            filtered.prop_map(|(subject, filter)| format!("{subject} | {filter}")),
            given.prop_map(|(subject, filter, argument)| format!("{subject} | {filter}({argument})")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("{a} if {b} else {c}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, {b}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{{a}: {b}}}")),
            inner.clone().prop_map(|inner| format!("not {inner}")),
            inner.clone().prop_map(|inner| format!("-{inner}")),
            inner.prop_map(|inner| format!("{inner} is defined")),
        ]
    })
}

fn template() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        expression().prop_map(|inner| format!("{{{{ {inner} }}}}")),
        "[a-z \n{}%#-]{0,6}",
        expression().prop_map(|inner| format!("{{% set v = {inner} %}}")),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a + &b),
            (expression(), inner.clone(), inner.clone())
                .prop_map(|(test, a, b)| format!("{{% if {test} %}}{a}{{%- else -%}}{b}{{% endif %}}")),
            (expression(), inner.clone()).prop_map(|(over, body)| format!(
                "{{% for v in {over} %}}{body}{{{{ loop.index }}}}{{% else %}}-{{% endfor %}}"
            )),
            (expression(), inner.clone()).prop_map(|(default, body)| format!(
                "{{% macro q(x={default}) %}}{body}{{{{ x }}}}{{% endmacro %}}{{{{ q() }}}}{{{{ q(1) }}}}"
            )),
            inner.clone().prop_map(|body| format!("{{% set v %}}{body}{{% endset %}}{{{{ v }}}}")),
            inner.clone().prop_map(|body| format!("{{% filter upper | trim %}}{body}{{% endfilter %}}")),
            inner.clone().prop_map(|body| format!("{{% block w scoped %}}{body}{{% endblock %}}")),
            (expression(), inner)
                .prop_map(|(value, body)| format!("{{% with v = {value} %}}{body}{{% endwith %}}")),
        ]
    })
}

fn rendered(text: &str) -> Result<Value, TemplateError> {
    let plain = templar(VARS);
    let bounded = Environment::clone(plain.environment()).with_steps(20_000);
    let begin = Instant::now();
    let value = Templar::new(plain.scope().clone(), Arc::new(bounded)).render(&written(text));
    assert!(begin.elapsed() < Duration::from_secs(20), "{text}");
    value
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn built_expressions_end_with_a_value_or_an_error(inner in expression()) {
        let text = format!("{{{{ {inner} }}}}");
        let _ = rendered(&text).map_err(|error| Diagnostic::from(error).to_string());
        let _ = syntax_check(&written(&text)).map(|problem| problem.to_string());
    }

    #[test]
    fn built_templates_end_with_a_value_or_an_error(text in template()) {
        let _ = rendered(&text).map_err(|error| Diagnostic::from(error).to_string());
        let _ = references(&written(&text));
    }

    #[test]
    fn any_text_between_marks_is_read_or_explained(text in r"(\{\{|\}\}|\{%|%\}|\{#|#\}|\PC|[-+'\x22\\\n]|raw|endraw|if|for){0,20}") {
        if let Some(problem) = syntax_check(&written(&text)) {
            prop_assert!(!problem.to_string().is_empty());
        }
    }
}

#[test]
fn what_is_nested_too_deeply_or_never_ends_is_refused() {
    let deep =
        |open: &str, close: &str, n: usize| format!("{{{{ {}1{} }}}}", open.repeat(n), close.repeat(n));
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("{1: ", "}"),
        ("-", ""),
        ("+", ""),
        ("not ", ""),
        ("1 + (", ")"),
        ("a.b(", ")"),
    ] {
        assert!(rendered(&deep(open, close, 100_000)).is_err(), "{open}");
    }
    for long in ["a + ", "a ~ ", "a and ", "a if a else ", "a == ", "a | int | "] {
        let _ = rendered(&format!("{{{{ {}a }}}}", long.repeat(100_000)));
    }
    let _ = rendered(&format!("{{{{ a{} }}}}", ".b".repeat(100_000)));
    let _ = rendered(&format!("{{{{ a{} }}}}", " | int".repeat(100_000)));
    let _ = rendered(&format!("{}{}", "{% if a %}".repeat(50_000), "{% endif %}".repeat(50_000)));
    let _ = rendered(&format!("{{% if a %}}{}{{% endif %}}", "{% elif a %}".repeat(50_000)));
    for growing in [
        "{{ 'x' * 99999999999 }}",
        "{{ [0] * 99999999999 }}",
        "{{ range(99999999999) | list }}",
        "{{ 9 ** 9 ** 9 ** 9 }}",
        "{{ '%99999999999d' % 1 }}",
        "{{ '{:99999999999}'.format(1) }}",
        "{{ 'x'.ljust(99999999999) }}",
        "{{ 'x' | indent(99999999999) }}",
        "{{ 'x' | center(99999999999) }}",
        "{% set l = [] %}{% for i in range(99999) %}{% for j in range(99999) %}{% set _ = l.append(l) %}{% endfor %}{% endfor %}",
        "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
        "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{% set l = [1] %}{% set _ = l.append(l) %}{{ l }}",
        "{% set l = [1] %}{% set _ = l.append(l) %}{{ l == l }}{{ l | flatten }}",
    ] {
        assert!(rendered(growing).is_err(), "{growing}");
    }
}
