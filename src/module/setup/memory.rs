//! Memory and swap in MiB, from /proc/meminfo.

use super::{Facts, read};
use crate::base::Map;

/// Totals, what is free, and Ansible's `memory_mb`.
pub fn gather(facts: &mut Facts) {
    let text = read("/proc/meminfo").unwrap_or_default();
    // The file counts in KiB.
    let mib = |name: &str| -> u64 {
        let line = text.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
    };
    let (total, free) = (mib("MemTotal"), mib("MemFree"));
    let (swap, swap_free) = (mib("SwapTotal"), mib("SwapFree"));
    let without_cache = free + mib("Cached") + mib("Buffers");
    facts.set("memtotal_mb", total);
    facts.set("memfree_mb", free);
    facts.set("swaptotal_mb", swap);
    facts.set("swapfree_mb", swap_free);
    let real = Map::from_iter([("total", total), ("free", free), ("used", total.saturating_sub(free))]);
    let nocache = Map::from_iter([("free", without_cache), ("used", total.saturating_sub(without_cache))]);
    let swap = Map::from_iter([
        ("total", swap),
        ("free", swap_free),
        ("used", swap.saturating_sub(swap_free)),
        ("cached", mib("SwapCached")),
    ]);
    facts.set("memory_mb", Map::from_iter([("real", real), ("nocache", nocache), ("swap", swap)]));
}
