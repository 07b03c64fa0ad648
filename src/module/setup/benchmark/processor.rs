//! Caches, frequency, simultaneous multithreading and mitigations, by /proc/cpuinfo and /sys/devices/system/cpu.

use super::{Root, known};
use crate::base::{Map, Value};

const CPU: &str = "sys/devices/system/cpu";

/// The name of the first processor; machines that do not tell it in /proc/cpuinfo may in the device tree.
pub fn model(root: &Root) -> Option<Value> {
    let text = root.text("proc/cpuinfo").unwrap_or_default();
    let line = |key: &str| {
        let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
        pairs.find(|(name, _)| name.trim() == key).map(|(_, value)| value.trim().to_owned())
    };
    let named = line("model name").or_else(|| line("Model Name")).or_else(|| line("cpu"));
    named.or_else(|| root.text("proc/device-tree/model")).map(Value::from)
}

/// The processors of the machine: `cpu0`, `cpu1`, …
fn processors(root: &Root) -> impl Iterator<Item = String> {
    let numbered = |name: &String| {
        let number = name.strip_prefix("cpu");
        number.is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
    };
    root.names(CPU).into_iter().filter(numbered)
}

/// One entry for each kind of cache: level, type (`Data`, `Instruction`, `Unified`), how many there are, size of one in KiB,
/// bytes of a line, ways, and which processors share the first of them.
pub fn caches(root: &Root) -> Option<Value> {
    struct Kind {
        key: (u64, String, u64),
        shared: Vec<String>,
        line: Option<u64>,
        ways: Option<u64>,
    }
    let mut kinds: Vec<Kind> = Vec::new();
    for processor in processors(root) {
        let folder = format!("{CPU}/{processor}/cache");
        for index in root.names(&folder).into_iter().filter(|name| name.starts_with("index")) {
            let read = |file: &str| root.text(&format!("{folder}/{index}/{file}"));
            let (Some(level), Some(kind), Some(size)) = (read("level"), read("type"), read("size")) else {
                continue;
            };
            let key = (level.parse().unwrap_or(0), kind, kib(&size).unwrap_or(0));
            let shared =
                read("shared_cpu_list").unwrap_or_else(|| processor.trim_start_matches("cpu").to_owned());
            match kinds.iter_mut().find(|kind| kind.key == key) {
                Some(kind) if kind.shared.contains(&shared) => {}
                Some(kind) => kind.shared.push(shared),
                None => {
                    let number = |file| read(file).and_then(|text| text.parse().ok());
                    let (line, ways) = (number("coherency_line_size"), number("ways_of_associativity"));
                    kinds.push(Kind { key, shared: vec![shared], line, ways });
                }
            }
        }
    }
    kinds.sort_by(|a, b| a.key.cmp(&b.key));
    let entry = |kind: &Kind| {
        Value::from(known([
            ("level", Some(kind.key.0.into())),
            ("type", Some(kind.key.1.clone().into())),
            ("size_kb", Some(kind.key.2.into())),
            ("count", Some(kind.shared.len().into())),
            ("line_bytes", kind.line.map(Value::from)),
            ("ways", kind.ways.map(Value::from)),
            ("shared_by", kind.shared.first().cloned().map(Value::from)),
        ]))
    };
    (!kinds.is_empty()).then(|| Value::list(kinds.iter().map(entry).collect()))
}

/// `32K`, `33792K`, `8M` as KiB.
fn kib(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let number: u64 = digits.parse().ok()?;
    Some(match &text[digits.len()..] {
        "M" => number * 1024,
        "G" => number * 1024 * 1024,
        _ => number,
    })
}

/// Bytes of a line of the first processor's first cache.
pub fn cache_line(root: &Root) -> Option<Value> {
    root.number(&format!("{CPU}/cpu0/cache/index0/coherency_line_size")).map(Value::from)
}

/// What sets the frequency: `driver`, `governor` (`mixed` when processors differ), `preference` of the hardware, limits in MHz
/// and `turbo` (whether processors may go above their nominal frequency).
pub fn frequency(root: &Root) -> Option<Value> {
    let policies = root.names(&format!("{CPU}/cpufreq"));
    let policies: Vec<&String> = policies.iter().filter(|name| name.starts_with("policy")).collect();
    let same = |file: &str| {
        let mut texts: Vec<String> = policies
            .iter()
            .filter_map(|policy| root.text(&format!("{CPU}/cpufreq/{policy}/{file}")))
            .collect();
        texts.dedup();
        if texts.len() > 1 { Some("mixed".to_owned()) } else { texts.pop() }
    };
    let limit = |file: &str, pick: fn(u64, u64) -> u64| {
        let all = policies.iter().filter_map(|policy| root.number(&format!("{CPU}/cpufreq/{policy}/{file}")));
        all.reduce(pick).map(|khz| Value::from(khz / 1000))
    };
    // The first one is the Intel driver's, which says the opposite.
    let turbo = match root.number(&format!("{CPU}/intel_pstate/no_turbo")) {
        Some(off) => Some(off == 0),
        None => root.number(&format!("{CPU}/cpufreq/boost")).map(|on| on == 1),
    };
    let found = known([
        ("driver", same("scaling_driver").map(Value::from)),
        ("governor", same("scaling_governor").map(Value::from)),
        ("preference", same("energy_performance_preference").map(Value::from)),
        ("min_mhz", limit("scaling_min_freq", u64::min)),
        ("max_mhz", limit("scaling_max_freq", u64::max)),
        ("turbo", turbo.map(Value::from)),
    ]);
    (!found.is_empty()).then(|| found.into())
}

/// `on`, `off`, `forceoff`, `notsupported` or `notimplemented`.
pub fn smt(root: &Root) -> Option<Value> {
    root.text(&format!("{CPU}/smt/control")).map(Value::from)
}

/// Weakness → what the kernel does about it.
pub fn mitigations(root: &Root) -> Option<Value> {
    let folder = format!("{CPU}/vulnerabilities");
    let names = root.names(&folder);
    let mut names: Vec<&String> = names.iter().collect();
    names.sort();
    let pairs = names.into_iter().filter_map(|name| {
        let text = root.text(&format!("{folder}/{name}"))?;
        Some((name.clone(), Value::from(text)))
    });
    let found: Map = pairs.collect();
    (!found.is_empty()).then(|| found.into())
}
