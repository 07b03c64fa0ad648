//! What a process may have: resource limits of the agent, which those of tasks begin with, and its control group.

use rustix::process::{Resource, Rlimit, getrlimit};

use super::super::virtualization;
use super::{Root, known};
use crate::base::{Map, Value};

/// Facts of this process: limits of resources and the size of a page.
pub fn own() -> [(&'static str, Value); 2] {
    let limits = [
        ("memlock", Resource::Memlock),
        ("nofile", Resource::Nofile),
        ("nproc", Resource::Nproc),
        ("stack", Resource::Stack),
        ("core", Resource::Core),
        ("as", Resource::As),
    ];
    let value = |limit: Option<u64>| limit.map_or_else(|| Value::from("unlimited"), Value::from);
    let entry = |(name, resource): (&str, Resource)| {
        let Rlimit { current, maximum } = getrlimit(resource);
        let both = known([("soft", Some(value(current))), ("hard", Some(value(maximum)))]);
        (name.to_owned(), Value::from(both))
    };
    let limits: Map = limits.map(entry).into_iter().collect();
    [("ulimits", limits.into()), ("page_size", rustix::param::page_size().into())]
}

/// Something that only containers have; a pod's need show nothing else.
pub fn in_container(root: &Root) -> bool {
    let is_pod = || root.text("proc/1/cgroup").is_some_and(|groups| groups.contains("/kubepods"));
    !virtualization::containers(root).is_empty() || is_pod()
}

/// `version` (1, 2, or `hybrid`), `path`, and what it allows: `cpus` (2.5 of them; left out without a limit), `cpuset`,
/// `memory_limit_mb`, `pids_limit`.
pub fn cgroup(root: &Root) -> Option<Value> {
    let text = root.text("proc/self/cgroup")?;
    let lines: Vec<(&str, &str)> =
        text.lines().filter_map(|line| line.split_once(':')?.1.split_once(':')).collect();
    let of = |controller: &str| {
        let found = lines.iter().find(|(names, _)| names.split(',').any(|name| name == controller));
        found.map(|(_, path)| *path)
    };
    let unified = of("");
    let first = lines.iter().any(|(names, _)| !names.is_empty() && !names.starts_with("name="));
    let version: Value = match (unified, first) {
        (Some(_), true) => "hybrid".into(),
        (Some(_), false) => 2.into(),
        (None, _) => 1.into(),
    };
    // In a container the group's own files lie at the top, whatever its path is outside.
    let read = |mount: &str, path: Option<&str>, file: &str| {
        let path = path.unwrap_or("/").trim_matches('/');
        let below = root.text(&format!("sys/fs/cgroup{mount}/{path}/{file}"));
        below.or_else(|| root.text(&format!("sys/fs/cgroup{mount}/{file}")))
    };
    let number = |text: String| text.parse::<u64>().ok();
    let (cpus, cpuset, memory, pids) = if first {
        let quota = read("/cpu", of("cpu"), "cpu.cfs_quota_us").and_then(|text| text.parse::<i64>().ok());
        let period = read("/cpu", of("cpu"), "cpu.cfs_period_us").and_then(number);
        (
            quota
                .filter(|quota| *quota > 0)
                .zip(period)
                .map(|(quota, period)| share(quota.unsigned_abs(), period)),
            read("/cpuset", of("cpuset"), "cpuset.cpus"),
            read("/memory", of("memory"), "memory.limit_in_bytes").and_then(number),
            read("/pids", of("pids"), "pids.max").and_then(number),
        )
    } else {
        let maximum = read("", unified, "cpu.max");
        let parts = maximum.as_deref().and_then(|text| text.split_once(' '));
        (
            parts.and_then(|(quota, period)| Some(share(quota.parse().ok()?, period.parse().ok()?))),
            read("", unified, "cpuset.cpus.effective"),
            read("", unified, "memory.max").and_then(number),
            read("", unified, "pids.max").and_then(number),
        )
    };
    // Version 1 says "no limit" as the largest multiple of a page.
    let memory = memory.filter(|bytes| *bytes < 1 << 62).map(|bytes| bytes / (1024 * 1024));
    Some(
        known([
            ("version", Some(version)),
            ("path", unified.or_else(|| of("memory")).map(Value::from)),
            ("cpus", cpus.map(Value::from)),
            ("cpuset", cpuset.map(Value::from)),
            ("memory_limit_mb", memory.map(Value::from)),
            ("pids_limit", pids.map(Value::from)),
        ])
        .into(),
    )
}

#[allow(clippy::cast_precision_loss)] // microseconds
fn share(quota: u64, period: u64) -> f64 {
    quota as f64 / period.max(1) as f64
}
