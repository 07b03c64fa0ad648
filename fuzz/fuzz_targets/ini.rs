//! Any text: the INI reader answers or explains.
#![no_main]

use benchbook::base::Source;
use benchbook::syntax::ini;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(errors) = ini::parse(&Source::new("fuzz", text)) {
        drop(errors.to_string());
    }
});
