//! The run's folder: what a run leaves behind, self-contained, so that it can be copied to a colleague.
//!
//! | file | what |
//! |---|---|
//! | `run.db` | SQLite: the journal, and the outcomes and figures in it once more as tables |
//! | `plan.json` | the graph that ran |
//! | `lock.json` | what could make figures differ, see [`Provenance`] |
//! | `report.html` | a page for people, when somebody asked for it |
//! | `controller.json` | who carries it out, while somebody does |
//! | `logs/<host>/<step>.{out,err}` | full output |
//! | `artifacts/<host>/…` | files that tasks fetched |
//!
//! This layer keeps and finds; it judges nothing, prints nothing and knows no step from another.

pub mod controller;
mod database;
mod derived;
#[cfg(debug_assertions)]
mod fault;
pub mod folder;
pub mod keys;
mod likeness;
mod logs;
mod names;
pub mod outcomes;
pub mod provenance;
pub mod reader;
pub mod runs;
mod samples;
pub mod writer;

use std::io;
use std::path::{Path, PathBuf};

pub use folder::RunFolder;
pub use keys::Keys;
pub use names::{Digester, digest};
pub use provenance::Provenance;
pub use reader::Run;
pub use runs::Runs;
pub use samples::Series;
pub use writer::RunStore;

use crate::base::Diagnostic;

/// What can go wrong with runs' folders.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)] // fields repeat the words of the messages
pub enum StoreError {
    /// A file or folder could not be read or written.
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    /// The database could not be read or written.
    #[error("{}: {source}", path.display())]
    Database { path: PathBuf, source: rusqlite::Error },
    /// A file says something that this program does not understand.
    #[error("{} cannot be understood: {what}", path.display())]
    Broken { path: PathBuf, what: String },
    /// Another program writes to it.
    #[error("{} is in use by another benchbook", .0.display())]
    Locked(PathBuf),
    /// The schema is not ours.
    #[error("{} was written with schema {found}; this benchbook reads schema {known}", path.display())]
    Schema { path: PathBuf, found: i64, known: i64 },
    /// `last`, and there is none.
    #[error("there is no run in {}", .0.display())]
    NoRuns(PathBuf),
    /// A name that nothing has.
    #[error("no run is called `{name}`")]
    NoSuchRun { name: String, known: Vec<String>, folder: PathBuf },
    /// A beginning that several names have.
    #[error("`{name}` could be any of {} runs", candidates.len())]
    Ambiguous { name: String, candidates: Vec<String> },
}

impl StoreError {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |source| Self::Io { path: path.to_owned(), source }
    }

    fn database(path: &Path) -> impl FnOnce(rusqlite::Error) -> Self + '_ {
        |source| Self::Database { path: path.to_owned(), source }
    }
}

impl From<StoreError> for Diagnostic {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        match error {
            StoreError::Io { .. } => Diagnostic::error("run-folder", message),
            StoreError::Database { .. } => Diagnostic::error("run-database", message),
            StoreError::Broken { .. } => Diagnostic::error("run-broken", message),
            StoreError::Locked(_) => Diagnostic::error("run-locked", message)
                .help("wait until it has ended, or look at another run"),
            StoreError::Schema { .. } => Diagnostic::error("run-schema", message)
                .help("use the version of benchbook that wrote it; `lock.json` in the folder names it"),
            StoreError::NoRuns(_) => Diagnostic::error("no-runs", message).help("make one: benchbook run"),
            StoreError::NoSuchRun { name, known, folder } => {
                let mut diagnostic = Diagnostic::error("unknown-run", message)
                    .suggest(&name, known.iter().map(String::as_str));
                if known.is_empty() {
                    diagnostic = diagnostic.help(format!("there is no run in {}", folder.display()));
                }
                diagnostic.help("`benchbook runs` lists them; `last` is the newest")
            }
            StoreError::Ambiguous { candidates, .. } => Diagnostic::error("ambiguous-run", message)
                .help(format!("say more: {}", candidates.join(", "))),
        }
    }
}

#[cfg(test)]
mod tests;
