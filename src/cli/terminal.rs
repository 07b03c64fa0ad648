//! The one place that writes to standard output and standard error.

use std::io::{self, IsTerminal, Stderr, Stdout, Write};
use std::sync::Arc;

use crate::base::{Diagnostic, Diagnostics};

/// Both outputs, and what they can show.
#[derive(Clone, Debug)]
pub(super) struct Terminal {
    /// Whether standard error understands colours.
    pub colour: bool,
    /// Whether a person watches standard error.
    pub watched: bool,
    out: Arc<Stdout>,
    err: Arc<Stderr>,
}

impl Terminal {
    pub(super) fn new() -> Self {
        let (out, err) = (Arc::new(io::stdout()), Arc::new(io::stderr()));
        let watched = err.is_terminal();
        // https://no-color.org
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        Self { colour: watched && !unwanted, watched, out, err }
    }

    /// Data, to standard output.
    pub(super) fn data(&self, bytes: &[u8]) -> io::Result<()> {
        let mut out = self.out.lock();
        out.write_all(bytes)?;
        out.flush()
    }

    /// Words for the user, to standard error.
    pub(super) fn say(&self, text: &str) {
        // There is nobody left to tell.
        let _ = writeln!(self.err.lock(), "{text}");
    }

    /// One diagnostic.
    pub(super) fn diagnostic(&self, diagnostic: &Diagnostic) {
        self.say(&diagnostic.render(self.colour));
    }

    /// Several, with a line between them.
    pub(super) fn diagnostics(&self, diagnostics: &Diagnostics) {
        for (number, diagnostic) in diagnostics.iter().enumerate() {
            if number > 0 {
                self.say("");
            }
            self.diagnostic(diagnostic);
        }
    }
}
