//! Plugins that are functions of somebody else's: filters, tests and lookups that are not built in. Who runs them is not known here.

use std::path::PathBuf;
use std::sync::Arc;

use super::call::{Call, CallError, Caller};
use super::scope::{Entry, Scope};
use crate::base::{Key, Map, Value};

/// What the variables of all hosts are reached by.
const HOSTVARS: &str = "hostvars";

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
    /// Whether it is the user's own, which stands before one that is built in.
    fn has_own(&self, kind: Kind, name: &str) -> bool;
    /// What it gives, or the sentence in which it refuses. A lookup gives a list.
    fn call(&self, call: &PluginCall, around: &dyn Surroundings) -> Result<Value, String>;
}

/// What a plugin may ask of the place where it is called.
pub trait Surroundings {
    /// All variables that are seen there, or by a host, legible and not yet rendered. Nothing where there is no such host.
    fn variables(&self, host: Option<&str>) -> Option<Map>;
    /// The names of all hosts.
    fn hosts(&self) -> Vec<String>;
}

impl Surroundings for &dyn Caller {
    fn variables(&self, host: Option<&str>) -> Option<Map> {
        let Some(host) = host else { return Some(self.unrendered(self.scope())) };
        match self.scope().lookup_lazy(HOSTVARS)?.get(host)? {
            Entry::Scope(scope) => Some(self.unrendered(&scope)),
            Entry::Value(_) => None,
        }
    }

    fn hosts(&self) -> Vec<String> {
        let all = self.scope().lookup_lazy(HOSTVARS).map(|hosts| hosts.keys());
        all.into_iter().flatten().map(|name| name.to_string()).collect()
    }
}

/// Every variable of a scope but for mappings that are asked for key by key, not yet rendered; what is encrypted is opened by
/// `open`, or left out.
pub fn unrendered(scope: &Scope, open: impl Fn(&Value) -> Option<Value>) -> Map {
    let value = |name: &str| match scope.lookup(name)?.0 {
        value @ Value::String(text) if text.is_vault() => open(value),
        other => Some(other.clone()),
    };
    let names = scope.names();
    names.iter().filter_map(|name| Some((Key::from(&**name), value(name)?))).collect()
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
    let given = plugins.call(&asked, &call.caller()).map_err(CallError::Refused)?;
    Ok(if is_secret { given.into_secret() } else { given })
}
