//! Plugins that are functions of somebody else's: filters, tests and lookups that are not built in. Who runs them is not known here.

use std::path::PathBuf;
use std::sync::Arc;

use super::call::{Call, CallError};
use crate::base::{Map, Value};

/// What kind of function a plugin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// After `|`.
    Filter,
    /// After `is`.
    Test,
    /// In `lookup()`, `query()` and `with_…`.
    Lookup,
}

impl Kind {
    /// As Ansible names it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Test => "test",
            Self::Lookup => "lookup",
        }
    }
}

/// One call of a plugin; secrets are legible.
#[derive(Clone, Debug)]
pub struct PluginCall {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Arguments by place; of a filter or a test the first is its subject.
    pub positional: Vec<Value>,
    /// Arguments by name.
    pub named: Map,
    /// Where relative names are looked for, nearest first.
    pub search: Vec<PathBuf>,
}

/// Whoever has plugins.
pub trait Plugins: Send + Sync {
    /// Whether there is one of that name. Nothing is started where nobody has any.
    fn has(&self, kind: Kind, name: &str) -> bool;
    /// What it gives, or the sentence in which it refuses. A lookup gives a list.
    fn call(&self, call: &PluginCall) -> Result<Value, String>;
}

/// Calls a plugin with the arguments of `call` from `first` on. What it makes of a secret is one.
pub(super) fn run(
    plugins: &Arc<dyn Plugins>,
    kind: Kind,
    name: &str,
    call: &Call<'_>,
    first: usize,
    named: &Map,
) -> Result<Value, CallError> {
    let positional = call.rest(first);
    let is_secret = positional.iter().chain(named.values()).any(Value::has_secret);
    let asked = PluginCall {
        kind,
        name: name.to_owned(),
        positional: positional.iter().map(Value::legible).collect(),
        named: named.iter().map(|(key, value)| (key.clone(), value.legible())).collect(),
        search: call.caller().environment().search().folders().to_vec(),
    };
    let given = plugins.call(&asked).map_err(CallError::Refused)?;
    Ok(if is_secret { given.into_secret() } else { given })
}
