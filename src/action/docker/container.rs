//! `docker_container`: a container of the host, made, started, stopped or removed.

mod arguments;
mod body;
mod ending;
mod mounts;
mod networks;
mod ports;

use std::time::Duration;

use serde_json::{Value as Json, json};

use self::arguments::{Args, Pull, State};
use super::changes::Changes;
use super::compare::{Difference, differences};
use super::image::reference::Reference;
use super::patience::Patience;
use super::{Asking, to_value, used_image};
use crate::action::{Action, ActionContext, BoxFuture, Done, Effects, UsedImage};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, RunMark, args};
use crate::connection::EngineError;
use crate::connection::container::{OWN_LABEL, RUN_LABEL, Stopping};
use crate::wire::Outcome;

pub(in crate::action) const ACTION: Action = Action {
    spec: Spec {
        name: "docker_container",
        summary: "Makes, starts, stops or removes a container of the host.",
        free_form: None,
        open: false,
        on_resume: OnResume::Rerun,
        check: CheckMode::Full,
        schema: schema_of::<Args>,
    },
    unrendered: &[],
    run,
};

/// How often one looks whether a container is gone or well.
const AGAIN: Duration = Duration::from_millis(100);
/// How long a container may take to be gone, where nothing else is said.
const REMOVAL: Duration = Duration::from_mins(1);

fn run<'a>(map: &'a Map, ctx: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move { container(map, ctx).await.unwrap_or_else(Done::from) })
}

async fn container(map: &Map, ctx: &ActionContext<'_>) -> Result<Done, Outcome> {
    let args: Args = args::from_map(map).map_err(|e| Outcome::failed(e.to_string()))?;
    let body = body::body(&args).map_err(Outcome::failed)?;
    let ends = matches!(args.state, State::Absent | State::Stopped);
    let asking = Asking::new(ctx, args.docker_host.as_deref(), Patience::new(ctx).steadfast(ends)).await?;
    let work = Work { args: &args, asking: &asking };
    let mut changes = Changes::default();
    if args.state == State::Absent {
        if let Some(found) = work.look().await?.filter(|found| !args.own || work.is_ours(found)) {
            changes.note("state", &state_of(&found), "absent");
            work.remove(&found).await?;
        }
        return Ok(changes.outcome(ctx, &format!("container {}", args.name)).into());
    }
    let found = work.make(body, &mut changes).await?;
    let image = work.image_of(found.as_ref()).await?;
    let outcome = work.bring_about(found, &mut changes).await?;
    let effects = Effects { images: image.into_iter().collect(), ..Effects::default() };
    Ok(Done { effects, ..outcome.into() })
}

/// One container and what is wanted of it.
struct Work<'a> {
    args: &'a Args,
    asking: &'a Asking<'a>,
}

/// `running`, `exited`, `created`, …
fn state_of(found: &Json) -> String {
    found.pointer("/State/Status").and_then(Json::as_str).unwrap_or("unknown").to_owned()
}

fn is(found: &Json, state: &str) -> bool {
    found.pointer(&format!("/State/{state}")).and_then(Json::as_bool) == Some(true)
}

impl Work<'_> {
    fn is_dry(&self) -> bool {
        self.asking.ctx.check
    }

    fn stopping(&self) -> Stopping {
        Stopping { signal: self.args.stop_signal.clone(), seconds: self.args.stop_timeout }
    }

    async fn look(&self) -> Result<Option<Json>, Outcome> {
        let name = &self.args.name;
        self.asking.ask(&format!("look at container {name}"), self.asking.engine.container(name)).await
    }

    /// The container as it is wanted, whether it runs or not; `None` when it would only be made.
    async fn make(&self, mut body: Json, changes: &mut Changes) -> Result<Option<Json>, Outcome> {
        let name = &self.args.name;
        let found = self.look().await?;
        if let Some(foreign) = found.as_ref().filter(|found| self.args.own && !self.is_ours(found)) {
            return Err(self.taken(foreign));
        }
        let image = match &self.args.image {
            Some(image) => self.image(image, changes).await?,
            None if found.is_none() => {
                let msg = format!("there is no container {name}, and no `image` to make it of");
                return Err(Outcome::failed(msg));
            }
            None => None,
        };
        if self.args.agent {
            let engine = &self.asking.engine;
            let agent = engine.agent().map_err(|error| Outcome::failed(error.told()))?;
            let mount =
                json!({"Type": "bind", "Source": agent.source, "Target": agent.target, "ReadOnly": true});
            let mounts = &mut body["HostConfig"]["Mounts"];
            match mounts.as_array_mut() {
                Some(mounts) => mounts.push(mount),
                None => *mounts = json!([mount]),
            }
            if self.args.command.is_none() && self.args.entrypoint.is_none() {
                body["Entrypoint"] = json!([agent.target, "idle"]);
            }
        }
        if let Some(found) = found {
            let differing = differing(&body, &found, image.as_deref());
            if differing.is_empty() && !self.args.recreate {
                return Ok(Some(found));
            }
            if self.args.image.is_none() {
                body["Image"].clone_from(&found["Config"]["Image"]);
            }
            changes.differences.extend(differing);
            if self.args.recreate {
                changes.note("container", &found["Id"].to_string(), "a new one");
            }
            self.remove(&found).await?;
        } else {
            changes.note("container", "absent", "present");
        }
        if self.is_dry() {
            return Ok(None);
        }
        body["Labels"] = self.asking.labels(body.get("Labels"));
        if self.args.own {
            body["Labels"][OWN_LABEL] = "true".into();
        }
        if let Some(network) = self.own_network() {
            body["NetworkingConfig"] =
                json!({"EndpointsConfig": {&network.name: networks::settings(network)}});
        }
        let making = self.asking.engine.create_container(name, self.args.platform.as_deref(), &body);
        let (_, warnings) = self.asking.ask(&format!("make container {name}"), making).await?;
        changes.warnings.extend(warnings.into_iter().filter(|warning| !warning.is_empty()));
        self.look().await
    }

    /// What it was made of, unless that is not there any more.
    async fn image_of(&self, found: Option<&Json>) -> Result<Option<UsedImage>, Outcome> {
        let Some(found) = found.filter(|_| !self.is_dry()) else { return Ok(None) };
        let [name, id] =
            [&found["Config"]["Image"], &found["Image"]].map(|text| text.as_str().unwrap_or_default());
        let image = self.asking.ask(&format!("look at image {name}"), self.asking.engine.image(id)).await?;
        Ok(image.map(|image| used_image(name, &image)))
    }

    /// Whether a container is of this run.
    fn is_ours(&self, found: &Json) -> bool {
        let own = self.asking.engine.labels();
        own.iter().filter(|(name, _)| *name == RUN_LABEL).all(|(_, mark)| run_of(found) == Some(*mark))
    }

    /// Somebody else's container has the name.
    fn taken(&self, found: &Json) -> Outcome {
        let name = &self.args.name;
        let (whose, remedy) = match run_of(found) {
            Some(mark) => {
                let run = RunMark::from(mark).run();
                (
                    format!("of run {run}"),
                    format!("wait for that run, or if it is dead: benchbook clean {run}"),
                )
            }
            None => (
                "not of this run".to_owned(),
                format!("remove it (docker rm -f {name}), or use another name"),
            ),
        };
        Outcome::failed(format!("there is a container {name} already, {whose}\nhelp: {remedy}"))
    }

    /// The id of the image, pulled if need be; `None` when it would only be pulled.
    async fn image(&self, name: &str, changes: &mut Changes) -> Result<Option<String>, Outcome> {
        let asking = self.asking;
        let look = async || {
            let found = asking.ask(&format!("look at image {name}"), asking.engine.image(name)).await?;
            Ok(found.and_then(|image| image["Id"].as_str().map(str::to_owned)))
        };
        let found = look().await?;
        match (self.args.pull, &found) {
            (Pull::Never, None) => {
                let msg = format!(
                    "there is no image {name} on this host, and `pull: never` says that none is fetched"
                );
                return Err(Outcome::failed(msg));
            }
            (Pull::Never | Pull::Missing | Pull::False, Some(_)) => return Ok(found),
            (Pull::Missing | Pull::False, None) | (Pull::Always | Pull::True, _) => {}
        }
        if self.is_dry() {
            if found.is_none() {
                changes.note("image", "absent", name);
            }
            return Ok(found);
        }
        let reference = Reference::parse(name, "latest").map_err(Outcome::failed)?;
        let say = |text: &str| asking.ctx.target.say(text);
        let platform = self.args.platform.as_deref();
        let pulling = asking.engine.pull_image(&reference.repository, &reference.tag, platform, &say);
        asking.ask(&format!("pull image {name}"), pulling).await?;
        let now = look().await?;
        if now != found {
            changes.note("image", found.as_deref().unwrap_or("absent"), now.as_deref().unwrap_or("absent"));
        }
        Ok(now)
    }

    /// Starts, stops, freezes it, as is wanted.
    async fn bring_about(&self, found: Option<Json>, changes: &mut Changes) -> Result<Outcome, Outcome> {
        let Args { name, state, restart, .. } = self.args;
        let runs = found.as_ref().is_some_and(|found| is(found, "Running"));
        let was = found.as_ref().map_or_else(|| "created".to_owned(), state_of);
        let (asking, engine) = (self.asking, &self.asking.engine);
        self.connect(found.as_ref(), changes).await?;
        let again = *restart && runs;
        let how = self.stopping();
        match state {
            State::Started | State::Healthy if !runs || again => {
                changes.note("state", &was, if again { "started again" } else { "running" });
                if !self.is_dry() {
                    if again {
                        let stopping = engine.stop_container(name, &how);
                        asking.ask(&format!("stop container {name}"), stopping).await?;
                    }
                    asking.ask(&format!("start container {name}"), engine.start_container(name)).await?;
                }
            }
            State::Stopped if runs => {
                changes.note("state", &was, "exited");
                if !self.is_dry() {
                    self.stop().await?;
                }
            }
            _ => {}
        }
        if let Some(paused) = self.args.paused {
            let is_paused = found.as_ref().is_some_and(|found| is(found, "Paused")) && !again;
            if paused != is_paused {
                let word = |paused: bool| if paused { "true" } else { "false" };
                changes.note("paused", word(is_paused), word(paused));
                if !self.is_dry() && paused {
                    asking.ask(&format!("pause container {name}"), engine.pause_container(name)).await?;
                } else if !self.is_dry() {
                    asking.ask(&format!("unpause container {name}"), engine.unpause_container(name)).await?;
                }
            }
        }
        let started = !self.is_dry() && (!runs || again);
        let changes = std::mem::take(changes);
        self.end(changes.outcome(self.asking.ctx, &format!("container {name}")), started).await
    }

    async fn stop(&self) -> Result<(), Outcome> {
        self.asking.ask(&format!("stop container {}", self.args.name), self.stop_by_engine()).await
    }

    async fn stop_by_engine(&self) -> Result<(), EngineError> {
        let (engine, name) = (&self.asking.engine, &self.args.name);
        if self.args.force_kill {
            engine.kill_container(name, self.args.kill_signal.as_deref()).await
        } else {
            engine.stop_container(name, &self.stopping()).await
        }
    }

    /// Stops and removes it, and waits until it is gone.
    async fn remove(&self, found: &Json) -> Result<(), Outcome> {
        if self.is_dry() {
            return Ok(());
        }
        let doing = format!("remove container {}", self.args.name);
        self.asking.ask(&doing, self.remove_by_engine(found)).await?;
        // One with `auto_remove` is perhaps just being removed by the engine itself.
        let since = tokio::time::Instant::now();
        while self.asking.ask(&doing, self.asking.engine.container(id_of(found))).await?.is_some() {
            let limit = self.args.removal_wait_timeout.map(Duration::try_from_secs_f64);
            let limit = limit.and_then(Result::ok).unwrap_or(REMOVAL);
            if since.elapsed() > limit {
                let msg = format!("container {} is not gone after {} s", self.args.name, limit.as_secs_f64());
                return Err(Outcome::failed(msg));
            }
            self.asking.patience.sleep(AGAIN).await?;
        }
        Ok(())
    }

    async fn remove_by_engine(&self, found: &Json) -> Result<(), EngineError> {
        let (engine, id) = (&self.asking.engine, id_of(found));
        if is(found, "Running") && !self.args.force_kill {
            match engine.stop_container(id, &self.stopping()).await {
                Err(error) if error.is_absent() => {}
                stopped => stopped?,
            }
        }
        engine.remove_container(id, !self.args.keep_volumes).await
    }
}

fn id_of(found: &Json) -> &str {
    found["Id"].as_str().unwrap_or_default()
}

/// The mark of the run that made it.
fn run_of(found: &Json) -> Option<&str> {
    found["Config"]["Labels"].get(RUN_LABEL).and_then(Json::as_str)
}

/// What of a container is not as it is wanted.
fn differing(body: &Json, found: &Json, image: Option<&str>) -> Vec<Difference> {
    let mut wanted = body.clone();
    // Names can move; the image is compared by its id.
    wanted.as_object_mut().expect("a body is a map").remove("Image");
    let mut there = found["Config"].clone();
    there["HostConfig"].clone_from(&found["HostConfig"]);
    let mut differing = differences(&wanted, &there);
    let is = found["Image"].as_str().unwrap_or_default();
    if let Some(image) = image.filter(|image| *image != is) {
        differing.push(Difference::new("Image", is, image));
    }
    differing
}

/// What `register` sees.
fn shown(outcome: Outcome, found: Option<&Json>) -> Outcome {
    match found {
        Some(found) => outcome.with("container", to_value(found)),
        None => outcome,
    }
}
