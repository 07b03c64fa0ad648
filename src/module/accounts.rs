//! Users and groups: /etc/passwd and /etc/group first, then `getent` for what a directory service knows; and what the modules
//! that change them share.
//!
//! Never libc's functions: in a static program they crash where NSS has plug-ins.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Context;
use super::failure::Failure;
use super::process::Command;
use super::programs::Said;

/// One user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Login name.
    pub name: String,
    /// Number.
    pub uid: u32,
    /// Number of the primary group.
    pub gid: u32,
    /// Full name and the like.
    pub gecos: String,
    /// Home folder.
    pub home: String,
    /// Login shell.
    pub shell: String,
}

/// One group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Name.
    pub name: String,
    /// Number.
    pub gid: u32,
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

fn parse_user(line: &str) -> Option<User> {
    let [name, _, uid, gid, gecos, home, shell] = fields::<7>(line)?;
    Some(User {
        name: name.to_owned(),
        uid: uid.parse().ok()?,
        gid: gid.parse().ok()?,
        gecos: gecos.to_owned(),
        home: home.to_owned(),
        shell: shell.to_owned(),
    })
}

fn parse_group(line: &str) -> Option<Group> {
    let [name, _, gid, _] = fields::<4>(line)?;
    Some(Group { name: name.to_owned(), gid: gid.parse().ok()? })
}

fn fields<const N: usize>(line: &str) -> Option<[&str; N]> {
    line.trim_end().split(':').collect::<Vec<_>>().try_into().ok()
}

/// The first entry of a database that `wanted` accepts; `key` is what `getent` is asked for.
fn look_up<T>(
    database: &str,
    key: &str,
    parse: fn(&str) -> Option<T>,
    wanted: impl Fn(&T) -> bool,
    ctx: &mut Context<'_>,
) -> Option<T> {
    local(database, parse, &wanted).or_else(|| {
        let command = Command { quiet: true, ..Command::new(["getent", database, key]) };
        ctx.run(&command).ok().and_then(|done| find(&done.stdout, parse, &wanted))
    })
}

/// The same of a file of this machine.
fn local<T>(database: &str, parse: fn(&str) -> Option<T>, wanted: impl Fn(&T) -> bool) -> Option<T> {
    find(&std::fs::read(format!("/etc/{database}")).ok()?, parse, wanted)
}

fn find<T>(bytes: &[u8], parse: fn(&str) -> Option<T>, wanted: impl Fn(&T) -> bool) -> Option<T> {
    String::from_utf8_lossy(bytes).lines().filter_map(parse).find(wanted)
}

/// By name.
pub fn user_by_name(name: &str, ctx: &mut Context<'_>) -> Option<User> {
    look_up("passwd", name, parse_user, |u| u.name == name, ctx)
}

/// By name, of /etc/passwd and nobody else.
pub fn local_user(name: &str, _: &mut Context<'_>) -> Option<User> {
    local("passwd", parse_user, |user| user.name == name)
}

/// By name, of /etc/group and nobody else.
pub fn local_group(name: &str, _: &mut Context<'_>) -> Option<Group> {
    local("group", parse_group, |group| group.name == name)
}

/// The name of a group of /etc/group.
pub fn local_group_of(gid: u32) -> Option<String> {
    local("group", parse_group, |group| group.gid == gid).map(|group| group.name)
}

/// By number.
pub fn user_by_uid(uid: u32, ctx: &mut Context<'_>) -> Option<User> {
    look_up("passwd", &uid.to_string(), parse_user, |u| u.uid == uid, ctx)
}

/// By name.
pub fn group_by_name(name: &str, ctx: &mut Context<'_>) -> Option<Group> {
    look_up("group", name, parse_group, |g| g.name == name, ctx)
}

/// By number.
pub fn group_by_gid(gid: u32, ctx: &mut Context<'_>) -> Option<Group> {
    look_up("group", &gid.to_string(), parse_group, |g| g.gid == gid, ctx)
}

/// The name of a user of /etc/passwd. Asks nobody else, so it is cheap.
pub fn local_name(uid: u32) -> Option<String> {
    local("passwd", parse_user, |user| user.uid == uid).map(|user| user.name)
}

/// Who this process is.
pub fn current_user(ctx: &mut Context<'_>) -> Option<User> {
    user_by_uid(rustix::process::geteuid().as_raw(), ctx)
}

/// Refuses what libuser's programs cannot be told; each with whether it is given.
pub(super) fn refuse_given<const N: usize>(arguments: [(&str, bool); N]) -> Result<(), Failure> {
    match arguments.iter().find(|(_, given)| *given) {
        Some((name, _)) => Err(Failure::new(format!("'{name}' can not be used with 'local'"))),
        None => Ok(()),
    }
}

/// A number in place of the one in `/etc/login.defs`.
pub(super) fn setting(name: &str, value: Option<u32>) -> Vec<String> {
    value.map(|value| vec!["-K".to_owned(), format!("{name}={value}")]).unwrap_or_default()
}

/// Has a program of the system change an account; in check mode nothing.
pub(super) fn administer(
    program: &str,
    words: Vec<String>,
    name: &str,
    ctx: &mut Context<'_>,
) -> Result<Said, Failure> {
    if ctx.check() {
        return Ok(Said::default());
    }
    let argv = [program.to_owned()].into_iter().chain(words).chain([name.to_owned()]);
    let command = Command { quiet: true, ..Command::new(argv) };
    let done = ctx.run(&command).map_err(|e| Failure::new(format!("{program} cannot be started: {e}")))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = text(&done.stderr);
    if done.status.success() {
        return Ok(Said { rc: 0, out: text(&done.stdout), err: said });
    }
    let said = if said.trim().is_empty() { format!("{program} failed") } else { said };
    Err(Failure::new(said).with("name", name).with("rc", i64::from(done.rc())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_and_broken_ones_passed_over() {
        let user = parse_user("ada:x:1000:1001:Ada Lovelace,,,:/home/ada:/bin/bash\n").unwrap();
        assert_eq!((user.name.as_str(), user.uid, user.gid), ("ada", 1000, 1001));
        assert_eq!((user.gecos.as_str(), user.home.as_str()), ("Ada Lovelace,,,", "/home/ada"));
        assert_eq!(user.shell, "/bin/bash");
        assert_eq!(parse_user("+::::::"), None);
        assert_eq!(parse_user("ada:x:1000"), None);
        assert_eq!(parse_group("video:x:44:ada,bob"), Some(Group { name: "video".into(), gid: 44 }));
    }
}
