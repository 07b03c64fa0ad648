//! Why a login failed: what the ssh program says, understood.

use std::fmt;

/// Why there is no login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The host does not answer, or refuses the connection.
    Down(String),
    /// The host answers and lets nobody in with these keys.
    Denied(String),
    /// The daemon drops connections before it says a word, as with `MaxStartups`.
    Busy(String),
    /// Nobody knows the host's key.
    UnknownKey,
    /// The host has another key than the one that is known.
    ChangedKey {
        /// The fingerprint of what it sent.
        fingerprint: String,
        /// `file:line` of what is known.
        known: String,
    },
    /// Something else; ssh's own words.
    Other(String),
}

/// Marks of a host that does not answer.
const DOWN: &[&str] = &[
    "Could not resolve hostname",
    "Connection refused",
    "Connection timed out",
    "Operation timed out",
    "No route to host",
    "Network is unreachable",
    "Network is down",
    "Host is down",
    "Name or service not known",
    "did not log in within",
];
/// Marks of a key or password that is refused.
const DENIED: &[&str] = &["Permission denied", "Too many authentication failures", "Authentication failed"];
/// Marks of a daemon that drops a connection at its start.
const BUSY: &[&str] = &[
    "kex_exchange_identification",
    "ssh_exchange_identification",
    "banner exchange",
    "Exceeded MaxStartups",
    "Not allowed at this time",
];

impl Refusal {
    /// Understands ssh's last words. The order counts: behind a jump host, one cause has several lines.
    pub fn of(words: &str) -> Self {
        let line = |marks: &[&str]| {
            let has = |line: &&str| marks.iter().any(|mark| line.contains(mark));
            words.lines().find(has).map(|line| line.trim().trim_start_matches("ssh: ").to_owned())
        };
        if words.contains("REMOTE HOST IDENTIFICATION HAS CHANGED") {
            return Self::changed_key(words);
        }
        if line(&["Host key verification failed", "host key is known for"]).is_some() {
            return Self::UnknownKey;
        }
        if let Some(denied) = line(DENIED) {
            let missing = line(&["not accessible:"]).map(|line| format!("; {line}"));
            return Self::Denied(denied + &missing.unwrap_or_default());
        }
        if let Some(down) = line(DOWN) {
            return Self::Down(down);
        }
        if let Some(busy) = line(BUSY) {
            return Self::Busy(busy);
        }
        if let Some(closed) = line(&["Connection closed by", "Connection reset by"]) {
            return Self::Busy(closed);
        }
        Self::Other(words.trim().to_owned())
    }

    fn changed_key(words: &str) -> Self {
        let word = |from: &str, start: &str| {
            let at = words.find(from)?;
            let found = words[at..].split_whitespace().find(|word| word.starts_with(start))?;
            Some(found.trim_end_matches('.').to_owned())
        };
        Self::ChangedKey {
            fingerprint: word("fingerprint for", "SHA256:").unwrap_or_default(),
            known: word("Offending", "/").unwrap_or_default(),
        }
    }

    /// Whether the host has no room for another session on a connection that stands.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Other(words) if words.contains("open refused by peer"))
    }

    /// Whether it may go better in a moment.
    pub fn passes(&self) -> bool {
        matches!(self, Self::Busy(_))
    }

    /// A stable code for diagnostics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Down(_) => "host-down",
            Self::Denied(_) => "login-refused",
            Self::Busy(_) => "daemon-busy",
            Self::UnknownKey => "unknown-host-key",
            Self::ChangedKey { .. } => "changed-host-key",
            Self::Other(_) => "ssh-failed",
        }
    }

    /// What to do about it; `host` is what one would write behind `ssh`.
    pub fn help(&self, host: &str) -> String {
        match self {
            Self::Down(_) => "is it switched on, is the address right, does sshd listen there? `ansible_host`, `ansible_port` and ssh_config say where to".into(),
            Self::Denied(_) => format!(
                "`ssh {host}` must work without a question: add the key with `ssh-copy-id`, name it by `ansible_ssh_private_key_file`, or unlock it with `ssh-add`"
            ),
            Self::Busy(_) => "too many logins at once: lower `logins` or `logins_per_jump_host` in benchbook.toml, or raise MaxStartups in its sshd_config".into(),
            Self::UnknownKey => format!("log in once with `ssh {host}` and compare the fingerprint, or collect the keys of all hosts with `ssh-keyscan`"),
            Self::ChangedKey { .. } => "was the host installed anew? Then take the old key out with `ssh-keygen -R`; if not, somebody else may be answering".into(),
            Self::Other(_) => format!("`ssh -v {host}` tells more"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Down(line) => write!(f, "it does not answer: {line}"),
            Self::Denied(line) => write!(f, "it refuses the login: {line}"),
            Self::Busy(line) => write!(f, "its ssh daemon drops new connections: {line}"),
            Self::UnknownKey => f.write_str("its host key is not known"),
            Self::ChangedKey { fingerprint, known } => {
                write!(f, "its host key has changed: it sent {fingerprint}, which is not the one in {known}")
            }
            Self::Other(words) => write!(f, "ssh says: {words}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ssh_says_is_understood() {
        let cases = [
            ("ssh: connect to host 127.0.0.9 port 1: Connection refused\r\n", "host-down"),
            ("ssh: Could not resolve hostname n1: Name or service not known", "host-down"),
            (
                "Connection timed out during banner exchange\nConnection to 10.0.0.1 port 22 timed out",
                "host-down",
            ),
            ("alice@n1: Permission denied (publickey).", "login-refused"),
            (
                "kex_exchange_identification: Connection closed by remote host\nConnection closed by 127.0.0.1 port 22",
                "daemon-busy",
            ),
            ("kex_exchange_identification: read: Connection reset by peer", "daemon-busy"),
            ("Host key verification failed.", "unknown-host-key"),
            // Behind a jump host.
            (
                "channel 0: open failed: connect failed: Connection refused\nstdio forwarding failed\nConnection closed by UNKNOWN port 65535",
                "host-down",
            ),
            (
                "gate: Permission denied (publickey).\nkex_exchange_identification: Connection closed by remote host",
                "login-refused",
            ),
            ("Bad configuration option: foo", "ssh-failed"),
        ];
        for (words, code) in cases {
            assert_eq!(Refusal::of(words).code(), code, "{words}");
        }
    }

    #[test]
    fn a_changed_key_is_told_with_both_ends() {
        let words = "\
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
Someone could be eavesdropping on you right now (man-in-the-middle attack)!
It is also possible that a host key has just been changed.
The fingerprint for the ED25519 key sent by the remote host is
SHA256:LofZNCTlVpAWBKu4pAcb6T7A7sJTZhVDrDu6Q6yjMZk.
Please contact your system administrator.
Add correct host key in /home/u/.ssh/known_hosts to get rid of this message.
Offending ED25519 key in /home/u/.ssh/known_hosts:3
  remove with:
  ssh-keygen -f \"/home/u/.ssh/known_hosts\" -R \"n1\"
Host key for n1 has changed and you have requested strict checking.
Host key verification failed.";
        assert_eq!(
            Refusal::of(words).to_string(),
            "its host key has changed: it sent SHA256:LofZNCTlVpAWBKu4pAcb6T7A7sJTZhVDrDu6Q6yjMZk, which is not the one in /home/u/.ssh/known_hosts:3"
        );
    }
}
