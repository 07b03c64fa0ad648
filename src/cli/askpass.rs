//! This program started by ssh, to be asked for a password: the controller that started ssh has it.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use crate::connection::ssh::askpass::ask;

/// Passes the question on and prints the answer. Without an answer ssh takes the exit status for a no.
pub(super) fn answer(socket: &Path) -> ExitCode {
    let question = std::env::args().nth(1).unwrap_or_default();
    match ask(socket, &question) {
        Ok(Some(password)) => match writeln!(std::io::stdout(), "{password}") {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Ok(None) | Err(_) => ExitCode::FAILURE,
    }
}
