//! How the hosts of an inventory are reached, for verbs that look after hosts without a run.

use std::sync::Arc;

use super::hosts::{Board, Host};
use super::magic::host_scope;
use super::{becoming, delegate};
use crate::base::{HostName, Map, Secret};
use crate::connection::Endpoint;
use crate::model::Becoming;
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

/// How a host is reached as the user that it is looked at as, and what its variables say of that.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The user that variables and the command line mean, perhaps another than the one who logs in.
    pub endpoint: Endpoint,
    /// Its address for other hosts: `ansible_host`, else its name.
    pub address: String,
    /// The variables that were asked for, as far as they are defined.
    pub variables: Map,
}

/// How each host is reached, or why it is not.
pub fn endpoints(
    compiler: &Compiler,
    environment: &Arc<Environment>,
    hosts: Vec<HostName>,
) -> Vec<(HostName, Result<Reach, String>)> {
    let endpoint = |name: &HostName, templar: Templar| {
        let endpoint = delegate::endpoint(name.as_str(), None, &templar).map_err(|e| e.to_string())??;
        Ok(Reach { endpoint, socket: delegate::engine_socket(&templar)? })
    };
    of_each(compiler, environment, hosts, endpoint)
}

/// How each host is visited, or why it is not; `password` is for becoming another user, `names` are variables.
pub fn visits(
    compiler: &Compiler,
    environment: &Arc<Environment>,
    hosts: Vec<HostName>,
    password: Option<&Secret>,
    names: &[String],
) -> Vec<(HostName, Result<Visit, String>)> {
    let visit = |name: &HostName, templar: Templar| {
        let login = delegate::endpoint(name.as_str(), None, &templar).map_err(|e| e.to_string())??;
        let asked = &compiler.options.becoming;
        let endpoint = becoming::as_other(login, &Becoming::default(), asked, password, &templar);
        let variable = |name: &str| {
            let Some((value, _)) = templar.scope().lookup(name) else { return Ok(None) };
            templar.render(value).map(Some).map_err(|error| format!("{name}: {error}"))
        };
        let mut variables = Map::new();
        for name in names {
            if let Some(value) = variable(name)? {
                variables.insert(name.as_str(), value);
            }
        }
        let address = variable("ansible_host")?.map_or_else(|| name.to_string(), |value| value.to_string());
        Ok(Visit { endpoint: endpoint.map_err(|e| e.to_string())?, address, variables })
    };
    of_each(compiler, environment, hosts, visit)
}

/// Asks the variables of each host.
fn of_each<T>(
    compiler: &Compiler,
    environment: &Arc<Environment>,
    hosts: Vec<HostName>,
    ask: impl Fn(&HostName, Templar) -> Result<T, String>,
) -> Vec<(HostName, Result<T, String>)> {
    let project = &compiler.project;
    let board = Arc::new(Board::default());
    let answer = |name: &HostName| {
        let mut layers =
            compiler.host_layers(&project.inventory, name.as_str()).map_err(|e| e.to_string())?;
        layers.push(project.extra.clone());
        let mut host = Host::new(name.clone(), layers.into_iter().map(Arc::new).collect());
        host.set_magic("inventory_hostname", name.as_str());
        let short = name.as_str().split('.').next().unwrap_or_default();
        host.set_magic("inventory_hostname_short", short);
        ask(name, Templar::new(host_scope(&host, &board), Arc::clone(environment)))
    };
    hosts.into_iter().map(|name| (name.clone(), answer(&name))).collect()
}
