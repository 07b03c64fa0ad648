//! Everything that makes one login a different one from another.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::base::Secret;

/// How long a host may take to answer when nobody says, as Ansible has it.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// Whom to log in to, and how. What is not said here, the user's `ssh_config` says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SshTarget {
    /// A name or an address, or an alias of `ssh_config`.
    pub address: Arc<str>,
    /// `ansible_port`
    pub port: Option<u16>,
    /// `ansible_user`
    pub user: Option<Arc<str>>,
    /// `ansible_ssh_private_key_file`
    pub key_file: Option<Arc<str>>,
    /// `ansible_ssh_common_args` and `ansible_ssh_extra_args`, in words.
    pub arguments: Vec<String>,
    /// `ansible_password`
    pub password: Option<Secret>,
    /// `ansible_timeout`
    pub timeout: Duration,
    /// `ansible_host_key_checking`; without it `ssh_config` decides, and an unknown key is refused.
    pub host_key_checking: Option<bool>,
    /// `ansible_ssh_retries`: how often a login is tried again that did not work.
    pub retries: u32,
}

impl SshTarget {
    /// A host of which nothing else is said.
    pub fn new(address: &str) -> Self {
        Self {
            address: address.into(),
            port: None,
            user: None,
            key_file: None,
            arguments: Vec::new(),
            password: None,
            timeout: TIMEOUT,
            host_key_checking: None,
            retries: 0,
        }
    }

    /// The jump hosts that the arguments name, as they are written there.
    pub fn jump_hosts(&self) -> Option<&str> {
        let mut words = self.arguments.iter().map(String::as_str);
        while let Some(word) = words.next() {
            if let Some(rest) = word.strip_prefix("-J") {
                return if rest.is_empty() { words.next() } else { Some(rest) };
            }
            let option = match word.strip_prefix("-o") {
                Some("") => words.next(),
                rest => rest,
            };
            let Some((name, value)) = option.and_then(|o| o.split_once(['=', ' '])) else { continue };
            let name = name.trim();
            if ["proxyjump", "proxycommand"].iter().any(|known| name.eq_ignore_ascii_case(known)) {
                return Some(value.trim());
            }
        }
        None
    }
}

/// As a person would call it: `alice@n1:2222`.
impl fmt::Display for SshTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        f.write_str(&self.address)?;
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jump_hosts_in_all_spellings() {
        let jump = |arguments: &[&str]| {
            let arguments = arguments.iter().map(ToString::to_string).collect();
            let target = SshTarget { arguments, ..SshTarget::new("n1") };
            target.jump_hosts().map(str::to_owned)
        };
        assert_eq!(jump(&["-J", "gate"]).as_deref(), Some("gate"));
        assert_eq!(jump(&["-C", "-Jgate"]).as_deref(), Some("gate"));
        assert_eq!(jump(&["-o", "ProxyJump=a,b"]).as_deref(), Some("a,b"));
        assert_eq!(jump(&["-oproxyjump=gate"]).as_deref(), Some("gate"));
        assert_eq!(jump(&["-o", "ProxyCommand=ssh -W %h:%p gate"]).as_deref(), Some("ssh -W %h:%p gate"));
        assert_eq!(jump(&["-o", "Compression=yes"]), None);
        assert_eq!(jump(&["-J"]), None);
    }

    #[test]
    fn a_password_is_not_shown() {
        let target = SshTarget {
            user: Some("alice".into()),
            port: Some(2222),
            password: Some("hunter2".into()),
            ..SshTarget::new("n1")
        };
        assert_eq!(target.to_string(), "alice@n1:2222");
        assert!(!format!("{target:?}").contains("hunter2"));
    }
}
