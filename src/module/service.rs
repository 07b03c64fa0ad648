//! `service`: services of machines that systemd has not started, and what is common to all of them.
//!
//! The action of that name asks for it where no module is better: on `OpenRC`, Upstart, and where scripts in `/etc/init.d` do it.

mod enabling;
mod manager;
mod running;

use schemars::JsonSchema;
use serde::Deserialize;

use super::systemd::State;
use super::{Answer, Context, Failure, Module, call};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::wire::Outcome;
use manager::Manager;

/// Starts, stops or enables a service, by whatever does that on the machine: systemd, `OpenRC`, Upstart or scripts in `/etc/init.d`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-one-of" = [["state", "enabled"]]))]
pub struct Args {
    /// The service.
    pub name: String,
    /// What it should be doing. `restarted` and `reloaded` start it where it is stopped.
    pub state: Option<State>,
    /// Whether it is started with the machine.
    pub enabled: Option<bool>,
    /// With `state: restarted`: seconds between stopping and starting. Not used by systemd.
    pub sleep: Option<u64>,
    /// It runs if this text is in what `ps` prints; for services whose script does not know. Not used by systemd.
    pub pattern: Option<String>,
    /// The runlevel of `OpenRC` in which it is started.
    #[serde(default = "default_level")]
    pub runlevel: String,
    /// What its script is told behind the verb. Not used by systemd.
    #[serde(default, alias = "args")]
    #[schemars(extend("x-aliases" = ["args"]))]
    pub arguments: String,
}

fn default_level() -> String {
    "default".to_owned()
}

pub(super) const SPEC: Spec = Spec {
    name: "service",
    summary: "Starts, stops or enables a service.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, ensure) };

fn ensure(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let manager = Manager::find(args, ctx)?;
    let mut outcome = Outcome::ok(false).with("name", args.name.as_str());
    if let Some(enabled) = args.enabled {
        outcome.changed |= manager.enable(enabled, args, ctx)?;
        outcome.values.insert("enabled", enabled);
    }
    let Some(state) = args.state else { return Ok(outcome) };
    let now = match &args.pattern {
        Some(pattern) => {
            let ps = ctx.needed("ps")?;
            let said = ctx.ask([ps.as_str(), "auxww"])?;
            Some(said.out.lines().any(|line| line.contains(pattern.as_str())))
        }
        None => manager.runs(args, ctx)?,
    };
    let unknown = || Failure::new("failed determining service state, possible typo of service name?");
    let runs = now.ok_or_else(unknown)?;
    let verb = match state {
        State::Started => (!runs).then_some("start"),
        State::Stopped => runs.then_some("stop"),
        State::Restarted => Some("restart"),
        State::Reloaded => Some(if runs { "reload" } else { "start" }),
    };
    if let Some(verb) = verb {
        outcome.changed = true;
        if !ctx.check() {
            manager.bring(verb, args, ctx)?;
        }
    }
    let state = if state == State::Stopped { "stopped" } else { "started" };
    Ok(outcome.with("state", state))
}
