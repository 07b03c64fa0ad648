//! The run as plain lines, for terminals and for logs of other programs.

use std::io::{self, Write};

use super::Reporter;
use super::line::Lines;
use crate::base::Timestamp;
use crate::event::Event;

/// Writes a line for what was done, and several for what failed.
pub struct Console<W> {
    out: W,
    lines: Lines,
}

impl<W: Write> Console<W> {
    /// `verbosity` counts `-v`.
    pub fn new(out: W, verbosity: u8, colour: bool) -> Self {
        Self { out, lines: Lines::new(verbosity, colour) }
    }
}

impl<W: Write + Send> Reporter for Console<W> {
    fn name(&self) -> &'static str {
        "console"
    }

    fn learn(&mut self, _: Timestamp, event: &Event) {
        self.lines.of(event);
    }

    fn event(&mut self, _: Timestamp, event: &Event) -> io::Result<()> {
        for line in self.lines.of(event) {
            writeln!(self.out, "{line}")?;
        }
        self.out.flush()
    }
}
