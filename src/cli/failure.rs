//! How the program ends when something is wrong, and the exit codes.

use std::io;

use super::terminal::Terminal;
use crate::base::{Diagnostic, Diagnostics};
use crate::event::JournalError;
use crate::store::StoreError;

/// How the program ends. Scripts rely on the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All good.
    Good = 0,
    /// A case or a task failed, or a figure missed its expectation.
    Failed = 1,
    /// The input is wrong; nothing was touched.
    Input = 2,
    /// Hosts could not be reached.
    Unreachable = 3,
    /// The user stopped it.
    Interrupted = 4,
    /// Our bug.
    Bug = 70,
}

impl Exit {
    /// From the number in a run's last event.
    pub fn from_code(code: u8) -> Self {
        match code {
            0 => Self::Good,
            1 => Self::Failed,
            2 => Self::Input,
            3 => Self::Unreachable,
            4 => Self::Interrupted,
            _ => Self::Bug,
        }
    }
}

/// Why a verb could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The user can mend it.
    #[error("{0}")]
    Input(Diagnostics),
    /// Standard output or a file of ours could not be written.
    #[error("{0}")]
    Output(#[from] io::Error),
    /// The run's folder could not be written on the way.
    #[error("{0}")]
    Journal(#[from] JournalError),
}

impl From<Diagnostics> for Failure {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Input(diagnostics)
    }
}

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Input(diagnostic.into())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Diagnostic::from(error).into()
    }
}

impl Failure {
    /// Tells the user, and gives the exit status.
    pub(super) fn report(self, terminal: &Terminal) -> Exit {
        match self {
            Self::Input(diagnostics) => {
                terminal.diagnostics(&diagnostics);
                Exit::Input
            }
            // Whoever read our output (`| head`) has enough.
            Self::Output(e) if e.kind() == io::ErrorKind::BrokenPipe => Exit::Good,
            Self::Output(e) => {
                terminal.diagnostic(&Diagnostic::error("output", format!("output cannot be written: {e}")));
                Exit::Failed
            }
            Self::Journal(e) => {
                let diagnostic = Diagnostic::error("journal", e.to_string())
                    .help("the run was stopped, because what cannot be written down must not be done");
                terminal.diagnostic(&diagnostic);
                Exit::Failed
            }
        }
    }
}

/// A panic is our bug: it is said in words, with what to send us.
pub(super) fn report_panics(terminal: &Terminal) {
    let terminal = terminal.clone();
    std::panic::set_hook(Box::new(move |panic| {
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text =
            text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        terminal.say(&format!(
            "benchbook {} has a bug, sorry: {text} ({place})\nPlease report it with the command line and this text; \
             RUST_BACKTRACE=1 adds where it came from.",
            env!("CARGO_PKG_VERSION")
        ));
        let trace = std::backtrace::Backtrace::capture();
        if trace.status() == std::backtrace::BacktraceStatus::Captured {
            terminal.say(&trace.to_string());
        }
    }));
}
