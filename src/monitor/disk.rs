//! What whole disks read and write, and how busy they are. From /proc/diskstats; see its
//! Documentation/admin-guide/iostats.rst.

use super::{Readings, Roots};

/// The unit of the file, whatever the disk's own is, in bytes.
const SECTOR: f64 = 512.0;
/// Names of devices that are no disks: their reads and writes are those of others, or of memory.
const OTHERS: [&str; 4] = ["loop", "ram", "zram", "sr"];

pub(super) fn read(roots: &Roots, readings: &mut Readings) {
    for line in roots.proc("diskstats").lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let Some(name) = fields.get(2).filter(|name| is_disk(roots, name)) else { continue };
        let count = |place: usize| fields.get(place).and_then(|field| field.parse::<f64>().ok());
        let (Some(read), Some(written), Some(busy)) = (count(5), count(9), count(12)) else { continue };
        // One that was never used tells nothing.
        if read + written > 0.0 {
            readings.rate(&format!("disk.{name}.read"), "B/s", read * SECTOR);
            readings.rate(&format!("disk.{name}.write"), "B/s", written * SECTOR);
            readings.rate(&format!("disk.{name}.busy"), "%", busy / 10.0);
        }
    }
}

/// Partitions have no folder of their own there.
fn is_disk(roots: &Roots, name: &str) -> bool {
    let is_other = OTHERS.iter().any(|other| {
        name.strip_prefix(other).is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
    });
    !is_other && roots.sys.join("block").join(name).exists()
}
