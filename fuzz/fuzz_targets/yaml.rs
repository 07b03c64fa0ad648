//! Any text: the YAML reader answers or explains, and every message can be shown.
#![no_main]

use benchbook::base::{Diagnostics, Source};
use benchbook::syntax::yaml;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut warnings = Diagnostics::new();
    match yaml::parse(&Source::new("fuzz", text), &mut warnings) {
        Ok(documents) => documents.iter().for_each(|d| drop(d.to_value())),
        Err(error) => drop(error.render(false)),
    }
    drop(warnings.to_string());
});
