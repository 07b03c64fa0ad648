//! The program that is put on targets: the agent's loop over standard input and output, the supervisor of one job, and the
//! first process of a container.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use benchbook::agent::owner::{CONTROLLER, OF, RUN};
use benchbook::agent::{self, Supervision, identity, settling};
use benchbook::module::MODULES;

fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    let texts: Vec<&str> = words.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    let done = match texts[..] {
        [] => serve(),
        // The first process of a container that is started to be worked in.
        ["idle"] => agent::idle(),
        ["supervise", _] => supervise(Path::new(&words[1])),
        // Started for another user by an agent, which says whose it is: programs between them may clear the environment.
        [OF, run, controller] => {
            own(run, controller);
            serve()
        }
        // Started out of a cache: is it still what was put there?
        ["--expect", hash] if identity::is(hash) => serve(),
        ["--expect", _] => identity::say_absent(io::stdout()),
        ["--verify", hash] if identity::is(hash) => Ok(()),
        ["--settle", hash] if identity::is(hash) => said(settling::settle(hash)),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    };
    // The controller is told in the last message why.
    if done.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[allow(clippy::disallowed_methods)] // there is no other thread yet
/// An agent that another user's agent started may stand in a folder that it cannot enter: then it goes home.
fn leave_closed_folder() {
    if rustix::fs::access(".", rustix::fs::Access::EXEC_OK).is_err() {
        let home = std::env::var_os("HOME").unwrap_or_default();
        // From /, everything can still be named.
        let _ = std::env::set_current_dir(home).or_else(|_| std::env::set_current_dir("/"));
    }
}

/// Becomes a program that has this in its environment. Where that cannot be, it goes on without.
fn own(run: &str, controller: &str) {
    if std::env::var(CONTROLLER).as_deref() != Ok(controller) {
        let mut again = Command::new("/proc/self/exe");
        again.arg0("benchbook-agent").args([OF, run, controller]).env(RUN, run).env(CONTROLLER, controller);
        drop(again.exec());
    }
}

fn serve() -> io::Result<()> {
    leave_closed_folder();
    // Not `Stdout` itself, which would cut frames at their line feeds.
    let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    agent::serve(io::stdin().lock(), output, MODULES, Supervision::Program)
}

/// `supervise FOLDER`: what goes wrong is said where agents look for it.
fn supervise(folder: &Path) -> io::Result<()> {
    said(agent::supervise(folder, MODULES))
}

fn said(done: io::Result<()>) -> io::Result<()> {
    done.inspect_err(|error| {
        // Nobody is left to tell that nobody can be told.
        let _ = writeln!(io::stderr(), "{error}");
    })
}
