//! `systemd`: units of systemd, by `systemctl`.

mod show;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::path::variable_value;
use super::process::Command;
use super::programs::Said;
use super::{Answer, Context, Failure, Module, call, init};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, Value};
use crate::wire::Outcome;

/// Starts, stops, enables or masks a unit of systemd.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-one-of" = [["state", "enabled", "masked", "daemon_reload", "daemon_reexec"]]))]
pub struct Args {
    /// The unit; without an ending a service is meant. No pattern.
    #[serde(alias = "service", alias = "unit")]
    #[schemars(extend("x-aliases" = ["service", "unit"]))]
    pub name: Option<String>,
    /// What it should be doing. `restarted` and `reloaded` start it where it is stopped.
    pub state: Option<State>,
    /// Whether it is started with the machine.
    pub enabled: Option<bool>,
    /// Whether it cannot be started at all.
    pub masked: Option<bool>,
    /// Links that are in the way are replaced (`--force`).
    pub force: Option<bool>,
    /// Has systemd read its units again before anything else. This is no change.
    #[serde(default, alias = "daemon-reload")]
    #[schemars(extend("x-aliases" = ["daemon-reload"]))]
    pub daemon_reload: bool,
    /// Has systemd replace itself before anything else. This is no change.
    #[serde(default, alias = "daemon-reexec")]
    #[schemars(extend("x-aliases" = ["daemon-reexec"]))]
    pub daemon_reexec: bool,
    /// Whose units are meant.
    #[serde(default)]
    pub scope: Scope,
    /// Does not wait until what was asked for has happened.
    #[serde(default)]
    pub no_block: bool,
}

/// What a service should be doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is told to read its configuration again.
    Reloaded,
    /// It is stopped and started.
    Restarted,
    /// It is started if it does not run.
    Started,
    /// It is stopped if it runs.
    Stopped,
}

impl State {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            State::Reloaded => "reloaded",
            State::Restarted => "restarted",
            State::Started => "started",
            State::Stopped => "stopped",
        }
    }
}

/// Whose units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The machine's.
    #[default]
    System,
    /// Those of the user who does the task.
    User,
    /// Those of all users.
    Global,
}

pub(super) const SPEC: Spec = Spec {
    name: "systemd",
    summary: "Starts, stops, enables or masks a unit of systemd.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, ensure) };

/// `systemctl` with what every call of it is told.
struct Systemctl<'a, 'b> {
    words: Vec<String>,
    ctx: &'a mut Context<'b>,
}

impl Systemctl<'_, '_> {
    fn ask(&mut self, words: &[&str]) -> Result<Said, Failure> {
        let argv = self.words.iter().map(String::as_str).chain(words.iter().copied());
        let mut command = Command::new(argv);
        if variable_value("XDG_RUNTIME_DIR", self.ctx).is_none() {
            let folder = format!("/run/user/{}", rustix::process::geteuid().as_raw());
            command.environment.push(("XDG_RUNTIME_DIR".into(), folder.into()));
        }
        self.ctx.ask_with(command)
    }
}

fn ensure(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let needs_name = [
        ("state", args.state.is_some()),
        ("enabled", args.enabled.is_some()),
        ("masked", args.masked.is_some()),
    ];
    if let (None, Some((first, _))) = (&args.name, needs_name.iter().find(|(_, given)| *given)) {
        return Err(Failure::new(format!("missing parameter(s) required by '{first}': name")));
    }
    if let Some((name, mark)) =
        args.name.as_ref().and_then(|name| Some((name, name.chars().find(|c| "*?[".contains(*c))?)))
    {
        let words = "This module does not currently support using glob patterns, found";
        return Err(Failure::new(format!("{words} '{mark}' in service name: {name}")));
    }
    let mut words = vec![ctx.needed("systemctl")?];
    words.extend(match args.scope {
        Scope::System => None,
        Scope::User => Some("--user".to_owned()),
        Scope::Global => Some("--global".to_owned()),
    });
    words.extend(args.no_block.then(|| "--no-block".to_owned()));
    words.extend((args.force == Some(true)).then(|| "--force".to_owned()));
    let check = ctx.check();
    let mut outcome = Outcome::ok(false);
    let mut systemctl = Systemctl { words, ctx };
    for (wanted, verb) in [(args.daemon_reload, "daemon-reload"), (args.daemon_reexec, "daemon-reexec")] {
        if wanted && !check {
            again(verb, &mut systemctl, &mut outcome)?;
        }
    }
    let mut unit = None;
    if let Some(name) = args.name.as_ref().filter(|name| !name.is_empty()) {
        let mut found = Unit::look(name, &mut systemctl, &mut outcome)?;
        if let Some(masked) = args.masked {
            found.mask(masked, &mut systemctl, &mut outcome)?;
        }
        if let Some(enabled) = args.enabled {
            found.enable(enabled, args.scope, &mut systemctl, &mut outcome)?;
        }
        if let Some(state) = args.state {
            found.bring(state, &mut systemctl, &mut outcome)?;
        }
        unit = Some(found);
    }
    let name = args.name.as_deref().map_or(Value::Null, Value::from);
    Ok(outcome.with("name", name).with("status", unit.map(|unit| unit.status).unwrap_or_default()))
}

/// `daemon-reload` and its kin, which nobody answers where systemd does not run.
fn again(verb: &str, systemctl: &mut Systemctl<'_, '_>, outcome: &mut Outcome) -> Result<(), Failure> {
    let said = systemctl.ask(&[verb])?;
    if said.well() {
        return Ok(());
    }
    if !init::is_offline(systemctl.ctx) {
        return Err(Failure::new(format!("failure {} during {verb}: {}", said.rc, said.err)));
    }
    let words = "failed, but target is a chroot or systemd is offline. Continuing. Error was:";
    outcome.warnings.push(format!("{verb} {words} {} / {}", said.rc, said.err));
    Ok(())
}

/// A unit as systemd knows it.
struct Unit<'a> {
    name: &'a str,
    /// What `systemctl show` says.
    status: Map,
    is_known: bool,
    is_script: bool,
}

impl<'a> Unit<'a> {
    fn look(
        name: &'a str,
        systemctl: &mut Systemctl<'_, '_>,
        outcome: &mut Outcome,
    ) -> Result<Self, Failure> {
        let is_script = init::script(name).exists();
        let mut unit = Self { name, status: Map::new(), is_known: false, is_script };
        let said = systemctl.ask(&["show", name])?;
        if said.well() && !is_ignored(&said.out) && !is_ignored(&said.err) {
            unit.status = show::parse(&said.out);
            let load = unit.said("LoadState");
            let (is_known, masked) = (load.is_some_and(|load| load != "not-found"), load == Some("masked"));
            unit.is_known = is_known;
            if let Some(error) = unit.said("LoadError").filter(|_| unit.is_known && !masked) {
                return Err(Failure::new(format!("Error loading unit file '{name}': {error}")));
            }
        } else if said.rc == 1 && said.err.contains("Failed to parse bus message") {
            unit.status = show::parse(&said.out);
            let base = name.split_once('@').map_or(name.to_owned(), |(base, _)| format!("{base}@"));
            let listed = systemctl.ask(&["list-unit-files", &format!("{base}*")])?;
            unit.is_known = listed.out.contains(&base);
            let active = systemctl.ask(&["is-active", name])?;
            unit.status.insert("ActiveState", active.out.trim_end_matches('\n'));
        } else {
            // Where systemd does not run, `show` has nothing to say, and others have.
            let word = systemctl.ask(&["is-enabled", name])?;
            unit.is_known =
                show::ENABLED.contains(&word.out.trim()) || systemctl.ask(&["list-unit-files", name])?.well();
        }
        if unit.is_script && !unit.is_known {
            let words = "is actually an init script but the system is managed by systemd";
            outcome.warnings.push(format!("The service ({name}) {words}"));
        }
        Ok(unit)
    }

    fn said(&self, key: &str) -> Option<&str> {
        self.status.get(key).and_then(Value::as_str)
    }

    fn must_be_there(&self) -> Result<(), Failure> {
        if self.is_known || self.is_script { Ok(()) } else { Err(init::missing(self.name)) }
    }

    fn mask(
        &self,
        wanted: bool,
        systemctl: &mut Systemctl<'_, '_>,
        outcome: &mut Outcome,
    ) -> Result<(), Failure> {
        let masked = systemctl.ask(&["is-enabled", self.name])?.out.trim() == "masked";
        if masked == wanted {
            return Ok(());
        }
        outcome.changed = true;
        let verb = if wanted { "mask" } else { "unmask" };
        if systemctl.ctx.check() {
            return Ok(());
        }
        let said = systemctl.ask(&[verb, self.name])?;
        if said.well() {
            return Ok(());
        }
        // Some versions can mask what is not there.
        self.must_be_there()?;
        Err(Failure::new(format!("Failed to {verb} the service ({}): {}", self.name, said.err.trim())))
    }

    fn enable(
        &self,
        wanted: bool,
        scope: Scope,
        systemctl: &mut Systemctl<'_, '_>,
        outcome: &mut Outcome,
    ) -> Result<(), Failure> {
        self.must_be_there()?;
        let said = systemctl.ask(&["is-enabled", self.name, "-l"])?;
        let enabled = match said.rc {
            // What is enabled until the next start only, or by another's doing, is not enabled yet.
            0 => !["enabled-runtime", "indirect", "alias"].contains(&said.out.trim_end()),
            1 => {
                scope == Scope::System
                    && self.is_script
                    && !said.out.trim().ends_with("disabled")
                    && init::is_script_enabled(self.name)
            }
            _ => false,
        };
        if enabled != wanted {
            outcome.changed = true;
            let verb = if wanted { "enable" } else { "disable" };
            if !systemctl.ctx.check() {
                let said = systemctl.ask(&[verb, self.name])?;
                if !said.well() {
                    let why = said.out + &said.err;
                    return Err(Failure::new(format!("Unable to {verb} service {}: {why}", self.name)));
                }
            }
        }
        outcome.values.insert("enabled", wanted);
        Ok(())
    }

    fn bring(
        &mut self,
        state: State,
        systemctl: &mut Systemctl<'_, '_>,
        outcome: &mut Outcome,
    ) -> Result<(), Failure> {
        self.must_be_there()?;
        let name = self.name;
        outcome.values.insert("state", state.word());
        let Some(active) = self.said("ActiveState") else {
            if init::is_offline(systemctl.ctx) {
                let words = "Target is a chroot or systemd is offline. This can lead to false positives or prevent the \
                             init system tools from working.";
                outcome.warnings.push(words.to_owned());
                return Ok(());
            }
            let status = std::mem::take(&mut self.status);
            return Err(Failure::new("Service is in unknown state").with("status", status));
        };
        let runs = ["active", "activating"].contains(&active);
        let verb = match state {
            State::Started => (!runs).then_some("start"),
            State::Stopped => (runs || active == "deactivating").then_some("stop"),
            State::Restarted if runs => Some("restart"),
            State::Reloaded if runs => Some("reload"),
            State::Restarted | State::Reloaded => Some("start"),
        };
        if state != State::Stopped {
            outcome.values.insert("state", "started");
        }
        let Some(verb) = verb else { return Ok(()) };
        outcome.changed = true;
        if systemctl.ctx.check() {
            return Ok(());
        }
        let said = systemctl.ask(&[verb, name])?;
        if said.well() {
            return Ok(());
        }
        Err(Failure::new(format!("Unable to {verb} service {name}: {}", said.err)))
    }
}

/// What `systemctl` says instead of an answer where systemd does not run.
fn is_ignored(text: &str) -> bool {
    !text.contains('=') && (text.contains("ignoring request") || text.contains("ignoring command"))
}
