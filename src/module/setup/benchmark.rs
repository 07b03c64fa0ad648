//! What figures depend on and Ansible's facts do not tell: caches, frequency, huge pages, memory modules, accelerators, RDMA,
//! limits, mitigations, clock. All of it is read from files below a root, so that machines we have not can be tried.

mod limits;
mod memory;
mod pci;
mod processor;
mod rdma;

use super::{Facts, Root};
use crate::base::{Map, Value};

/// All facts of the group `benchmark`.
pub fn gather(facts: &mut Facts) {
    for (name, value) in below(&Root::own()) {
        facts.set(name, value);
    }
    for (name, value) in limits::own() {
        facts.set(name, value);
    }
}

/// Those that files tell. What a machine does not tell is left out.
fn below(root: &Root) -> Vec<(&'static str, Value)> {
    let found = [
        ("processor_model", processor::model(root)),
        ("processor_caches", processor::caches(root)),
        ("cache_line_size", processor::cache_line(root)),
        ("processor_frequency", processor::frequency(root)),
        ("processor_smt", processor::smt(root)),
        ("huge_pages", memory::huge_pages(root)),
        ("memory_modules", memory::modules(root)),
        ("accelerators", Some(pci::accelerators(root))),
        ("rdma_devices", Some(rdma::devices(root))),
        ("mitigations", processor::mitigations(root)),
        ("cgroup", limits::cgroup(root)),
        ("in_container", Some(limits::in_container(root).into())),
        (
            "clocksource",
            root.text("sys/devices/system/clocksource/clocksource0/current_clocksource").map(Value::from),
        ),
    ];
    found.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// See [`pci::accelerators`].
pub fn accelerators(root: &Root) -> Value {
    pci::accelerators(root)
}

/// How many RDMA devices there are.
pub fn rdma_devices(root: &Root) -> usize {
    rdma::devices(root).as_list().map_or(0, <[Value]>::len)
}

/// See [`limits::in_container`].
pub fn in_container(root: &Root) -> bool {
    limits::in_container(root)
}

/// A mapping of what is known.
fn known<const N: usize>(pairs: [(&str, Option<Value>); N]) -> Map {
    pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::Path;

    use serde::Deserialize;

    use super::*;

    /// A machine: its files, and the facts of it.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Machine {
        name: String,
        #[serde(default)]
        files: BTreeMap<String, String>,
        /// Path → what the link says.
        #[serde(default)]
        links: BTreeMap<String, String>,
        /// Path → hexadecimal digits.
        #[serde(default)]
        binary: BTreeMap<String, String>,
        facts: Map,
    }

    #[test]
    fn machines() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/facts");
        let mut count = 0;
        for file in fs::read_dir(folder).unwrap() {
            let machine: Machine =
                serde_yaml::from_str(&fs::read_to_string(file.unwrap().path()).unwrap()).unwrap();
            let scratch = tempfile::tempdir().unwrap();
            let at = |path: &str| {
                let path = scratch.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                path
            };
            for (path, text) in &machine.files {
                fs::write(at(path), text).unwrap();
            }
            for (path, target) in &machine.links {
                std::os::unix::fs::symlink(target, at(path)).unwrap();
            }
            for (path, digits) in &machine.binary {
                let digits: Vec<u8> = digits.bytes().filter(u8::is_ascii_hexdigit).collect();
                let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
                fs::write(at(path), digits.chunks(2).map(byte).collect::<Vec<u8>>()).unwrap();
            }
            let found: Map =
                below(&Root(scratch.path().to_owned())).into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
            assert_eq!(Value::from(found), Value::from(machine.facts), "{}", machine.name);
            count += 1;
        }
        assert!(count > 2, "only {count}");
    }
}
