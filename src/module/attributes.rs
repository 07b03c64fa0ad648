//! Owner, group and mode of a file: compared, changed, described.

pub mod flags;
pub mod selinux;

use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use super::failure::{Doing, Failure};
use super::file_args::FileArgs;
use super::mode::{Mode, octal, umask};
use super::{Context, accounts};
use crate::base::Value;
use crate::wire::Outcome;

/// What a file is wanted to be like; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    uid: Option<u32>,
    gid: Option<u32>,
    mode: Option<Mode>,
    /// The mode of what is copied, for `mode: preserve`.
    source_mode: Option<u32>,
    flags: Option<flags::Change>,
    label: Option<selinux::Wanted>,
}

/// What an attribute was and is now, for diffs: name, before, after.
pub type Change = (&'static str, Value, Value);

impl Attributes {
    /// Looks names up on the target; a name of digits is a number. `path` is whose SELinux context may be asked of the policy.
    pub fn find(wanted: &FileArgs, path: &Path, ctx: &mut Context<'_>) -> Result<Self, Failure> {
        // Words that playbooks know.
        let unknown = |what: &str, name: &str| {
            let kind = if what == "chown" { "user" } else { "group" };
            Failure::new(format!("{what} failed: failed to look up {kind} {name}"))
                .with("path", path.to_string_lossy().into_owned())
        };
        let uid = match wanted.owner.as_deref() {
            None => None,
            Some(name) => {
                let uid = name.parse().ok().or_else(|| accounts::user_by_name(name, ctx).map(|u| u.uid));
                Some(uid.ok_or_else(|| unknown("chown", name))?)
            }
        };
        let gid = match wanted.group.as_deref() {
            None => None,
            Some(name) => {
                let gid = name.parse().ok().or_else(|| accounts::group_by_name(name, ctx).map(|g| g.gid));
                Some(gid.ok_or_else(|| unknown("chgrp", name))?)
            }
        };
        let flags =
            wanted.attributes.as_deref().map(flags::Change::parse).transpose().map_err(Failure::new)?;
        let words = [&wanted.seuser, &wanted.serole, &wanted.setype, &wanted.selevel].map(Option::as_deref);
        let label = selinux::Wanted::of(words, path, ctx);
        Ok(Self { uid, gid, mode: wanted.mode.clone(), source_mode: None, flags, label })
    }

    /// The same, where `preserve` means this mode.
    #[must_use]
    pub fn preserving(mut self, source_mode: u32) -> Self {
        self.source_mode = Some(source_mode);
        self
    }

    /// Only this mode.
    pub fn of_mode(mode: Option<&Mode>) -> Self {
        Self { mode: mode.cloned(), ..Self::default() }
    }

    /// The same with this mode, or none.
    #[must_use]
    pub fn with_mode(&self, mode: Option<&Mode>) -> Self {
        Self { mode: mode.cloned(), ..self.clone() }
    }

    /// The user and the group that are wanted.
    pub fn owner(&self) -> (Option<u32>, Option<u32>) {
        (self.uid, self.gid)
    }

    /// The mode a file gets that has `current` now.
    pub fn mode_for(&self, current: u32, folder: bool) -> Option<u32> {
        self.mode.as_ref().map(|m| m.resolve(current, folder, umask(), self.source_mode))
    }

    /// Makes `path` so, unless `check`, and says what differed. A link itself is meant unless `follow`; it has no mode.
    pub fn apply(&self, path: &Path, follow: bool, check: bool) -> Result<Vec<Change>, Failure> {
        let look = || if follow { path.metadata() } else { path.symlink_metadata() };
        let now = look().doing("look at", path)?;
        let mut changes = Vec::new();
        if let Some((before, after)) =
            self.label.as_ref().map(|label| label.apply(path, check)).transpose()?.flatten()
        {
            changes.push(("secontext", before.into(), after.into()));
        }
        let uid = self.uid.filter(|uid| *uid != now.uid());
        let gid = self.gid.filter(|gid| *gid != now.gid());
        changes.extend(uid.map(|uid| ("owner", now.uid().into(), uid.into())));
        changes.extend(gid.map(|gid| ("group", now.gid().into(), gid.into())));
        if !check && (uid.is_some() || gid.is_some()) {
            let change = if follow { std::os::unix::fs::chown } else { std::os::unix::fs::lchown };
            change(path, uid, gid).doing("change the owner of", path)?;
        }
        if now.is_symlink() {
            return Ok(changes);
        }
        let bits = now.mode() & 0o7777;
        if let Some(wanted) = self.mode_for(bits, now.is_dir()) {
            if wanted != bits {
                changes.push(("mode", octal(bits).into(), octal(wanted).into()));
            }
            // A change of the owner takes the setuid bits away, so look again.
            if !check && look().doing("look at", path)?.mode() & 0o7777 != wanted {
                std::fs::set_permissions(path, std::fs::Permissions::from_mode(wanted))
                    .doing("change the mode of", path)?;
            }
        }
        changes.extend(self.apply_flags(path, check)?);
        Ok(changes)
    }

    fn apply_flags(&self, path: &Path, check: bool) -> Result<Option<Change>, Failure> {
        let Some(change) = self.flags else { return Ok(None) };
        let failed = |error: std::io::Error| {
            Failure::new("chattr failed")
                .with("details", format!("Error while setting attributes: {}: {error}", path.display()))
        };
        let now = flags::read(path).map_err(failed)?;
        let wanted = change.on(now);
        if wanted == now {
            return Ok(None);
        }
        if !check {
            flags::write(path, wanted).map_err(failed)?;
        }
        Ok(Some(("attributes", flags::letters(now).into(), flags::letters(wanted).into())))
    }
}

/// What is to be said of an owner and of a group that nobody knows.
pub fn missing(wanted: &FileArgs, ctx: &mut Context<'_>) -> [Option<String>; 2] {
    // Words that playbooks know.
    let unknown = |kind: &str, word: &str, name: &str| {
        let number = if name.parse::<u32>().is_ok() { format!(" with {word}") } else { String::new() };
        format!("failed to look up {kind}{number} {name}: a task before this one has to make it")
    };
    let user = wanted.owner.as_deref().filter(|name| {
        let found = match name.parse() {
            Ok(uid) => accounts::user_by_uid(uid, ctx),
            Err(_) => accounts::user_by_name(name, ctx),
        };
        found.is_none()
    });
    let user = user.map(|name| unknown("user", "uid", name));
    let group = wanted.group.as_deref().filter(|name| {
        let found = match name.parse() {
            Ok(gid) => accounts::group_by_gid(gid, ctx),
            Err(_) => accounts::group_by_name(name, ctx),
        };
        found.is_none()
    });
    [user, group.map(|name| unknown("group", "gid", name))]
}

/// Ansible's word for what a path is: `absent`, `link`, `directory`, `hard` or `file`.
pub fn state(metadata: Option<&Metadata>) -> &'static str {
    match metadata {
        None => "absent",
        Some(m) if m.is_symlink() => "link",
        Some(m) if m.is_dir() => "directory",
        Some(m) if m.nlink() > 1 => "hard",
        Some(_) => "file",
    }
}

/// Adds `uid`, `gid`, `owner`, `group`, `mode`, `state` and `size` of a path that exists.
pub fn describe(outcome: Outcome, path: &Path, ctx: &mut Context<'_>) -> Outcome {
    let Ok(found) = path.symlink_metadata() else { return outcome };
    let owner = accounts::user_by_uid(found.uid(), ctx).map_or_else(|| found.uid().to_string(), |u| u.name);
    let group = accounts::group_by_gid(found.gid(), ctx).map_or_else(|| found.gid().to_string(), |g| g.name);
    let outcome = match selinux::label(path).filter(|_| selinux::is_enabled()) {
        Some(label) => outcome.with("secontext", label),
        None => outcome,
    };
    outcome
        .with("uid", found.uid())
        .with("gid", found.gid())
        .with("owner", owner)
        .with("group", group)
        .with("mode", octal(found.mode()))
        .with("state", state(Some(&found)))
        .with("size", found.len())
}

/// The same for a result that names a path, as the reference does for all of them: where nothing is there, `state` is `absent`.
pub fn describe_named(outcome: Outcome, path: &Path, ctx: &mut Context<'_>) -> Outcome {
    if path.exists() { describe(outcome, path, ctx) } else { outcome.with("state", "absent") }
}
