//! The file that `log_path` names: what is printed, each message with its time, its process and how grave it is.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::base::{Clock, SystemClock};

/// Where messages go.
#[derive(Debug)]
pub struct LogFile {
    file: File,
    user: String,
    /// What has come of a message.
    begun: Vec<u8>,
}

impl LogFile {
    /// Goes on behind what is there.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        let user = ["LOGNAME", "USER", "LNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
        Ok(Self { file, user: user.unwrap_or_else(|| "root".to_owned()), begun: Vec::new() })
    }

    fn message(&mut self) -> io::Result<()> {
        let text = std::mem::take(&mut self.begun);
        let text = String::from_utf8_lossy(&text);
        let text = if text == "\n" { &*text } else { text.trim_start_matches('\n') };
        let level = level(text);
        let (time, process, user) = (SystemClock.now().logged(), std::process::id(), &self.user);
        self.file.write_all(format!("{time} p={process} u={user} n=ansible {level}| {text}").as_bytes())
    }
}

impl Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begun.extend_from_slice(bytes);
        // Nobody ends a piece of a message with a line's end.
        if self.begun.ends_with(b"\n") {
            self.message()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// How grave a message is.
fn level(text: &str) -> &'static str {
    match text {
        _ if text.starts_with("[ERROR]") => "ERROR",
        _ if text.starts_with("[WARNING]") || text.starts_with("[DEPRECATION WARNING]") => "WARNING",
        _ => "INFO",
    }
}
