//! Lookups that ask the controller's system: its environment, a command.

use std::process::{Command, Stdio};

use super::{Lookup, Request};
use crate::base::{Span, Text, Value};
use crate::vars::call::{CallError, text_of};
use crate::vars::functions::UNDEFINED;

pub(super) const LOOKUPS: &[Lookup] = &[
    Lookup { name: "env", options: &["default"], run: env },
    Lookup { name: "pipe", options: &[], run: pipe },
];

/// A variable that is not set gives the default, or the empty text. A default that is undefined matters only then.
fn env(request: &Request<'_>) -> Result<Vec<Value>, CallError> {
    let find = |term: &Value| {
        let name = text_of(term)?;
        let name = name.trim();
        match (std::env::var(name), request.options.get("default")) {
            (Ok(set), _) => Ok(found(name, set)),
            (Err(_), None) => Ok(Value::from("")),
            (Err(_), Some(Value::Undefined(hint))) if **hint == *UNDEFINED => {
                Err(CallError::Undefined(format!("The environment variable '{name}' is not set.")))
            }
            (Err(_), Some(Value::Undefined(hint))) => Err(CallError::Undefined(hint.to_string())),
            (Err(_), Some(default)) => Ok(default.clone()),
        }
    };
    request.terms.iter().map(find).collect()
}

fn found(name: &str, value: String) -> Value {
    Value::from(Text::found(value, Span::nowhere(&format!("<environment variable '{name}'>"))))
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
        let code = output.status.code().unwrap_or(-1);
        let said = Some(said.trim()).filter(|said| !said.is_empty()).map(|said| format!(": {said}"));
        let said = said.unwrap_or_default();
        return Err(format!("lookup_plugin.pipe({command}) returned {code}{said}").into());
    }
    String::from_utf8(output.stdout).map_err(|_| format!("`{command}` printed no UTF-8").into())
}

fn run(request: &Request<'_>, command: &str) -> Result<Value, CallError> {
    Ok(Value::from(output(request, command)?.trim_end_matches(['\n', '\r'])))
}
