//! `hostname`: the name of the machine, now and after the next start. Returns `name` and the facts `ansible_hostname`,
//! `ansible_nodename`, `ansible_fqdn` and `ansible_domain`.
//!
//! Tested with programs of the tests in the places of `hostname` and `hostnamectl`, and on files of the tests.

mod kept;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::kept::Kept;
use super::{Answer, Context, Failure, Module, call, difference};
use crate::base::Map;
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::wire::Outcome;

/// Sets the name of the machine. Lines of `/etc/hosts` are not changed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The name.
    pub name: String,
    /// How the system keeps it; by default as its distribution does, and by `hostnamectl` where systemd runs.
    pub r#use: Option<Way>,
}

/// How the system keeps its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// In `/etc/hostname`, which `hostname -F` reads.
    Alpine,
    /// By `hostnamectl`.
    Debian,
    /// Only until the next start.
    Generic,
    /// In `/etc/conf.d/hostname`.
    Openrc,
    /// In `/etc/sysconfig/network`.
    Redhat,
    /// In `/etc/HOSTNAME`.
    Sles,
    /// By `hostnamectl`.
    Systemd,
}

pub(super) const SPEC: Spec = Spec {
    name: "hostname",
    summary: "Sets the name of the machine.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, ensure) };

fn ensure(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let name = args.name.as_str();
    let kept = Kept::of(args.r#use)?;
    let now = kept.current(ctx)?;
    let later = kept.permanent(ctx)?;
    // Files first: NetworkManager complains about a name that it does not find there.
    let differs =
        [later.as_ref().is_some_and(|later| later != name), now.as_ref().is_some_and(|now| now != name)];
    if !ctx.check() {
        if kept.is_by_systemd() && differs.contains(&true) && name.len() > 64 {
            return Err(Failure::new("name cannot be longer than 64 characters on systemd servers"));
        }
        if differs[0] {
            kept.set_permanent(name, ctx)?;
        }
        if differs[1] {
            kept.set_current(name, ctx)?;
        }
    }
    let (short, domain) = name.split_once('.').unwrap_or((name, ""));
    let facts = [
        ("ansible_hostname", short),
        ("ansible_nodename", name),
        ("ansible_fqdn", name),
        ("ansible_domain", domain),
    ];
    let mut outcome = Outcome::ok(differs.contains(&true)).with("name", name);
    outcome = outcome.with("ansible_facts", Map::from_iter(facts));
    if outcome.changed && ctx.diff() {
        let before = now.filter(|now| now != name).or(later).unwrap_or_default();
        let line = |name: &str| format!("hostname = {name}\n");
        let told = Map::from_iter([("before", line(&before)), ("after", line(name))]);
        difference::tell_one(&mut outcome, told.into());
    }
    Ok(outcome)
}
