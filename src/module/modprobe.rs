//! `modprobe`: a module of the kernel is loaded, or is not, now and after the next start. Returns `name`, `params` and `state`.
//!
//! Tested with a program of the tests in the place of `modprobe` and on folders of the tests: the kernel that they run on loads
//! no modules.

mod persistent;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::persistent::Persistent;
use super::accounts::Presence;
use super::{Answer, Context, Failure, Module, call};
use crate::base::shlex;
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::wire::Outcome;

/// Loads or unloads a module of the kernel.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The module.
    pub name: String,
    /// Whether it should be loaded.
    #[serde(default)]
    pub state: Presence,
    /// Its parameters, such as `numdummies=2`; one that is loaded already keeps its own.
    #[serde(default)]
    pub params: String,
    /// Whether it is loaded at the next start, by files in `/etc/modules-load.d` and `/etc/modprobe.d`.
    #[serde(default)]
    pub persistent: AtStart,
}

/// What happens at the next start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AtStart {
    /// What is there stays.
    #[default]
    Disabled,
    /// It is loaded, with its parameters.
    Present,
    /// It is not: lines that say so become comments.
    Absent,
}

pub(super) const SPEC: Spec = Spec {
    name: "modprobe",
    summary: "Loads or unloads a module of the kernel.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, ensure) };

fn ensure(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let state = if args.state == Presence::Present { "present" } else { "absent" };
    let told = |outcome: Outcome| {
        outcome.with("name", args.name.as_str()).with("params", args.params.as_str()).with("state", state)
    };
    let program = ctx.needed("modprobe")?;
    let params = shlex::split(&args.params).map_err(|e| Failure::new(format!("params: {e}")))?;
    let mut outcome = Outcome::ok(false);
    let dry = ctx.check().then(|| "-n".to_owned());
    let words: Vec<String> = match (args.state, is_loaded(&args.name)) {
        (Presence::Present, false) => {
            [program].into_iter().chain(dry).chain([args.name.clone()]).chain(params).collect()
        }
        (Presence::Absent, true) => {
            [program, "-r".to_owned(), args.name.clone()].into_iter().chain(dry).collect()
        }
        _ => Vec::new(),
    };
    if !words.is_empty() {
        let said = ctx.ask(words)?;
        if !said.well() {
            let why = said.err.trim().to_owned();
            return Err(said.failure(why).with("name", args.name.as_str()).with("state", state));
        }
        outcome.changed = true;
    }
    let files = Persistent::below("/".as_ref(), &args.name);
    outcome.changed |= match args.persistent {
        AtStart::Disabled => false,
        AtStart::Present => files.load(&args.params, ctx.check())?,
        AtStart::Absent => files.unload(ctx.check())?,
    };
    Ok(told(outcome))
}

/// Whether the kernel has it, as a module or as a part of itself.
fn is_loaded(name: &str) -> bool {
    let plain = |name: &str| name.replace('-', "_");
    let loaded = std::fs::read_to_string("/proc/modules").unwrap_or_default();
    if loaded.lines().any(|line| line.split(' ').next() == Some(&plain(name))) {
        return true;
    }
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let parts =
        std::fs::read_to_string(format!("/lib/modules/{release}/modules.builtin")).unwrap_or_default();
    let file = |line: &str| line.rsplit('/').next().and_then(|file| file.strip_suffix(".ko")).map(plain);
    parts.lines().any(|line| file(line) == Some(plain(name)))
}
