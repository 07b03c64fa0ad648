//! Outputs and what comes out of them, each figure with its bytes.

use std::fmt::Write;

use proptest::prelude::*;

use super::*;
use crate::base::{Span, Spanned};
use crate::model::Better;

fn spanned(text: &str) -> Spanned<std::sync::Arc<str>> {
    Spanned::new(text.into(), Span::nowhere("test"))
}

fn metric(source: MetricSource, take: Option<Take>) -> Metric {
    let (name, unit) = (spanned("bandwidth"), spanned("MB/s"));
    let span = Span::nowhere("test");
    Metric { span, name, unit, better: Better::Higher, source, from: None, take, expect: Vec::new() }
}

fn regex(pattern: &str) -> MetricSource {
    MetricSource::Regex(spanned(pattern))
}

fn json(path: &str, labels: &[&str]) -> MetricSource {
    MetricSource::Json { path: spanned(path), labels: labels.iter().map(|l| spanned(l)).collect() }
}

fn csv(column: &str, labels: &[&str]) -> MetricSource {
    let labels = labels.iter().map(|l| spanned(l)).collect();
    MetricSource::Csv { column: spanned(column), labels, separator: ',' }
}

/// What comes out, each figure with the bytes of the output that it names.
fn shown(source: MetricSource, take: Option<Take>, output: &str) -> String {
    match extract(&metric(source, take), output.as_bytes()) {
        Err(error) => error.to_string(),
        Ok(figures) => figures.into_iter().fold(String::new(), |mut text, f| {
            let bytes = |n: u64| usize::try_from(n).unwrap();
            let place = &output[bytes(f.range.0)..bytes(f.range.1)];
            writeln!(text, "{}{} <- {place:?}", f.value, Labels(&f.labels)).unwrap();
            text
        }),
    }
}

const STREAM: &str = "STREAM\r\nCopy:  11900.5 x\r\nTriad: 12000 x\nTriad: 12500 x\n";
const LINE: &str = r"^(?P<op>Copy|Triad):\s+(?P<value>[\d.,]+)";

#[test]
fn regexes() {
    insta::assert_snapshot!(shown(regex(LINE), None, &STREAM.replace("Triad: 12500 x\n", "")), @r#"
    11900.5 op=Copy <- "11900.5"
    12000 op=Triad <- "12000"
    "#);
    insta::assert_snapshot!(shown(regex(LINE), Some(Take::Mean), STREAM), @r#"
    11900.5 op=Copy <- "11900.5"
    12250 op=Triad <- "12000 x\nTriad: 12500"
    "#);
    insta::assert_snapshot!(shown(regex(LINE), Some(Take::Max), STREAM), @r#"
    11900.5 op=Copy <- "11900.5"
    12500 op=Triad <- "12500"
    "#);
    insta::assert_snapshot!(shown(regex(LINE), None, STREAM), @"figure `bandwidth` op=Triad occurs 2 times; say which with `take`: first, last, min, max, mean, median or sum");
    insta::assert_snapshot!(shown(regex(LINE), None, "nothing\n"), @r"no figure `bandwidth` in the output: nothing fits the regex `^(?P<op>Copy|Triad):\s+(?P<value>[\d.,]+)`");
    insta::assert_snapshot!(shown(regex(LINE), None, "Copy: 11,900\n"), @"figure `bandwidth`: `11,900` is not a number: it has a thousands separator or a decimal comma, which could mean two numbers");
    insta::assert_snapshot!(shown(regex("(?P<value>nan|x)"), None, "nan"), @"figure `bandwidth`: `nan` is not a number");
    insta::assert_snapshot!(shown(regex(r"\d+"), None, "1"), @"figure `bandwidth`: its regex has no group named `value`: `(?P<value>…)`");
}

#[test]
fn json_paths() {
    let output = "starting…\n{\"jobs\": [{\"name\": \"a\", \"read\": {\"bw\": 1.5e3}}, {\"name\": \"b\", \"read\": {\"bw\": 7}}]}\ndone\n";
    insta::assert_snapshot!(shown(json("$.jobs[1].read.bw", &[]), None, output), @r#"7 <- "7""#);
    insta::assert_snapshot!(shown(json("$['jobs'][*].read.bw", &[]), Some(Take::Sum), output), @r#"1507 <- "1.5e3}}, {\"name\": \"b\", \"read\": {\"bw\": 7""#);
    insta::assert_snapshot!(shown(json("$.jobs[*].read", &[]), None, output), @"figure `bandwidth`: its path leads to an object or a list, not to a number");
    insta::assert_snapshot!(shown(json("jobs", &[]), None, output), @"figure `bandwidth`: this path cannot be read at `jobs`");
    let rows = "{\"op\": \"r\", \"v\": 1}\n{\"op\": \"w\", \"v\": \"2.5\"}\n";
    insta::assert_snapshot!(shown(json("$.v", &["op"]), None, rows), @r#"
    1 op=r <- "1"
    2.5 op=w <- "\"2.5\""
    "#);
    insta::assert_snapshot!(shown(json("$.v", &["size"]), None, rows), @"figure `bandwidth`: there is no text or number `size` beside the value");
}

#[test]
fn csv_columns() {
    let output = "# tool 1.0\nsize, \"time\", note\n8, 1.5, \"a, b\"\n16, \"2\", c\n\nsize, time, note\n";
    insta::assert_snapshot!(shown(csv("time", &["size"]), None, output), @r#"
    1.5 size=8 <- "1.5"
    2 size=16 <- "2"
    "#);
    insta::assert_snapshot!(shown(csv("time", &["what"]), None, output), @"figure `bandwidth`: the table has no column `what`");
    insta::assert_snapshot!(shown(csv("speed", &[]), None, output), @"no figure `bandwidth` in the output: nothing fits the column `speed`");
}

proptest! {
    #[test]
    fn any_output_is_read_or_refused(
        output in prop::collection::vec(any::<u8>(), 0..300),
        text in r#"[\[\]{}:,"\\0-9a\n .]{0,200}"#,
    ) {
        for source in [regex("(?P<value>[0-9.]+)"), json("$[*].a", &["b"]), csv("a", &["b"])] {
            for bytes in [output.as_slice(), text.as_bytes()] {
                for figure in extract(&metric(source.clone(), Some(Take::First)), bytes).unwrap_or_default() {
                    prop_assert!(figure.range.0 <= figure.range.1);
                    prop_assert!(figure.range.1 <= bytes.len() as u64);
                }
            }
        }
    }

    #[test]
    fn every_number_of_a_document_is_found_by_its_path(document in any_document(), noise in "[a-z :]{0,20}") {
        for text in [document.to_string(), format!("{document:#}")] {
            let output = format!("{noise}\n{text}\n{noise}");
            for (path, number) in numbers(&document) {
                let figures = extract(&metric(json(&path, &[]), None), output.as_bytes());
                let figure = figures.as_ref().map(|found| (found.len(), found[0].value));
                prop_assert_eq!(figure, Ok((1, number)), "{}", path);
                let (from, to) = figures.unwrap()[0].range;
                let place = &output[usize::try_from(from).unwrap()..usize::try_from(to).unwrap()];
                prop_assert_eq!(place.parse::<f64>(), Ok(number));
            }
        }
    }

    #[test]
    fn the_path_cannot_break_the_reader(path in r"\$[\[\].*'a0]{0,20}") {
        let _ = parse(&path);
    }
}

fn parse(path: &str) -> Result<Vec<Extracted>, ExtractError> {
    extract(&metric(json(path, &[]), Some(Take::First)), b"{\"a\": [{\"a\": 1}]}")
}

fn any_document() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(serde_json::Value::from),
        prop::num::f64::NORMAL.prop_map(serde_json::Value::from),
        "\\PC{0,6}".prop_map(serde_json::Value::from),
        Just(serde_json::Value::Null),
    ];
    let tree = leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
            prop::collection::hash_map("[^'\\]]{1,6}", inner, 0..5).prop_map(|m| m.into_iter().collect()),
        ]
    });
    prop::collection::vec(tree, 1..3).prop_map(serde_json::Value::from)
}

/// Every number below a value with its path.
fn numbers(value: &serde_json::Value) -> Vec<(String, f64)> {
    fn below(value: &serde_json::Value, path: &str, all: &mut Vec<(String, f64)>) {
        all.extend(value.as_f64().map(|number| (path.to_owned(), number)));
        for (at, item) in value.as_array().into_iter().flatten().enumerate() {
            below(item, &format!("{path}[{at}]"), all);
        }
        for (key, item) in value.as_object().into_iter().flatten() {
            below(item, &format!("{path}['{key}']"), all);
        }
    }
    let mut all = Vec::new();
    below(value, "$", &mut all);
    all
}
