//! What an engine answers when it does not do what it was asked.

use std::fmt;

use bollard::errors::Error;

use super::refusal::{self, Refusal};

/// The engine's answer, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct EngineError {
    /// The status of the answer; `None` when the connection broke, or when the answer began well.
    pub status: Option<u16>,
    /// The engine's own words, without the client's around them.
    pub words: String,
}

impl EngineError {
    /// There is no such thing.
    pub fn is_absent(&self) -> bool {
        self.status == Some(404)
    }

    /// What it means and what to do, where that is known.
    pub fn refusal(&self) -> Option<&'static Refusal> {
        refusal::of(&self.words)
    }

    /// For people: what it means, the engine's words, what to do; one line each.
    pub fn told(&self) -> String {
        match self.refusal() {
            Some(Refusal { cause, remedy, .. }) => {
                format!("{cause}\nthe engine says: {}\nhelp: {remedy}", self.words)
            }
            None => self.words.clone(),
        }
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl From<Error> for EngineError {
    fn from(error: Error) -> Self {
        match error {
            // The answer to a `HEAD` has no words.
            Error::DockerResponseServerError { message, status_code } if message.trim().is_empty() => Self {
                status: Some(status_code),
                words: format!("the engine answers with status {status_code}"),
            },
            Error::DockerResponseServerError { message, status_code } => {
                Self { status: Some(status_code), words: message.trim().to_owned() }
            }
            Error::DockerStreamError { error } => Self { status: None, words: error.trim().to_owned() },
            Error::RequestTimeoutError => {
                Self { status: None, words: "the engine does not answer".to_owned() }
            }
            other => Self { status: None, words: innermost(&other) },
        }
    }
}

/// The last cause says what happened; what stands around it is the client's.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}
