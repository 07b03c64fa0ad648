//! What an engine does with networks.

use bollard::models::{NetworkConnectRequest, NetworkCreateRequest, NetworkDisconnectRequest};
use bollard::query_parameters::ListNetworksOptionsBuilder;
use serde_json::Value as Json;

use super::containers::{gone, present};
use super::engine::{Engine, from_json, to_json};
use super::error::EngineError;
use super::shows;

impl Engine {
    /// A network by name or id, as `GET /networks/NAME` shows it; `None` when there is none.
    pub async fn network(&self, name: &str) -> Result<Option<Json>, EngineError> {
        let found = present(self.docker.inspect_network(name, None).await.map_err(EngineError::from))?;
        Ok(found.filter(|found| shows(found, name)))
    }

    /// All networks with this label (`KEY` or `KEY=VALUE`), as `GET /networks` shows them.
    pub async fn networks(&self, label: &str) -> Result<Vec<Json>, EngineError> {
        let filters = [("label", vec![label])].into();
        let options = ListNetworksOptionsBuilder::default().filters(&filters).build();
        Ok(self.docker.list_networks(Some(options)).await?.iter().map(to_json).collect())
    }

    /// Makes a network of a body as `POST /networks/create` has it.
    pub async fn create_network(&self, body: &Json) -> Result<(), EngineError> {
        let body: NetworkCreateRequest = from_json(body)?;
        self.docker.create_network(body).await?;
        Ok(())
    }

    /// Removes it; nothing happens when it is gone.
    pub async fn remove_network(&self, name: &str) -> Result<(), EngineError> {
        gone(self.docker.remove_network(name).await.map_err(EngineError::from))
    }

    /// Connects a container to a network; `settings` are an `EndpointSettings` of the API.
    pub async fn connect_network(
        &self,
        network: &str,
        container: &str,
        settings: &Json,
    ) -> Result<(), EngineError> {
        let endpoint_config = Some(from_json(settings)?);
        let request = NetworkConnectRequest { container: container.to_owned(), endpoint_config };
        Ok(self.docker.connect_network(network, request).await?)
    }

    /// Takes a container off a network.
    pub async fn disconnect_network(&self, network: &str, container: &str) -> Result<(), EngineError> {
        let request = NetworkDisconnectRequest { container: container.to_owned(), force: Some(true) };
        Ok(self.docker.disconnect_network(network, request).await?)
    }
}
