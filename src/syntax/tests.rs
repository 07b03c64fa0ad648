//! Texts under `tests/cases/yaml` and what becomes of them.

use std::fmt::Write;

use super::{Node, NodeKind, yaml};
use crate::base::{Diagnostics, Source};

/// One line per node: place, raw text or kind, meaning.
fn dump(node: &Node, depth: usize, out: &mut String) {
    let pad = "  ".repeat(depth);
    let tag = node.tag.as_ref().map_or(String::new(), |t| format!(" {t}"));
    let place = format!("{}:{} {:?}", node.span.line(), node.span.column(), node.span.text());
    match &node.kind {
        NodeKind::Scalar(s) => {
            let content = match &s.value {
                crate::base::Value::String(t) => {
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
