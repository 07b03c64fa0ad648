//! Names of things that outlive a process: runs, steps, cases, hosts.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name with these characters.
            pub fn new(name: impl Into<Arc<str>>) -> Self {
                Self(name.into())
            }
            /// Its characters.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl From<&str> for $name {
            fn from(s: &str) -> Self {
                Self(Arc::from(s))
            }
        }
        impl From<String> for $name {
            fn from(s: String) -> Self {
                Self(Arc::from(s))
            }
        }
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name! {
    /// A run: `20261121T203100Z-quickstart`, the name of its folder.
    RunId
}
name! {
    /// What everything carries that a run leaves on hosts: the run's name and a random end, so that no other run has it, also
    /// in another folder of runs or on another controller: `20261121T203100Z-quickstart.k3x9w2ab`.
    RunMark
}
name! {
    /// A job: an invocation that outlives its connection. See `wire::JobKey`.
    JobId
}
name! {
    /// A step: its path in the playbook plus its case, never an index of the whole graph, so that it survives an edit
    /// elsewhere: `quickstart/cases/stream[threads=1,mib=64]/run/3/stream`.
    StepId
}
name! {
    /// A case with its parameters: `stream[threads=1,mib=64]`.
    CaseId
}
name! {
    /// A host by its inventory name.
    HostName
}

/// What the end is made of: nothing that looks like something else.
const ALPHABET: [char; 32] = [
    '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'j', 'k', 'm', 'n', 'p',
    'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', '0',
];
/// How many random characters a mark has: 40 bits.
const MARK_END: usize = 8;

impl RunMark {
    /// A mark that no run has yet.
    pub fn fresh(run: &RunId) -> Self {
        let end: String = (0..MARK_END).map(|_| ALPHABET[fastrand::usize(..ALPHABET.len())]).collect();
        Self::from(format!("{run}.{end}"))
    }

    /// The random end of it.
    pub fn end(&self) -> &str {
        self.0.rsplit_once('.').map_or(&*self.0, |(_, end)| end)
    }

    /// The run's name in it.
    pub fn run(&self) -> RunId {
        RunId::from(self.0.rsplit_once('.').map_or(&*self.0, |(run, _)| run))
    }
}

impl CaseId {
    /// As a part of the names of files and containers: only letters, digits, `-`, `_` and `.`.
    pub fn plain(&self) -> String {
        let safe =
            |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '=') { c } else { '_' };
        let safe: String = self.as_str().trim_end_matches(']').chars().map(safe).collect();
        safe.replace('=', "-")
    }
}
