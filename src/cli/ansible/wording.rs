//! What is wrong with a playbook, in the words that scripts look for.

use crate::base::Diagnostic;

/// The message of a diagnostic as the reference words it, where it has words of its own.
pub(super) fn message(found: &Diagnostic) -> String {
    let own = &found.message;
    let quoted = || own.split('`').nth(1).unwrap_or_default();
    match found.code {
        "bad-name" => format!("Invalid variable name '{}': {own}", quoted()),
        "unknown-keyword" => match own.rsplit_once(" of a ") {
            Some((_, what @ ("play" | "block"))) => {
                format!("'{}' is not a valid attribute for a {}", quoted(), capital(what))
            }
            _ => own.clone(),
        },
        _ => own.clone(),
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
