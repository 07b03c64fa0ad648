//! Questions to the person at the terminal, whatever standard input and output are.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};

use rustix::process::{Signal, getpid, kill_process};
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

/// A line from the terminal, which does not show it. Ctrl-C ends the program as anywhere, but not before the terminal has its
/// echo back.
pub(super) fn hidden(question: &str) -> io::Result<Secret> {
    let terminal = open()?;
    let modes = tcgetattr(&terminal)?;
    let mut quiet = modes.clone();
    quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
    let restore = Quiet(&terminal, modes);
    tcsetattr(&terminal, OptionalActions::Flush, &quiet)?;
    // Not before: what is typed as soon as this is read must be neither shown nor lost.
    (&terminal).write_all(question.as_bytes())?;
    let line = typed(&mut &terminal);
    drop(restore);
    (&terminal).write_all(b"\n")?;
    if let Some(line) = line? {
        return Ok(line);
    }
    kill_process(getpid(), Signal::INT)?;
    Err(io::ErrorKind::Interrupted.into())
}

/// The keys up to the end of a line, edited as terminals do; nothing after Ctrl-C.
fn typed(keys: &mut impl Read) -> io::Result<Option<Secret>> {
    let mut line = Vec::new();
    let mut key = [0];
    while keys.read(&mut key)? > 0 {
        match key[0] {
            b'\r' | b'\n' => break,
            INTERRUPT => return Ok(None),
            END if line.is_empty() => break,
            ERASE | BACKSPACE => {
                // The bytes of one character.
                while line.pop().is_some_and(|byte: u8| byte & 0xc0 == 0x80) {}
            }
            ERASE_ALL => line.clear(),
            byte => line.push(byte),
        }
    }
    let line =
        String::from_utf8(line).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not UTF-8"))?;
    Ok(Some(line.into()))
}

const INTERRUPT: u8 = 3;
const END: u8 = 4;
const BACKSPACE: u8 = 8;
const ERASE_ALL: u8 = 21;
const ERASE: u8 = 127;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_line_is_edited_as_any_other() {
        let line = |keys: &str| typed(&mut keys.as_bytes()).unwrap().map(|line| line.reveal().to_owned());
        assert_eq!(line("hunter2\nmore").as_deref(), Some("hunter2"));
        assert_eq!(line("abä\u{7f}\u{7f}c\u{8}d\r").as_deref(), Some("ad"));
        assert_eq!(line("wrong\u{15}right\n").as_deref(), Some("right"));
        assert_eq!(line("\u{4}").as_deref(), Some(""));
        assert_eq!(line("hunt\u{3}"), None);
    }
}
