//! `group`: a group of the machine's own.

use schemars::JsonSchema;
use serde::Deserialize;

use super::accounts::{
    Presence, administer, group_by_name, local_group, local_group_of, refuse_given, setting,
};
use super::failure::Failure;
use super::programs::Said;
use super::{Answer, Context, Module, call};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::wire::Outcome;

/// Makes, changes or removes a group by the system's own programs (`groupadd` and its kin).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // they are what users write
pub struct Args {
    /// Its name.
    pub name: String,
    /// Its number.
    pub gid: Option<u32>,
    /// The least number for a new group.
    pub gid_min: Option<u32>,
    /// The greatest number for a new group.
    pub gid_max: Option<u32>,
    /// Whether it should be there.
    #[serde(default)]
    pub state: Presence,
    /// A new one gets a number of the system's groups.
    #[serde(default)]
    pub system: bool,
    /// The number may be another group's, too.
    #[serde(default)]
    pub non_unique: bool,
    /// Removes it even if it is some user's primary group.
    #[serde(default)]
    pub force: bool,
    /// A group of this machine is meant, whatever a directory service knows; libuser's programs do it (`lgroupadd` and its kin).
    #[serde(default)]
    pub local: bool,
}

pub(super) const SPEC: Spec = Spec {
    name: "group",
    summary: "Makes, changes or removes a group.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, ensure) };

fn ensure(args: &Args, ctx: &mut Context<'_>) -> Answer {
    if args.non_unique && args.gid.is_none() {
        return Err(Failure::new("non_unique is True but all of the following are missing: gid"));
    }
    if args.local {
        refuse(args)?;
    }
    let by_name = if args.local { local_group } else { group_by_name };
    let there = by_name(&args.name, ctx);
    let mut words = Vec::new();
    let mut number = args.gid.map(|gid| vec!["-g".to_owned(), gid.to_string()]).unwrap_or_default();
    number.extend(args.non_unique.then(|| "-o".to_owned()));
    let program = match (&there, args.state) {
        (None, Presence::Absent) => None,
        (Some(_), Presence::Absent) => {
            words.extend(args.force.then(|| "-f".to_owned()));
            Some("groupdel")
        }
        (None, Presence::Present) => {
            words.extend(number);
            words.extend(args.system.then(|| "-r".to_owned()));
            words.extend(setting("GID_MIN", args.gid_min));
            words.extend(setting("GID_MAX", args.gid_max));
            Some("groupadd")
        }
        (Some(group), Presence::Present) => {
            words.extend(number);
            args.gid.filter(|gid| *gid != group.gid).map(|_| "groupmod")
        }
    };
    let said = match program {
        Some(program) => {
            let program = if args.local { format!("l{program}") } else { program.to_owned() };
            administer(&program, words, &args.name, ctx)?
        }
        None => Said::default(),
    };
    let state = if args.state == Presence::Present { "present" } else { "absent" };
    let outcome = Outcome::ok(program.is_some()).with("name", args.name.as_str()).with("state", state);
    let outcome = said.told(outcome);
    Ok(match by_name(&args.name, ctx) {
        Some(group) if args.state == Presence::Present => {
            outcome.with("system", args.system).with("gid", i64::from(group.gid))
        }
        _ => outcome,
    })
}

/// What libuser's programs cannot do, or would do without a word.
fn refuse(args: &Args) -> Result<(), Failure> {
    refuse_given([("gid_min", args.gid_min.is_some()), ("gid_max", args.gid_max.is_some())])?;
    if args.force {
        let msg = "force is not a valid option for local, force=True and local=True are mutually exclusive";
        return Err(Failure::new(msg));
    }
    let Some(gid) = args.gid.filter(|_| args.state == Presence::Present) else { return Ok(()) };
    match local_group_of(gid).filter(|name| *name != args.name) {
        Some(other) => Err(Failure::new(format!("GID '{gid}' already exists with group '{other}'"))),
        None => Ok(()),
    }
}
