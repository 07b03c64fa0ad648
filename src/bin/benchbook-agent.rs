//! The program that is put on targets: the agent's loop over standard input and output.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::process::ExitCode;

use benchbook::agent::identity;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words[..] {
        [] => serve(),
        // Started out of a cache: is it still what was put there?
        ["--expect", hash] if identity::is(hash) => serve(),
        ["--expect", _] => identity::say_absent(io::stdout()),
        ["--verify", hash] if identity::is(hash) => Ok(()),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // The controller was told in the last message.
        Err(_) => ExitCode::FAILURE,
    }
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

fn serve() -> io::Result<()> {
    leave_closed_folder();
    // Not `Stdout` itself, which would cut frames at their line feeds.
    let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    benchbook::agent::serve(io::stdin().lock(), output, benchbook::module::MODULES)
}
