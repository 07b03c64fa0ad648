//! Any text as a template and as a condition: what it reads is found, or its mistake is explained. Nothing is rendered,
//! because a template may run commands.
#![no_main]

use benchbook::base::{Span, Value};
use benchbook::vars::{condition_check, condition_references, references, syntax_check};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let value = Value::template(text, Span::whole("fuzz.yml", text));
    drop((references(&value), condition_references(&value)));
    for problem in [syntax_check(&value), condition_check(&value)].into_iter().flatten() {
        drop(problem.render(false));
    }
});
