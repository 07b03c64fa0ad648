//! Memory and swap. From /proc/meminfo and /proc/vmstat; see `proc_meminfo(5)`.

use super::{Readings, Roots};

pub(super) fn read(roots: &Roots, readings: &mut Readings) {
    let text = roots.proc("meminfo");
    let bytes = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.split_whitespace().next()?.parse::<f64>().ok().map(|kibibytes| kibibytes * 1024.0)
    };
    let total = bytes("MemTotal");
    if let (Some(total), Some(available)) = (total, bytes("MemAvailable")) {
        readings.gauge("memory.used", "B", total - available);
        readings.gauge("memory.available", "B", available);
    }
    if let (Some(total), Some(free)) = (bytes("SwapTotal"), bytes("SwapFree")) {
        readings.gauge("swap.used", "B", total - free);
    }
    let text = roots.proc("vmstat");
    let pages = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
        line.trim().parse::<f64>().ok()
    };
    for (name, counter) in [("swap.in", "pswpin"), ("swap.out", "pswpout")] {
        if let Some(pages) = pages(counter) {
            readings.rate(name, "B/s", pages * roots.page_size);
        }
    }
}
