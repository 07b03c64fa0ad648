//! Which agent a host means: two hosts with the same endpoint share one session.

use std::fmt;
use std::sync::Arc;

use crate::base::Diagnostic;
use crate::wire::Escalation;

/// What the inventory says about reaching a host; plain data, already templated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// `ansible_connection`.
    pub connection: Option<String>,
    /// `ansible_host`, else the host's name.
    pub address: String,
    /// `ansible_port`.
    pub port: Option<u16>,
    /// `ansible_user`.
    pub user: Option<String>,
}

/// The resolved other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// This machine, as the user who runs the controller.
    Local,
    /// Another user there, through the agent of the user who logged in.
    Become(Arc<Endpoint>, Arc<Escalation>),
    /// An agent inside this process, by its name in a test.
    Memory(Arc<str>),
    /// Answers from data, by its name in a test.
    Scripted(Arc<str>),
}

impl Endpoint {
    /// The endpoint of the user who logs in.
    pub fn login(&self) -> &Endpoint {
        match self {
            Endpoint::Become(login, _) => login.login(),
            own => own,
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Local => f.write_str("local"),
            Endpoint::Become(login, escalation) => write!(f, "{login} as {}", escalation.user),
            Endpoint::Memory(name) => write!(f, "memory {name}"),
            Endpoint::Scripted(name) => write!(f, "scripted {name}"),
        }
    }
}

/// Why a host cannot be reached, known before anybody tries.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// No such way.
    #[error("there is no connection `{0}`")]
    Unknown(String),
}

impl TargetError {
    /// What the user is told; the caller adds the place.
    pub fn diagnostic(&self) -> Diagnostic {
        let TargetError::Unknown(name) = self;
        Diagnostic::error("unknown-connection", self.to_string()).suggest(name, CONNECTIONS.iter().copied())
    }
}

/// The names that `ansible_connection` may have.
pub const CONNECTIONS: &[&str] = &["local", "memory", "scripted"];

impl Target {
    /// The endpoint that this target means. Without `connection` it is this machine only when the address says so.
    pub fn endpoint(&self) -> Result<Endpoint, TargetError> {
        let here = matches!(self.address.as_str(), "localhost" | "127.0.0.1" | "::1");
        match self.connection.as_deref() {
            Some("local" | "ansible.builtin.local") => Ok(Endpoint::Local),
            None if here => Ok(Endpoint::Local),
            Some("memory") => Ok(Endpoint::Memory(self.address.as_str().into())),
            Some("scripted") => Ok(Endpoint::Scripted(self.address.as_str().into())),
            other => Err(TargetError::Unknown(other.unwrap_or("ssh").to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_target_means() {
        let target = |connection: Option<&str>, address: &str| {
            Target { connection: connection.map(Into::into), address: address.into(), ..Target::default() }
                .endpoint()
        };
        assert_eq!(target(Some("local"), "n1"), Ok(Endpoint::Local));
        assert_eq!(target(None, "localhost"), Ok(Endpoint::Local));
        assert_eq!(target(Some("memory"), "n1"), Ok(Endpoint::Memory("n1".into())));
        assert_eq!(target(None, "n1"), Err(TargetError::Unknown("ssh".into())));
        let error = target(Some("lokal"), "n1").unwrap_err().diagnostic().to_string();
        assert_eq!(
            error,
            "error[unknown-connection]: there is no connection `lokal`\n |\n = help: did you mean `local`?"
        );
    }
}
