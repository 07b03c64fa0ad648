//! What is done with containers, images and networks: actions, because the controller asks the engine through the agent of the
//! host. A task that is done in a container asks the engine of that container's host.
//!
//! Names and meanings of arguments are those of Ansible's collection `community.docker`.

mod changes;
mod compare;
mod container;
mod exec;
mod image;
mod network;
mod patience;
mod quantity;
mod refused;

use serde_json::Value as Json;

use self::patience::Patience;
use super::{Action, ActionContext, UsedImage};
use crate::base::{Map, Value, shlex};
use crate::connection::{Engine, EngineError};
use crate::wire::Outcome;

pub(super) const CONTAINER: Action = container::ACTION;
pub(super) const CONTAINER_EXEC: Action = exec::ACTION;
pub(super) const IMAGE: Action = image::ACTION;
pub(super) const NETWORK: Action = network::ACTION;

/// An engine and whoever asks it.
struct Asking<'a> {
    engine: Engine,
    ctx: &'a ActionContext<'a>,
    patience: Patience<'a>,
}

impl<'a> Asking<'a> {
    async fn new(
        ctx: &'a ActionContext<'a>,
        address: Option<&str>,
        patience: Patience<'a>,
    ) -> Result<Self, Outcome> {
        let engine = patience.wait(ctx.target.engine(address, ctx.templar)).await??;
        Ok(Self { engine, ctx, patience })
    }

    /// Waits for the engine's answer, no longer than the task may take. `doing` is what it is asked for: `start container c1`.
    async fn ask<T>(
        &self,
        doing: &str,
        request: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<T, Outcome> {
        let answer = self.patience.wait(request).await?;
        answer.map_err(|error| self.failed(&format!("cannot {doing}"), &error))
    }

    /// What the task ends with when the engine refuses `doing` (`cannot start container c1`).
    fn failed(&self, doing: &str, error: &EngineError) -> Outcome {
        if !self.engine.is_alive() {
            return self.ctx.target.unreachable(format!("{doing}: the connection was lost: {error}"));
        }
        let mut outcome = Outcome::failed(format!("{doing}: {}", error.told()));
        if let Some(refusal) = error.refusal() {
            outcome = outcome.with("cause", refusal.cause).with("remedy", refusal.remedy);
        }
        outcome.with("engine_error", error.words.as_str())
    }

    /// The labels of things that are made: the user's, and the run's.
    fn labels(&self, own: Option<&Json>) -> Json {
        let mut labels = own.and_then(Json::as_object).cloned().unwrap_or_default();
        for (name, value) in self.engine.labels() {
            labels.insert(name.to_owned(), value.into());
        }
        Json::Object(labels)
    }
}

/// The words of a command: a line as a shell reads it, or a list.
fn words_of(command: &Value) -> Result<Vec<String>, String> {
    match command {
        Value::List(words) => Ok(words.iter().map(ToString::to_string).collect()),
        line => {
            let line = line.to_string();
            shlex::split(&line).map_err(|error| format!("cannot split `{line}` into words: {error}"))
        }
    }
}

/// What is kept of an image that a run uses.
fn used_image(name: &str, image: &Json) -> UsedImage {
    let digests = image["RepoDigests"].as_array().into_iter().flatten().filter_map(Json::as_str);
    UsedImage {
        name: name.to_owned(),
        id: image["Id"].as_str().unwrap_or_default().to_owned(),
        digests: digests.map(str::to_owned).collect(),
        host: None,
    }
}

/// A text for every key.
fn texts<C: FromIterator<(String, String)>>(map: &Map) -> C {
    map.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
}

/// As a template sees it.
fn to_value(json: &Json) -> Value {
    serde_json::from_value(json.clone()).unwrap_or_default()
}
