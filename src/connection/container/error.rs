//! What an engine answers when it does not do what it was asked.

use std::fmt;
use std::io;

use bollard::errors::Error;

use super::refusal::{self, Refusal};

/// The engine's answer, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct EngineError {
    /// The status of the answer; `None` when the connection broke, or when the answer began well.
    pub status: Option<u16>,
    /// The engine's own words, without the client's around them.
    pub words: String,
    /// Why nobody could connect to the engine's socket; `None` when somebody listens there.
    pub unanswered: Option<io::ErrorKind>,
}

impl EngineError {
    /// Somebody says this, without a status.
    pub fn new(words: impl Into<String>) -> Self {
        Self { status: None, words: words.into(), unanswered: None }
    }

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
            Error::DockerResponseServerError { message, status_code } => {
                let words = match message.trim() {
                    // The answer to a `HEAD` has no words.
                    "" => format!("the engine answers with status {status_code}"),
                    words => words.to_owned(),
                };
                Self { status: Some(status_code), ..Self::new(words) }
            }
            Error::DockerStreamError { error } => Self::new(error.trim()),
            Error::RequestTimeoutError => Self::new("the engine does not answer"),
            Error::IOError { err } => Self { unanswered: unanswered(&err), ..Self::new(innermost(&err)) },
            other => Self::new(innermost(&other)),
        }
    }
}

/// The socket on a host did not take a connection; the agent's words about it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unanswered(String);

/// What an agent says about a socket: its path, and the system's error with its number.
pub(super) fn of_socket(words: String) -> io::Error {
    let number = words.rsplit_once("(os error ").and_then(|(_, rest)| rest.strip_suffix(')')?.parse().ok());
    let kind = number.map_or(io::ErrorKind::Other, |number| io::Error::from_raw_os_error(number).kind());
    io::Error::new(kind, Unanswered(words))
}

fn unanswered(error: &io::Error) -> Option<io::ErrorKind> {
    error.get_ref()?.downcast_ref::<Unanswered>().map(|_| error.kind())
}

/// The last cause says what happened; what stands around it is the client's.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_at_which_nobody_listens_is_known_by_the_systems_number() {
        let kind = |words: &str| EngineError::from(Error::from(of_socket(words.to_owned()))).unanswered;
        assert_eq!(kind("/s: No such file or directory (os error 2)"), Some(io::ErrorKind::NotFound));
        assert_eq!(kind("/s: Permission denied (os error 13)"), Some(io::ErrorKind::PermissionDenied));
        assert_eq!(kind("/s: Connection refused (os error 111)"), Some(io::ErrorKind::ConnectionRefused));
        assert_eq!(kind("it was given up"), Some(io::ErrorKind::Other));
        let elsewhere = io::Error::from(io::ErrorKind::NotFound);
        assert_eq!(EngineError::from(Error::from(elsewhere)).unanswered, None);
    }
}
