//! Whether a service runs.

use super::Args;
use super::manager::Manager;
use crate::module::programs::Said;
use crate::module::{Context, Failure};

/// What scripts say of services that do not run.
const STOPPED: [&str; 4] = [
    "could not access pid file",
    "is dead and pid file exists",
    "dead but subsys locked",
    "dead but pid file exists",
];

impl Manager {
    /// `None` where nobody can tell.
    pub(super) fn runs(&self, args: &Args, ctx: &mut Context<'_>) -> Result<Option<bool>, Failure> {
        let name = &args.name;
        match self {
            Self::Systemd(program) => {
                let said = ctx.ask([program.as_str(), "show", name])?;
                if !said.well() {
                    let rc = said.rc;
                    let msg = format!("failure {rc} running systemctl show for '{name}': {}", said.err);
                    return Err(Failure::new(msg));
                }
                if said.out.contains("LoadState=not-found") {
                    return Err(crate::module::init::missing(name));
                }
                Ok(said.out.lines().find_map(|l| l.strip_prefix("ActiveState=")).map(|word| word == "active"))
            }
            Self::Upstart(_) => {
                let said = self.tell("status", args, ctx)?;
                let known = [("stop/waiting", false), ("start/running", true)];
                let known = known.into_iter().find(|(words, _)| said.out.contains(words));
                Ok(known.map(|(_, runs)| runs).or_else(|| by_words(name, &said)))
            }
            Self::OpenRc(..) => Ok(Some(self.tell("status", args, ctx)?.out.contains("started"))),
            Self::Script { .. } => Ok(by_words(name, &self.tell("status", args, ctx)?)),
        }
    }
}

/// By the exit codes that LSB knows; else by one line of words, as scripts say it.
fn by_words(name: &str, said: &Said) -> Option<bool> {
    if [1, 2, 3, 4, 69].contains(&said.rc) {
        return Some(false);
    }
    let text = said.out.to_lowercase().replace(&name.to_lowercase(), "");
    if said.out.matches('\n').count() <= 1 {
        if text.contains("stop") {
            return Some(false);
        }
        if text.contains("run") {
            return Some(!text.contains("not "));
        }
        if text.contains("start") && !text.contains("not ") {
            return Some(true);
        }
        if STOPPED.iter().any(|words| text.contains(words)) {
            return Some(false);
        }
    }
    (said.rc == 0 || name == "iptables" && said.out.contains("ACCEPT")).then_some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_say_it_by_codes_and_words() {
        let told = |rc, out: &str| by_words("stopper", &Said { rc, out: out.into(), err: String::new() });
        assert_eq!(told(3, "is running"), Some(false));
        assert_eq!(told(0, "stopper is running.\n"), Some(true));
        assert_eq!(told(0, "stopper is not running.\n"), Some(false));
        assert_eq!(told(0, "stopper is stopped\n"), Some(false));
        assert_eq!(told(0, "[ ok ] stopper started\n"), Some(true));
        assert_eq!(told(5, "stopper dead but pid file exists\n"), Some(false));
        assert_eq!(told(0, "two\nlines: stopped\n"), Some(true));
        assert_eq!(told(5, "what?\n"), None);
    }
}
