//! Texts of the user: read, or a message that says which file could not be read and why.

use std::path::Path;
use std::sync::Arc;

use super::vault::VaultError;
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
    let opened = files.open(path).and_then(|content| Ok((content.secret, content.text()?)));
    let (secret, text) = opened.map_err(|error| {
        if let Some(vault) = error.get_ref().and_then(|inner| inner.downcast_ref::<VaultError>()) {
            // The first line says which password it wants.
            let first = Source::new(name.as_str(), first_line(files, path));
            return vault.diagnostic().at(&Span::new(&first, 0, first.text().len()));
        }
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
    Ok(if secret { Source::secret(name, text) } else { Source::new(name, text) })
}

fn first_line(files: &dyn Files, path: &Path) -> String {
    let bytes = files.read(path).unwrap_or_default();
    String::from_utf8_lossy(&bytes).lines().next().unwrap_or_default().to_owned()
}
