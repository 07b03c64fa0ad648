//! `docker_network`: a network of the host's engine.

mod arguments;

use serde_json::{Map as Object, Value as Json, json};

use self::arguments::{Args, Pool, State};
use super::changes::Changes;
use super::compare::differences;
use super::patience::Patience;
use super::{Asking, texts, to_value};
use crate::action::{Action, ActionContext, BoxFuture, Done};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, args};
use crate::connection::EngineError;
use crate::wire::Outcome;

pub(in crate::action) const ACTION: Action = Action {
    spec: Spec {
        name: "docker_network",
        summary: "Makes or removes a network of the host's engine.",
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
    Box::pin(async move { network(map, ctx).await.unwrap_or_else(|failed| failed).into() })
}

async fn network(map: &Map, ctx: &ActionContext<'_>) -> Result<Outcome, Outcome> {
    let args: Args = args::from_map(map).map_err(|e| Outcome::failed(e.to_string()))?;
    let patience = Patience::new(ctx).steadfast(args.state == State::Absent);
    let asking = Asking::new(ctx, args.docker_host.as_deref(), patience).await?;
    let mut work = Work { args: &args, asking, changes: Changes::default() };
    let found = work.look().await?;
    match (args.state, &found) {
        (State::Absent, None) => {}
        (State::Absent, Some(found)) => {
            work.changes.note("network", "present", "absent");
            work.remove(found, args.force).await?;
        }
        (State::Present, found) => work.make(found.as_ref()).await?,
    }
    let outcome = std::mem::take(&mut work.changes).outcome(ctx, &format!("network {}", args.name));
    let found = if ctx.check { found } else { work.look().await? };
    Ok(match found.filter(|_| args.state == State::Present) {
        Some(found) => outcome.with("network", to_value(&found)),
        None => outcome,
    })
}

/// One network and what is wanted of it.
struct Work<'a> {
    args: &'a Args,
    asking: Asking<'a>,
    changes: Changes,
}

impl Work<'_> {
    async fn ask<T>(
        &self,
        doing: &str,
        request: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<T, Outcome> {
        self.asking.ask(&format!("{doing} network {}", self.args.name), request).await
    }

    async fn look(&self) -> Result<Option<Json>, Outcome> {
        self.ask("look at", self.asking.engine.network(&self.args.name)).await
    }

    /// Takes all containers off it and removes it.
    async fn remove(&self, found: &Json, force: bool) -> Result<(), Outcome> {
        if self.asking.ctx.check {
            return Ok(());
        }
        let engine = &self.asking.engine;
        if force {
            for container in connected(found) {
                self.leave(&container).await?;
            }
        }
        self.ask("remove", engine.remove_network(&self.args.name)).await
    }

    async fn make(&mut self, found: Option<&Json>) -> Result<(), Outcome> {
        let dry = self.asking.ctx.check;
        let mut body = body(self.args);
        let mut there: Vec<String> = found.map(connected).unwrap_or_default();
        if let Some(found) = found {
            let differing = differences(&body, found);
            if differing.is_empty() && !self.args.force {
                return self.connect(&there).await;
            }
            self.changes.differences.extend(differing);
            if self.args.force {
                self.changes.note("network", "present", "a new one");
            }
            self.remove(found, true).await?;
        } else {
            self.changes.note("network", "absent", "present");
        }
        if !dry {
            body["Labels"] = self.asking.labels(body.get("Labels"));
            self.ask("make", self.asking.engine.create_network(&body)).await?;
            for container in &there {
                self.join(container).await?;
            }
        }
        if found.is_none() {
            there.clear();
        }
        self.connect(&there).await
    }

    async fn join(&self, container: &str) -> Result<(), Outcome> {
        let settings = json!({});
        let joining = self.asking.engine.connect_network(&self.args.name, container, &settings);
        self.ask(&format!("connect container {container} to"), joining).await
    }

    async fn leave(&self, container: &str) -> Result<(), Outcome> {
        let leaving = self.asking.engine.disconnect_network(&self.args.name, container);
        self.ask(&format!("take container {container} off"), leaving).await
    }

    /// Connects the containers that are wanted, and takes off the others, unless they may stay.
    async fn connect(&mut self, there: &[String]) -> Result<(), Outcome> {
        let Some(wanted) = &self.args.connected else { return Ok(()) };
        let dry = self.asking.ctx.check;
        for container in wanted.iter().filter(|container| !there.contains(container)) {
            self.changes.note(&format!("container {container}"), "not connected", "connected");
            if !dry {
                self.join(container).await?;
            }
        }
        let others = there.iter().filter(|container| !self.args.appends && !wanted.contains(container));
        for container in others.cloned().collect::<Vec<_>>() {
            self.changes.note(&format!("container {container}"), "connected", "not connected");
            if !dry {
                self.leave(&container).await?;
            }
        }
        Ok(())
    }
}

/// The names of the containers in it.
fn connected(found: &Json) -> Vec<String> {
    let containers = found["Containers"].as_object().into_iter().flatten();
    containers.filter_map(|(_, container)| container["Name"].as_str().map(str::to_owned)).collect()
}

/// The body of `POST /networks/create`. What is not given is not in it.
fn body(args: &Args) -> Json {
    let mut body = Object::new();
    let mut put = |key: &str, value: Option<Json>| body.extend(value.map(|value| (key.to_owned(), value)));
    put("Name", Some(json!(args.name)));
    put("Driver", Some(json!(args.driver)));
    put("Options", args.driver_options.as_ref().map(texts));
    put("EnableIPv6", args.enable_ipv6.map(Json::from));
    put("Internal", args.internal.map(Json::from));
    put("Attachable", args.attachable.map(Json::from));
    put("Scope", args.scope.map(|scope| json!(scope)));
    put("EnableIPv4", args.enable_ipv4.map(Json::from));
    put("ConfigFrom", args.config_from.as_ref().map(|name| json!({"Network": name})));
    put("ConfigOnly", args.config_only.map(Json::from));
    put("Ingress", args.ingress.map(Json::from));
    put("Labels", args.labels.as_ref().map(texts));
    let mut ipam = Object::new();
    ipam.extend(args.ipam_driver.as_ref().map(|driver| ("Driver".to_owned(), json!(driver))));
    ipam.extend(args.ipam_driver_options.as_ref().map(|options| ("Options".to_owned(), texts(options))));
    let config = args.ipam_config.as_ref().map(|config| config.iter().map(addresses).collect::<Vec<_>>());
    ipam.extend(config.map(|config| ("Config".to_owned(), json!(config))));
    put("IPAM", (!ipam.is_empty()).then_some(Json::Object(ipam)));
    Json::Object(body)
}

fn addresses(config: &Pool) -> Json {
    let Pool { subnet, iprange, gateway, aux_addresses } = config;
    let mut body = Object::new();
    for (key, value) in [("Subnet", subnet), ("IPRange", iprange), ("Gateway", gateway)] {
        body.extend(value.as_ref().map(|value| (key.to_owned(), json!(value))));
    }
    body.extend(aux_addresses.as_ref().map(|names| ("AuxiliaryAddresses".to_owned(), texts(names))));
    Json::Object(body)
}
