//! `docker_image`: an image of the host's engine, built, pulled, loaded, named or removed.

mod arguments;
mod context;
mod ignore;
pub(super) mod reference;
mod sending;

use serde_json::Value as Json;

use self::arguments::{Args, Pulling, Source, State};
use self::context::Context;
use self::reference::Reference;
use self::sending::{Problem, send};
use super::changes::Changes;
use super::patience::Patience;
use super::quantity::limit;
use super::{Asking, texts, to_value, used_image};
use crate::action::{Action, ActionContext, BoxFuture, Done, Effects};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, args};
use crate::connection::EngineError;
use crate::connection::container::Build;
use crate::wire::Outcome;

pub(in crate::action) const ACTION: Action = Action {
    spec: Spec {
        name: "docker_image",
        summary: "Builds, pulls, loads, names or removes an image of the host's engine.",
        free_form: None,
        open: false,
        on_resume: OnResume::Rerun,
        check: CheckMode::Full,
        schema: schema_of::<Args>,
    },
    unrendered: &[],
    run,
};

fn run<'a>(map: &'a Map, ctx: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move { image(map, ctx).await.unwrap_or_else(Done::from) })
}

async fn image(map: &Map, ctx: &ActionContext<'_>) -> Result<Done, Outcome> {
    let args: Args = args::from_map(map).map_err(|e| Outcome::failed(e.to_string()))?;
    let name = if args.name.starts_with("sha256:") {
        args.name.clone()
    } else {
        Reference::parse(&args.name, &args.tag).map_err(Outcome::failed)?.to_string()
    };
    let patience = Patience::new(ctx).steadfast(args.state == State::Absent);
    let asking = Asking::new(ctx, args.docker_host.as_deref(), patience).await?;
    let mut work = Work { args: &args, name, asking, changes: Changes::default() };
    let found = work.look(&work.name).await?;
    let image = match (args.state, found) {
        (State::Absent, None) => None,
        (State::Absent, Some(found)) => {
            work.changes.note("image", id(&found), "absent");
            if !ctx.check {
                work.ask("remove", work.asking.engine.remove_image(&work.name, args.force_absent)).await?;
            }
            None
        }
        (State::Present, found) => {
            let image = work.make(found).await?;
            if let Some(repository) = &args.repository {
                work.tag(image.as_ref(), repository).await?;
            }
            if args.push && !ctx.check {
                work.push().await?;
            }
            image
        }
    };
    let outcome = work.changes.outcome(ctx, &format!("image {}", work.name));
    Ok(match image {
        Some(image) => Done {
            effects: Effects { images: vec![used_image(&work.name, &image)], ..Effects::default() },
            ..outcome.with("image", to_value(&image)).into()
        },
        None => outcome.into(),
    })
}

fn id(image: &Json) -> &str {
    image["Id"].as_str().unwrap_or_default()
}

/// One image and what is wanted of it.
struct Work<'a> {
    args: &'a Args,
    /// With its tag.
    name: String,
    asking: Asking<'a>,
    changes: Changes,
}

impl Work<'_> {
    async fn ask<T>(
        &self,
        doing: &str,
        request: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<T, Outcome> {
        self.asking.ask(&format!("{doing} image {}", self.name), request).await
    }

    /// What is sent meanwhile may be what goes wrong.
    async fn ask_while(
        &self,
        problem: &Problem,
        doing: &str,
        request: impl Future<Output = Result<(), EngineError>>,
    ) -> Result<(), Outcome> {
        let answer = self.ask(doing, request).await;
        answer.map_err(|failed| problem.get().map_or(failed, Outcome::failed))
    }

    async fn look(&self, name: &str) -> Result<Option<Json>, Outcome> {
        self.ask("look at", self.asking.engine.image(name)).await
    }

    /// The image as it is wanted; `None` when it would only be made.
    async fn make(&mut self, found: Option<Json>) -> Result<Option<Json>, Outcome> {
        let source = self.args.source;
        let source = source.or(self.args.build.as_ref().map(|_| Source::Build));
        let source = source.or(self.args.load_path.as_ref().map(|_| Source::Load));
        let is_pulled = self.args.pull.as_ref().is_some_and(Pulling::is_yes);
        let source = source.or(is_pulled.then_some(Source::Pull));
        if found.is_some() && !self.args.force_source {
            return Ok(found);
        }
        let name = self.name.clone();
        let Some(source) = source.filter(|source| *source != Source::Local || found.is_some()) else {
            let msg = format!("there is no image {name} on this host");
            let help = "say where it comes from: `source: build`, `pull` or `load`";
            return Err(Outcome::failed(format!("{msg}\nhelp: {help}")));
        };
        if self.asking.ctx.check {
            if found.is_none() {
                self.changes.note("image", "absent", &name);
            }
            return Ok(found);
        }
        match source {
            Source::Local => return Ok(found),
            Source::Build => self.build(found.as_ref()).await?,
            Source::Pull => self.pull().await?,
            Source::Load => self.load().await?,
        }
        let now = self.look(&name).await?;
        let Some(image) = &now else {
            let msg = format!("there is no image {name} after that; what came has another name");
            return Err(Outcome::failed(msg));
        };
        let before = found.as_ref().map(id);
        if before != Some(id(image)) {
            self.changes.note("image", before.unwrap_or("absent"), id(image));
        }
        Ok(now)
    }

    async fn pull(&self) -> Result<(), Outcome> {
        let reference = Reference::parse(&self.name, &self.args.tag).map_err(Outcome::failed)?;
        let platform = self.args.pull.as_ref().and_then(Pulling::platform);
        let say = |text: &str| self.asking.ctx.target.say(text);
        let engine = &self.asking.engine;
        let pulling = engine.pull_image(&reference.repository, &reference.tag, platform, &say);
        self.ask("pull", pulling).await
    }

    async fn load(&self) -> Result<(), Outcome> {
        let ctx = self.asking.ctx;
        let path = self.args.load_path.as_ref();
        let path = path.ok_or_else(|| Outcome::failed("`source: load` needs `load_path`"))?;
        let path = ctx.find("files", &path.to_string_lossy())?;
        let files = ctx.shared_files();
        let (archive, problem) = send(move |to| context::copy(&path, &*files, to));
        let say = |text: &str| ctx.target.say(text);
        self.ask_while(&problem, "load", self.asking.engine.load_images(archive, &say)).await
    }

    async fn build(&self, found: Option<&Json>) -> Result<(), Outcome> {
        let ctx = self.asking.ctx;
        let wanted = self.args.build.as_ref();
        let wanted = wanted.ok_or_else(|| Outcome::failed("`source: build` needs `build: {path: …}`"))?;
        let path = ctx.find("files", &wanted.path)?;
        let files = ctx.shared_files();
        let context = Context::new(&path, &wanted.dockerfile, &*files).map_err(Outcome::failed)?;
        let limits = wanted.container_limits.as_ref();
        let memory = |name: &str, value: Option<&String>| -> Result<Option<i32>, Outcome> {
            let Some(text) = value else { return Ok(None) };
            let bytes = limit(name, text).map_err(Outcome::failed)?;
            let large =
                |_| Outcome::failed(format!("argument `{name}`: an engine builds with less than 2 GiB"));
            i32::try_from(bytes).map(Some).map_err(large)
        };
        let mut build = Build {
            name: self.name.clone(),
            dockerfile: wanted.dockerfile.clone(),
            arguments: texts(&wanted.args),
            target: wanted.target.clone(),
            network: wanted.network.clone(),
            nocache: wanted.nocache,
            pull: wanted.pull || self.args.pull.as_ref().is_some_and(Pulling::is_yes),
            remove: wanted.rm,
            labels: texts(&wanted.labels),
            shm_size: memory("build.shm_size", wanted.shm_size.as_ref())?,
            cache_from: wanted.cache_from.clone(),
            extra_hosts: wanted.etc_hosts.iter().map(|(name, address)| format!("{name}:{address}")).collect(),
            platform: wanted.platform.clone(),
            memory: memory("build.container_limits.memory", limits.and_then(|l| l.memory.as_ref()))?,
            memory_swap: memory("build.container_limits.memswap", limits.and_then(|l| l.memswap.as_ref()))?,
            cpu_shares: limits.and_then(|l| l.cpushares),
            cpuset: limits.and_then(|l| l.cpusetcpus.clone()),
        };
        // The same context must give the same image: it keeps the run that built it first.
        let labels = found.map(|found| &found["Config"]["Labels"]);
        for (name, own) in self.asking.engine.labels() {
            let first = labels.and_then(|labels| labels[name].as_str());
            build.labels.insert(name.to_owned(), first.unwrap_or(own).to_owned());
        }
        let (archive, problem) = send(move |to| context.write(&*files, to));
        let say = |text: &str| ctx.target.say(text);
        self.ask_while(&problem, "build", self.asking.engine.build_image(&build, archive, &say)).await
    }

    /// Gives it one more name.
    async fn tag(&mut self, image: Option<&Json>, name: &str) -> Result<(), Outcome> {
        let reference = Reference::parse(name, &self.args.tag).map_err(Outcome::failed)?;
        let other = self.look(&reference.to_string()).await?;
        let other = other.as_ref().map(id);
        if other == image.map(id) && other.is_some() || other.is_some() && !self.args.force_tag {
            return Ok(());
        }
        self.changes.note(&reference.to_string(), other.unwrap_or("absent"), image.map_or("a new image", id));
        if self.asking.ctx.check {
            return Ok(());
        }
        let engine = &self.asking.engine;
        self.ask("name", engine.tag_image(&self.name, &reference.repository, &reference.tag)).await
    }

    /// Sends it to its registry, by its other name if it got one.
    async fn push(&mut self) -> Result<(), Outcome> {
        let name = self.args.repository.as_ref().unwrap_or(&self.name);
        let reference = Reference::parse(name, &self.args.tag).map_err(Outcome::failed)?;
        let is_new = std::sync::atomic::AtomicBool::new(false);
        let say = |text: &str| {
            is_new.fetch_or(text.ends_with("Pushed\n"), std::sync::atomic::Ordering::Relaxed);
            self.asking.ctx.target.say(text);
        };
        let engine = &self.asking.engine;
        self.ask("push", engine.push_image(&reference.repository, &reference.tag, &say)).await?;
        if is_new.into_inner() {
            self.changes.note(&format!("{reference} in its registry"), "absent", "present");
        }
        Ok(())
    }
}
