//! `service_facts`: the services of the machine as facts.

mod read;

use schemars::JsonSchema;
use serde::Deserialize;

use self::read::Services;
use super::{Answer, Context, Failure, Module, call, init};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, Value};
use crate::wire::Outcome;

/// Gives the fact `services`: each by its name, with `state`, `status` and who knows it (`source`: `systemd`, `sysv`, `upstart`, `openrc`).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {}

pub(super) const SPEC: Spec = Spec {
    name: "service_facts",
    summary: "Finds out which services there are.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::ReadOnly,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, find) };

fn find(_: &Args, ctx: &mut Context<'_>) -> Answer {
    let mut warnings = Vec::new();
    let mut services = Services::default();
    others(&mut services, &mut warnings, ctx)?;
    if init::is_systemd(ctx) {
        systemd(&mut services, &mut warnings, ctx)?;
    }
    if services.0.is_empty() {
        let words =
            "Failed to find any services. This can be due to privileges or some other configuration issue.";
        return Ok(Outcome { warnings, ..Outcome::skipped(words) });
    }
    let facts = Map::from_iter([("services", Value::from(services.0))]);
    Ok(Outcome { warnings, ..Outcome::ok(false).with("ansible_facts", facts) })
}

/// Scripts in `/etc/init.d`, Upstart and `OpenRC`.
fn others(services: &mut Services, warnings: &mut Vec<String>, ctx: &mut Context<'_>) -> Result<(), Failure> {
    let [service, chkconfig, initctl, status, update] =
        ["service", "chkconfig", "initctl", "rc-status", "rc-update"].map(|name| ctx.program(name));
    if let Some(service) = service.as_ref().filter(|_| chkconfig.is_none() && status.is_none()) {
        let said = ctx.ask([service, "--status-all"])?;
        // Four is what `service` says where there is no such folder.
        if said.rc != 4 || std::path::Path::new("/etc/init.d").exists() {
            if !said.well() {
                warnings.push(format!("Unable to query 'service' tool ({}): {}", said.rc, said.err));
            }
            services.scripts(&said.out);
        }
    }
    if let Some(initctl) = initctl.filter(|_| chkconfig.is_none()) {
        let said = ctx.ask([initctl.as_str(), "list"])?;
        if said.well() {
            services.upstart(&said.out);
        } else {
            warnings.push(format!("Unable to query upstart for service data: {}", said.err));
        }
    } else if let Some(chkconfig) = chkconfig {
        let mut said = ctx.ask([chkconfig.as_str()])?;
        if said.err.contains("--list") {
            said = ctx.ask([chkconfig.as_str(), "--list"])?;
        }
        for (name, enabled) in read::levels(&said.out) {
            let well = match &service {
                Some(service) => ctx.ask([service.as_str(), &name, "status"])?.well(),
                None => false,
            };
            services.levelled(&name, enabled, well);
        }
    } else if let (Some(status), Some(update)) = (status, update) {
        let levels = ctx.ask([update.as_str(), "show", "-v"])?;
        let said = ctx.ask([status.as_str(), "-a", "-s", "-m"])?;
        services.open_rc(&(said.out + &said.err), &(levels.out + &levels.err), warnings);
    }
    Ok(())
}

fn systemd(
    services: &mut Services,
    warnings: &mut Vec<String>,
    ctx: &mut Context<'_>,
) -> Result<(), Failure> {
    let systemctl = ctx.needed("systemctl")?;
    let list = |what: &str| [&systemctl, what, "--no-pager", "--type", "service", "--all"].map(str::to_owned);
    let said = ctx.ask(list("list-units").into_iter().chain(["--plain".to_owned()]))?;
    if said.well() {
        services.units(&said.out);
    } else {
        warnings.push(format!("Could not list units from systemd: {}", said.err));
    }
    let said = ctx.ask(list("list-unit-files"))?;
    if !said.well() {
        warnings.push(format!("Could not get unit files data from systemd: {}", said.err));
        return Ok(());
    }
    for (name, status) in read::unit_files(&said.out) {
        if services.settle(name, status) {
            continue;
        }
        let said = ctx.ask([systemctl.as_str(), "show", name, "--property=ActiveState"])?;
        let state = said.out.trim_end().strip_prefix("ActiveState=").filter(|_| said.well());
        services.add(name, state.unwrap_or("unknown"), Some(status), "systemd");
    }
    Ok(())
}
