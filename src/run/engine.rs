//! The container engine of a task's host, for actions: asked for outside of the container that the task is done in.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::magic;
use super::target::{RemoteTarget, stopped};
use crate::base::Map;
use crate::connection::{ConnectError, ContainerTarget, Endpoint, Engine};
use crate::vars::Templar;
use crate::wire::{Outcome, Stream};

impl RemoteTarget<'_> {
    /// Where a call is done: where the task is, or in a container of its host.
    pub(super) fn endpoint(&self, inside: Option<&ContainerTarget>) -> Result<Cow<'_, Endpoint>, String> {
        match inside {
            None => self.place.endpoint.as_ref().map(Cow::Borrowed).map_err(Clone::clone),
            Some(container) => {
                let host = self.place.outside().map_err(Clone::clone)?;
                let inside = Endpoint::Container(Arc::new(host.clone()), Arc::new(container.clone()));
                Ok(Cow::Owned(inside))
            }
        }
    }

    /// The engine of the host. That it is about to be asked is written down, as a request to a module is.
    pub(super) async fn dial_engine(
        &self,
        address: Option<&str>,
        templar: &Templar,
    ) -> Result<Engine, Outcome> {
        let unit = self.unit;
        if unit.cancel.is_cancelled() {
            return Err(stopped());
        }
        if let Some(reason) = self.lost() {
            return Err(self.unreachable(reason));
        }
        let endpoint = self.place.outside().map_err(|reason| self.unreachable(reason.clone()))?;
        let socket = self.place.socket(address, unit, templar).map_err(Outcome::failed)?;
        let engine = tokio::select! {
            biased;
            engine = unit.shared.pool.engine(endpoint, socket) => engine,
            () = unit.cancel.cancelled() => return Err(stopped()),
        };
        let engine = engine.map_err(|error| match error {
            refused if refused.is_refusal() => {
                self.refused.get_or_init(|| ());
                Outcome::failed(refused.told())
            }
            // The host is there.
            missing @ ConnectError::Container { .. } => Outcome::failed(self.needs_engine(&missing)),
            lost => self.unreachable(lost.told()),
        })?;
        if let Some(lease) = &unit.lease {
            lease.keep(unit).await.map_err(Outcome::failed)?;
        }
        let name = magic::task(&unit.step).map(|task| task.call.short_name().to_owned());
        let mut request = unit.shared.service(&name.unwrap_or_default(), Map::new(), Duration::ZERO);
        self.write_down(&mut request, "").await.map_err(|error| self.break_off(error))?;
        Ok(engine)
    }

    /// There is no engine. Perhaps there need not be one.
    fn needs_engine(&self, missing: &ConnectError) -> String {
        let Some(chapter) = &self.unit.step.chapter else { return missing.told() };
        format!(
            "{}\nhelp: this play starts a container ({}); if this machine already is the environment, add --in-container",
            missing.told(),
            chapter.span.file_line()
        )
    }

    /// Keeps and shows what an action says. That the log cannot be written ends the run, not the action.
    pub(super) fn say_text(&self, text: &str) {
        if self.secret || self.broken().is_some() {
            return;
        }
        if let Err(error) = self.log(Stream::Stdout, text.as_bytes()).and_then(|()| self.log_rest()) {
            self.break_off(error);
        }
    }
}
