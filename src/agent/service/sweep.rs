//! `_rubbish` and `_sweep`: what lies on this machine for nothing, for `benchbook clean`; and its removal.

use serde::Deserialize;

use super::Service;
use crate::agent::rubbish::{self, Rubbish};
use crate::base::{Map, Value, args};
use crate::module::Context;
use crate::wire::Outcome;

pub(super) const RUBBISH: Service = Service { name: "_rubbish", run: look };
pub(super) const SWEEP: Service = Service { name: "_sweep", run: sweep };

/// What is asked.
#[derive(Debug, Deserialize)]
struct Asked {
    /// The hashes of agents that are still wanted.
    #[serde(default)]
    agents: Vec<String>,
    /// What was shown, and is to be removed.
    #[serde(default)]
    paths: Vec<String>,
}

/// Gives `rubbish`: a list of `{path, what}`.
fn look(map: &Map, _: &mut Context<'_>) -> Outcome {
    let row = |found: Rubbish| {
        let path = found.path.display().to_string();
        Value::from(Map::from_iter([("path", Value::from(path)), ("what", found.what.into())]))
    };
    match args::from_map::<Asked>(map) {
        Ok(asked) => {
            let found = rubbish::find(&asked.agents).into_iter().map(row).collect();
            Outcome::ok(false).with("rubbish", Value::list(found))
        }
        Err(error) => Outcome::failed(error.to_string()),
    }
}

/// Removes what was shown and is still found.
fn sweep(map: &Map, _: &mut Context<'_>) -> Outcome {
    let asked: Asked = match args::from_map(map) {
        Ok(asked) => asked,
        Err(error) => return Outcome::failed(error.to_string()),
    };
    let found = rubbish::find(&asked.agents);
    let shown = found.iter().filter(|r| asked.paths.iter().any(|p| *p == r.path.display().to_string()));
    let failed: Vec<_> =
        shown.filter_map(|r| Some(format!("{}: {}", r.path.display(), rubbish::remove(r).err()?))).collect();
    if failed.is_empty() { Outcome::ok(true) } else { Outcome::failed(failed.join("; ")) }
}
