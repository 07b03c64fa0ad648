//! Containers and networks that dead runs have left in the engines of hosts. What they are known by is a label.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::base::RunMark;
use crate::connection::container::{OWN_LABEL, RUN_LABEL};
use crate::connection::{Endpoint, Engine, Pool};

/// A container or a network.
pub(super) struct Thing {
    kind: Kind,
    name: String,
    /// How it is, for people.
    state: String,
    /// Whether runs take such things away by themselves.
    pub own: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Container,
    Network,
}

/// What is there, by the run that made it. Nothing where there is no engine; why one that is there could not be asked.
pub(super) async fn look(
    pool: &Pool,
    endpoint: &Endpoint,
    socket: &Arc<str>,
) -> Result<BTreeMap<RunMark, Vec<Thing>>, String> {
    let engine = match pool.engine(endpoint, Arc::clone(socket)).await {
        Err(error) if error.is_without_engine() => return Ok(BTreeMap::new()),
        engine => engine.map_err(|error| error.to_string())?,
    };
    let mut found: BTreeMap<RunMark, Vec<Thing>> = BTreeMap::new();
    let containers = engine.containers(RUN_LABEL).await.map_err(|error| error.to_string())?;
    let networks = engine.networks(RUN_LABEL).await.map_err(|error| error.to_string())?;
    let things = containers.iter().map(|there| (Kind::Container, there));
    for (kind, there) in things.chain(networks.iter().map(|there| (Kind::Network, there))) {
        let label = |name: &str| there["Labels"].get(name).and_then(Json::as_str);
        let name = there["Names"][0].as_str().or(there["Name"].as_str()).unwrap_or_default();
        let state = there["State"].as_str().unwrap_or("a network").to_owned();
        let name = name.trim_start_matches('/').to_owned();
        let own = label(OWN_LABEL).is_some();
        if let Some(mark) = label(RUN_LABEL) {
            found.entry(RunMark::from(mark)).or_default().push(Thing { kind, name, state, own });
        }
    }
    Ok(found)
}

/// Takes it away, containers first. Gives what went wrong.
pub(super) async fn remove(
    pool: &Pool,
    endpoint: &Endpoint,
    socket: &Arc<str>,
    things: &[Thing],
) -> Result<(), String> {
    if things.is_empty() {
        return Ok(());
    }
    let engine: Engine =
        pool.engine(endpoint, Arc::clone(socket)).await.map_err(|error| error.to_string())?;
    for thing in things {
        let removed = match thing.kind {
            Kind::Container => engine.remove_container(&thing.name, true).await,
            Kind::Network => engine.remove_network(&thing.name).await,
        };
        removed.map_err(|error| format!("{}: {error}", thing.name))?;
    }
    Ok(())
}

impl Thing {
    /// `  container box, running`
    pub(super) fn told(&self) -> String {
        match self.kind {
            Kind::Container => format!("  container {}, {}\n", self.name, self.state),
            Kind::Network => format!("  network {}\n", self.name),
        }
    }
}
