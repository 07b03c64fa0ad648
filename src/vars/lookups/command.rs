//! Lookups that ask the controller's system: its environment, a command.

use std::process::{Command, Stdio};

use super::{Lookup, Request};
use crate::base::Value;
use crate::vars::call::{CallError, text_of};

pub(super) const LOOKUPS: &[Lookup] = &[
    Lookup { name: "env", options: &["default"], run: env },
    Lookup { name: "pipe", options: &[], run: pipe },
];

/// A variable that is not set gives the default, or the empty text.
fn env(request: &Request<'_>) -> Result<Vec<Value>, CallError> {
    let default = request.options.get("default").cloned().unwrap_or_else(|| Value::from(""));
    let find = |term: &Value| {
        let name = text_of(term)?;
        Ok(std::env::var(name.trim()).map_or_else(|_| default.clone(), Value::from))
    };
    request.terms.iter().map(find).collect()
}

/// What a shell command prints, without the newlines at its end.
fn pipe(request: &Request<'_>) -> Result<Vec<Value>, CallError> {
    request.terms.iter().map(|term| run(request, &text_of(term)?)).collect()
}

/// It runs in the folder of the playbook, which is the last one where files are looked for.
pub(super) fn output(request: &Request<'_>, command: &str) -> Result<String, CallError> {
    let mut shell = Command::new("/bin/sh");
    let folders = request.caller.environment().search().folders();
    if let Some(folder) = folders.last().filter(|folder| folder.is_dir()) {
        shell.current_dir(folder);
    }
    let output = shell
        .args(["-c", command])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("`{command}` cannot be run: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`{command}` failed ({}): {}", output.status, said.trim()).into());
    }
    String::from_utf8(output.stdout).map_err(|_| format!("`{command}` printed no UTF-8").into())
}

fn run(request: &Request<'_>, command: &str) -> Result<Value, CallError> {
    Ok(Value::from(output(request, command)?.trim_end_matches(['\n', '\r'])))
}
