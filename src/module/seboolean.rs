//! `seboolean`: switches of SELinux's policy, by `getsebool` and `setsebool`. Tested against programs that answer as these do:
//! the kernel that the tests run on has no SELinux.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Answer, Context, Failure, Module, call};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::wire::Outcome;

/// Turns a switch of SELinux's policy on or off.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The switch.
    pub name: String,
    /// Whether it is on.
    pub state: bool,
    /// Whether it stays so after the next start.
    #[serde(default)]
    pub persistent: bool,
    /// Takes the switch for what is there even where SELinux is off; only with `persistent`.
    #[serde(default)]
    pub ignore_selinux_state: bool,
}

pub(super) const SPEC: Spec = Spec {
    name: "seboolean",
    summary: "Turns a switch of SELinux's policy on or off.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, ensure) };

fn ensure(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let outcome = Outcome::ok(false)
        .with("name", args.name.as_str())
        .with("persistent", args.persistent)
        .with("state", args.state);
    let get = ctx.needed("getsebool")?;
    let said = ctx.ask([get.as_str(), args.name.as_str()])?;
    let off = said.out.contains("SELinux is disabled") || said.err.contains("SELinux is disabled");
    if off && !args.ignore_selinux_state {
        return Err(Failure::new("SELinux is disabled on this host."));
    }
    let now = if off { None } else { Some(now(&said.out).filter(|_| said.well())) };
    if now == Some(None) {
        return Err(Failure::new(format!("SELinux boolean {} does not exist.", args.name)));
    }
    let kept = if args.persistent { kept(&args.name, ctx)? } else { None };
    let differs = now.flatten().is_some_and(|now| now != args.state);
    let differs = differs || args.persistent && kept.is_none_or(|kept| kept != args.state);
    if !differs {
        return Ok(outcome);
    }
    if !ctx.check() {
        let set = ctx.needed("setsebool")?;
        let mut words = vec![set.as_str()];
        words.extend(args.persistent.then_some("-P"));
        words.extend(off.then_some("-N"));
        words.extend([args.name.as_str(), if args.state { "on" } else { "off" }]);
        let said = ctx.ask(words)?;
        if !said.well() {
            let msg = format!("Failed to set boolean {} to {}: {}", args.name, args.state, said.err.trim());
            return Err(said.failure(msg));
        }
    }
    Ok(Outcome { changed: true, ..outcome })
}

/// `httpd_can_network_connect --> off`
fn now(text: &str) -> Option<bool> {
    let word = text.split_once("-->")?.1.split_whitespace().next()?;
    Some(word == "on")
}

/// What holds after the next start, by `semanage`: `NAME (on , off) …`, of which the second counts.
fn kept(name: &str, ctx: &mut Context<'_>) -> Result<Option<bool>, Failure> {
    let Some(program) = ctx.program("semanage") else { return Ok(None) };
    let said = ctx.ask([program.as_str(), "boolean", "-l"])?;
    let line = said.out.lines().find(|line| line.split_whitespace().next() == Some(name));
    let inside = line.and_then(|line| line.split_once('(')?.1.split_once(')'));
    Ok(inside.and_then(|(inside, _)| Some(inside.split_once(',')?.1.trim() == "on")))
}
