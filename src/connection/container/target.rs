//! Which container, and how one gets to the engine that runs it.

use std::fmt;
use std::sync::Arc;

use crate::connection::TargetError;

/// Where the engine listens when nobody says.
pub const SOCKET: &str = "/var/run/docker.sock";

/// A container of an engine on some host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContainerTarget {
    /// Name or id.
    pub name: Arc<str>,
    /// The user inside, as `USER` or `UID:GID`; the image's own when nobody says.
    pub user: Option<Arc<str>>,
    /// The path of the engine's Unix socket on the host.
    pub socket: Arc<str>,
}

impl ContainerTarget {
    /// As the image's user, by the usual socket.
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), user: None, socket: SOCKET.into() }
    }

    /// As the image's user, by the engine with this address (`unix:///path`).
    pub fn of(name: &str, engine: Option<&str>) -> Result<Self, TargetError> {
        Ok(Self { socket: socket(engine)?, ..Self::new(name) })
    }
}

/// The path of the socket at an engine's address (`unix:///path`).
pub fn socket(engine: Option<&str>) -> Result<Arc<str>, TargetError> {
    let Some(engine) = engine else { return Ok(SOCKET.into()) };
    let path = engine.strip_prefix("unix://").filter(|path| path.starts_with('/'));
    Ok(path.ok_or_else(|| TargetError::Engine(engine.to_owned()))?.into())
}

impl fmt::Display for ContainerTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.user {
            Some(user) => write!(f, "{user} in container {}", self.name),
            None => write!(f, "container {}", self.name),
        }
    }
}
