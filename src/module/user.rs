//! `user`: a user of the machine's own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::accounts::{User, group_by_gid, group_by_name, user_by_name};
use super::group::{Presence, administer};
use super::{Answer, Context, Module, call};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::wire::Outcome;

/// Makes, changes or removes a user by the system's own programs (`useradd` and its kin).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // they are what users write
pub struct Args {
    /// The login name.
    #[serde(alias = "user")]
    pub name: String,
    /// The number.
    pub uid: Option<u32>,
    /// The primary group, by name or number.
    pub group: Option<String>,
    /// Other groups; an empty list means none.
    pub groups: Option<Vec<String>>,
    /// Groups are added to those that the user is in.
    #[serde(default)]
    pub append: bool,
    /// The full name and the like.
    pub comment: Option<String>,
    /// The home folder.
    pub home: Option<String>,
    /// Moves the old home to the new one.
    #[serde(default)]
    pub move_home: bool,
    /// The login shell.
    pub shell: Option<String>,
    /// The password, as it stands in /etc/shadow.
    pub password: Option<String>,
    /// When a password is set.
    #[serde(default)]
    pub update_password: Update,
    /// Whether it should be there.
    #[serde(default)]
    pub state: Presence,
    /// Makes the home folder of a new user.
    #[serde(default = "yes", alias = "createhome")]
    pub create_home: bool,
    /// One of the system's, by its number.
    #[serde(default)]
    pub system: bool,
    /// The number may be another user's, too.
    #[serde(default)]
    pub non_unique: bool,
    /// Removes the home folder too.
    #[serde(default)]
    pub remove: bool,
    /// Removes what belongs to somebody else, or is in use.
    #[serde(default)]
    pub force: bool,
}

/// When a password is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Update {
    /// Whenever it differs.
    #[default]
    Always,
    /// Only for a new user.
    OnCreate,
}

fn yes() -> bool {
    true
}

pub(super) const SPEC: Spec = Spec {
    name: "user",
    summary: "Makes, changes or removes a user.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, ensure) };

fn ensure(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let there = user_by_name(&args.name, ctx);
    let (program, words) = match (&there, args.state) {
        (None, Presence::Absent) => (None, Vec::new()),
        (Some(_), Presence::Absent) => {
            let words = [(args.remove, "-r"), (args.force, "-f")].map(|(wanted, word)| wanted.then_some(word));
            (Some("userdel"), words.into_iter().flatten().map(str::to_owned).collect())
        }
        (None, Presence::Present) => (Some("useradd"), created(args)),
        (Some(user), Presence::Present) => {
            let words = changed(args, user, ctx);
            ((!words.is_empty()).then_some("usermod"), words)
        }
    };
    if let Some(program) = program {
        administer(program, words, &args.name, ctx)?;
    }
    let mut outcome = Outcome::ok(program.is_some()).with("name", args.name.as_str());
    if args.state == Presence::Absent {
        return Ok(outcome.with("state", "absent").with("remove", args.remove).with("force", args.force));
    }
    outcome = outcome.with("state", "present").with("append", args.append).with("move_home", args.move_home);
    if there.is_none() {
        outcome = outcome.with("create_home", args.create_home).with("system", args.system);
    }
    if let Some(groups) = &args.groups {
        outcome = outcome.with("groups", groups.join(","));
    }
    if args.password.is_some() {
        outcome = outcome.with("password", "NOT_LOGGING_PASSWORD");
    }
    Ok(match user_by_name(&args.name, ctx) {
        None => outcome,
        Some(user) => outcome
            .with("uid", i64::from(user.uid))
            .with("group", i64::from(user.gid))
            .with("home", user.home)
            .with("shell", user.shell)
            .with("comment", user.gecos),
    })
}

/// What `useradd` is told.
fn created(args: &Args) -> Vec<String> {
    let mut words = vec![if args.create_home { "-m" } else { "-M" }.to_owned()];
    let groups = args.groups.as_ref().filter(|groups| !groups.is_empty()).map(|groups| groups.join(","));
    let values = [
        ("-u", args.uid.map(|uid| uid.to_string())),
        ("-g", args.group.clone()),
        ("-G", groups),
        ("-c", args.comment.clone()),
        ("-d", args.home.clone()),
        ("-s", args.shell.clone()),
        ("-p", args.password.clone()),
    ];
    words.extend(values.into_iter().filter_map(|(word, value)| Some([word.to_owned(), value?])).flatten());
    words.extend(args.system.then(|| "-r".to_owned()));
    words.extend(args.non_unique.then(|| "-o".to_owned()));
    words
}

/// What `usermod` is told: only what differs.
fn changed(args: &Args, user: &User, ctx: &mut Context<'_>) -> Vec<String> {
    let mut words = Vec::new();
    let mut say = |word: &str, value: String| words.extend([word.to_owned(), value]);
    if let Some(uid) = args.uid.filter(|uid| *uid != user.uid) {
        say("-u", uid.to_string());
    }
    let number = |group: &str, ctx: &mut Context<'_>| {
        group.parse().ok().or_else(|| group_by_name(group, ctx).map(|group| group.gid))
    };
    if let Some(group) = args.group.as_ref().filter(|group| number(group, ctx) != Some(user.gid)) {
        say("-g", group.clone());
    }
    for (word, wanted, there) in
        [("-c", &args.comment, &user.gecos), ("-d", &args.home, &user.home), ("-s", &args.shell, &user.shell)]
    {
        if let Some(wanted) = wanted.as_ref().filter(|wanted| *wanted != there) {
            say(word, wanted.clone());
        }
    }
    if let Some(wanted) = &args.groups {
        let there = memberships(&user.name, user.gid, ctx);
        let missing = wanted.iter().any(|group| !there.contains(group));
        if missing || (!args.append && there.iter().any(|group| !wanted.contains(group))) {
            say(if args.append { "-aG" } else { "-G" }, wanted.join(","));
        }
    }
    if args.update_password == Update::Always
        && let Some(password) = args.password.as_ref().filter(|wanted| shadow(&user.name).as_ref() != Some(wanted))
    {
        say("-p", password.clone());
    }
    let moves = args.move_home && words.iter().any(|word| word == "-d");
    words.extend(moves.then(|| "-m".to_owned()));
    words
}

/// The groups that a user is in beside the primary one.
fn memberships(name: &str, primary: u32, ctx: &mut Context<'_>) -> Vec<String> {
    let own = group_by_gid(primary, ctx).map(|group| group.name);
    let text = std::fs::read_to_string("/etc/group").unwrap_or_default();
    let member = |line: &str| {
        let (group, members) = (line.split(':').next()?, line.rsplit(':').next()?);
        members.split(',').any(|member| member == name).then(|| group.to_owned())
    };
    text.lines().filter_map(member).filter(|group| own.as_ref() != Some(group)).collect()
}

/// The encrypted password that is there.
fn shadow(name: &str) -> Option<String> {
    let text = std::fs::read_to_string("/etc/shadow").ok()?;
    let mut fields = text.lines().map(|line| line.split(':')).find_map(|mut fields| {
        (fields.next() == Some(name)).then_some(fields)
    })?;
    fields.next().map(str::to_owned)
}
