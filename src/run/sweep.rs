//! The last look at the engines that a run has asked: containers that were to go with it, and that nobody came to stop.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::dispatcher::Dispatcher;
use crate::connection::Endpoint;
use crate::connection::container::{OWN_LABEL, RUN_LABEL};

/// How long an engine may take.
const PATIENCE: Duration = Duration::from_secs(30);

impl Dispatcher {
    /// Removes what the run was to remove and has not, because it was stopped at once or could not get at it.
    pub(super) async fn sweep_engines(&mut self) {
        if self.shared.compiler.options.keep_container {
            return;
        }
        for (endpoint, socket) in self.shared.pool.engines() {
            let swept = timeout(PATIENCE, self.sweep(&endpoint, &socket)).await;
            match swept.unwrap_or_else(|_| Err("it does not answer".to_owned())) {
                Ok(removed) => {
                    for name in removed {
                        self.warn(format!("{endpoint}: container {name} was left over; it was removed"));
                    }
                }
                Err(reason) => {
                    let remedy = self.remedy();
                    self.warn(format!(
                        "{endpoint}: nobody could look for containers of the run: {reason}; {remedy}"
                    ));
                }
            }
        }
    }

    async fn sweep(&self, endpoint: &Endpoint, socket: &Arc<str>) -> Result<Vec<String>, String> {
        let engine = self.shared.pool.engine(endpoint, Arc::clone(socket)).await;
        let engine = engine.map_err(|error| error.to_string())?;
        let label = format!("{RUN_LABEL}={}", self.shared.mark);
        let mut removed = Vec::new();
        for there in engine.containers(&label).await.map_err(|error| error.to_string())? {
            if there["Labels"].get(OWN_LABEL).is_none() {
                continue;
            }
            let name = there["Names"][0].as_str().unwrap_or_default().trim_start_matches('/').to_owned();
            engine.remove_container(&name, true).await.map_err(|error| format!("{name}: {error}"))?;
            removed.push(name);
        }
        Ok(removed)
    }
}
