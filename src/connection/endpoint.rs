//! Which agent a host means: two hosts with the same endpoint share one session.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::container::ContainerTarget;
use super::ssh::SshTarget;
use crate::base::connections::{CONNECTIONS, bare};
use crate::base::shlex::{self, SplitError};
use crate::base::{Diagnostic, Secret};
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
    /// `ansible_ssh_private_key_file`.
    pub key_file: Option<String>,
    /// `ansible_ssh_common_args` and `ansible_ssh_extra_args`, as a shell would read them.
    pub arguments: Vec<String>,
    /// `ansible_password`.
    pub password: Option<Secret>,
    /// `ansible_timeout`.
    pub timeout: Option<Duration>,
    /// `ansible_ssh_retries`.
    pub retries: u32,
    /// `ansible_docker_docker_host`: the container engine's address.
    pub engine: Option<String>,
    /// `ansible_host_key_checking`.
    pub host_key_checking: Option<bool>,
}

/// The resolved other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// This machine, as the user who runs the controller.
    Local,
    /// Another user there, through the agent of the user who logged in.
    Become(Arc<Endpoint>, Arc<Escalation>),
    /// A container there.
    Container(Arc<Endpoint>, Arc<ContainerTarget>),
    /// Another machine, as a user who can log in there.
    Ssh(Arc<SshTarget>),
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

    /// The endpoint whose agent passes on the bytes to this one's, if there is one.
    pub fn through(&self) -> Option<&Endpoint> {
        match self {
            Endpoint::Become(through, _) | Endpoint::Container(through, _) => Some(through),
            _ => None,
        }
    }

    /// The endpoint outside of all containers, whose agent speaks for the machine.
    pub fn outside(&self) -> &Endpoint {
        match self {
            Endpoint::Container(host, _) => host.outside(),
            own => own,
        }
    }

    /// How many agents pass on the bytes to this one's.
    pub fn depth(&self) -> usize {
        self.through().map_or(0, |through| 1 + through.depth())
    }

    /// The machine behind it, whoever logs in there.
    pub fn machine(&self) -> String {
        match self {
            Endpoint::Ssh(target) => {
                let nobody = SshTarget { user: None, ..SshTarget::clone(target) };
                format!("ssh {nobody}")
            }
            Endpoint::Become(through, _) | Endpoint::Container(through, _) => through.machine(),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Local => f.write_str("local"),
            Endpoint::Become(login, escalation) => write!(f, "{login} as {}", escalation.user),
            Endpoint::Container(host, target) => write!(f, "{host}, {target}"),
            Endpoint::Ssh(target) => write!(f, "ssh {target}"),
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
    /// The engine's address is of another kind.
    #[error("the container engine's address `{0}` is not `unix:///path`")]
    Engine(String),
    /// The arguments for ssh are no shell words.
    #[error("the arguments for ssh `{line}` cannot be read: {error}")]
    Arguments {
        /// As they are written.
        line: String,
        /// What is wrong.
        error: SplitError,
    },
}

impl TargetError {
    /// What the user is told; the caller adds the place.
    pub fn diagnostic(&self) -> Diagnostic {
        match self {
            TargetError::Unknown(name) => Diagnostic::error("unknown-connection", self.to_string())
                .suggest(name, CONNECTIONS.iter().copied()),
            TargetError::Engine(_) => Diagnostic::error("bad-engine-address", self.to_string())
                .help("only Unix sockets are dialled, from the host that the container runs on"),
            TargetError::Arguments { .. } => Diagnostic::error("bad-ssh-arguments", self.to_string()),
        }
    }
}

impl Target {
    /// The endpoint that this target means. Without `connection` it is this machine only when the address says so, and
    /// nothing is said about a login.
    pub fn endpoint(&self) -> Result<Endpoint, TargetError> {
        let here = matches!(self.address.as_str(), "localhost" | "127.0.0.1" | "::1")
            && self.port.is_none()
            && self.user.is_none();
        let name = self.connection.as_deref().map(bare);
        match name {
            Some("local") => Ok(Endpoint::Local),
            None if here => Ok(Endpoint::Local),
            // paramiko is another program for the same protocol.
            None | Some("ssh" | "smart" | "paramiko" | "paramiko_ssh") => {
                Ok(Endpoint::Ssh(Arc::new(self.ssh()?)))
            }
            Some("docker" | "docker_api") => {
                Ok(Endpoint::Container(Arc::new(Endpoint::Local), Arc::new(self.container()?)))
            }
            Some("memory") => Ok(Endpoint::Memory(self.address.as_str().into())),
            Some("scripted") => Ok(Endpoint::Scripted(self.address.as_str().into())),
            Some(other) => Err(TargetError::Unknown(other.to_owned())),
        }
    }

    fn container(&self) -> Result<ContainerTarget, TargetError> {
        let target = ContainerTarget::of(&self.address, self.engine.as_deref())?;
        Ok(ContainerTarget { user: self.user.as_deref().map(Arc::from), ..target })
    }

    fn ssh(&self) -> Result<SshTarget, TargetError> {
        let mut arguments = Vec::new();
        for line in &self.arguments {
            let words =
                shlex::split(line).map_err(|error| TargetError::Arguments { line: line.clone(), error })?;
            arguments.extend(words);
        }
        let plain = SshTarget::new(&self.address);
        Ok(SshTarget {
            port: self.port,
            user: self.user.as_deref().map(Arc::from),
            key_file: self.key_file.as_deref().map(Arc::from),
            arguments,
            password: self.password.clone(),
            timeout: self.timeout.unwrap_or(plain.timeout),
            host_key_checking: self.host_key_checking,
            retries: self.retries,
            ..plain
        })
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
        let ssh = Ok(Endpoint::Ssh(Arc::new(SshTarget::new("n1"))));
        for name in [None, Some("ssh"), Some("ansible.builtin.ssh"), Some("smart"), Some("paramiko_ssh")] {
            assert_eq!(target(name, "n1"), ssh);
        }
        let tunnel = Target { address: "127.0.0.1".into(), port: Some(2222), ..Target::default() };
        assert!(
            matches!(tunnel.endpoint(), Ok(Endpoint::Ssh(_))),
            "another machine behind a port of this one"
        );
        assert_eq!(target(Some("my.own.ssh"), "n1"), Err(TargetError::Unknown("my.own.ssh".into())));
        let container = Endpoint::Container(Arc::new(Endpoint::Local), Arc::new(ContainerTarget::new("c1")));
        assert_eq!(target(Some("community.docker.docker"), "c1"), Ok(container));
        let error = target(Some("lokal"), "n1").unwrap_err().diagnostic().to_string();
        assert_eq!(
            error,
            "error[unknown-connection]: there is no connection `lokal`\n |\n = help: did you mean `local`?"
        );
    }

    #[test]
    fn arguments_are_words_as_in_a_shell() {
        let target = |line: &str| {
            Target { address: "n1".into(), arguments: vec![line.into()], ..Target::default() }.endpoint()
        };
        let Ok(Endpoint::Ssh(ssh)) = target("-o ProxyCommand='ssh -W %h:%p gate' -C") else { panic!() };
        assert_eq!(ssh.arguments, ["-o", "ProxyCommand=ssh -W %h:%p gate", "-C"]);
        assert_eq!(
            target("-o 'x").unwrap_err().to_string(),
            "the arguments for ssh `-o 'x` cannot be read: no closing quotation"
        );
    }
}
