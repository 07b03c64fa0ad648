//! The networks that a container is connected to.

use serde_json::{Map as Object, Value as Json, json};

use super::Work;
use super::arguments::Network;
use super::body::network_mode;
use crate::action::docker::changes::Changes;
use crate::action::docker::compare::differences;
use crate::action::docker::texts;
use crate::wire::Outcome;

impl Work<'_> {
    /// The network that it is made in, when it is said how: an address is given then, and not while it runs.
    pub(super) fn own_network(&self) -> Option<&Network> {
        let mode = network_mode(self.args)?;
        self.args.networks.as_ref()?.iter().find(|network| network.name == mode)
    }

    /// Connects it to the networks that are wanted, and takes it off others if that is wanted too.
    pub(super) async fn connect(&self, found: Option<&Json>, changes: &mut Changes) -> Result<(), Outcome> {
        let name = &self.args.name;
        let Some(wanted) = &self.args.networks else { return Ok(()) };
        let there =
            found.and_then(|found| found.pointer("/NetworkSettings/Networks")).and_then(Json::as_object);
        let empty = Object::new();
        let there = there.unwrap_or(&empty);
        let engine = &self.asking.engine;
        for network in wanted {
            let settings = settings(network);
            let is = there.get(&network.name);
            if is.is_some_and(|is| differences(&settings, is).is_empty()) {
                continue;
            }
            let before = if is.is_some() { "connected otherwise" } else { "not connected" };
            changes.note(&format!("network {}", network.name), before, "connected");
            if self.is_dry() {
                continue;
            }
            let doing = format!("connect container {name} to network {}", network.name);
            if is.is_some() {
                self.asking.ask(&doing, engine.disconnect_network(&network.name, name)).await?;
            }
            self.asking.ask(&doing, engine.connect_network(&network.name, name, &settings)).await?;
        }
        if !self.args.purge_networks {
            return Ok(());
        }
        for other in there.keys().filter(|other| wanted.iter().all(|network| network.name != **other)) {
            changes.note(&format!("network {other}"), "connected", "not connected");
            if !self.is_dry() {
                let doing = format!("take container {name} off network {other}");
                self.asking.ask(&doing, engine.disconnect_network(other, name)).await?;
            }
        }
        Ok(())
    }
}

/// An `EndpointSettings` of the API.
pub(super) fn settings(network: &Network) -> Json {
    let mut settings = Object::new();
    let mut addresses = Object::new();
    addresses.extend(network.ipv4_address.as_ref().map(|ip| ("IPv4Address".to_owned(), json!(ip))));
    addresses.extend(network.ipv6_address.as_ref().map(|ip| ("IPv6Address".to_owned(), json!(ip))));
    settings.extend((!addresses.is_empty()).then(|| ("IPAMConfig".to_owned(), Json::Object(addresses))));
    settings.extend(network.aliases.as_ref().map(|aliases| ("Aliases".to_owned(), json!(aliases))));
    settings.extend(network.links.as_ref().map(|links| ("Links".to_owned(), json!(links))));
    settings.extend(network.mac_address.as_ref().map(|mac| ("MacAddress".to_owned(), json!(mac))));
    settings.extend(network.driver_opts.as_ref().map(|options| ("DriverOpts".to_owned(), texts(options))));
    settings.extend(network.gw_priority.map(|number| ("GwPriority".to_owned(), json!(number))));
    Json::Object(settings)
}
