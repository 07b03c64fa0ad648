//! Where rsync runs, and how it gets to the other side.

use std::path::Path;

use super::{ActionContext, Args, Mode};
use crate::base::shlex;
use crate::connection::{Endpoint, SshTarget};
use crate::wire::{Method, Outcome};

/// The other side of a copy, as rsync reaches it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Remote {
    pub(super) address: String,
    pub(super) port: Option<u16>,
    pub(super) user: Option<String>,
    pub(super) key: Option<String>,
    pub(super) arguments: Vec<String>,
    pub(super) password: bool,
}

impl Remote {
    fn of(target: &SshTarget) -> Self {
        Self {
            address: target.address.to_string(),
            port: target.port,
            user: target.user.as_ref().map(ToString::to_string),
            key: target.key_file.as_ref().map(ToString::to_string),
            arguments: target.arguments.clone(),
            password: target.password.is_some(),
        }
    }

    /// The task's own host, when the task is done elsewhere.
    fn of_variables(ctx: &ActionContext<'_>) -> Result<Self, Outcome> {
        let text = |names: &[&str]| -> Result<Option<String>, Outcome> {
            for name in names {
                if let Some((value, _)) = ctx.templar.scope().lookup(name) {
                    let rendered = ctx.templar.render_str(value);
                    let rendered = rendered.map_err(|error| Outcome::failed(error.to_string()))?;
                    return Ok(Some(rendered).filter(|text| !text.is_empty()));
                }
            }
            Ok(None)
        };
        let words = |name: &str| -> Result<Vec<String>, Outcome> {
            let line = text(&[name])?.unwrap_or_default();
            shlex::split(&line).map_err(|error| Outcome::failed(format!("{name}: {error}")))
        };
        let mut arguments = words("ansible_ssh_common_args")?;
        arguments.extend(words("ansible_ssh_extra_args")?);
        Ok(Self {
            address: text(&["ansible_host", "ansible_ssh_host"])?.unwrap_or_else(|| ctx.host.to_string()),
            port: text(&["ansible_port", "ansible_ssh_port"])?.and_then(|port| port.parse().ok()),
            user: text(&["ansible_user", "ansible_ssh_user"])?,
            key: text(&["ansible_ssh_private_key_file", "ansible_private_key_file"])?,
            arguments,
            password: text(&["ansible_password", "ansible_ssh_pass"])?.is_some(),
        })
    }

    /// A path there, as rsync has it; one that names its host stays.
    fn path(&self, path: &str, user: Option<&str>) -> String {
        let user = user.map(|user| format!("{user}@")).unwrap_or_default();
        if path.starts_with("rsync://") {
            path.to_owned()
        } else if self.address.contains(':') {
            format!("[{user}{}]:{path}", self.address)
        } else if !path.contains(':') {
            format!("{user}{}:{path}", self.address)
        } else if path.contains('@') {
            path.to_owned()
        } else {
            format!("{user}{path}")
        }
    }
}

/// Which ways lead from where rsync runs to where it copies.
pub(super) struct Way {
    /// The other side; nothing where rsync runs on the target itself.
    pub(super) remote: Option<Remote>,
    /// Whether rsync runs on the controller.
    pub(super) here: bool,
    /// rsync on the other side, where the task becomes another user.
    pub(super) by_sudo: Option<String>,
}

impl Way {
    pub(super) fn find(args: &Args, ctx: &ActionContext<'_>) -> Result<Self, Outcome> {
        let (host, endpoint) = ctx.target.place();
        let endpoint = endpoint.map_err(|reason| ctx.target.unreachable(reason))?;
        let becoming = if let Endpoint::Become(_, becoming) = &endpoint { Some(becoming) } else { None };
        let (remote, here) = match (ctx.delegated, endpoint.login()) {
            (false, Endpoint::Ssh(target)) => (Some(Remote::of(target)), true),
            (false, Endpoint::Local) => (None, false),
            (true, _) if host == ctx.host => (None, false),
            (true, Endpoint::Local) => (Some(Remote::of_variables(ctx)?), true),
            (true, Endpoint::Ssh(_)) if becoming.is_none() => (Some(Remote::of_variables(ctx)?), false),
            (true, Endpoint::Ssh(_)) => {
                return Err(Outcome::failed(
                    "synchronize cannot become another user where it is delegated to another host; set `become: false` and give \
                     `rsync_path`",
                ));
            }
            (_, other) => {
                return Err(Outcome::failed(format!(
                    "synchronize uses rsync to function. rsync needs to connect to the remote host via ssh or a direct filesystem \
                     copy. This remote host is being accessed via {other} instead so it cannot work."
                )));
            }
        };
        if remote.as_ref().is_some_and(|remote| remote.password) {
            return Err(Outcome::failed(
                "synchronize: rsync connects by itself and cannot be given a password; use a key for this host",
            ));
        }
        let by_sudo = match (becoming, &remote) {
            (Some(becoming), Some(_)) if becoming.method == Method::Sudo => {
                Some(format!("sudo -u {} rsync", becoming.user))
            }
            (Some(_), Some(_)) if args.rsync_path.is_none() => {
                return Err(Outcome::failed(
                    "synchronize becomes another user by sudo only; give `rsync_path`",
                ));
            }
            _ => None,
        };
        Ok(Self { remote, here, by_sudo })
    }

    /// What is copied and where to, as rsync is told.
    pub(super) fn paths(&self, args: &Args, ctx: &ActionContext<'_>) -> (String, String) {
        let own = |path: &str| own_path(path, ctx);
        let Some(remote) = &self.remote else { return (own(&args.src), own(&args.dest)) };
        let user = remote.user.as_deref().filter(|_| args.set_remote_user);
        match args.mode {
            Mode::Push => (own(&args.src), remote.path(&args.dest, user)),
            Mode::Pull => (remote.path(&args.src, user), own(&args.dest)),
        }
    }
}

/// A path on the side where rsync runs.
fn own_path(path: &str, ctx: &ActionContext<'_>) -> String {
    if path.contains(':') || path.starts_with('/') {
        return path.to_owned();
    }
    if let Some(rest) = path.strip_prefix("~/") {
        let home = std::env::var("HOME").unwrap_or_default();
        return format!("{home}/{rest}");
    }
    let found = ctx.find("files", path).unwrap_or_else(|_| ctx.folder.join(path));
    let found = std::path::absolute(&found).unwrap_or(found);
    let slash = if path.ends_with('/') && !ends_with_slash(&found) { "/" } else { "" };
    format!("{}{slash}", found.display())
}

fn ends_with_slash(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(b"/")
}
