//! Room on disks: where jobs, cases and temporary files lie.

use std::os::unix::fs::MetadataExt;

use rustix::fs::{StatVfsMountFlags, statvfs};

use super::super::failure::Failure;
use super::{Finding, Look, bytes, size};

const CHECK: &str = "disk";
/// Fewer files than a run may make.
const FEW_FILES: u64 = 1000;

/// One finding for each file system.
pub fn disk(look: &mut Look<'_>) -> Result<Vec<Finding>, Failure> {
    let needed = bytes("disk_free", &look.args.disk_free)?.unwrap_or(u64::MAX);
    let mut devices = Vec::new();
    let mut found = Vec::new();
    for folder in &look.args.disk {
        let path = look.root.path(folder.trim_start_matches('/'));
        let Ok((about, room)) = path.metadata().and_then(|about| Ok((about, statvfs(&path)?))) else {
            found.push(Finding::error(
                CHECK,
                format!("there is no folder {folder}"),
                format!("mkdir -p {folder}"),
            ));
            continue;
        };
        if devices.contains(&about.dev()) {
            continue;
        }
        devices.push(about.dev());
        let free = room.f_bavail.saturating_mul(room.f_frsize);
        let seen = format!("{} free in {folder}", size(free));
        found.push(if room.f_flag.contains(StatVfsMountFlags::RDONLY) {
            Finding::error(
                CHECK,
                format!("{folder} can only be read"),
                format!("mount -o remount,rw {folder}"),
            )
        } else if free < needed {
            let fix = format!("make room: du -xh --max-depth 2 {folder} | sort -h");
            Finding::error(CHECK, format!("{seen}, {} are needed", size(needed)), fix)
        } else if room.f_files > 0 && room.f_favail < FEW_FILES {
            let fix = format!("remove files: du -x --inodes --max-depth 2 {folder} | sort -n");
            Finding::error(CHECK, format!("only {} more files in {folder}", room.f_favail), fix)
        } else {
            Finding::ok(CHECK, seen)
        });
    }
    Ok(found)
}
