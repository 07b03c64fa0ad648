//! Texts under `tests/cases/yaml` and what becomes of them.

use std::fmt::Write;

use proptest::prelude::*;

use super::{Node, NodeKind, ini, yaml};
use crate::base::{Diagnostics, Source, Value};

/// One line per node: place, raw text or kind, meaning.
fn dump(node: &Node, depth: usize, out: &mut String) {
    let pad = "  ".repeat(depth);
    let tag = node.tag.as_ref().map_or(String::new(), |t| format!(" {t}"));
    let place = format!("{}:{} {:?}", node.span.line(), node.span.column(), node.span.text());
    match &node.kind {
        NodeKind::Scalar(s) => {
            let content = match &s.value {
                Value::String(t) => {
                    t.span().map_or(String::from(" data"), |s| format!(" <{}>", s.text().escape_debug()))
                }
                _ => String::new(),
            };
            writeln!(out, "{pad}{place}{tag} {:?} {:?}{content}", s.style, s.value)
        }
        NodeKind::Sequence(items) => {
            let _ = writeln!(out, "{pad}{place}{tag} list");
            items.iter().for_each(|n| dump(n, depth + 1, out));
            Ok(())
        }
        NodeKind::Mapping(pairs) => {
            let _ = writeln!(out, "{pad}{place}{tag} mapping");
            for (key, value) in pairs.iter() {
                dump(key, depth + 1, out);
                dump(value, depth + 2, out);
            }
            Ok(())
        }
    }
    .expect("a string takes all");
}

fn answer(path: &std::path::Path) -> String {
    let text = std::fs::read_to_string(path).expect("a test case");
    let source = Source::new(path.file_name().expect("a file").to_string_lossy(), text);
    let mut warnings = Diagnostics::new();
    let mut out = String::new();
    match yaml::parse(&source, &mut warnings) {
        Ok(documents) => documents.iter().for_each(|d| dump(d, 0, &mut out)),
        Err(error) => write!(out, "{error}").expect("a string takes all"),
    }
    if !warnings.is_empty() {
        write!(out, "\n{warnings}").expect("a string takes all");
    }
    out
}

#[test]
fn texts_become_these_trees_or_these_messages() {
    insta::with_settings!({snapshot_path => "../../tests/cases/yaml/snapshots", prepend_module_to_snapshot => false}, {
        insta::glob!("../../tests/cases/yaml", "*.yml", |path| insta::assert_snapshot!("tree", answer(path)));
        insta::glob!("../../tests/cases/yaml/broken", "*.yml", |path| insta::assert_snapshot!("broken", answer(path)));
    });
}

/// `tests/cases/yaml/scalars.json` holds `PyYAML`'s answers: text, type, Python's `repr` or ISO form.
#[test]
fn plain_scalars_mean_what_they_mean_to_pyyaml() {
    let sheet: Vec<[String; 3]> =
        serde_json::from_str(include_str!("../../tests/cases/yaml/scalars.json")).expect("the sheet");
    let mut wrong = Vec::new();
    for [text, kind, answer] in &sheet {
        let source = Source::new("sheet", format!("- {text}\n"));
        let node = yaml::parse_one(&source, &mut Diagnostics::new()).expect("a scalar").expect("a document");
        let value = node.as_sequence().expect("a list")[0].to_value();
        let ours = match &value {
            Value::Null => ["null".into(), String::new()],
            Value::Bool(_) => ["bool".into(), value.to_string()],
            Value::Int(_) => ["int".into(), value.to_string()],
            Value::Float(_) => ["float".into(), value.to_string()],
            Value::Date(_) => ["date".into(), value.to_string()],
            _ => ["str".into(), value.to_string()],
        };
        if ours != [kind.clone(), answer.clone()] {
            wrong.push(format!("{text}: PyYAML {kind} {answer}, here {ours:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), sheet.len(), wrong.join("\n"));
}

#[test]
fn a_tower_of_a_hundred_thousand_is_refused_and_not_climbed() {
    let tower = 100_000;
    let texts = [
        "[".repeat(tower),
        "{a: ".repeat(tower),
        "- ".repeat(tower),
        "? ".repeat(tower),
        "a: [{".repeat(tower),
    ];
    for text in texts {
        let error = yaml::parse(&Source::new("tower", text), &mut Diagnostics::new()).expect_err("too deep");
        assert_eq!(error.code, "too-deep", "{error}");
    }
}

/// Every place is inside the text and between characters.
fn check_places(node: &Node) {
    let range = node.span.range();
    assert!(node.span.source().text().get(range.clone()).is_some(), "{range:?}");
    if let Some(place) = node.as_scalar().and_then(|s| match &s.value {
        Value::String(text) => text.span(),
        _ => None,
    }) {
        assert!(place.source().text().get(place.range()).is_some());
    }
    node.as_sequence().unwrap_or_default().iter().for_each(check_places);
    for (key, value) in node.as_mapping().unwrap_or_default() {
        assert!(key.to_key().is_some());
        check_places(key);
        check_places(value);
    }
}

fn check_text(text: &str) {
    let mut warnings = Diagnostics::new();
    match yaml::parse(&Source::new("any", text), &mut warnings) {
        Ok(documents) => documents.iter().for_each(|d| {
            check_places(d);
            d.to_value();
        }),
        Err(error) => assert!(!error.render(false).is_empty()),
    }
    warnings.iter().for_each(|w| assert!(!w.render(false).is_empty()));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}") {
        check_text(&text);
    }

    #[test]
    fn no_text_of_yaml_pieces_makes_it_panic(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..24)
    ) {
        check_text(&pieces.concat());
    }
}

const PIECES: &[&str] = &[
    "a", "b: ", "- ", "\n", "\n  ", "\n ", "{", "}", "[", "]", ", ", ": ", "{{ x }}", "\"", "'", "|\n",
    ">-\n", "&a ", "*a", "<<: ", "!!int ", "!unsafe ", "!", "#", " # c", "\t", "é", "\r\n", "---\n", "...",
    "? ", "0", "1:30", "\\", "\\x", "%", "@", "~", "\u{feff}",
];

fn ini_answer(path: &std::path::Path) -> String {
    let text = std::fs::read_to_string(path).expect("a test case");
    let sections = match ini::parse(&Source::new(path.file_name().expect("a file").to_string_lossy(), text)) {
        Ok(sections) => sections,
        Err(errors) => return errors.to_string(),
    };
    let mut out = String::new();
    let place = |w: &ini::Word| format!("{:?} at {}:{}", w.value, w.span.line(), w.span.column());
    let assignment =
        |a: &ini::Assignment| format!("{} = {:?} <{}>", place(&a.key), a.value.value, a.value.span.text());
    for (group, section) in &sections {
        let lines: Vec<String> = match section {
            ini::Section::Hosts(hosts) => hosts
                .iter()
                .flat_map(|h| {
                    std::iter::once(place(&h.name))
                        .chain(h.vars.iter().map(|a| format!("  {}", assignment(a))))
                })
                .collect(),
            ini::Section::Children(names) => names.iter().map(place).collect(),
            ini::Section::Vars(vars) => vars.iter().map(assignment).collect(),
        };
        let kind = match section {
            ini::Section::Hosts(_) => "hosts",
            ini::Section::Children(_) => "children",
            ini::Section::Vars(_) => "vars",
        };
        writeln!(out, "{} {kind}\n  {}", group.as_ref().map_or("-".into(), place), lines.join("\n  "))
            .expect("a string takes all");
    }
    out
}

#[test]
fn inventories_become_these_sections_or_these_messages() {
    insta::with_settings!({snapshot_path => "../../tests/cases/ini/snapshots", prepend_module_to_snapshot => false}, {
        insta::glob!("../../tests/cases/ini", "*.ini", |path| insta::assert_snapshot!("sections", ini_answer(path)));
        insta::glob!("../../tests/cases/ini/broken", "*.ini", |path| insta::assert_snapshot!("broken", ini_answer(path)));
    });
}

proptest! {
    #[test]
    fn no_inventory_makes_it_panic(text in "(\\[|\\]|:vars|:children|a|=|\"|'|\\\\|#|\n| |é|5|\\{|,){0,40}") {
        if let Err(errors) = ini::parse(&Source::new("any", text)) {
            prop_assert!(!errors.to_string().is_empty());
        }
    }
}
