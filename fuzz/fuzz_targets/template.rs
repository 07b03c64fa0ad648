//! Any text as a template and as a condition: what it reads is found, or its mistake is explained. Nothing is rendered,
//! because a template may run commands.
#![no_main]

use benchbook::base::{Span, Value};
use benchbook::load::Expressions;
use benchbook::vars::{condition_check, condition_references, references, syntax_check};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let value = Value::template(text, Span::whole("fuzz.yml", text));
    drop((references(&value), condition_references(&value)));
    let condition = [Expressions::Strict, Expressions::Lenient].map(|rules| condition_check(&value, rules));
    for problem in condition.into_iter().chain([syntax_check(&value)]).flatten() {
        drop(problem.render(false));
    }
});
