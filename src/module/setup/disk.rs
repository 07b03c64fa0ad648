//! Mounted file systems and block devices.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use rustix::fs::{StatVfs, statvfs};

use super::{Facts, names, read};
use crate::base::{Map, Value};

/// `mounts` and `devices`.
pub fn gather(facts: &mut Facts, timeout_seconds: u32) {
    let limit = Duration::from_secs(u64::from(timeout_seconds));
    let table = read("/proc/self/mounts").unwrap_or_default();
    let uuids = links("/dev/disk/by-uuid");
    let real = |line: &&str| {
        let device = line.split(' ').next().unwrap_or_default();
        device.starts_with(['/', '\\']) || device.contains(":/")
    };
    let mounts: Vec<Value> =
        table.lines().filter(real).filter_map(|line| mount(line, &uuids, limit)).map(Value::from).collect();
    facts.set("mounts", mounts);
    let devices: Map = names("/sys/block").iter().map(|name| (name.as_str(), device(name))).collect();
    facts.set("devices", devices);
}

/// One line of the table of mounts, with its sizes in bytes and blocks.
fn mount(line: &str, uuids: &[(String, String)], limit: Duration) -> Option<Map> {
    let mut words = line.split(' ').map(unescape);
    let (device, path, kind, options) = (words.next()?, words.next()?, words.next()?, words.next()?);
    if kind == "none" || kind == "autofs" {
        return None;
    }
    let uuid = uuids.iter().find(|(_, target)| *target == device);
    let uuid = uuid.map_or_else(|| "N/A".to_owned(), |(uuid, _)| uuid.clone());
    let pairs: [(&str, Value); 7] = [
        ("mount", path.as_str().into()),
        ("device", device.into()),
        ("fstype", kind.into()),
        ("options", options.into()),
        ("dump", 0_u8.into()),
        ("passno", 0_u8.into()),
        ("uuid", uuid.into()),
    ];
    let mut map = Map::from_iter(pairs);
    match within(limit, path) {
        Some(Ok(found)) => {
            for (name, value) in sizes(&found) {
                map.insert(name, value);
            }
        }
        Some(Err(error)) => drop(map.insert("note", error.to_string())),
        None => drop(map.insert("note", "Timed out while attempting to get extra information.")),
    }
    Some(map)
}

fn sizes(found: &StatVfs) -> [(&'static str, u64); 9] {
    [
        ("size_total", found.f_frsize.saturating_mul(found.f_blocks)),
        ("size_available", found.f_frsize.saturating_mul(found.f_bavail)),
        ("block_size", found.f_bsize),
        ("block_total", found.f_blocks),
        ("block_available", found.f_bavail),
        ("block_used", found.f_blocks.saturating_sub(found.f_bavail)),
        ("inode_total", found.f_files),
        ("inode_available", found.f_favail),
        ("inode_used", found.f_files.saturating_sub(found.f_favail)),
    ]
}

/// Asks a file system in a thread of its own: a server that is gone would hold us for ever.
fn within(limit: Duration, path: String) -> Option<rustix::io::Result<StatVfs>> {
    let (tell, answer) = mpsc::channel();
    std::thread::spawn(move || {
        // Nobody listens any more after the time limit.
        drop(tell.send(statvfs(Path::new(&path))));
    });
    answer.recv_timeout(limit).ok()
}

/// The table writes blanks and the like as `\040`.
fn unescape(word: &str) -> String {
    ["\\040", "\\011", "\\012", "\\134"]
        .iter()
        .zip([" ", "\t", "\n", "\\"])
        .fold(word.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// The links of a folder: name and the device they lead to.
fn links(folder: &str) -> Vec<(String, String)> {
    let target = |name: String| {
        let target = Path::new(folder).join(&name).canonicalize().ok()?;
        Some((name, target.to_string_lossy().into_owned()))
    };
    names(folder).into_iter().filter_map(target).collect()
}

/// One block device.
fn device(name: &str) -> Map {
    let folder = format!("/sys/block/{name}");
    let file = |path: &str| read(format!("{folder}/{path}"));
    let sectors: u64 = file("size").and_then(|t| t.parse().ok()).unwrap_or(0);
    let scheduler = file("queue/scheduler").unwrap_or_default();
    let current = scheduler.split_once('[').and_then(|(_, rest)| rest.split(']').next());
    let is_virtual =
        std::fs::canonicalize(&folder).is_ok_and(|path| path.starts_with("/sys/devices/virtual"));
    let partition = |part: &String| {
        let of = |file: &str| read(format!("{folder}/{part}/{file}")).unwrap_or_default();
        let sectors: u64 = of("size").parse().unwrap_or(0);
        let pairs: [(&str, Value); 4] = [
            ("start", of("start").into()),
            ("sectors", sectors.into()),
            ("sectorsize", 512_u16.into()),
            ("size", human_size(sectors * 512).into()),
        ];
        (part.clone(), Map::from_iter(pairs))
    };
    let parts = names(&folder).into_iter().filter(|entry| entry.starts_with(name));
    let partitions: Map = parts.map(|part| partition(&part)).collect();
    let pairs: [(&str, Value); 11] = [
        ("virtual", u8::from(is_virtual).into()),
        ("vendor", file("device/vendor").into()),
        ("model", file("device/model").into()),
        ("removable", file("removable").unwrap_or_default().into()),
        ("rotational", file("queue/rotational").unwrap_or_default().into()),
        ("scheduler_mode", current.unwrap_or("none").into()),
        ("sectors", sectors.into()),
        ("sectorsize", file("queue/logical_block_size").unwrap_or_else(|| "512".to_owned()).into()),
        // The kernel counts sectors of 512 bytes whatever the device's own are.
        ("size", human_size(sectors * 512).into()),
        ("holders", names(format!("{folder}/holders")).into()),
        ("partitions", partitions.into()),
    ];
    Map::from_iter(pairs)
}

/// Ansible's form: `1.82 TB`, by 1024.
#[allow(clippy::cast_precision_loss)] // two digits are shown
fn human_size(bytes: u64) -> String {
    let units = [(1_u64 << 50, "PB"), (1 << 40, "TB"), (1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "KB")];
    match units.iter().find(|(size, _)| bytes >= *size) {
        Some((size, unit)) => format!("{:.2} {unit}", bytes as f64 / *size as f64),
        None => format!("{:.2} Bytes", bytes as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_as_ansible_does() {
        assert_eq!(human_size(0), "0.00 Bytes");
        assert_eq!(human_size(1536), "1.50 KB");
        assert_eq!(human_size(2_000_398_934_016), "1.82 TB");
    }

    #[test]
    fn a_mount_with_a_blank_in_its_name() {
        let line = "/dev/none /no\\040such\\134place ext4 rw,noatime 0 0";
        let found = mount(line, &[("AB-CD".into(), "/dev/none".into())], Duration::from_secs(1)).unwrap();
        assert_eq!(found.get("mount"), Some(&"/no such\\place".into()));
        assert_eq!(found.get("uuid"), Some(&"AB-CD".into()));
        assert!(found.get("note").is_some());
    }
}
