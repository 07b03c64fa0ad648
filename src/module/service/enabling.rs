//! Services that are started with the machine.

use std::path::{Path, PathBuf};

use super::Args;
use super::manager::Manager;
use crate::module::atomic::Staged;
use crate::module::failure::Doing;
use crate::module::{Context, Failure, glob, init};

impl Manager {
    /// Enables or disables it and says whether it was otherwise.
    pub(super) fn enable(&self, wanted: bool, args: &Args, ctx: &mut Context<'_>) -> Result<bool, Failure> {
        match self {
            Self::Systemd(program) => systemd(program, wanted, args, ctx),
            Self::Upstart(_) => upstart(wanted, args, ctx),
            Self::OpenRc(_, program) => open_rc(program, wanted, args, ctx),
            Self::Script { enabling, .. } if enabling.ends_with("update-rc.d") => {
                update_rc(enabling, wanted, args, ctx)
            }
            Self::Script { enabling, .. } if enabling.ends_with("insserv") => {
                insserv(enabling, wanted, args, ctx)
            }
            Self::Script { enabling, .. } => chkconfig(enabling, wanted, args, ctx),
        }
    }
}

/// Calls a program that changes it; what it says where it fails is the message.
fn change(call: &[&str], args: &Args, ctx: &mut Context<'_>) -> Result<(), Failure> {
    if ctx.check() {
        return Ok(());
    }
    let said = ctx.ask(call)?;
    if said.well() {
        return Ok(());
    }
    let why = if said.err.is_empty() { said.out } else { said.err };
    let name = &args.name;
    Err(Failure::new(format!("Error when trying to {} {name}: rc={} {why}", call[1..].join(" "), said.rc)))
}

fn systemd(program: &str, wanted: bool, args: &Args, ctx: &mut Context<'_>) -> Result<bool, Failure> {
    let said = ctx.ask([program, "is-enabled", &args.name])?;
    let script = init::script(&args.name).exists() && init::is_script_enabled(&args.name);
    let enabled = said.well() || !said.out.starts_with("disabled") && script;
    if enabled != wanted {
        change(&[program, if wanted { "enable" } else { "disable" }, &args.name], args, ctx)?;
    }
    Ok(enabled != wanted)
}

/// A file beside the job's has the line `manual` where it is not to be started by itself.
fn upstart(wanted: bool, args: &Args, ctx: &mut Context<'_>) -> Result<bool, Failure> {
    let is_manual = |text: &str| text.lines().any(|line| line.trim_end().eq_ignore_ascii_case("manual"));
    let job = PathBuf::from(format!("/etc/init/{}.conf", args.name));
    if is_manual(&std::fs::read_to_string(&job).doing("read", &job)?) {
        return Err(Failure::new("manual stanza not supported in a .conf file"));
    }
    let beside = job.with_extension("override");
    let before = std::fs::read_to_string(&beside).unwrap_or_default();
    if is_manual(&before) != wanted {
        return Ok(false);
    }
    let mut after: String = before.lines().filter(|l| !is_manual(l)).flat_map(|line| [line, "\n"]).collect();
    if !wanted {
        after.push_str("manual\n");
    }
    if !ctx.check() {
        Staged::with(&beside, after.as_bytes())?.commit()?;
    }
    Ok(true)
}

fn open_rc(program: &str, wanted: bool, args: &Args, ctx: &mut Context<'_>) -> Result<bool, Failure> {
    let said = ctx.ask([program, "show"])?;
    let mut lines = said.out.lines().filter_map(|line| line.split_once('|'));
    let levels = lines.find(|(name, _)| name.trim() == args.name).map_or("", |(_, levels)| levels);
    let enabled = levels.split_whitespace().any(|level| level == args.runlevel);
    if enabled != wanted {
        let verb = if wanted { "add" } else { "delete" };
        change(&[program, verb, &args.name, &args.runlevel], args, ctx)?;
    }
    Ok(enabled != wanted)
}

fn update_rc(program: &str, wanted: bool, args: &Args, ctx: &mut Context<'_>) -> Result<bool, Failure> {
    let linked = |letter: char| {
        glob::exists(Path::new(&format!("/etc/rc?.d/{letter}??{}", args.name)), Path::new("/"))
    };
    if linked('S') == wanted {
        return Ok(false);
    }
    if wanted && !linked('K') {
        change(&[program, &args.name, "defaults"], args, ctx)?;
    }
    change(&[program, &args.name, if wanted { "enable" } else { "disable" }], args, ctx)?;
    Ok(true)
}

fn insserv(program: &str, wanted: bool, args: &Args, ctx: &mut Context<'_>) -> Result<bool, Failure> {
    let remove: &[&str] = if wanted { &[] } else { &["-r"] };
    let call = |words: &[&'static str]| {
        let words = words.iter().copied().chain(remove.iter().copied());
        [program].into_iter().chain(words).chain([args.name.as_str()]).map(str::to_owned).collect::<Vec<_>>()
    };
    let said = ctx.ask(call(&["-n", "-v"]))?;
    let words = if wanted { "enable service" } else { "remove service" };
    if !said.err.contains(words) {
        return Ok(false);
    }
    if !ctx.check() {
        let said = ctx.ask(call(&[]))?;
        if !said.well() || !said.err.is_empty() {
            let verb = if wanted { "install" } else { "remove" };
            let (rc, out, err) = (said.rc, said.out, said.err);
            return Err(Failure::new(format!("Failed to {verb} service. rc: {rc}, out: {out}, err: {err}")));
        }
    }
    Ok(true)
}

fn chkconfig(program: &str, wanted: bool, args: &Args, ctx: &mut Context<'_>) -> Result<bool, Failure> {
    let name = args.name.as_str();
    let mut said = ctx.ask([program, "--list", name])?;
    if said.err.contains(&format!("chkconfig --add {name}")) && !ctx.check() {
        ctx.ask([program, "--add", name])?;
        said = ctx.ask([program, "--list", name])?;
    }
    if !(said.out.contains(name) || ctx.check() && said.err.contains("--add")) {
        return Err(Failure::new(format!("service {name} does not support chkconfig")));
    }
    let word = if wanted { "on" } else { "off" };
    if ["3", "5"].iter().all(|level| said.out.contains(&format!("{level}:{word}"))) {
        return Ok(false);
    }
    change(&[program, name, word], args, ctx)?;
    Ok(true)
}
