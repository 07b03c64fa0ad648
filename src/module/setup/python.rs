//! The Python of the target, for playbooks that run a program of theirs in it; nothing here needs one.

use super::Facts;
use crate::base::{Map, Value};
use crate::module::process::Command;
use crate::module::{Context, programs};

/// Prints what Ansible tells of a Python, as JSON. Without the packages of the site, which take their time.
const QUESTION: &str = "import json, sys
v = sys.version_info
try:
    import ssl
    s = hasattr(ssl, 'SSLContext')
except ImportError:
    s = False
print(json.dumps({'executable': sys.executable, 'has_sslcontext': s, 'type': sys.implementation.name,
    'version': dict(zip(('major', 'minor', 'micro', 'releaselevel', 'serial'), v)), 'version_info': list(v)}))";

/// The one that the host's variables name, else the first `python3` on the path of the login.
pub fn gather(facts: &mut Facts, ctx: &mut Context<'_>) {
    let Some(python) = programs::python(ctx) else { return };
    let asked = Command::new([python.as_str(), "-I", "-S", "-c", QUESTION]);
    let Ok(done) = ctx.run(&Command { quiet: true, ..asked }) else { return };
    let Ok(python) = serde_json::from_slice::<Value>(&done.stdout) else { return };
    let Some(python) = python.as_map() else { return };
    facts.set("python_version", version(python));
    facts.set("python", python.clone());
}

/// `3.11.2`
fn version(python: &Map) -> String {
    let numbers = python.get("version_info").and_then(Value::as_list).unwrap_or_default();
    numbers.iter().take(3).map(ToString::to_string).collect::<Vec<_>>().join(".")
}
