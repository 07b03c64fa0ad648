//! Any text: the YAML reader answers or explains, every message can be shown, and every place lies in the text.
#![no_main]

use benchbook::base::{Diagnostics, Source};
use benchbook::syntax::{Node, yaml};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut warnings = Diagnostics::new();
    match yaml::parse(&Source::new("fuzz", text), &mut warnings) {
        Ok(documents) => documents.iter().for_each(|document| {
            drop(document.to_value());
            check_places(document);
        }),
        Err(error) => drop(error.render(false)),
    }
    drop(warnings.to_string());
});

fn check_places(node: &Node) {
    assert!(node.span.source().text().get(node.span.range()).is_some(), "{:?}", node.span.range());
    node.as_sequence().unwrap_or_default().iter().for_each(check_places);
    for (key, value) in node.as_mapping().unwrap_or_default() {
        check_places(key);
        check_places(value);
    }
}
