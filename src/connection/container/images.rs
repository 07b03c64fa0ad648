//! What an engine does with images.

use std::collections::HashMap;
use std::io;

use bollard::body_try_stream;
use bollard::models::{BuildInfo, CreateImageInfo, ProgressDetail, PushImageInfo};
use bollard::query_parameters::{
    BuildImageOptions, CreateImageOptionsBuilder, ImportImageOptionsBuilder, PushImageOptionsBuilder,
    RemoveImageOptionsBuilder, TagImageOptionsBuilder,
};
use futures_util::{Stream, StreamExt};
use hyper::body::Bytes;
use serde_json::Value as Json;
use tokio::sync::mpsc;

use super::containers::{gone, present};
use super::engine::{Engine, LONG};
use super::error::EngineError;

/// How an image is built: the parameters of `POST /build`. What is empty or `None` is the engine's choice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // they are independent of each other
pub struct Build {
    /// `repository:tag`.
    pub name: String,
    /// Its path in the context.
    pub dockerfile: String,
    /// The values of `ARG`s.
    pub arguments: HashMap<String, String>,
    /// The stage to build; the last one when empty.
    pub target: String,
    /// Of the containers in which commands run.
    pub network: Option<String>,
    /// No step is taken from an earlier build.
    pub nocache: bool,
    /// Looks for newer base images in the registry.
    pub pull: bool,
    /// Intermediate containers are removed.
    pub remove: bool,
    /// Labels of the image.
    pub labels: HashMap<String, String>,
    /// Of the containers in which commands run, in bytes.
    pub shm_size: Option<i32>,
    /// Images whose steps may be taken.
    pub cache_from: Vec<String>,
    /// `NAME:ADDRESS`, for /etc/hosts of the containers in which commands run.
    pub extra_hosts: Vec<String>,
    /// `os/architecture`; the engine's own when empty.
    pub platform: String,
    /// Bytes that a command may have.
    pub memory: Option<i32>,
    /// The same with swap; -1: without end.
    pub memory_swap: Option<i32>,
    /// Weight of a command among others.
    pub cpu_shares: Option<i32>,
    /// Processors that a command may use: `0-3`, `0,1`.
    pub cpuset: Option<String>,
}

impl Build {
    fn options(&self) -> BuildImageOptions {
        let list = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
        let map = |map: &HashMap<String, String>| (!map.is_empty()).then(|| map.clone());
        BuildImageOptions {
            t: Some(self.name.clone()),
            dockerfile: self.dockerfile.clone(),
            buildargs: map(&self.arguments),
            target: self.target.clone(),
            networkmode: self.network.clone(),
            nocache: self.nocache,
            pull: self.pull.then(|| "true".to_owned()),
            rm: self.remove,
            forcerm: true,
            labels: map(&self.labels),
            shmsize: self.shm_size,
            cachefrom: list(&self.cache_from),
            extrahosts: list(&self.extra_hosts).map(|hosts| hosts.join(",")),
            platform: self.platform.clone(),
            memory: self.memory,
            memswap: self.memory_swap,
            cpushares: self.cpu_shares,
            cpusetcpus: self.cpuset.clone(),
            ..BuildImageOptions::default()
        }
    }
}

/// Bytes for an engine, as they come. An error breaks the request off.
pub type Pieces = mpsc::Receiver<io::Result<Vec<u8>>>;

/// Hears what the engine says while it works, a piece of text at a time.
pub type Listener<'a> = &'a (dyn Fn(&str) + Send + Sync);

impl Engine {
    /// An image by name or id, as `GET /images/NAME/json` shows it; `None` when there is none.
    pub async fn image(&self, name: &str) -> Result<Option<Json>, EngineError> {
        present(self.docker.inspect_image(name).await.map_err(EngineError::from))
    }

    /// Pulls `repository:tag` (or `repository@digest`) from its registry.
    pub async fn pull_image(
        &self,
        repository: &str,
        tag: &str,
        platform: Option<&str>,
        listener: Listener<'_>,
    ) -> Result<(), EngineError> {
        let mut options = CreateImageOptionsBuilder::default().from_image(repository).tag(tag);
        if let Some(platform) = platform {
            options = options.platform(platform);
        }
        listen(self.docker.create_image(Some(options.build()), None, None), listener).await
    }

    /// Builds an image of a context, which is a tar archive, by the engine's own builder.
    pub async fn build_image(
        &self,
        build: &Build,
        context: Pieces,
        listener: Listener<'_>,
    ) -> Result<(), EngineError> {
        let patient = self.docker.clone().with_timeout(LONG);
        listen(patient.build_image(build.options(), None, Some(body_try_stream(stream(context)))), listener)
            .await
    }

    /// Loads the images of an archive that `docker save` made.
    pub async fn load_images(&self, archive: Pieces, listener: Listener<'_>) -> Result<(), EngineError> {
        let options = ImportImageOptionsBuilder::default().build();
        let patient = self.docker.clone().with_timeout(LONG);
        listen(patient.import_image(options, body_try_stream(stream(archive)), None), listener).await
    }

    /// Gives an image one more name.
    pub async fn tag_image(&self, image: &str, repository: &str, tag: &str) -> Result<(), EngineError> {
        let options = TagImageOptionsBuilder::default().repo(repository).tag(tag).build();
        Ok(self.docker.tag_image(image, Some(options)).await?)
    }

    /// Sends `repository:tag` to its registry, as nobody known.
    pub async fn push_image(
        &self,
        repository: &str,
        tag: &str,
        listener: Listener<'_>,
    ) -> Result<(), EngineError> {
        let options = PushImageOptionsBuilder::default().tag(tag).build();
        listen(self.docker.push_image(repository, Some(options), None), listener).await
    }

    /// Removes a name of an image, and the image with its last name. Nothing happens when it is gone.
    pub async fn remove_image(&self, name: &str, force: bool) -> Result<(), EngineError> {
        let options = RemoveImageOptionsBuilder::default().force(force).build();
        let removed = self.docker.remove_image(name, Some(options), None).await;
        gone(removed.map(|_| ()).map_err(EngineError::from))
    }
}

fn stream(pieces: Pieces) -> impl Stream<Item = io::Result<Bytes>> {
    futures_util::stream::unfold(pieces, async |mut pieces| {
        let piece = pieces.recv().await?;
        Some((piece.map(Bytes::from), pieces))
    })
}

/// A message of a build, a pull, a load or a push.
struct Said {
    id: Option<String>,
    stream: Option<String>,
    status: Option<String>,
    progress: Option<ProgressDetail>,
}

impl From<BuildInfo> for Said {
    fn from(said: BuildInfo) -> Self {
        let BuildInfo { id, stream, status, progress_detail, .. } = said;
        Self { id, stream, status, progress: progress_detail }
    }
}

impl From<CreateImageInfo> for Said {
    fn from(said: CreateImageInfo) -> Self {
        let CreateImageInfo { id, status, progress_detail, .. } = said;
        Self { id, stream: None, status, progress: progress_detail }
    }
}

impl From<PushImageInfo> for Said {
    fn from(said: PushImageInfo) -> Self {
        let PushImageInfo { status, progress_detail, .. } = said;
        Self { id: None, stream: None, status, progress: progress_detail }
    }
}

impl Said {
    /// As a person reads it. The bars of progress are left out: they only make sense where they can be drawn over.
    fn text(self) -> String {
        let moves = self.progress.is_some_and(|progress| progress.current.is_some());
        match (self.stream, self.status.filter(|_| !moves)) {
            (Some(text), _) => text,
            (None, Some(status)) => match self.id {
                Some(id) => format!("{id}: {status}\n"),
                None => format!("{status}\n"),
            },
            (None, None) => String::new(),
        }
    }
}

/// Waits for the end of what an engine says.
async fn listen<T: Into<Said>>(
    said: impl Stream<Item = Result<T, bollard::errors::Error>>,
    listener: Listener<'_>,
) -> Result<(), EngineError> {
    let mut said = Box::pin(said);
    while let Some(piece) = said.next().await {
        let text = piece?.into().text();
        if !text.is_empty() {
            listener(&text);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn messages_are_lines() {
        let text = |message| Said::from(serde_json::from_value::<BuildInfo>(message).unwrap()).text();
        assert_eq!(text(json!({"stream": "Step 1/2 : FROM scratch\n"})), "Step 1/2 : FROM scratch\n");
        assert_eq!(text(json!({"status": "Pull complete", "id": "a1b2"})), "a1b2: Pull complete\n");
        assert_eq!(text(json!({"status": "Downloading", "progressDetail": {"current": 3}})), "");
        assert_eq!(text(json!({"status": "Digest: sha256:0"})), "Digest: sha256:0\n");
        assert_eq!(text(json!({"aux": {"ID": "sha256:0"}})), "");
    }
}
