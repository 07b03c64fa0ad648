//! Docker's API, or Podman's, on a host: HTTP over streams that the host's agent opens to the engine's socket.

use std::sync::Arc;

use bollard::errors::Error;
use bollard::{API_DEFAULT_VERSION, BollardRequest, Docker};
use hyper::header::{HOST, HeaderValue};
use hyper::http::uri::{PathAndQuery, Uri};
use hyper_util::rt::TokioIo;

use crate::connection::{BoxFuture, CallError, Link, Session};
use crate::wire::Dial;

/// How long an answer may take to begin, in seconds. Building and pulling speak before that.
const PATIENCE: u64 = 120;

/// The engine on the host of this session; it speaks the newest version of the API that both know.
pub async fn engine(host: Arc<Session>, socket: Arc<str>) -> Result<Docker, Error> {
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
                    words => Err(std::io::Error::other(words).into()),
                },
            }
        })
    };
    let engine = Docker::connect_with_custom_transport(
        transport,
        Some("http://docker"),
        PATIENCE,
        API_DEFAULT_VERSION,
    )?;
    engine.negotiate_version().await
}

fn gone(error: &CallError) -> Error {
    std::io::Error::other(error.to_string()).into()
}

/// A server that is no proxy is told the path, and the host apart from it (RFC 9112, section 3.2.1).
fn to_origin(mut request: BollardRequest) -> BollardRequest {
    let path = request.uri().path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    *request.uri_mut() = Uri::from(path);
    request.headers_mut().insert(HOST, HeaderValue::from_static("docker"));
    request
}
