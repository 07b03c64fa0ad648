//! `service`: has the module do it that fits what starts services on the target.

use schemars::JsonSchema;
use serde::Deserialize;

use super::manager::{chosen, fact};
use super::{Action, ActionContext, BoxFuture, Done, Invocation};
use crate::base::Map;
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::wire::Outcome;

/// Starts, stops or enables a service: by `systemd` where the fact `ansible_service_mgr` says so, else by `OpenRC`, Upstart or the
/// scripts in `/etc/init.d`. Other arguments go on to the module that does it (`daemon_reload` of `systemd`).
#[derive(Debug, Deserialize, JsonSchema)]
#[allow(dead_code)] // they go on to the modules as they are
struct Args {
    /// The service.
    name: Option<String>,
    /// What it should be doing.
    #[schemars(extend("enum" = ["started", "stopped", "restarted", "reloaded"]))]
    state: Option<String>,
    /// Whether it is started with the machine.
    enabled: Option<bool>,
    /// With `state: restarted`: seconds between stopping and starting. Not used by systemd.
    sleep: Option<u64>,
    /// It runs if this text is in what `ps` prints. Not used by systemd.
    pattern: Option<String>,
    /// The runlevel of `OpenRC`. Not used by systemd.
    #[schemars(extend("default" = "default"))]
    runlevel: Option<String>,
    /// What its script is told behind the verb. Not used by systemd.
    #[serde(alias = "args")]
    #[schemars(extend("x-aliases" = ["args"]))]
    arguments: Option<String>,
    /// The module that does it; by default the one that fits the target.
    #[serde(rename = "use")]
    #[schemars(extend("default" = "auto"))]
    using: Option<String>,
}

/// Arguments that systemd has no use for.
const UNUSED: [&str; 5] = ["pattern", "runlevel", "sleep", "arguments", "args"];

pub(super) const ACTION: Action = Action {
    spec: Spec {
        name: "service",
        summary: "Starts, stops or enables a service.",
        free_form: None,
        open: true,
        on_resume: OnResume::Rerun,
        check: CheckMode::Full,
        schema: schema_of::<Args>,
    },
    unrendered: &[],
    run,
};

fn run<'a>(map: &'a Map, ctx: &'a ActionContext<'a>) -> BoxFuture<'a, Done> {
    Box::pin(async move { service(map, ctx).await.unwrap_or_else(|failed| failed).into() })
}

async fn service(map: &Map, ctx: &ActionContext<'_>) -> Result<Outcome, Outcome> {
    let (mut args, said) = chosen(map);
    let found = match &said {
        Some(name) => Some(name.to_lowercase()),
        None => fact("service_mgr", ctx).await?,
    };
    match found.as_deref() {
        Some(name @ ("systemd" | "systemd_service")) => {
            let mut warnings = Vec::new();
            for unused in UNUSED {
                if args.remove(unused).is_some() {
                    warnings.push(format!("Ignoring \"{unused}\" as it is not used in \"{name}\""));
                }
            }
            let mut outcome = by(name, args, ctx).await?;
            outcome.warnings.splice(0..0, warnings);
            Ok(outcome)
        }
        Some(name) if said.is_some() && name != "service" => by(name, args, ctx).await,
        _ => Ok(ctx.target.call(Invocation { module: "service", args, ..Invocation::default() }).await),
    }
}

async fn by(name: &str, args: Map, ctx: &ActionContext<'_>) -> Result<Outcome, Outcome> {
    ctx.modules.call(name, args, None).await.map_err(Outcome::failed)
}
