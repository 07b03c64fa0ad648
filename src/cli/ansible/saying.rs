//! What the commands of Ansible say of themselves and of what is wrong.

use std::fmt::Write;
use std::path::Path;

use super::super::terminal::Terminal;
use super::Ending;
use crate::base::{Diagnostics, Severity};
use crate::load::AnsibleCfg;

/// The version of the reference, as scripts look for it.
const CORE: &str = "2.19.14";

/// Says what is wrong, as the reference words it: one line, the place, what to do.
pub(super) fn tell(found: &Diagnostics, terminal: &Terminal) {
    for diagnostic in found.iter() {
        let kind = if diagnostic.severity == Severity::Error { "ERROR" } else { "WARNING" };
        let mut text = format!("[{kind}]: {}", diagnostic.message);
        if let Some(span) = &diagnostic.span {
            let place = span.to_string();
            let place = std::path::absolute(Path::new(&place)).map_or(place, |p| p.display().to_string());
            let _ = write!(text, "\nOrigin: {place}");
        }
        for help in &diagnostic.help {
            let _ = write!(text, "\n{help}");
        }
        terminal.say(&text);
    }
}

/// Several lines, of which scripts read the first.
pub(super) fn version(command: &str, cfg: &AnsibleCfg, terminal: &Terminal) -> Ending {
    let file = cfg.file.as_ref().map_or_else(|| "None".to_owned(), |path| path.display().to_string());
    let program = std::env::current_exe().map_or_else(|_| String::new(), |path| path.display().to_string());
    let text = format!(
        "{command} [core {CORE}]\n  config file = {file}\n  executable location = {program}\n  benchbook version = {}\n",
        env!("CARGO_PKG_VERSION")
    );
    match terminal.data(text.as_bytes()) {
        Ok(()) => Ending::Good,
        Err(_) => Ending::Error,
    }
}
