//! A container engine on a host: Docker's API, or Podman's, over streams that the host's agent opens to the engine's socket.
//!
//! Requests and what is looked at are JSON as the API has it (<https://docs.docker.com/reference/api/engine/>), so that what
//! somebody wants can be compared with what is there. What is done with containers, images and networks stands beside this file.

use std::sync::Arc;
use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, BollardRequest, Docker};
use hyper::header::{HOST, HeaderValue};
use hyper::http::uri::{PathAndQuery, Uri};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::error::EngineError;
use super::{FOLDER, system};
use crate::connection::agents::PROGRAM;
use crate::connection::pool::Lease;
use crate::connection::ssh::Client;
use crate::connection::{BoxFuture, CallError, ConnectError, Link, Session};
use crate::wire::{Dial, Owner};

/// How long an answer may take to begin, in seconds.
const PATIENCE: u64 = 120;
/// The same for what takes its time before it says anything, such as reading a large archive.
pub(super) const LONG: Duration = Duration::from_hours(24);

/// The label with the mark of the run that made something.
pub const RUN_LABEL: &str = "benchbook.run";
/// The label of what goes with its run: whoever finds it when the run is over may take it away.
pub const OWN_LABEL: &str = "benchbook.own";
/// The label with the name of the controller that made something.
pub const CONTROLLER_LABEL: &str = "benchbook.controller";

/// A container engine on some host.
pub struct Engine {
    pub(super) docker: Docker,
    host: Lease,
    socket: Arc<str>,
    client: Arc<Client>,
}

impl Engine {
    /// Talks to the engine that listens on this socket of the host.
    pub(in crate::connection) async fn connect(
        host: Lease,
        socket: Arc<str>,
        client: Arc<Client>,
    ) -> Result<Self, ConnectError> {
        let docker = dial(host.session(), Arc::clone(&socket)).await.map_err(|error| {
            let reason = format!("the container engine: {error}");
            let (socket, unanswered) = (socket.to_string(), error.unanswered);
            ConnectError::Container { reason, socket, gone: false, unanswered }
        })?;
        Ok(Self { docker, host, socket, client })
    }

    /// Whether its host is still reached.
    pub fn is_alive(&self) -> bool {
        self.host.is_alive()
    }

    /// The path of its socket on the host.
    pub fn socket(&self) -> &str {
        &self.socket
    }

    /// What the things that are made for this run carry, so that what a dead run has left is known: its mark, and the name of
    /// its controller.
    pub fn labels(&self) -> Vec<(&'static str, &str)> {
        let variables = self.client.owner.as_ref().map(Owner::variables).into_iter().flatten();
        [RUN_LABEL, CONTROLLER_LABEL].into_iter().zip(variables.map(|(_, value)| value)).collect()
    }

    /// The host's own agent, and where one is looked for in a container: for a mount.
    pub fn agent(&self) -> Result<AgentMount, ConnectError> {
        let hello = self.host.hello();
        let agent = self.client.agents.find(&format!("{} {}", system(&hello.os), hello.arch))?;
        Ok(AgentMount { source: hello.program.clone(), target: format!("{FOLDER}/{}/{PROGRAM}", agent.hash) })
    }

    /// What the engine says about itself (`GET /info`).
    pub async fn info(&self) -> Result<Json, EngineError> {
        Ok(to_json(&self.docker.info().await?))
    }
}

/// An agent for a container, mounted from its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentMount {
    /// The path of the host's agent; empty when it does not know.
    pub source: String,
    /// Its path in containers.
    pub target: String,
}

/// As the API has it.
pub(super) fn to_json(value: &impl Serialize) -> Json {
    serde_json::to_value(value).expect("the API's types are JSON")
}

/// The API's type for a JSON of the same shape.
pub(super) fn from_json<T: DeserializeOwned>(json: &Json) -> Result<T, EngineError> {
    T::deserialize(json).map_err(|error| EngineError::new(error.to_string()))
}

/// The engine behind this socket; it speaks the newest version of the API that both know.
pub(super) async fn dial(host: Arc<Session>, socket: Arc<str>) -> Result<Docker, EngineError> {
    let transport = move |request: BollardRequest| -> BoxFuture<'static, _> {
        let link = host.dial(Dial::Unix(socket.to_string()));
        Box::pin(async move {
            let Link { input, output, ended } = link.map_err(|error| gone(&error))?;
            let stream = TokioIo::new(tokio::io::join(input, output));
            let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
            tokio::spawn(connection.with_upgrades());
            let answer = sender.send_request(to_origin(request)).await;
            match answer {
                Ok(answer) => Ok(answer),
                // The agent knows better why nobody answers.
                Err(error) => match ended.await {
                    words if words.is_empty() => Err(error.into()),
                    words => Err(super::error::of_socket(words).into()),
                },
            }
        })
    };
    let docker = Docker::connect_with_custom_transport(
        transport,
        Some("http://docker"),
        PATIENCE,
        API_DEFAULT_VERSION,
    )?;
    Ok(docker.negotiate_version().await?)
}

fn gone(error: &CallError) -> bollard::errors::Error {
    std::io::Error::other(error.to_string()).into()
}

/// A server that is no proxy is told the path, and the host apart from it (RFC 9112, section 3.2.1).
fn to_origin(mut request: BollardRequest) -> BollardRequest {
    let path = request.uri().path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    *request.uri_mut() = Uri::from(path);
    request.headers_mut().insert(HOST, HeaderValue::from_static("docker"));
    request
}
