//! Texts of the user: read, or a message that says which file could not be read and why.

use std::path::Path;
use std::sync::Arc;

use super::{Files, shown};
use crate::base::{Diagnostic, Source, Span};

/// Reads a file that should be `what` (`a playbook`); `from` is the place that asks for it.
pub(super) fn read(
    files: &dyn Files,
    path: &Path,
    what: &str,
    from: Option<&Span>,
) -> Result<Arc<Source>, Diagnostic> {
    let name = shown(path);
    let text = files.read_text(path).map_err(|error| {
        let diagnostic = match error.kind() {
            std::io::ErrorKind::NotFound => {
                Diagnostic::error("missing-file", format!("there is no file {name}"))
            }
            _ => Diagnostic::error("unreadable", format!("{name} cannot be read as {what}: {error}")),
        };
        match from {
            Some(span) => diagnostic.at(span),
            None => diagnostic,
        }
    })?;
    Ok(Source::new(name, text))
}
