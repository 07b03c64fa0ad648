//! Streams through an agent: what it connects its controller to.

use serde::{Deserialize, Serialize};

use crate::base::Secret;

/// What is at the other end of a stream. Bytes to it travel as upload 0 of the channel, bytes from it as standard output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dial {
    /// An agent of another user on the same target. It is started for this stream and ends with it.
    Agent(Escalation),
    /// The program that listens on a Unix socket with this path on the target.
    Unix(String),
}

/// How one user becomes another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Escalation {
    /// `become_method`
    pub method: Method,
    /// `become_user`
    pub user: String,
    /// `become_exe`: the program's name or path, perhaps with arguments; the method's name when nobody says.
    #[serde(default)]
    pub exe: Option<String>,
    /// `become_flags`: arguments of the program, split as a shell would.
    #[serde(default)]
    pub flags: Option<String>,
    /// What the program is told when it asks. It travels in this message and nowhere else.
    #[serde(default)]
    pub password: Option<Secret>,
}

/// A program that lets one user become another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// `sudo`, which asks for the password of the user who calls it.
    Sudo,
    /// `su`, which asks for the password of the user who is meant.
    Su,
    /// `doas`, which asks for the password of the user who calls it.
    Doas,
}

impl Method {
    /// All, in the order in which they are told.
    pub const ALL: [Method; 3] = [Method::Sudo, Method::Su, Method::Doas];

    /// The method of this name.
    pub fn parse(name: &str) -> Option<Self> {
        let short = name.strip_prefix("ansible.builtin.").or(name.strip_prefix("community.general."));
        Self::ALL.into_iter().find(|m| m.name() == short.unwrap_or(name))
    }

    /// The name, which is the program's too.
    pub fn name(self) -> &'static str {
        match self {
            Method::Sudo => "sudo",
            Method::Su => "su",
            Method::Doas => "doas",
        }
    }
}
