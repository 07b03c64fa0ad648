//! The program that is put on targets: the agent's loop over standard input and output.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::process::ExitCode;

fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        // The controller was told in the last message.
        Err(_) => ExitCode::FAILURE,
    }
}

fn serve() -> io::Result<()> {
    // Not `Stdout` itself, which would cut frames at their line feeds.
    let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    benchbook::agent::serve(io::stdin().lock(), output, benchbook::module::MODULES)
}
