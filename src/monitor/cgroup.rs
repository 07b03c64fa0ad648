//! What a container uses, and may use, from its cgroup, version 2 or 1; see the kernel's
//! Documentation/admin-guide/cgroup-v2.rst and cgroup-v1. Inside of a container it is one's own; a machine itself has none.

use std::path::{Path, PathBuf};

use super::{Readings, Roots, number, text};

/// A limit above this means none: version 1 says it with the largest number of pages.
const NO_LIMIT: f64 = 9e18;
/// What the names of groups of containers hold, by the programs that make them. Others are sessions and services of a machine.
const MAKERS: [&str; 6] = ["docker", "libpod", "kubepods", "containerd", "lxc", "crio"];

/// The group that this process is in.
pub(super) fn read(roots: &Roots, readings: &mut Readings) {
    let own = roots.proc("self/cgroup");
    if let Some(group) = Group::of(roots, &own).filter(|group| group.is_container) {
        group.tell("cgroup", "", "", readings);
    }
}

/// The group of a container, by what the kernel says of one of its processes. `about` stands behind the names of columns; `id`
/// tells it from another that had the same name before.
pub(super) fn read_container(said: &str, roots: &Roots, about: &str, id: &str, readings: &mut Readings) {
    if let Some(group) = Group::of(roots, said) {
        group.tell("container", about, id, readings);
    }
}

/// A cgroup.
struct Group {
    folders: Folders,
    is_container: bool,
}

enum Folders {
    /// Version 2: one for everything.
    Two(PathBuf),
    /// Version 1: one for each controller.
    One { cpu: Option<PathBuf>, memory: Option<PathBuf> },
}

impl Group {
    /// Of a process, by what its file `cgroup` says: `0::/path`, or `4:cpu,cpuacct:/path`.
    fn of(roots: &Roots, said: &str) -> Option<Self> {
        let top = roots.sys.join("fs/cgroup");
        let path = |wanted: &str| said.lines().find_map(|line| path_of(line, wanted));
        // With a namespace of its own, what it may see begins at its own group; without, the path leads there.
        let folder = |base: PathBuf, path: &str, file: &str| {
            let full = base.join(path);
            [full, base].into_iter().find(|folder| folder.join(file).exists())
        };
        let one = |controller: &str, file: &str| folder(top.join(controller), path(controller)?, file);
        let is_made = |path: &str| MAKERS.iter().any(|maker| path.contains(maker));
        let (cpu, memory) = (one("cpuacct", "cpuacct.usage"), one("memory", "memory.usage_in_bytes"));
        if cpu.is_some() || memory.is_some() {
            let is_container = path("cpuacct").or_else(|| path("memory")).is_some_and(is_made);
            return Some(Self { folders: Folders::One { cpu, memory }, is_container });
        }
        let path = path("")?;
        let folders = Folders::Two(folder(top, path, "memory.current")?);
        // The group at the top of a machine has no such file.
        Some(Self { folders, is_container: path.is_empty() || is_made(path) })
    }

    fn tell(&self, prefix: &str, about: &str, id: &str, readings: &mut Readings) {
        let Self { folders, .. } = self;
        let name = |column: &str| format!("{prefix}.{column}{about}");
        if let Some(seconds) = folders.cpu_seconds() {
            readings.rate_of(id, &name("cpu"), "cores", seconds);
        }
        if let Some(throttled) = folders.throttled() {
            readings.rate_of(id, &name("throttled"), "%", throttled * 100.0);
        }
        if let Some(used) = folders.memory("memory.current", "memory.usage_in_bytes") {
            readings.gauge(&name("memory"), "B", used);
        }
        let limit = folders.memory("memory.max", "memory.limit_in_bytes");
        if let Some(limit) = limit.filter(|limit| *limit < NO_LIMIT) {
            readings.gauge(&name("memory.limit"), "B", limit);
        }
    }
}

/// The path in a line, if it is about this controller; version 2 has the one without a name.
fn path_of<'a>(line: &'a str, wanted: &str) -> Option<&'a str> {
    let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
    controllers.split(',').any(|name| name == wanted).then(|| path.trim_start_matches('/'))
}

impl Folders {
    fn cpu_seconds(&self) -> Option<f64> {
        match self {
            Self::Two(folder) => {
                value(&folder.join("cpu.stat"), "usage_usec").map(|microseconds| microseconds / 1e6)
            }
            Self::One { cpu, .. } => {
                number(&cpu.as_ref()?.join("cpuacct.usage")).map(|nanoseconds| nanoseconds / 1e9)
            }
        }
    }

    /// For how long it was kept from running because of its limit, in seconds.
    fn throttled(&self) -> Option<f64> {
        match self {
            Self::Two(folder) => value(&folder.join("cpu.stat"), "throttled_usec").map(|time| time / 1e6),
            Self::One { cpu, .. } => {
                value(&cpu.as_ref()?.join("cpu.stat"), "throttled_time").map(|time| time / 1e9)
            }
        }
    }

    fn memory(&self, two: &str, one: &str) -> Option<f64> {
        match self {
            Self::Two(folder) => number(&folder.join(two)),
            Self::One { memory, .. } => number(&memory.as_ref()?.join(one)),
        }
    }
}

/// The number behind a word in a file of such lines.
fn value(path: &Path, word: &str) -> Option<f64> {
    let text = text(path);
    text.lines().find_map(|line| line.strip_prefix(word)?.strip_prefix(' ')?.trim().parse().ok())
}
