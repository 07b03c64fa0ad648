//! Another user on a target: an agent that the login user's agent starts and whose bytes it passes on.

use std::sync::Arc;

use super::agents::PROGRAM;
use super::{BoxFuture, ConnectError, Connector, Link, Session};
use crate::base::shlex;
use crate::wire::escalating::command_line;
use crate::wire::{Dial, Escalation};

/// A way to another user's agent.
pub struct BecomeUser {
    login: Arc<Session>,
    escalation: Arc<Escalation>,
}

impl BecomeUser {
    /// Through the agent of the user who logged in.
    pub fn new(login: Arc<Session>, escalation: Arc<Escalation>) -> Self {
        Self { login, escalation }
    }

    /// Whether the user who logged in is meant, so that nobody need become anybody.
    pub fn is_login(login: &Session, escalation: &Escalation) -> bool {
        let hello = login.hello();
        (escalation.user == "root" && hello.uid == 0)
            || (!hello.user.is_empty() && hello.user == escalation.user)
    }
}

impl Connector for BecomeUser {
    fn open(&self) -> BoxFuture<'_, Result<Link, ConnectError>> {
        Box::pin(async {
            let dial = Dial::Agent((*self.escalation).clone());
            self.login
                .dial(dial)
                .map_err(|error| ConnectError::NoAnswer { reason: error.to_string(), banner: String::new() })
        })
    }

    /// The program's own words, as long as the login user's agent is there.
    fn explain(&self, error: ConnectError) -> ConnectError {
        match error {
            ConnectError::NoAnswer { reason, banner } if self.login.is_alive() => {
                ConnectError::Become { reason, banner }
            }
            other => other,
        }
    }

    /// The path of the agent and the words of the question are known to the agent alone that starts it.
    fn command(&self) -> Option<String> {
        let words = command_line(&self.escalation, &[PROGRAM.to_owned()], "password: ").ok()?;
        Some(words.iter().map(|word| shlex::quote(word)).collect::<Vec<_>>().join(" "))
    }

    fn name(&self) -> String {
        format!("{} as {}", self.escalation.method.name(), self.escalation.user)
    }
}
