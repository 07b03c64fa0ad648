//! Which hosts are in in-container mode, and who says so.

use std::collections::BTreeMap;

use super::known::Known;
use super::{Compiler, Options, Surroundings};
use crate::base::{Diagnostic, Diagnostics, HostName, Value};
use crate::model::Level;

/// The environment variable that says it for all hosts.
pub const VARIABLE: &str = "EXEC_IN_CONTAINER";

impl Options {
    /// What the flag or the environment says for all hosts, and in which words.
    pub(super) fn mode_for_all(&self) -> Result<Option<(bool, String)>, Diagnostic> {
        if let Some(flag) = self.in_container {
            let word = if flag { "--in-container" } else { "--no-in-container" };
            return Ok(Some((flag, word.to_owned())));
        }
        let Some(text) = self.exec_in_container.as_deref().filter(|t| !t.is_empty()) else { return Ok(None) };
        match Value::from(text).to_bool() {
            Some(on) => Ok(Some((on, format!("{VARIABLE}={text}")))),
            None => Err(Diagnostic::error(
                "not-a-boolean",
                format!("the environment variable {VARIABLE} must be a boolean, it is `{text}`"),
            )
            .help(format!("say {VARIABLE}=1 or {VARIABLE}=0, or unset it; --in-container and --no-in-container come before it"))),
        }
    }
}

impl Compiler {
    /// The hosts in in-container mode, each with who says so.
    pub(super) fn modes(
        &self,
        known: &Known,
        around: &Surroundings,
        found: &mut Diagnostics,
    ) -> BTreeMap<HostName, String> {
        let for_all = match self.options.mode_for_all() {
            Ok(for_all) => for_all,
            Err(error) => {
                found.push(error);
                return BTreeMap::new();
            }
        };
        let mut modes = BTreeMap::new();
        for host in around.hosts.iter() {
            let said = match &for_all {
                Some((on, words)) => Some((*on, words.clone())),
                None => said_by_variable(known, around, host, found),
            };
            if let Some((true, words)) = said {
                modes.insert(host.clone(), words);
            }
        }
        modes
    }
}

/// What the variable `in_container` says on a host.
fn said_by_variable(
    known: &Known,
    around: &Surroundings,
    host: &HostName,
    found: &mut Diagnostics,
) -> Option<(bool, String)> {
    let templar = known.on(host, &around.vars);
    let (value, layer) = templar.scope().lookup("in_container")?;
    let place = match value {
        Value::String(text) => text.span().cloned(),
        _ => None,
    };
    let span = place.unwrap_or_else(|| layer.span.clone());
    let rendered = found.keep(templar.render(value))?;
    let Some(on) = rendered.to_bool() else {
        let message = format!("`in_container` must be a boolean, on {host} it is {}", rendered.kind());
        found.push(Diagnostic::error("not-a-boolean", message).at(&span));
        return None;
    };
    let origin = if layer.level == Level::Extra { "--extra-vars".to_owned() } else { span.file_line() };
    Some((on, format!("in_container at {origin}")))
}
