//! Whose agents are: every process of a run carries its mark, and agents also say which controller they belong to.

use std::path::Path;

use rustix::process::Pid;

use crate::module::process::processes::{self, Environment};
pub use crate::wire::owner::{CONTROLLER, RUN};

/// The word before both on the command line of an agent that another one starts.
pub const OF: &str = "--of";

/// What an agent that this one starts has on its command line.
pub fn words() -> Vec<String> {
    match [RUN, CONTROLLER].map(std::env::var) {
        [Ok(run), Ok(controller)] => vec![OF.to_owned(), run, controller],
        _ => Vec::new(),
    }
}

/// Whether this process, with this environment, is an agent that works for the same controller as this one.
pub fn works_beside(pid: Pid, environment: &Environment) -> bool {
    std::env::var(CONTROLLER).is_ok_and(|own| environment.has(CONTROLLER, &own) && is_agent(pid))
}

/// Whether a process is an agent, and no supervisor.
fn is_agent(pid: Pid) -> bool {
    let words = processes::words(pid);
    let program = words.first().and_then(|word| Path::new(word).file_name());
    program.is_some_and(|name| name == "benchbook-agent")
        && words.get(1).is_none_or(|word| word != "supervise")
}
