//! What an engine does with containers.

use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, KillContainerOptionsBuilder, ListContainersOptionsBuilder,
    LogsOptionsBuilder, RemoveContainerOptionsBuilder, StopContainerOptionsBuilder,
    WaitContainerOptionsBuilder,
};
use futures_util::StreamExt;
use serde_json::Value as Json;

use super::engine::{Engine, LONG, from_json, to_json};
use super::error::EngineError;
use super::shows;

/// How a container is stopped; where nothing is said, as it was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stopping {
    /// The signal that asks it to.
    pub signal: Option<String>,
    /// Seconds until it is killed.
    pub seconds: Option<i32>,
}

impl Engine {
    /// A container by name or id, as `GET /containers/NAME/json` shows it; `None` when there is none.
    pub async fn container(&self, name: &str) -> Result<Option<Json>, EngineError> {
        let found = present(self.docker.inspect_container(name, None).await.map_err(EngineError::from))?;
        Ok(found.filter(|found| shows(found, name)))
    }

    /// All containers with this label (`KEY` or `KEY=VALUE`), also those that do not run, as `GET /containers/json` shows them.
    pub async fn containers(&self, label: &str) -> Result<Vec<Json>, EngineError> {
        let filters = [("label", vec![label])].into();
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        Ok(self.docker.list_containers(Some(options)).await?.iter().map(to_json).collect())
    }

    /// Makes a container of a body as `POST /containers/create` has it. Gives its id, and what the engine warns of.
    pub async fn create_container(
        &self,
        name: &str,
        platform: Option<&str>,
        body: &Json,
    ) -> Result<(String, Vec<String>), EngineError> {
        let body: ContainerCreateBody = from_json(body)?;
        let mut options = CreateContainerOptionsBuilder::default().name(name);
        if let Some(platform) = platform {
            options = options.platform(platform);
        }
        let made = self.docker.create_container(Some(options.build()), body).await?;
        Ok((made.id, made.warnings))
    }

    /// Starts it; nothing happens when it runs.
    pub async fn start_container(&self, name: &str) -> Result<(), EngineError> {
        Ok(self.docker.start_container(name, None).await?)
    }

    /// Stops it; nothing happens when it does not run.
    pub async fn stop_container(&self, name: &str, how: &Stopping) -> Result<(), EngineError> {
        let mut options = StopContainerOptionsBuilder::default();
        if let Some(signal) = &how.signal {
            options = options.signal(signal);
        }
        if let Some(seconds) = how.seconds {
            options = options.t(seconds);
        }
        let patient = self.docker.clone().with_timeout(LONG);
        Ok(patient.stop_container(name, Some(options.build())).await?)
    }

    /// Sends it a signal, by default KILL.
    pub async fn kill_container(&self, name: &str, signal: Option<&str>) -> Result<(), EngineError> {
        let options = signal.map(|signal| KillContainerOptionsBuilder::default().signal(signal).build());
        Ok(self.docker.kill_container(name, options).await?)
    }

    /// Freezes all its processes.
    pub async fn pause_container(&self, name: &str) -> Result<(), EngineError> {
        Ok(self.docker.pause_container(name).await?)
    }

    /// Lets them go on.
    pub async fn unpause_container(&self, name: &str) -> Result<(), EngineError> {
        Ok(self.docker.unpause_container(name).await?)
    }

    /// Removes it; one that runs is killed. With `volumes`, its volumes without a name go too. Nothing happens when it is gone.
    pub async fn remove_container(&self, name: &str, volumes: bool) -> Result<(), EngineError> {
        let options = RemoveContainerOptionsBuilder::default().force(true).v(volumes).build();
        gone(self.docker.remove_container(name, Some(options)).await.map_err(EngineError::from))
    }

    /// Waits until it ends (`not-running`) or is gone (`removed`), and gives its exit code.
    pub async fn wait_container(&self, name: &str, condition: &str) -> Result<i64, EngineError> {
        let options = WaitContainerOptionsBuilder::default().condition(condition).build();
        let patient = self.docker.clone().with_timeout(LONG);
        let mut waiting = Box::pin(patient.wait_container(name, Some(options)));
        match waiting.next().await {
            Some(Ok(ended)) => Ok(ended.status_code),
            Some(Err(bollard::errors::Error::DockerContainerWaitError { code, .. })) => Ok(code),
            Some(Err(error)) => Err(error.into()),
            None => Err(EngineError::new("the engine says nothing about its end")),
        }
    }

    /// What it has printed so far: standard output and standard error.
    pub async fn output(&self, name: &str) -> Result<(String, String), EngineError> {
        use bollard::container::LogOutput;
        let options = LogsOptionsBuilder::default().stdout(true).stderr(true).build();
        let mut pieces = Box::pin(self.docker.logs(name, Some(options)));
        let (mut out, mut err) = (Vec::new(), Vec::new());
        while let Some(piece) = pieces.next().await {
            match piece? {
                LogOutput::StdErr { message } => err.extend_from_slice(&message),
                LogOutput::StdOut { message } | LogOutput::Console { message } => {
                    out.extend_from_slice(&message);
                }
                LogOutput::StdIn { .. } => {}
            }
        }
        Ok((String::from_utf8_lossy(&out).into_owned(), String::from_utf8_lossy(&err).into_owned()))
    }
}

/// As the API shows it; nothing when there is none.
pub(super) fn present(
    found: Result<impl serde::Serialize, EngineError>,
) -> Result<Option<Json>, EngineError> {
    match found {
        Ok(found) => Ok(Some(to_json(&found))),
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(error),
    }
}

/// What is gone need not be removed.
pub(super) fn gone(removed: Result<(), EngineError>) -> Result<(), EngineError> {
    match removed {
        Err(error) if error.is_absent() => Ok(()),
        // Another is removing it.
        Err(error) if error.words.contains("is already in progress") => Ok(()),
        removed => removed,
    }
}
