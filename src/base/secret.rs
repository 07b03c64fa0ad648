//! A text that is never shown: a password on its way to where it is needed.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A text that `Debug` and messages do not show. It has no `Display`: whoever needs the text asks for it by [`Secret::reveal`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(Arc<str>);

impl Secret {
    /// The text, for the program that asks for it, never for a log, a message, an argument or an environment.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl<T: Into<Arc<str>>> From<T> for Secret {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("********")
    }
}

/// Ansible's words for a result or an argument that is a password.
pub const WHOLE: &str = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER";

/// Whether a variable of this name is likely to be secret.
pub fn names_a_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    ["pass", "secret", "token", "credential", "private_key"].iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn nobody_sees_it_by_accident() {
        let secret = Secret::from("hunter2");
        assert_eq!(format!("{:?}", Some(&secret)), "Some(********)");
        assert_eq!(secret.reveal(), "hunter2");
    }
}
