//! Questions to the person at the terminal, whatever standard input and output are.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::base::Secret;

fn open() -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open("/dev/tty")
}

/// A line from the terminal.
pub(super) fn shown(question: &str) -> io::Result<String> {
    let mut terminal = open()?;
    terminal.write_all(question.as_bytes())?;
    let mut line = String::new();
    BufReader::new(terminal).read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Gives the terminal its echo back, whatever happens.
struct Quiet<'a>(&'a File, Termios);

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        // Nothing else can be done about it.
        let _ = tcsetattr(self.0, OptionalActions::Now, &self.1);
    }
}

/// A line from the terminal, which does not show it.
pub(super) fn hidden(question: &str) -> io::Result<Secret> {
    let terminal = open()?;
    let reader = terminal.try_clone()?;
    let modes = tcgetattr(&terminal)?;
    let mut quiet = modes.clone();
    quiet.local_modes.remove(LocalModes::ECHO);
    let restore = Quiet(&terminal, modes);
    tcsetattr(&terminal, OptionalActions::Flush, &quiet)?;
    // Not before: what is typed as soon as this is read must be neither shown nor lost.
    (&terminal).write_all(question.as_bytes())?;
    let mut line = String::new();
    BufReader::new(reader).read_line(&mut line)?;
    drop(restore);
    (&terminal).write_all(b"\n")?;
    Ok(line.trim_end_matches(['\r', '\n']).into())
}
