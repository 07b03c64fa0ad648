//! Why there is no session with an agent, and what the user is told about it.

use std::time::Duration;

use super::Endpoint;
use super::ssh::Refusal;
use crate::base::Diagnostic;

/// Why there is no session with an agent.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// There is no agent program; where it was looked for, which is nowhere when the running program does not know where it lies.
    #[error("no agent program found ({})", places(looked_for))]
    NoAgent {
        /// In this order.
        looked_for: Vec<String>,
    },
    /// The agent program cannot be started.
    #[error("cannot start {program}: {error}")]
    Start {
        /// Its path.
        program: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// The stream ended, or something else than an agent answered.
    #[error("no agent answered{}{}", colon(reason), said(banner))]
    NoAnswer {
        /// Why, if known.
        reason: String,
        /// What was printed instead.
        banner: String,
    },
    /// The agent is another version.
    #[error(
        "the agent speaks protocol {agent}, this program speaks {ours}: the two programs are from different builds"
    )]
    Protocol {
        /// The agent's.
        agent: u32,
        /// This program's.
        ours: u32,
    },
    /// The target is there, but nobody becomes another user on it.
    #[error("{reason}{}", said(banner))]
    Become {
        /// What sudo, su or doas says, or what it means.
        reason: String,
        /// What was printed beside that.
        banner: String,
    },
    /// The host is there, but not the container, or not the engine that runs it.
    #[error("{reason}")]
    Container {
        /// What the engine says, or the host about its socket.
        reason: String,
        /// The path of the socket.
        socket: String,
        /// Whether that is because nothing runs there any more: the container has ended or is gone.
        gone: bool,
        /// Why nobody could connect to the socket; `None` when an engine listens there.
        unanswered: Option<std::io::ErrorKind>,
    },
    /// There is no agent program for the host's kind of machine.
    #[error("no agent for {system}{}", looked(looked_for))]
    NoAgentFor {
        /// The host's `uname -sm`.
        system: String,
        /// In this order; empty when no agent can be built for it.
        looked_for: Vec<String>,
    },
    /// No folder of the host takes the agent.
    #[error("the agent cannot be put on {host}: {}", reasons.join("; "))]
    NotPut {
        /// As in `user@name:port`.
        host: String,
        /// For each folder that was tried.
        reasons: Vec<String>,
    },
    /// The login failed.
    #[error("{host}: {refusal}")]
    Refused {
        /// As in `user@name:port`.
        host: String,
        /// Why.
        refusal: Refusal,
    },
    /// As many connections are in use as there may be.
    #[error("all {maximum} connections were in use for {} s", waited.as_secs())]
    NoRoom {
        /// The pool's limit.
        maximum: usize,
        /// How long it was waited.
        waited: Duration,
    },
    /// Only an agent can do something there.
    #[error("nothing can be run without an agent by the connection {0}")]
    NoExecution(String),
    /// Nobody told the pool how to reach this endpoint.
    #[error("nothing is known about how to reach {0}")]
    Unknown(Endpoint),
}

impl ConnectError {
    /// Whether the target can be reached all the same, so that only this task fails.
    pub fn is_refusal(&self) -> bool {
        matches!(self, ConnectError::Become { .. })
    }

    /// Whether it is a container in which nothing is any more.
    pub fn is_gone(&self) -> bool {
        matches!(self, ConnectError::Container { gone: true, .. })
    }

    /// Whether the host has no container engine: nobody listens at the socket.
    pub fn is_without_engine(&self) -> bool {
        use std::io::ErrorKind::{ConnectionRefused, NotFound};
        matches!(self, ConnectError::Container { unanswered: Some(NotFound | ConnectionRefused), .. })
    }

    /// The message, and what to do about it, in lines.
    pub fn told(&self) -> String {
        let Diagnostic { message, help, .. } = self.diagnostic();
        help.iter().fold(message, |told, help| format!("{told}\nhelp: {help}"))
    }

    /// What the user is told.
    pub fn diagnostic(&self) -> Diagnostic {
        let code = match self {
            ConnectError::NoAgent { .. } | ConnectError::NoAgentFor { .. } => "no-agent",
            ConnectError::Start { .. } => "agent-does-not-start",
            ConnectError::NoAnswer { .. } => "no-answer",
            ConnectError::Protocol { .. } => "agent-of-another-build",
            ConnectError::Become { .. } => "become",
            ConnectError::Container { .. } => "container",
            ConnectError::NotPut { .. } => "agent-cannot-be-put",
            ConnectError::Refused { refusal, .. } => refusal.code(),
            ConnectError::NoRoom { .. } => "no-free-connection",
            ConnectError::NoExecution(_) => "no-execution",
            ConnectError::Unknown(_) => "unknown-endpoint",
        };
        let diagnostic = Diagnostic::error(code, self.to_string());
        match self {
            ConnectError::NoAgent { .. } | ConnectError::Protocol { .. } => diagnostic
                .help("`cargo build` makes both programs; `cargo run` makes only the one that it runs")
                .help("the environment variable BENCHBOOK_AGENT names an agent that is somewhere else"),
            ConnectError::NoAgentFor { .. } => {
                diagnostic.help("put `benchbook-agent` of that machine's kind there; `raw` works without one")
            }
            ConnectError::Refused { host, refusal } => diagnostic.help(refusal.help(host)),
            ConnectError::Container { unanswered: Some(std::io::ErrorKind::PermissionDenied), .. } => {
                diagnostic.help("the user who logs in must belong to the group of the socket (usually `docker`), or `become: true`")
            }
            _ if self.is_without_engine() => diagnostic.help("no container engine listens there: start Docker, or say where it listens with `ansible_docker_docker_host: unix:///path`"),
            ConnectError::NoRoom { .. } => {
                diagnostic.help("`connections` below [ssh] in benchbook.toml, or fewer --forks")
            }
            _ => diagnostic,
        }
    }
}

fn places(looked_for: &[String]) -> String {
    match looked_for {
        [] => "without /proc nobody can tell where this program lies, and so where its agent is".into(),
        _ => format!("looked for {}", looked_for.join(", ")),
    }
}

fn colon(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text}") }
}

fn looked(paths: &[String]) -> String {
    if paths.is_empty() { String::new() } else { format!(" (looked for {})", paths.join(", ")) }
}

fn said(banner: &str) -> String {
    if banner.trim().is_empty() { String::new() } else { format!("; it said: {}", banner.trim()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_user_is_told() {
        let error = ConnectError::NoAgent {
            looked_for: vec!["/a/benchbook-agent".into(), "/a/agents/benchbook-agent".into()],
        };
        let expected = "\
error[no-agent]: no agent program found (looked for /a/benchbook-agent, /a/agents/benchbook-agent)
 |
 = help: `cargo build` makes both programs; `cargo run` makes only the one that it runs
 = help: the environment variable BENCHBOOK_AGENT names an agent that is somewhere else";
        assert_eq!(error.diagnostic().to_string(), expected);
        let error = ConnectError::NoAnswer { reason: "exit status: 127".into(), banner: "Welcome\n".into() };
        assert_eq!(
            error.diagnostic().to_string(),
            "error[no-answer]: no agent answered: exit status: 127; it said: Welcome"
        );
    }
}
