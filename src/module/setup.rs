//! `setup`: what the target is, as `ansible_facts`. Read from /proc, /sys and /etc; no program is needed on the target.
//!
//! Names and shapes are Ansible's; what Ansible does not tell and figures depend on is in `benchmark`. A fact that the target cannot tell is left out, or `NA` where Ansible says so.

mod benchmark;
mod cpu;
mod disk;
mod distribution;
mod hardware;
mod local;
mod memory;
mod netlink;
mod network;
mod platform;
mod python;
pub mod root;
mod time;
mod user;
mod virtualization;

use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

pub(super) use self::benchmark::{accelerators, in_container, rdma_devices};
use self::root::Root;
use super::failure::{Answer, Failure};
use super::{Context, Module, TargetPath, call, glob};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::suggest::nearest;
use crate::base::{Map, Value};
use crate::wire::Outcome;

/// Gives `ansible_facts`, whose keys begin with `ansible_`; names and values are Ansible's.
///
/// The subset `benchmark` is what figures depend on besides: `processor_model`, `processor_caches` (of each kind level, type,
/// `size_kb`, how many there are, line, ways), `cache_line_size`, `page_size`, `processor_frequency` (driver, governor, limits in
/// MHz, whether turbo is on), `processor_smt`, `huge_pages`, `memory_modules` (size, type, speed in MT/s; only root may read
/// them), `accelerators` (vendor, address, PCI id, driver and its version, NUMA node, link), `rdma_devices` (firmware, ports with
/// state and rate), `mitigations`, `ulimits`, `cgroup` (version and limits), `in_container`, `clocksource`. What a machine does
/// not tell is left out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// What to find out: `all`, `min`, `hardware`, `network`, `virtual`, `benchmark`, or single names; `!` before a name leaves it out.
    #[serde(default = "all")]
    pub gather_subset: Vec<String>,
    /// Only facts with these names; shell patterns, with or without `ansible_`.
    #[serde(default)]
    pub filter: Vec<String>,
    /// Seconds to wait for a file system that does not answer.
    #[serde(default = "ten")]
    pub gather_timeout: u32,
    /// The folder of the target's own facts (`*.fact`: JSON, INI or a program that prints one of them).
    #[serde(default = "facts_folder")]
    pub fact_path: TargetPath,
}

fn all() -> Vec<String> {
    vec!["all".to_owned()]
}

fn ten() -> u32 {
    10
}

fn facts_folder() -> TargetPath {
    TargetPath::from("/etc/ansible/facts.d")
}

pub(super) const SPEC: Spec = Spec {
    name: "setup",
    summary: "Finds out what the target is.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::ReadOnly,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, setup) };

/// The facts found so far, and what the user should hear.
#[derive(Debug, Default)]
struct Facts(Map, Vec<String>);

impl Facts {
    fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(format!("ansible_{name}"), value);
    }

    fn warn(&mut self, words: impl Into<String>) {
        self.1.push(words.into());
    }

    fn text(&self, name: &str) -> &str {
        self.0.get(&format!("ansible_{name}")).and_then(Value::as_str).unwrap_or_default()
    }
}

/// One group of facts.
struct Collector {
    name: &'static str,
    /// The larger group it belongs to.
    group: &'static str,
    gather: fn(&mut Facts, &Args, &mut Context<'_>),
}

/// In the order in which one needs the other.
const COLLECTORS: [Collector; 23] = [
    Collector { name: "platform", group: "min", gather: |f, _, _| platform::system(f) },
    Collector { name: "distribution", group: "min", gather: |f, _, _| distribution::gather(f) },
    Collector { name: "lsb", group: "min", gather: |f, _, _| distribution::lsb(f) },
    Collector { name: "pkg_mgr", group: "min", gather: |f, _, _| distribution::package_manager(f) },
    Collector { name: "service_mgr", group: "min", gather: |f, _, _| platform::service_manager(f) },
    Collector { name: "systemd", group: "min", gather: |f, _, ctx| platform::systemd(f, ctx) },
    Collector { name: "cmdline", group: "min", gather: |f, _, _| platform::command_line(f) },
    Collector { name: "selinux", group: "min", gather: |f, _, _| platform::selinux(f) },
    Collector { name: "apparmor", group: "min", gather: |f, _, _| platform::apparmor(f) },
    Collector { name: "fips", group: "min", gather: |f, _, _| platform::fips(f) },
    Collector { name: "date_time", group: "min", gather: |f, _, ctx| time::gather(f, ctx) },
    Collector { name: "dns", group: "min", gather: |f, _, _| network::dns(f) },
    Collector { name: "env", group: "min", gather: |f, _, ctx| user::environment(f, ctx) },
    Collector { name: "user", group: "min", gather: |f, _, ctx| user::gather(f, ctx) },
    Collector { name: "python", group: "min", gather: |f, _, ctx| python::gather(f, ctx) },
    Collector { name: "local", group: "min", gather: |f, args, ctx| local::gather(f, &args.fact_path, ctx) },
    Collector { name: "processor", group: "hardware", gather: |f, _, _| cpu::gather(f) },
    Collector { name: "memory", group: "hardware", gather: |f, _, _| memory::gather(f) },
    Collector { name: "dmi", group: "hardware", gather: |f, _, _| hardware::gather(f) },
    Collector {
        name: "mounts",
        group: "hardware",
        gather: |f, args, _| disk::gather(f, args.gather_timeout),
    },
    Collector { name: "interfaces", group: "network", gather: |f, _, _| network::gather(f) },
    Collector { name: "benchmark", group: "benchmark", gather: |f, _, _| benchmark::gather(f) },
    Collector { name: "virtual", group: "virtual", gather: |f, _, _| virtualization::gather(f) },
];

/// Names that Ansible knows and that mean one of our collectors, or nothing here (`facter`, `ohai`).
const SYNONYMS: [(&str, &str); 11] = [
    ("cpu", "processor"),
    ("devices", "mounts"),
    ("distro", "distribution"),
    ("default_ipv4", "interfaces"),
    ("all_ipv4_addresses", "interfaces"),
    ("virtualization_type", "virtual"),
    ("caps", ""),
    ("ssh_pub_keys", ""),
    ("facter", ""),
    ("ohai", ""),
    ("loadavg", "platform"),
];

fn setup(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let wanted = choose(&args.gather_subset)?;
    let mut facts = Facts::default();
    for collector in COLLECTORS.iter().filter(|c| wanted.contains(&c.name)) {
        (collector.gather)(&mut facts, args, ctx);
    }
    facts.0.insert("gather_subset", args.gather_subset.clone());
    facts.0.insert("module_setup", true);
    let keep = |name: &str| {
        let fits = |pattern: &String| {
            let short = name.strip_prefix("ansible_").unwrap_or(name);
            pattern.is_empty() || glob::matches(pattern, name) || glob::matches(pattern, short)
        };
        args.filter.is_empty() || args.filter.iter().any(fits)
    };
    let Facts(found, warnings) = facts;
    let kept: Map = found.into_iter().filter(|(key, _)| key.as_str().is_some_and(keep)).collect();
    Ok(Outcome { warnings, ..Outcome::ok(false).with("ansible_facts", kept) })
}

/// The names of the collectors that a `gather_subset` means. `min` is always there unless `!min` or `!all,!min` say no.
fn choose(subset: &[String]) -> Result<Vec<&'static str>, Failure> {
    let (without, with): (Vec<&str>, Vec<&str>) = subset
        .iter()
        .map(|word| word.trim())
        .filter(|word| !word.is_empty())
        .partition(|w| w.starts_with('!'));
    let without: Vec<&str> = without.iter().map(|w| w.trim_start_matches('!')).collect();
    for word in with.iter().chain(&without) {
        let known = || COLLECTORS.iter().flat_map(|c| [c.name, c.group]).chain(SYNONYMS.map(|s| s.0));
        if *word != "all" && !known().any(|k| k == *word) {
            let hint =
                nearest(word, known()).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            return Err(Failure::new(format!("gather_subset: there is no subset `{word}`{hint}")));
        }
    }
    let means = |word: &str, c: &Collector| {
        word == "all"
            || word == c.name
            || word == c.group
            || SYNONYMS.iter().any(|(from, to)| *from == word && *to == c.name)
    };
    // Only words with `!` start from everything.
    let everything = with.is_empty();
    let chosen = COLLECTORS.iter().filter(|c| {
        let named = with.iter().any(|w| *w != "all" && means(w, c));
        let excluded = without.iter().any(|w| {
            // `!all` leaves the minimum, as in Ansible.
            if *w == "all" { c.group != "min" } else { means(w, c) }
        });
        let included = named || c.group == "min" || everything || with.contains(&"all");
        included && (!excluded || named)
    });
    Ok(chosen.map(|c| c.name).collect())
}

/// A small file as text without blanks at its ends; `None` when it is not there or empty.
fn read(path: impl AsRef<Path>) -> Option<String> {
    let bytes = std::fs::read(path).ok()?;
    let text = String::from_utf8_lossy(&bytes).trim_matches(['\0', ' ', '\n', '\t']).to_owned();
    (!text.is_empty()).then_some(text)
}

/// The names in a folder, sorted.
fn names(folder: impl AsRef<Path>) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::choose;

    fn chosen(words: &[&str]) -> Vec<&'static str> {
        let words: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
        choose(&words).unwrap()
    }

    #[test]
    fn subsets_are_chosen_as_ansible_does() {
        assert_eq!(chosen(&["all"]).len(), 23);
        assert_eq!(chosen(&["!hardware"]).len(), 19);
        assert_eq!(chosen(&["min"]).len(), 16);
        assert_eq!(chosen(&["!all"]).len(), 16);
        assert!(chosen(&["!all", "!min"]).is_empty());
        assert_eq!(chosen(&["!all", "!min", "cpu"]), ["processor"]);
        assert_eq!(chosen(&["network"]).last(), Some(&"interfaces"));
        assert_eq!(chosen(&["network"]).len(), 17);
        assert_eq!(chosen(&["all", "!facter", "!ohai"]).len(), 23);
        let error = choose(&["hardwear".to_owned()]).unwrap_err().into_outcome().msg.unwrap();
        assert_eq!(error, "gather_subset: there is no subset `hardwear`; did you mean `hardware`?");
    }
}
