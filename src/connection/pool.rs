//! One session per endpoint, opened when it is first wanted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Mutex as AsyncMutex;

use super::become_user::BecomeUser;
use super::local::Local;
use super::{ConnectError, Connector, Endpoint, Session};

/// Sessions by endpoint. Cheap to share behind an `Arc`.
pub struct Pool {
    slots: Mutex<HashMap<Endpoint, Arc<Slot>>>,
}

#[derive(Default)]
struct Slot {
    /// None for other users on a target: they are reached through the session of the one who logs in.
    connector: Option<Arc<dyn Connector>>,
    session: AsyncMutex<Option<Arc<Session>>>,
}

impl Slot {
    async fn session(&self, endpoint: &Endpoint) -> Result<Arc<Session>, ConnectError> {
        let connector = self.connector.as_ref().ok_or_else(|| ConnectError::Unknown(endpoint.clone()))?;
        let mut session = self.session.lock().await;
        if let Some(open) = session.as_ref().filter(|s| s.is_alive()) {
            return Ok(Arc::clone(open));
        }
        Ok(Arc::clone(session.insert(Arc::new(Session::open(&**connector).await?))))
    }
}

impl Default for Pool {
    fn default() -> Self {
        Self::new()
    }
}

impl Pool {
    /// Knows this machine.
    pub fn new() -> Self {
        Self { slots: Mutex::default() }.with(Endpoint::Local, Local::new())
    }

    /// Says how an endpoint is reached.
    #[must_use]
    pub fn with(self, endpoint: Endpoint, connector: impl Connector + 'static) -> Self {
        self.lock().insert(
            endpoint,
            Arc::new(Slot { connector: Some(Arc::new(connector)), session: AsyncMutex::default() }),
        );
        self
    }

    /// The session with an endpoint: the one there is, or a new one when there is none or it was lost. Whoever asks
    /// while it is being opened waits for the same one.
    pub async fn session(&self, endpoint: &Endpoint) -> Result<Arc<Session>, ConnectError> {
        let Endpoint::Become(login, escalation) = endpoint else {
            let slot = self.lock().get(endpoint).cloned();
            let slot = slot.ok_or_else(|| ConnectError::Unknown(endpoint.clone()))?;
            return slot.session(endpoint).await;
        };
        let login = Box::pin(self.session(login)).await?;
        if BecomeUser::is_login(&login, escalation) {
            return Ok(login);
        }
        let slot = Arc::clone(self.lock().entry(endpoint.clone()).or_default());
        let mut session = slot.session.lock().await;
        if let Some(open) = session.as_ref().filter(|s| s.is_alive()) {
            return Ok(Arc::clone(open));
        }
        let connector = BecomeUser::new(login, Arc::clone(escalation));
        let opened = Session::open(&connector).await.map_err(|error| connector.explain(error))?;
        Ok(Arc::clone(session.insert(Arc::new(opened))))
    }

    /// Closes all sessions and waits until the agents have ended their children and themselves. Gives what is to be
    /// said about those that did not end as they should.
    pub async fn close(&self) -> Vec<(Endpoint, String)> {
        let slots: Vec<_> = self.lock().iter().map(|(e, s)| (e.clone(), Arc::clone(s))).collect();
        // Other users on a target first: their bytes go through the login user's agent.
        let (others, logins): (Vec<_>, Vec<_>) =
            slots.into_iter().partition(|(endpoint, _)| matches!(endpoint, Endpoint::Become(..)));
        let mut said = close_all(others).await;
        said.append(&mut close_all(logins).await);
        said.retain(|(_, words)| !words.is_empty());
        said.sort();
        said
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Endpoint, Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn close_all(slots: Vec<(Endpoint, Arc<Slot>)>) -> Vec<(Endpoint, String)> {
    let mut closing = tokio::task::JoinSet::new();
    for (endpoint, slot) in slots {
        if let Some(session) = slot.session.lock().await.take() {
            closing.spawn(async move { (endpoint, session.close().await) });
        }
    }
    closing.join_all().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_endpoint_that_nobody_registered() {
        let error = Pool::new().session(&Endpoint::Memory("n1".into())).await.err().unwrap();
        assert_eq!(error.to_string(), "nothing is known about how to reach memory n1");
    }
}
