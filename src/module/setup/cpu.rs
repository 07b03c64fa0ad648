//! Processors, by /proc/cpuinfo and /sys; counted as Ansible counts them.

use super::{Facts, names, read};
use crate::base::{Map, Value};

/// Models, counts, flags, frequency governor and NUMA nodes.
pub fn gather(facts: &mut Facts) {
    let text = read("/proc/cpuinfo").unwrap_or_default();
    let by_occurrence = ["arm", "aarch", "ppc", "riscv", "loongarch"];
    let many = by_occurrence.iter().any(|prefix| facts.text("machine").starts_with(prefix));
    let counted = Processors::read(&text);
    let count = if counted.sockets.is_empty() || many { counted.entries } else { counted.sockets.len() };
    let cores = counted.sockets.first().map_or(1, |s| s.cores.max(1));
    let threads = counted.sockets.first().map_or(1, |s| (s.siblings / cores).max(1));
    facts.set("processor", counted.words);
    facts.set("processor_count", count);
    facts.set("processor_cores", cores);
    facts.set("processor_threads_per_core", threads);
    facts.set("processor_vcpus", threads * count * cores);
    facts.set("processor_nproc", usable().unwrap_or(counted.entries));
    facts.set("flags", counted.flags);
    if let Some(governor) = read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor") {
        facts.set("processor_governor", governor);
    }
    facts.set("numa_nodes", numa());
}

#[derive(Default)]
struct Socket {
    id: String,
    cores: usize,
    siblings: usize,
}

#[derive(Default)]
struct Processors {
    /// Ansible's list: number, vendor and model of each.
    words: Vec<String>,
    entries: usize,
    sockets: Vec<Socket>,
    flags: Vec<String>,
}

impl Processors {
    fn read(cpuinfo: &str) -> Self {
        let mut found = Self::default();
        for line in cpuinfo.lines() {
            let Some((key, value)) = line.split_once(':') else { continue };
            let (key, value) = (key.trim(), value.trim());
            match key {
                "processor" => {
                    found.entries += 1;
                    found.words.push(value.to_owned());
                }
                "model name" | "Processor" | "vendor_id" | "cpu" | "Vendor" => {
                    found.words.push(value.to_owned());
                }
                "physical id" if !found.sockets.iter().any(|s| s.id == value) => {
                    found.sockets.push(Socket { id: value.to_owned(), ..Socket::default() });
                }
                "cpu cores" => found.last_socket(|s| s.cores = value.parse().unwrap_or(1)),
                "siblings" => found.last_socket(|s| s.siblings = value.parse().unwrap_or(1)),
                "flags" | "Features" if found.flags.is_empty() => {
                    found.flags = value.split_whitespace().map(str::to_owned).collect();
                }
                _ => {}
            }
        }
        found
    }

    fn last_socket(&mut self, change: impl FnOnce(&mut Socket)) {
        if let Some(socket) = self.sockets.last_mut() {
            change(socket);
        }
    }
}

/// How many processors this process may use.
fn usable() -> Option<usize> {
    let set = rustix::thread::sched_getaffinity(None).ok()?;
    Some(set.count() as usize)
}

/// Nodes with their processors (`0-3,8-11`) and memory.
fn numa() -> Vec<Value> {
    let folder = "/sys/devices/system/node";
    let ids = names(folder).into_iter().filter_map(|n| n.strip_prefix("node")?.parse::<u32>().ok());
    let mut ids: Vec<u32> = ids.collect();
    ids.sort_unstable();
    let node = |id: &u32| {
        let memory = read(format!("{folder}/node{id}/meminfo")).unwrap_or_default();
        let total = memory.lines().find(|l| l.contains("MemTotal:"));
        let kib: u64 = total.and_then(|l| l.split_whitespace().rev().nth(1)?.parse().ok()).unwrap_or(0);
        Value::from(Map::from_iter([
            ("node", Value::from(*id)),
            ("cpus", read(format!("{folder}/node{id}/cpulist")).unwrap_or_default().into()),
            ("memtotal_mb", (kib / 1024).into()),
        ]))
    };
    ids.iter().map(node).collect()
}

#[cfg(test)]
mod tests {
    use super::Processors;

    #[test]
    fn sockets_cores_and_threads_are_counted() {
        let one = |n: u32, socket: u32| {
            format!(
                "processor\t: {n}\nvendor_id\t: X\nmodel name\t: Y 1\nphysical id\t: {socket}\nsiblings\t: 4\ncpu cores\t: 2\nflags\t: fpu sse\n\n"
            )
        };
        let text: String = (0..8).map(|n| one(n, n / 4)).collect();
        let found = Processors::read(&text);
        assert_eq!((found.entries, found.sockets.len()), (8, 2));
        assert_eq!((found.sockets[1].cores, found.sockets[1].siblings), (2, 4));
        assert_eq!(found.words[..3], ["0", "X", "Y 1"]);
        assert_eq!(found.flags, ["fpu", "sse"]);
    }
}
