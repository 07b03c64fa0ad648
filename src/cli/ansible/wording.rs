//! What is wrong with a playbook, in the words that scripts look for.

use crate::base::{Diagnostic, Span};

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
        "empty-playbook" => {
            let place = found.span.as_ref().map(|span| format!(": {}", span.source().name()));
            format!("A playbook must contain at least one play{}", place.unwrap_or_default())
        }
        "bad-vars-file" => "Invalid variable file contents.".to_owned(),
        "empty-hosts" => "Hosts list cannot be empty. Please check your playbook".to_owned(),
        "two-users" => "both 'user' and 'remote_user' are set for this play.".to_owned(),
        "prompt" if own.ends_with("has no `name`") => {
            "Invalid vars_prompt data structure, missing 'name' key".to_owned()
        }
        "prompt" if own.starts_with("`vars_prompt` has no") => {
            let key = own.split('`').nth(3).unwrap_or_default();
            format!("Invalid vars_prompt data structure, found unsupported key '{key}'")
        }
        "old-style-role" => format!("Invalid old style role requirement: {}", quoted()),
        "wrong-type" if own.contains("`- {role: NAME}`") => {
            format!("A malformed role declaration was encountered: {own}")
        }
        "wrong-type" if own.contains("`- ` before each task") => match quoted() {
            "- " => "included task files must contain a list of tasks".to_owned(),
            key => {
                let text = found.span.as_ref().map(Span::text).unwrap_or_default();
                format!(
                    "A malformed block was encountered while loading {key}: {text} should be a list or None"
                )
            }
        },
        _ => own.clone(),
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
