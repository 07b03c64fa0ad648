//! `user`: a user of the machine's own.

mod home;
mod key;
mod local;
mod password;
mod shadow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::shadow::Shadow;
use super::accounts::{
    Group, Presence, User, administer, group_by_gid, group_by_name, local_user, refuse_given, setting,
    user_by_name,
};
use super::failure::Failure;
use super::programs::Said;
use super::{Answer, Context, Module, TargetPath, call};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::wire::Outcome;

/// Makes, changes or removes a user by the system's own programs (`useradd` and its kin).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // they are what users write
#[schemars(extend("x-unsupported" = {
    "authorization": "it is for Solaris; leave it out",
    "hidden": "it is for macOS; leave it out",
    "login_class": "it is for BSD; leave it out",
    "profile": "it is for Solaris; leave it out",
    "role": "it is for Solaris; leave it out"
}))]
pub struct Args {
    /// The login name.
    #[serde(alias = "user")]
    #[schemars(extend("x-aliases" = ["user"]))]
    pub name: String,
    /// Whether it should be there.
    #[serde(default)]
    pub state: Presence,
    /// The number.
    pub uid: Option<u32>,
    /// The least number for a new user.
    pub uid_min: Option<u32>,
    /// The greatest number for a new user.
    pub uid_max: Option<u32>,
    /// The number may be another user's, too.
    #[serde(default)]
    pub non_unique: bool,
    /// A new one gets a number of the system's users.
    #[serde(default)]
    pub system: bool,
    /// The primary group, by name or number.
    pub group: Option<String>,
    /// The other groups; an empty list means none.
    pub groups: Option<Vec<String>>,
    /// `groups` are added to those that the user is in.
    #[serde(default)]
    pub append: bool,
    /// The full name and the like.
    pub comment: Option<String>,
    /// The home folder.
    pub home: Option<TargetPath>,
    /// Makes the home folder where it is missing.
    #[serde(default = "yes", alias = "createhome")]
    #[schemars(extend("x-aliases" = ["createhome"]))]
    pub create_home: bool,
    /// The folder whose files a new home gets; by default `/etc/skel`.
    pub skeleton: Option<String>,
    /// The umask for a new home.
    pub umask: Option<String>,
    /// Moves the files of the old home to the new one.
    #[serde(default)]
    pub move_home: bool,
    /// The login shell.
    pub shell: Option<TargetPath>,
    /// The password as it stands in `/etc/shadow`: encrypted.
    pub password: Option<String>,
    /// When the password is set.
    #[serde(default)]
    pub update_password: Update,
    /// Whether the password is locked.
    pub password_lock: Option<bool>,
    /// The days after which the password must be changed.
    pub password_expire_max: Option<i64>,
    /// The days before which the password must not be changed.
    pub password_expire_min: Option<i64>,
    /// The days for which it is warned before the password expires.
    pub password_expire_warn: Option<i64>,
    /// The days after the password has expired until the account is closed.
    pub password_expire_account_disable: Option<i64>,
    /// When the account expires, in seconds since 1970; a negative number means never.
    pub expires: Option<f64>,
    /// The `SELinux` user of a new user.
    pub seuser: Option<String>,
    /// With `state: absent`: the home folder goes, too.
    #[serde(default)]
    pub remove: bool,
    /// With `state: absent`: it goes even if it is logged in. With `generate_ssh_key`: a key that is there is replaced.
    #[serde(default)]
    pub force: bool,
    /// A user of this machine is meant, whatever a directory service knows; libuser's programs do it (`luseradd` and its kin).
    #[serde(default)]
    pub local: bool,
    /// Makes a pair of keys for ssh where there is none.
    #[serde(default)]
    pub generate_ssh_key: bool,
    /// The kind of the key.
    #[serde(default = "key::kind")]
    pub ssh_key_type: String,
    /// The bits of the key; by default what `ssh-keygen` takes for its kind.
    pub ssh_key_bits: Option<u32>,
    /// The comment of the key; by default `ansible-generated on` and the name of the machine.
    pub ssh_key_comment: Option<String>,
    /// The passphrase of the key; by default it has none.
    pub ssh_key_passphrase: Option<String>,
    /// The file of the private key; a relative one is in the user's home; by default `.ssh/id_` and the kind.
    pub ssh_key_file: Option<TargetPath>,
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
    let by_name = if args.local { local_user } else { user_by_name };
    let there = by_name(&args.name, ctx);
    if args.local {
        refuse_given([
            ("umask", args.umask.is_some()),
            ("uid_min", args.uid_min.is_some()),
            ("uid_max", args.uid_max.is_some()),
        ])?;
    }
    if args.state == Presence::Absent {
        return remove(args, there.is_some(), ctx);
    }
    if let Some(group) = &args.group
        && find_group(group, ctx).is_none()
    {
        return Err(Failure::new(format!("Group {group} does not exist")));
    }
    let (program, words) = match &there {
        None => (Some("useradd"), created(args, ctx)?),
        Some(user) => {
            let words = changed(args, user, ctx);
            ((!words.is_empty()).then_some("usermod"), words)
        }
    };
    let said = match program {
        Some(_) if args.local => local::administer_locally(args, there.as_ref(), words, ctx)?,
        Some(program) => administer(program, words, &args.name, ctx)?,
        None => Said::default(),
    };
    let outcome = Outcome::ok(program.is_some()).with("name", args.name.as_str()).with("state", "present");
    let mut outcome = said.told(outcome);
    outcome = if there.is_none() {
        outcome.with("create_home", args.create_home).with("system", args.system)
    } else {
        outcome.with("append", args.append).with("move_home", args.move_home)
    };
    if let Some(groups) = &args.groups {
        outcome = outcome.with("groups", groups.join(","));
    }
    if args.password.is_some() {
        outcome = outcome.with("password", "NOT_LOGGING_PASSWORD");
    }
    if args.append && args.groups.is_none() {
        outcome.warnings.push(
            "'append' is set, but no 'groups' are specified. Use 'groups' for appending new groups."
                .to_owned(),
        );
    }
    outcome.warnings.extend(args.password.as_deref().and_then(password::warning));
    // Under `--check` a new one is still not there.
    let Some(user) = by_name(&args.name, ctx) else { return Ok(outcome) };
    if args.create_home {
        let home = args.home.as_ref().map_or_else(|| user.home.clone().into(), |home| home.expand(ctx));
        outcome.changed |= home::make_if_missing(&home, args, &user, ctx.check())?;
    }
    let ages = Shadow::of(&args.name).aging(args);
    if !ages.is_empty() {
        administer("chage", ages, &args.name, ctx)?;
        outcome.changed = true;
    }
    if args.generate_ssh_key {
        outcome = key::make(args, &user, outcome, ctx)?;
    }
    Ok(outcome
        .with("uid", i64::from(user.uid))
        .with("group", i64::from(user.gid))
        .with("home", user.home)
        .with("shell", user.shell)
        .with("comment", user.gecos))
}

fn remove(args: &Args, there: bool, ctx: &mut Context<'_>) -> Answer {
    let outcome = Outcome::ok(there).with("name", args.name.as_str()).with("state", "absent");
    if !there {
        return Ok(outcome);
    }
    let words = [(args.force && !args.local, "-f"), (args.remove, "-r")];
    let words = words.into_iter().filter(|(wanted, _)| *wanted).map(|(_, word)| word.to_owned()).collect();
    let outcome =
        administer(if args.local { "luserdel" } else { "userdel" }, words, &args.name, ctx)?.told(outcome);
    Ok(outcome.with("remove", args.remove).with("force", args.force))
}

/// A group by its name or number.
fn find_group(group: &str, ctx: &mut Context<'_>) -> Option<Group> {
    let by_number = group.parse().ok().and_then(|gid| group_by_gid(gid, ctx));
    by_number.or_else(|| group_by_name(group, ctx))
}

/// What `useradd` is told.
fn created(args: &Args, ctx: &mut Context<'_>) -> Result<Vec<String>, Failure> {
    let home = args.home.as_ref().map(|home| home.expand(ctx));
    if let Some(parent) =
        home.as_ref().and_then(|home| home.parent()).filter(|_| args.create_home && !ctx.check())
    {
        // useradd makes one folder and no more.
        super::file::make_folders(parent, &super::attributes::Attributes::default())?;
    }
    let groups = args.groups.as_ref().filter(|groups| !groups.is_empty()).map(|groups| groups.join(","));
    let lock = if args.password_lock == Some(true) { "!" } else { "" };
    let values = [
        ("-u", args.uid.map(|uid| uid.to_string())),
        ("-Z", args.seuser.clone()),
        ("-g", args.group.clone()),
        ("-G", groups),
        ("-c", args.comment.clone()),
        ("-d", home.map(|home| home.display().to_string())),
        ("-s", args.shell.as_ref().map(|shell| shell.expand(ctx).display().to_string())),
        ("-e", args.expires.map(shadow::day)),
        ("-f", args.password_expire_account_disable.map(|days| days.to_string())),
        ("-p", args.password.as_ref().map(|password| format!("{lock}{password}"))),
        ("-k", args.skeleton.clone().filter(|_| args.create_home)),
        ("-K", args.umask.as_ref().filter(|_| args.create_home).map(|umask| format!("UMASK={umask}"))),
    ];
    let mut words = vec![if args.create_home { "-m" } else { "-M" }.to_owned()];
    words.extend(values.into_iter().filter_map(|(word, value)| Some([word.to_owned(), value?])).flatten());
    // A group of that name would be in the way of a new one.
    let has_group = args.group.is_none() && group_by_name(&args.name, ctx).is_some();
    let flags = [("-N", has_group), ("-o", args.non_unique && args.uid.is_some()), ("-r", args.system)];
    words.extend(flags.into_iter().filter(|(_, wanted)| *wanted).map(|(word, _)| word.to_owned()));
    words.extend(setting("UID_MIN", args.uid_min));
    words.extend(setting("UID_MAX", args.uid_max));
    Ok(words)
}

/// What `usermod` is told: only what differs.
fn changed(args: &Args, user: &User, ctx: &mut Context<'_>) -> Vec<String> {
    let mut words = Vec::new();
    let mut say =
        |word: &str, value: Option<String>| words.extend([word.to_owned()].into_iter().chain(value));
    if let Some(uid) = args.uid.filter(|uid| *uid != user.uid) {
        say("-u", Some(uid.to_string()));
        if args.non_unique {
            say("-o", None);
        }
    }
    let wanted = args.group.as_ref().and_then(|group| find_group(group, ctx)).map(|group| group.gid);
    if let Some(gid) = wanted.filter(|gid| *gid != user.gid) {
        say("-g", Some(gid.to_string()));
    }
    let expanded = |path: &Option<TargetPath>, ctx: &mut Context<'_>| {
        path.as_ref().map(|path| path.expand(ctx).display().to_string())
    };
    let (home, shell) = (expanded(&args.home, ctx), expanded(&args.shell, ctx));
    let moves = args.move_home && home.as_ref().is_some_and(|home| *home != user.home);
    for (word, wanted, there) in
        [("-c", args.comment.clone(), &user.gecos), ("-d", home, &user.home), ("-s", shell, &user.shell)]
    {
        if let Some(wanted) = wanted.filter(|wanted| wanted != there) {
            say(word, Some(wanted));
        }
    }
    if let Some(wanted) = &args.groups {
        let (primary, others) = memberships(&user.name, user.gid, ctx);
        let name_of =
            |group: &String| find_group(group, ctx).map_or_else(|| group.clone(), |found| found.name);
        let wanted: Vec<String> = wanted.iter().map(name_of).collect();
        let missing = wanted.iter().any(|group| !others.contains(group) && primary.as_ref() != Some(group));
        if missing || (!args.append && others.iter().any(|group| !wanted.contains(group))) {
            say(if args.append { "-aG" } else { "-G" }, Some(wanted.join(",")));
        }
    }
    for (word, value) in Shadow::of(&user.name).modified(args) {
        say(word, value);
    }
    words.extend(moves.then(|| "-m".to_owned()));
    words
}

/// The name of the primary group, and the groups that a user is in beside it.
fn memberships(name: &str, primary: u32, ctx: &mut Context<'_>) -> (Option<String>, Vec<String>) {
    let own = group_by_gid(primary, ctx).map(|group| group.name);
    let text = std::fs::read_to_string("/etc/group").unwrap_or_default();
    let member = |line: &str| {
        let (group, members) = (line.split(':').next()?, line.rsplit(':').next()?);
        members.split(',').any(|member| member == name).then(|| group.to_owned())
    };
    let others = text.lines().filter_map(member).filter(|group| own.as_ref() != Some(group)).collect();
    (own, others)
}
