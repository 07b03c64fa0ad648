//! How a module fails: with a sentence for the user and the values that Ansible's module would give back.

use std::fmt::Display;
use std::path::Path;

use crate::base::Value;
use crate::base::args::ArgError;
use crate::wire::Outcome;

/// What a module's function gives back.
pub type Answer = Result<Outcome, Failure>;

/// A failure on its way to becoming an [`Outcome`].
#[derive(Debug)]
pub struct Failure(Box<Outcome>);

impl Failure {
    /// A failure and its sentence.
    pub fn new(msg: impl Into<String>) -> Self {
        Self(Box::new(Outcome::failed(msg)))
    }

    /// Adds a return value.
    #[must_use]
    pub fn with(self, key: &str, value: impl Into<Value>) -> Self {
        Self(Box::new(self.0.with(key, value)))
    }

    /// The outcome that says so.
    pub fn into_outcome(self) -> Outcome {
        *self.0
    }
}

/// Arguments that cannot be read.
impl From<ArgError> for Failure {
    #[cold]
    #[inline(never)]
    fn from(error: ArgError) -> Self {
        Self::new(error.to_string())
    }
}

/// An outcome of any status can end a module early.
impl From<Outcome> for Failure {
    fn from(outcome: Outcome) -> Self {
        Self(Box::new(outcome))
    }
}

/// Says what was tried when the system refuses.
pub trait Doing<T> {
    /// `cannot <what> <path>: <reason>`.
    fn doing(self, what: &str, path: &Path) -> Result<T, Failure>;
}

impl<T, E: Display> Doing<T> for Result<T, E> {
    fn doing(self, what: &str, path: &Path) -> Result<T, Failure> {
        self.map_err(|error| Failure::new(format!("cannot {what} {}: {error}", path.display())))
    }
}
