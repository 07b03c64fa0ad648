//! Who starts and stops a service, and who enables it.

use std::path::Path;

use super::Args;
use crate::base::shlex;
use crate::module::process::Command;
use crate::module::programs::Said;
use crate::module::{Context, Failure, init};

/// What does it; the programs are paths.
pub(super) enum Manager {
    /// `systemctl`
    Systemd(String),
    /// `initctl`
    Upstart(String),
    /// `rc-service` and `rc-update`
    OpenRc(String, String),
    /// A script in `/etc/init.d`: called by `service`, or by its own path.
    Script { control: Vec<String>, enabling: String },
}

impl Manager {
    pub(super) fn find(args: &Args, ctx: &mut Context<'_>) -> Result<Self, Failure> {
        if let Some(systemctl) = ctx.program("systemctl").filter(|_| init::is_systemd(ctx)) {
            return Ok(Self::Systemd(systemctl));
        }
        let upstart = Path::new("/etc/init").join(format!("{}.conf", args.name)).exists();
        if let Some(initctl) = ctx.program("initctl").filter(|_| upstart) {
            return Ok(Self::Upstart(initctl));
        }
        if let Some(service) = ctx.program("rc-service") {
            return Ok(Self::OpenRc(service, ctx.needed("rc-update")?));
        }
        let script = init::script(&args.name);
        let enabling = ["update-rc.d", "insserv", "chkconfig"].iter().find_map(|name| ctx.program(name));
        let enabling = enabling.filter(|_| script.is_file()).ok_or_else(|| init::missing(&args.name))?;
        let control = match ctx.program("service") {
            Some(service) => vec![service, args.name.clone()],
            None => vec![script.to_string_lossy().into_owned()],
        };
        Ok(Self::Script { control, enabling })
    }

    /// Tells the service something: `start`, `stop`, `status`, …
    pub(super) fn tell(&self, verb: &str, args: &Args, ctx: &mut Context<'_>) -> Result<Said, Failure> {
        let name = args.name.as_str();
        let mut words: Vec<String> = match self {
            Self::Systemd(program) | Self::Upstart(program) => {
                vec![program.clone(), verb.to_owned(), name.to_owned()]
            }
            Self::OpenRc(program, _) => vec![program.clone(), name.to_owned(), verb.to_owned()],
            Self::Script { control, .. } => control.iter().cloned().chain([verb.to_owned()]).collect(),
        };
        if !matches!(self, Self::Systemd(_)) {
            let told = shlex::split(&args.arguments);
            words.extend(told.map_err(|e| Failure::new(format!("arguments: {e}")))?);
        }
        ctx.ask_with(Command { lasting: true, ..Command::new(words) })
    }

    /// Starts, stops, restarts or reloads it.
    pub(super) fn bring(&self, verb: &str, args: &Args, ctx: &mut Context<'_>) -> Result<(), Failure> {
        let mut said = if verb == "restart" && !matches!(self, Self::OpenRc(..) | Self::Systemd(_)) {
            // Not all scripts know how to restart.
            let stopped = self.tell("stop", args, ctx)?;
            ctx.sleep(args.sleep.unwrap_or_default())?;
            let started = self.tell("start", args, ctx)?;
            if stopped.rc != 0 && started.rc == 0 { started } else { both(stopped, &started) }
        } else {
            self.tell(verb, args, ctx)?
        };
        // Upstart may not know that it has done it already.
        if said.well() || said.err.contains("Job is already running") {
            return Ok(());
        }
        let msg = std::mem::take(if said.err.is_empty() { &mut said.out } else { &mut said.err });
        Err(Failure::new(msg))
    }
}

fn both(one: Said, two: &Said) -> Said {
    Said { rc: one.rc + two.rc, out: one.out + &two.out, err: one.err + &two.err }
}
