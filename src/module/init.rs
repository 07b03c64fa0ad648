//! What starts services on this machine: `systemd`, or scripts in `/etc/init.d`.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::path::variable_value;
use super::{Context, Failure, glob};

/// Whether `systemd` has started this machine, as `sd_booted(3)` finds out, and its program is there.
pub(super) fn is_systemd(ctx: &Context<'_>) -> bool {
    let signs = ["/run/systemd/system", "/dev/.run/systemd", "/dev/.systemd"];
    ctx.program("systemctl").is_some()
        && (signs.iter().any(|sign| Path::new(sign).exists())
            || fs::read_to_string("/proc/1/comm").is_ok_and(|name| name.trim() == "systemd"))
}

/// Whether nobody is there who could be asked: the root is not that of the first process, or `SYSTEMD_OFFLINE` says so.
pub(super) fn is_offline(ctx: &Context<'_>) -> bool {
    let said = |name: &str| variable_value(name, ctx).filter(|value| !value.is_empty());
    if said("debian_chroot").is_some() || said("SYSTEMD_OFFLINE").as_deref() == Some("1") {
        return true;
    }
    let Ok(own) = fs::metadata("/") else { return false };
    match fs::metadata("/proc/1/root/.") {
        Ok(first) => (own.dev(), own.ino()) != (first.dev(), first.ino()),
        // The numbers that roots have: of ext4, btrfs and xfs.
        Err(_) => ![2, 256, 128].contains(&own.ino()),
    }
}

/// The script that starts and stops a service, whether or not it is there.
pub(super) fn script(name: &str) -> PathBuf {
    Path::new("/etc/init.d").join(name)
}

/// Whether a script's service is started with some runlevel.
pub(super) fn is_script_enabled(name: &str) -> bool {
    let folder = if Path::new("/etc/rc0.d").is_dir() { "/etc" } else { "/etc/init.d" };
    glob::exists(Path::new(&format!("{folder}/rc?.d/S??{name}")), Path::new("/"))
}

/// The failure of those who ask for a service that is nowhere.
pub(super) fn missing(name: &str) -> Failure {
    Failure::new(format!("Could not find the requested service {name}: host"))
}
