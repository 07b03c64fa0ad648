//! What a module's program printed: whatever it is, it is an outcome.

#![no_main]

use benchbook::module::foreign::answer::{Ended, judge};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let ended = Ended { stdout: text.to_owned(), keep_invocation: true, ..Ended::default() };
    let _ = judge(&ended);
});
