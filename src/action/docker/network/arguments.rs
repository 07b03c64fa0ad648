//! What `docker_network` takes: the names and meanings of Ansible's `community.docker.docker_network`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::docker::refused::with_connection;
use crate::base::Map;

/// A network that differs from what is given is removed and made again, and its containers are connected again. Networks that a run
/// makes carry its mark in the label `benchbook.run`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = with_connection)]
#[allow(clippy::struct_excessive_bools)] // they are what users write
pub(super) struct Args {
    /// Its name.
    #[serde(alias = "network_name")]
    #[schemars(extend("x-aliases" = ["network_name"]))]
    pub name: String,
    /// Whether it is there.
    #[serde(default)]
    pub state: State,
    /// Its driver: `bridge`, `macvlan`, `ipvlan`, …
    #[serde(default = "bridge")]
    pub driver: String,
    /// The driver's options.
    pub driver_options: Option<Map>,
    /// The driver that hands out addresses.
    pub ipam_driver: Option<String>,
    /// Its options.
    pub ipam_driver_options: Option<Map>,
    /// Its addresses.
    pub ipam_config: Option<Vec<Pool>>,
    /// IPv4; without it only where the engine can do that.
    pub enable_ipv4: Option<bool>,
    /// IPv6.
    pub enable_ipv6: Option<bool>,
    /// No way out.
    pub internal: Option<bool>,
    /// Containers beside services may be connected.
    pub attachable: Option<bool>,
    /// `local`, `global` or `swarm`.
    pub scope: Option<Scope>,
    /// The network of that name has the settings of this one.
    pub config_from: Option<String>,
    /// It only keeps settings for others.
    pub config_only: Option<bool>,
    /// The network that leads into a swarm.
    pub ingress: Option<bool>,
    /// Labels.
    pub labels: Option<Map>,
    /// Containers that are connected to it.
    #[serde(alias = "containers")]
    #[schemars(extend("x-aliases" = ["containers"]))]
    pub connected: Option<Vec<String>>,
    /// Leave others connected that `connected` does not name.
    #[serde(default, alias = "incremental")]
    #[schemars(extend("x-aliases" = ["incremental"]))]
    pub appends: bool,
    /// With `absent`: take its containers off it first. With `present`: make it again, also when nothing differs.
    #[serde(default)]
    pub force: bool,
    /// The engine's address, `unix:///path`; by default `ansible_docker_docker_host`, else /var/run/docker.sock.
    #[serde(alias = "docker_url")]
    #[schemars(extend("x-aliases" = ["docker_url"]))]
    pub docker_host: Option<String>,
}

fn bridge() -> String {
    "bridge".to_owned()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Scope {
    Local,
    Global,
    Swarm,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Absent,
    #[default]
    Present,
}

/// Addresses of a network.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Pool {
    /// All: `172.30.0.0/16`.
    pub subnet: Option<String>,
    /// Those for containers.
    pub iprange: Option<String>,
    /// The way out.
    pub gateway: Option<String>,
    /// Addresses that others have: name and address.
    pub aux_addresses: Option<Map>,
}
