//! The home folder of a user who is there without one.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown, symlink};
use std::path::Path;

use super::Args;
use crate::module::accounts::User;
use crate::module::failure::{Doing, Failure};

/// The umask of homes where nothing else is said.
const UMASK: u32 = 0o022;

/// Whether it was missing.
pub(super) fn make_if_missing(home: &Path, args: &Args, user: &User, check: bool) -> Result<bool, Failure> {
    if home.exists() {
        return Ok(false);
    }
    if check {
        return Ok(true);
    }
    let skeleton = Path::new(args.skeleton.as_deref().unwrap_or("/etc/skel"));
    DirBuilder::new().recursive(true).mode(0o755).create(home).doing("create", home)?;
    if skeleton.is_dir() {
        copy(skeleton, home, user)?;
    }
    let mode = 0o777 & !umask(args)?;
    fs::set_permissions(home, PermissionsExt::from_mode(mode)).doing("set the mode of", home)?;
    chown(home, Some(user.uid), Some(user.gid)).doing("change the owner of", home)?;
    Ok(true)
}

fn umask(args: &Args) -> Result<u32, Failure> {
    let octal =
        |text: &str| u32::from_str_radix(text, 8).map_err(|_| Failure::new(format!("`{text}` is no umask")));
    if let Some(umask) = &args.umask {
        return octal(umask);
    }
    let text = fs::read_to_string("/etc/login.defs").unwrap_or_default();
    let value = |name: &str| {
        let mut lines = text.lines().map(str::split_whitespace);
        lines.find_map(|mut words| (words.next() == Some(name)).then(|| words.next())?.map(ToOwned::to_owned))
    };
    match (value("HOME_MODE"), value("UMASK")) {
        (Some(mode), _) => Ok(0o777 & !octal(&mode)?),
        (None, Some(umask)) => octal(&umask),
        (None, None) => Ok(UMASK),
    }
}

/// What is in a folder, with links as links.
fn copy(from: &Path, to: &Path, user: &User) -> Result<(), Failure> {
    for entry in fs::read_dir(from).doing("list", from)? {
        let entry = entry.doing("list", from)?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().doing("look at", &source)?;
        if kind.is_symlink() {
            let leads = fs::read_link(&source).doing("read", &source)?;
            symlink(leads, &target).doing("create", &target)?;
        } else if kind.is_dir() {
            let mode = entry.metadata().doing("look at", &source)?.permissions();
            fs::create_dir(&target).doing("create", &target)?;
            copy(&source, &target, user)?;
            fs::set_permissions(&target, mode).doing("set the mode of", &target)?;
        } else {
            fs::copy(&source, &target).doing("copy to", &target)?;
        }
        std::os::unix::fs::lchown(&target, Some(user.uid), Some(user.gid))
            .doing("change the owner of", &target)?;
    }
    Ok(())
}
