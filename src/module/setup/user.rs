//! Who the tasks run as, and their environment.

use rustix::process::{getegid, geteuid, getgid, getuid};

use super::Facts;
use crate::base::Map;
use crate::module::{Context, accounts};
use crate::wire::PYTHON;
use crate::wire::owner::{CONTROLLER, RUN};

/// The user by /etc/passwd or `getent`.
pub fn gather(facts: &mut Facts, ctx: &mut Context<'_>) {
    facts.set("real_user_id", getuid().as_raw());
    facts.set("effective_user_id", geteuid().as_raw());
    facts.set("real_group_id", getgid().as_raw());
    facts.set("effective_group_id", getegid().as_raw());
    let Some(user) = accounts::current_user(ctx) else { return };
    facts.set("user_id", user.name);
    facts.set("user_uid", user.uid);
    facts.set("user_gid", user.gid);
    facts.set("user_gecos", user.gecos);
    facts.set("user_dir", user.home);
    facts.set("user_shell", user.shell);
}

/// What a child of this task would see.
pub fn environment(facts: &mut Facts, ctx: &Context<'_>) {
    let own = std::env::vars_os()
        .map(|(k, v)| (k.to_string_lossy().into_owned(), v.to_string_lossy().into_owned()));
    let mut env: Map = own.collect();
    // What is the agent's alone.
    env.remove(RUN);
    env.remove(CONTROLLER);
    for (name, value) in ctx.request.environment.iter().filter(|(name, _)| name != PYTHON) {
        env.insert(name.as_str(), value.as_str());
    }
    facts.set("env", env);
}
