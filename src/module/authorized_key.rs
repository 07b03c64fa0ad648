//! `authorized_key`: public keys with which a user may log in, or may not.

mod key;

use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use self::key::{Key, Line, options};
use super::accounts::{self, Presence, User};
use super::atomic::Staged;
use super::failure::{Answer, Doing, Failure};
use super::{Context, Module, TargetPath, call, difference, edited, file, path as paths, text};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::wire::Outcome;

/// The file belongs to the user and can be read by nobody else, and so does its folder.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // they are what users write
#[schemars(extend("x-unsupported" = {
    "validate_certs": "keys are not fetched from a URL here; hand them over with `key: \"{{ lookup('url', …) }}\"`"
}))]
pub struct Args {
    /// The user who may log in.
    user: String,
    /// The public keys, one a line, or `file:///path` on the target. A URL is refused: `lookup('url', …)` fetches it.
    key: String,
    /// The file; by default `.ssh/authorized_keys` in the user's home.
    path: Option<TargetPath>,
    /// Make the folder, and make it the user's own.
    #[serde(default = "yes")]
    manage_dir: bool,
    /// Whether the keys should be there.
    #[serde(default)]
    state: Presence,
    /// Options in front of the keys, such as `no-pty,from="10.0.1.1"`.
    key_options: Option<String>,
    /// No other keys may be there.
    #[serde(default)]
    exclusive: bool,
    /// The comment behind the keys; by default theirs.
    comment: Option<String>,
    /// Change what a link leads to.
    #[serde(default)]
    follow: bool,
}

fn yes() -> bool {
    true
}

pub(super) const SPEC: Spec = Spec {
    name: "authorized_key",
    summary: "Keeps the keys with which a user may log in.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, authorized_key) };

fn authorized_key(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let user = accounts::user_by_name(&args.user, ctx);
    if user.is_none() && !(ctx.check() && args.path.is_some()) {
        let name = &args.user;
        return Err(Failure::new(if ctx.check() {
            "Either user must exist or you must provide full path to key file in check mode".to_owned()
        } else {
            format!("Failed to lookup user {name}: there is none of this name")
        }));
    }
    let path = match (&args.path, &user) {
        (Some(path), _) => path.expand(ctx),
        (None, Some(user)) => Path::new(&user.home).join(".ssh/authorized_keys"),
        (None, None) => PathBuf::new(),
    };
    let target = if args.follow { paths::real(&path) } else { path.clone() };
    let before = edited::read(&target)?.unwrap_or_default();
    let there = text::decode(&before);
    let wanted = wanted(args)?;
    let lines = edit(args, wanted, there.split_inclusive('\n').map(Line::read).collect());
    let mut outcome = Outcome::ok(lines.is_some())
        .with("user", args.user.as_str())
        .with("key", args.key.as_str())
        .with("keyfile", target.to_string_lossy().into_owned())
        .with("state", if args.state == Presence::Present { "present" } else { "absent" });
    for (name, value) in [
        ("path", args.path.as_ref().map(|_| path.to_string_lossy().into_owned())),
        ("key_options", args.key_options.clone()),
        ("comment", args.comment.clone()),
    ] {
        outcome.values.insert(name, value);
    }
    for (name, value) in
        [("manage_dir", args.manage_dir), ("exclusive", args.exclusive), ("follow", args.follow)]
    {
        outcome.values.insert(name, value);
    }
    let Some(lines) = lines else { return Ok(outcome) };
    let after = text::encode(&lines.iter().map(Line::to_string).collect::<String>());
    if ctx.diff() {
        let differs = difference::of_bytes(&target.to_string_lossy(), &before, &after);
        difference::tell_one(&mut outcome, differs);
    }
    if let Some(user) = user.filter(|_| !ctx.check()) {
        write(args, &target, &after, &user)?;
    }
    Ok(outcome)
}

/// The keys of the user.
fn wanted(args: &Args) -> Result<Vec<Key>, Failure> {
    let text = if args.key.starts_with("http") {
        return Err(Failure::new(format!(
            "Error getting key from: {} (no URL is fetched here; hand the keys over with lookup('url', …))",
            args.key
        )));
    } else if let Some(path) = args.key.strip_prefix("file:") {
        let path = PathBuf::from(path.strip_prefix("//").unwrap_or(path));
        let shown = path.display();
        if !path.exists() {
            return Err(Failure::new(format!("Path to a key file not found: {shown}")));
        }
        if !path.is_file() {
            return Err(Failure::new(format!("Path to a key is a directory and must be a file: {shown}")));
        }
        std::fs::read_to_string(&path).doing("read the key", &path)?
    } else {
        args.key.clone()
    };
    let mut keys: Vec<Key> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let key = Key::read(line).ok_or_else(|| Failure::new(format!("invalid key specified: {line}")))?;
        let options = args.key_options.as_deref().map_or(key.options.clone(), options);
        let comment = args.comment.clone().unwrap_or_else(|| key.comment.clone());
        keys.push(Key { options, comment, ..key });
    }
    Ok(keys)
}

/// The lines as they should be; nothing when they are so.
fn edit(args: &Args, wanted: Vec<Key>, mut lines: Vec<Line>) -> Option<Vec<Line>> {
    let mut changed = false;
    // Of a key that is there twice the last line counts.
    let place = |lines: &[Line], body: &str| lines.iter().rposition(|line| line.body() == Some(body));
    let bodies: Vec<String> = wanted.iter().map(|key| key.body.clone()).collect();
    let mut new = Vec::new();
    for key in wanted {
        let found = place(&lines, &key.body);
        if args.state == Presence::Absent {
            if found.is_some() {
                lines.retain(|line| line.body() != Some(&key.body));
                changed = true;
            }
        } else if found.is_none_or(|at| lines[at] != Line::Key(key.clone())) {
            lines.retain(|line| line.body() != Some(&key.body));
            new.retain(|line: &Line| line.body() != Some(&key.body));
            new.push(Line::Key(key));
            changed = true;
        }
    }
    lines.extend(new);
    if args.state == Presence::Present && args.exclusive {
        let count = lines.len();
        lines.retain(|line| line.body().is_some_and(|body| bodies.iter().any(|wanted| wanted == body)));
        changed |= lines.len() != count;
    }
    changed.then_some(lines)
}

/// Writes the file, with its folder, as the user's own.
fn write(args: &Args, target: &Path, content: &[u8], user: &User) -> Result<(), Failure> {
    let own = |path: &Path, mode: u32| {
        // A link that is not to be followed is nothing that belongs to the user.
        if args.follow || !path.is_symlink() {
            std::os::unix::fs::chown(path, Some(user.uid), Some(user.gid))
                .and_then(|()| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)))
                .doing("give to the user", path)?;
        }
        Ok::<_, Failure>(())
    };
    if let Some(folder) = target.parent() {
        if args.manage_dir {
            if !folder.exists() {
                std::fs::DirBuilder::new().mode(0o700).create(folder).map_err(|e| {
                    Failure::new(format!("Failed to create directory {} : {e}", folder.display()))
                })?;
            }
            own(folder, 0o700)?;
        } else {
            file::make_folders(folder, &super::attributes::Attributes::default())?;
        }
    }
    Staged::with(target, content)?.commit()?;
    own(target, 0o600)
}
