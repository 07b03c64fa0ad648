//! `group`: a group of the machine's own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::accounts::group_by_name;
use super::failure::Failure;
use super::{Answer, Command, Context, Module, call};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::wire::Outcome;

/// Makes, changes or removes a group by the system's own programs (`groupadd` and its kin).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// Its name.
    pub name: String,
    /// Its number.
    pub gid: Option<u32>,
    /// Whether it should be there.
    #[serde(default)]
    pub state: Presence,
    /// One of the system's, by its number.
    #[serde(default)]
    pub system: bool,
    /// The number may be another group's, too.
    #[serde(default)]
    pub non_unique: bool,
    /// Removes it even if it is some user's primary group.
    #[serde(default)]
    pub force: bool,
}

/// Whether an account should be there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// It is made if it is not there.
    #[default]
    Present,
    /// It is removed if it is there.
    Absent,
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
    let there = group_by_name(&args.name, ctx);
    let mut words = Vec::new();
    let program = match (&there, args.state) {
        (None, Presence::Absent) => None,
        (Some(_), Presence::Absent) => {
            words.extend(args.force.then_some("-f".to_owned()));
            Some("groupdel")
        }
        (None, Presence::Present) => {
            words.extend(args.system.then_some("-r".to_owned()));
            Some("groupadd")
        }
        (Some(group), Presence::Present) => args.gid.filter(|gid| *gid != group.gid).map(|_| "groupmod"),
    };
    if let (Some(gid), Presence::Present) = (args.gid, args.state) {
        words.extend(["-g".to_owned(), gid.to_string()]);
        words.extend(args.non_unique.then_some("-o".to_owned()));
    }
    if let Some(program) = program {
        administer(program, words, &args.name, ctx)?;
    }
    let mut outcome = Outcome::ok(program.is_some()).with("name", args.name.as_str());
    outcome = match args.state {
        Presence::Absent => outcome.with("state", "absent"),
        Presence::Present => outcome.with("state", "present").with("system", args.system),
    };
    if args.state == Presence::Present
        && let Some(group) = group_by_name(&args.name, ctx)
    {
        outcome = outcome.with("gid", i64::from(group.gid));
    }
    Ok(outcome)
}

/// Has a program of the system change an account; in check mode nothing.
pub(super) fn administer(program: &str, words: Vec<String>, name: &str, ctx: &mut Context<'_>) -> Result<(), Failure> {
    if ctx.check() {
        return Ok(());
    }
    let argv = [program.to_owned()].into_iter().chain(words).chain([name.to_owned()]);
    let command = Command { quiet: true, ..Command::new(argv) };
    let done = ctx.run(&command).map_err(|e| Failure::new(format!("{program} cannot be started: {e}")))?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
    Err(Failure::new(if said.is_empty() { format!("{program} failed") } else { said }).with("rc", i64::from(done.rc())))
}
