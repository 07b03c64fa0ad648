//! Memory: how much is available, swap, huge pages of both kinds, and whether the kernel moves memory between nodes.

use super::super::failure::Failure;
use super::super::setup::root::Root;
use super::{Finding, Look, bytes, size};

const SWAPPINESS: &str = "proc/sys/vm/swappiness";
/// Where the kernel says it and hears it.
pub const TRANSPARENT: &str = "sys/kernel/mm/transparent_hugepage/enabled";
const BALANCING: &str = "proc/sys/kernel/numa_balancing";
const RESERVED: &str = "sys/kernel/mm/hugepages";

/// A line of /proc/meminfo, in bytes.
fn meminfo(root: &Root, name: &str) -> Option<u64> {
    let text = root.text("proc/meminfo")?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

pub fn available(look: &Look<'_>) -> Result<Finding, Failure> {
    const CHECK: &str = "memory";
    let (Some(there), Some(all)) = (meminfo(look.root, "MemAvailable"), meminfo(look.root, "MemTotal"))
    else {
        return Ok(Finding::note(CHECK, "this kernel does not tell"));
    };
    #[allow(clippy::cast_precision_loss)] // a share
    let share = there as f64 * 100.0 / all.max(1) as f64;
    let seen = format!("{} of {} are available", size(there), size(all));
    let needed = look.args.memory.as_deref().map(|text| bytes("memory", text)).transpose()?.flatten();
    Ok(match needed {
        Some(needed) if there < needed => {
            let fix = "end what uses memory, or choose a smaller case";
            Finding::error(CHECK, format!("{seen}, {} are needed", size(needed)), fix)
        }
        _ if share < look.args.memory_available => {
            Finding::warning(CHECK, seen, "look who uses it: ps -eo rss,user,args --sort -rss | head")
        }
        _ => Finding::ok(CHECK, seen),
    })
}

/// Space for swapping and how much of it is used, in bytes; see proc(5).
fn swap_space(root: &Root) -> (u64, u64) {
    let text = root.text("proc/swaps").unwrap_or_default();
    let columns = text.lines().skip(1).filter_map(|line| {
        let mut fields = line.split_whitespace().skip(2).map(|field| field.parse::<u64>().ok());
        Some((fields.next()?? * 1024, fields.next()?? * 1024))
    });
    columns.fold((0, 0), |(space, used), (one, of_it)| (space + one, used + of_it))
}

pub fn swap(look: &Look<'_>) -> Finding {
    const CHECK: &str = "swap";
    let (space, used) = swap_space(look.root);
    if space == 0 {
        return Finding::ok(CHECK, "there is none");
    }
    let swappiness = look.root.number(SWAPPINESS).unwrap_or_default();
    let highest = look.args.swappiness;
    if used > 0 {
        let seen = format!("{} of {} are in use", size(used), size(space));
        return Finding::warning(CHECK, seen, "swapoff -a, and swapon -a after the run");
    }
    if swappiness > highest {
        let seen = format!("{} unused, and vm.swappiness is {swappiness}", size(space));
        return Finding::warning(CHECK, seen, format!("sysctl vm.swappiness={highest}"));
    }
    Finding::ok(CHECK, format!("{} unused, and vm.swappiness is {swappiness}", size(space)))
}

/// The word in brackets: `always [madvise] never`.
pub fn in_brackets(text: &str) -> Option<&str> {
    Some(text.split_once('[')?.1.split_once(']')?.0)
}

pub fn transparent(look: &Look<'_>) -> Finding {
    const CHECK: &str = "transparent_huge_pages";
    let wanted = look.args.transparent_huge_pages.as_str();
    let text = look.root.text(TRANSPARENT).unwrap_or_default();
    match in_brackets(&text) {
        None => Finding::note(CHECK, "this kernel has none"),
        Some(is) if is == wanted => Finding::ok(CHECK, is),
        Some(is) => {
            Finding::warning(CHECK, format!("{is}, not {wanted}"), format!("echo {wanted} > /{TRANSPARENT}"))
        }
    }
}

pub fn balancing(look: &Look<'_>) -> Finding {
    const CHECK: &str = "numa_balancing";
    let numbered = |name: &String| {
        let number = name.strip_prefix("node").unwrap_or_default();
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    let nodes = look.root.names("sys/devices/system/node").iter().filter(|name| numbered(name)).count();
    let word = |on: bool| if on { "on" } else { "off" };
    let wanted = look.args.numa_balancing;
    match look.root.number(BALANCING) {
        _ if nodes < 2 => Finding::ok(CHECK, "there is one node"),
        None => Finding::ok(CHECK, "this kernel has none"),
        Some(is) if (is != 0) == wanted => Finding::ok(CHECK, word(wanted)),
        Some(is) => {
            let seen = format!("{} on a machine with {nodes} nodes", word(is != 0));
            let fix = format!("sysctl kernel.numa_balancing={}", u8::from(wanted));
            Finding::warning(CHECK, seen, fix)
        }
    }
}

/// Size of a page, how many there are, how many are free.
fn pages(root: &Root) -> Vec<(u64, u64, u64)> {
    let names = root.names(RESERVED);
    let pages = names.iter().filter_map(|name| {
        let kib: u64 = name.strip_prefix("hugepages-")?.strip_suffix("kB")?.parse().ok()?;
        let number = |file: &str| root.number(&format!("{RESERVED}/{name}/{file}"));
        Some((kib * 1024, number("nr_hugepages")?, number("free_hugepages")?))
    });
    pages.filter(|(_, count, _)| *count > 0).collect()
}

pub fn reserved(look: &Look<'_>) -> Result<Finding, Failure> {
    const CHECK: &str = "huge_pages";
    let pages = pages(look.root);
    let said: Vec<String> = pages
        .iter()
        .map(|(bytes, count, free)| format!("{count} of {}, {free} free", size(*bytes)))
        .collect();
    let seen = if said.is_empty() { "none are reserved".to_owned() } else { said.join("; ") };
    let free: u64 = pages.iter().map(|(bytes, _, free)| bytes * free).sum();
    let needed = look.args.huge_pages.as_deref().map(|text| bytes("huge_pages", text)).transpose()?.flatten();
    Ok(match needed {
        Some(needed) if free < needed => {
            let usual = meminfo(look.root, "Hugepagesize").unwrap_or(2 << 20);
            let fix = format!("sysctl vm.nr_hugepages={}", needed.div_ceil(usual.max(1)));
            Finding::error(CHECK, format!("{seen}; {} are needed", size(needed)), fix)
        }
        None if !pages.is_empty() => Finding::note(CHECK, seen),
        _ => Finding::ok(CHECK, seen),
    })
}
