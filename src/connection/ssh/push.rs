//! The command lines that start an agent on a host, and put it there first when it is not.
//!
//! All that is needed there is a POSIX shell and a handful of POSIX tools. A line goes through the user's login shell,
//! which may be any: so it is `exec sh -c '…'` with nothing inside that fish, csh or another would read itself: no
//! single quotation mark, no backslash, no exclamation mark, no line feed.

use crate::connection::agents::Agent;
use crate::wire::preamble::ABSENT;
use crate::wire::{Owner, SHARED_FOLDERS};

/// What a host says when it has been given an agent.
pub const PUT: &str = "BENCHBOOK-PUT";
/// What a host says when an agent cannot be put there, followed by why.
pub const NOT_PUT: &str = "BENCHBOOK-NOT-PUT ";

/// The user's own cache, which may be shared by many hosts.
const HOME: &str = "${XDG_CACHE_HOME:-$HOME/.cache}/benchbook";
/// Sets `$1` to the mode and `$3` to the owner of the folder `$d`, which no link stands for.
const OWNER: &str = "set -- $(ls -ldn \"$d\" 2>/dev/null)";

/// A folder on the host in which agents are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the user's home.
    Home,
    /// In a folder that all users share.
    Shared(&'static str),
}

/// In the order in which they are tried.
pub fn places() -> impl Iterator<Item = Place> {
    [Place::Home].into_iter().chain(SHARED_FOLDERS.map(Place::Shared))
}

fn in_shell(script: &str) -> String {
    debug_assert!(!script.contains(['\'', '\\', '!', '\n']), "{script}");
    format!("exec sh -c '{script}'")
}

/// Starts the agent that is there; says [`ABSENT`] when none is. The agent checks its own hash before it speaks.
pub fn start(agents: &[Agent], owner: Option<&Owner>) -> String {
    let mut hashes = String::new();
    for agent in agents {
        for name in agent.architecture.names {
            hashes.extend([format!("\"Linux {name}\") h={};; ", agent.hash)]);
        }
    }
    let shared = SHARED_FOLDERS.join(" ");
    let owner = owner.map(Owner::line).unwrap_or_default();
    in_shell(&format!(
        "{owner}s=$(uname -sm); case $s in {hashes}*) h=none;; esac; \
         a={HOME}/agents/$h/benchbook-agent; [ -x \"$a\" ] && exec \"$a\" --expect $h; \
         u=$(id -u); for d in {shared}; do d=$d/benchbook-$u; a=$d/agents/$h/benchbook-agent; \
         if [ -x \"$a\" ]; then {OWNER}; case \"$1 $3\" in drwx------*\" $u\") exec \"$a\" --expect $h;; esac; fi; done; \
         echo {ABSENT}$s"
    ))
}

/// Only asks what machine it is.
pub fn ask_system() -> String {
    in_shell(&format!("echo {ABSENT}$(uname -sm)"))
}

/// Reads an agent from standard input and puts it into a place, if it can be executed there. Says [`PUT`] or [`NOT_PUT`].
/// `token` makes the temporary file's name unique among all controllers. What cannot be kept is read to its end all the same:
/// a channel that closes while we still send loses what was said on it.
pub fn put(place: Place, agent: &Agent, token: &str) -> String {
    let Agent { hash, size, .. } = agent;
    let folder = match place {
        Place::Home => format!("d={HOME}; mkdir -p \"$d\""),
        // `mkdir` says nothing when it is there, whoever made it.
        Place::Shared(folder) => format!("d={folder}/benchbook-$(id -u); mkdir -p \"$d\""),
    };
    let check = match place {
        Place::Home => String::new(),
        Place::Shared(_) => format!(
            "{OWNER}; case \"$1 $3\" in drwx------*\" $(id -u)\") ;; *) no \"it is there and not of this user alone\";; esac; "
        ),
    };
    in_shell(&format!(
        "no() {{ rm -f \"$t\"; cat > /dev/null; echo {NOT_PUT}$d: $1; exit 0; }}; umask 077; t=; \
         e=$({{ {folder}; }} 2>&1); {folder} 2>/dev/null || no \"$e\"; {check}\
         a=$d/agents/{hash}; t=$d/.{token}; \
         e=$( (cat > \"$t\") 2>&1) || no \"$e\"; \
         s=$(wc -c < \"$t\"); [ $s -eq {size} ] || no \"$s of {size} bytes arrived\"; \
         chmod 700 \"$t\"; e=$(\"$t\" --verify {hash} 2>&1 < /dev/null) || no \"it cannot be executed there: $e\"; \
         e=$( (mkdir -p \"$a\" && mv -f \"$t\" \"$a/benchbook-agent\") 2>&1) || no \"$e\"; \
         echo {PUT}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::agents::ARCHITECTURES;

    fn agent() -> Agent {
        Agent { architecture: ARCHITECTURES[1], path: "/bin/agent".into(), hash: "0123abcd".into(), size: 42 }
    }

    #[test]
    fn the_lines() {
        let lines = [
            start(&[agent()], None),
            ask_system(),
            put(Place::Home, &agent(), "token"),
            put(Place::Shared("/tmp"), &agent(), "token"),
        ];
        insta::assert_snapshot!(lines.join("\n\n"));
    }
}
