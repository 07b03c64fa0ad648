//! How the hosts of an inventory are reached, for verbs that look after hosts without a run.

use std::sync::Arc;

use super::delegate;
use super::hosts::{Board, Host};
use super::magic::host_scope;
use crate::base::HostName;
use crate::connection::Endpoint;
use crate::plan::Compiler;
use crate::vars::{Environment, Templar};

/// How a host is reached.
#[derive(Clone, Debug)]
pub struct Reach {
    /// Who logs in, outside of all containers that a play may name.
    pub endpoint: Endpoint,
    /// The path of its container engine's socket, be there one or not.
    pub socket: Arc<str>,
}

/// How each host is reached, or why it is not.
pub fn endpoints(
    compiler: &Compiler,
    environment: &Arc<Environment>,
    hosts: Vec<HostName>,
) -> Vec<(HostName, Result<Reach, String>)> {
    let project = &compiler.project;
    let board = Arc::new(Board::default());
    let endpoint = |name: &HostName| {
        let mut layers =
            compiler.host_layers(&project.inventory, name.as_str()).map_err(|e| e.to_string())?;
        layers.push(project.extra.clone());
        let mut host = Host::new(name.clone(), layers.into_iter().map(Arc::new).collect());
        host.set_magic("inventory_hostname", name.as_str());
        let short = name.as_str().split('.').next().unwrap_or_default();
        host.set_magic("inventory_hostname_short", short);
        let templar = Templar::new(host_scope(&host, &board), Arc::clone(environment));
        let endpoint = delegate::endpoint(name.as_str(), None, &templar).map_err(|e| e.to_string())??;
        Ok(Reach { endpoint, socket: delegate::engine_socket(&templar)? })
    };
    hosts.into_iter().map(|name| (name.clone(), endpoint(&name))).collect()
}
