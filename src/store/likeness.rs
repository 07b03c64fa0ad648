//! In what two runs are unlike, by their `lock.json`: what could make figures differ, and nothing that could not.
//!
//! Not said: the command line, names of inventories, the commit (files are compared by what is in them), `limit` and `case` (they
//! choose what runs, not how), seeds, and files by which figures are only judged.

use std::collections::BTreeMap;
use std::fmt::Debug;

use super::Provenance;
use super::provenance::Machine;

/// Options that change how something is measured.
const OPTIONS: [&str; 5] = ["check", "tags", "skip_tags", "stage", "skip_stage"];

impl Provenance {
    /// One sentence each; nothing if figures of both can be compared.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut found = Vec::new();
        if self.benchbook != other.benchbook {
            found.push(format!("benchbook: {} → {}", self.benchbook, other.benchbook));
        }
        if self.playbook != other.playbook {
            found.push(format!("playbook: {} → {}", self.playbook, other.playbook));
        }
        let judges = |name: &&String| self.judging.contains(*name) || other.judging.contains(*name);
        for name in keys(&self.files, &other.files).into_iter().filter(|name| !judges(name)) {
            match (self.files.get(name), other.files.get(name)) {
                (Some(a), Some(b)) if a != b => found.push(format!("{name} has changed")),
                (Some(_), None) => found.push(format!("{name} is not read any more")),
                (None, Some(_)) => found.push(format!("{name} is read now")),
                _ => {}
            }
        }
        let variables = |run: &Self| -> BTreeMap<String, String> {
            run.variables.iter().map(|v| (v.name.clone(), v.value.to_string())).collect()
        };
        changed(&mut found, "variable ", &variables(self), &variables(other));
        let options = |run: &Self| -> BTreeMap<String, String> {
            let matters = |(name, _): &(&String, &String)| OPTIONS.contains(&name.as_str());
            run.options.iter().filter(matters).map(|(name, value)| (name.clone(), value.clone())).collect()
        };
        changed(&mut found, "--", &options(self), &options(other));
        self.compare_hosts(other, &mut found);
        found
    }

    /// Of those that both runs have.
    fn compare_hosts(&self, other: &Self, found: &mut Vec<String>) {
        for (host, machine) in &self.hosts {
            let Some(theirs) = other.hosts.get(host) else { continue };
            found.extend(machine.differences(theirs).into_iter().map(|text| format!("{host}: {text}")));
            if self.in_container.contains_key(host) != other.in_container.contains_key(host) {
                found.push(format!("{host}: in-container mode in one run only"));
            }
            let images = |run: &Self| -> BTreeMap<String, String> {
                let images = run.images.get(host).map(Vec::as_slice).unwrap_or_default();
                images.iter().map(|image| (image.name.clone(), image.id.clone())).collect()
            };
            changed(found, &format!("{host}: image "), &images(self), &images(other));
        }
    }
}

impl Machine {
    fn differences(&self, other: &Self) -> Vec<String> {
        let mut found = Vec::new();
        let mut say = |name: &str, a: Option<String>, b: Option<String>| {
            if let (Some(a), Some(b)) = (a, b)
                && a != b
            {
                found.push(format!("{name} {a} → {b}"));
            }
        };
        say("cpu", self.cpu.clone(), other.cpu.clone());
        say("processors", self.vcpus.map(|n| n.to_string()), other.vcpus.map(|n| n.to_string()));
        say("kernel", self.kernel.clone(), other.kernel.clone());
        say("system", self.system.clone(), other.system.clone());
        say("architecture", self.architecture.clone(), other.architecture.clone());
        // Each start of a kernel keeps a little more or less for itself.
        if let (Some(a), Some(b)) = (self.memory_mib, other.memory_mib)
            && a.abs_diff(b) > a / 100
        {
            say("memory", Some(format!("{a} MiB")), Some(format!("{b} MiB")));
        }
        found
    }
}

fn keys<'a, T>(a: &'a BTreeMap<String, T>, b: &'a BTreeMap<String, T>) -> Vec<&'a String> {
    let mut keys: Vec<&String> = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))).collect();
    keys.sort();
    keys
}

/// What has another value, or is in one of them only.
fn changed<T: PartialEq + Debug + AsRef<str>>(
    found: &mut Vec<String>,
    what: &str,
    a: &BTreeMap<String, T>,
    b: &BTreeMap<String, T>,
) {
    for name in keys(a, b) {
        let shown = |value: Option<&T>| value.map_or("not given", AsRef::as_ref).to_owned();
        if a.get(name) != b.get(name) {
            found.push(format!("{what}{name}: {} → {}", shown(a.get(name)), shown(b.get(name))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::provenance::{Image, Variable};
    use super::*;
    use crate::base::HostName;

    #[test]
    fn what_could_make_figures_differ_is_named_and_nothing_else() {
        let host = HostName::new("n1");
        let machine = Machine { memory_mib: Some(64_000), kernel: Some("6.1".into()), ..Machine::default() };
        let mut a = Provenance::new();
        a.files.insert("playbook.yml".into(), "1".into());
        a.files.insert("old.yml".into(), "1".into());
        a.hosts.insert(host.clone(), machine);
        a.variables.push(Variable::new("n", &1.into(), "-e"));
        a.options.insert("limit".into(), "n1".into());
        let mut b = a.clone();
        b.command = vec!["other".into()];
        b.seed = Some(7);
        b.files.insert("baseline.yml".into(), "1".into());
        b.judging.insert("baseline.yml".into());
        b.options.insert("limit".into(), "n2".into());
        b.hosts.get_mut(&host).unwrap().memory_mib = Some(63_900);
        assert_eq!(a.differences(&b), Vec::<String>::new());
        b.files = BTreeMap::from([("playbook.yml".into(), "2".into()), ("new.yml".into(), "1".into())]);
        b.variables[0] = Variable::new("n", &2.into(), "-e");
        b.options.insert("check".into(), "true".into());
        b.hosts.insert(
            host.clone(),
            Machine { kernel: Some("6.2".into()), memory_mib: Some(32_000), ..Machine::default() },
        );
        b.images.insert(
            host.clone(),
            vec![Image { name: "x:1".into(), id: "sha256:2".into(), digests: Vec::new() }],
        );
        b.in_container.insert(host, "--in-container".into());
        let found = [
            "new.yml is read now",
            "old.yml is not read any more",
            "playbook.yml has changed",
            "variable n: 1 → 2",
            "--check: not given → true",
            "n1: kernel 6.1 → 6.2",
            "n1: memory 64000 MiB → 32000 MiB",
            "n1: in-container mode in one run only",
            "n1: image x:1: not given → sha256:2",
        ];
        assert_eq!(a.differences(&b), found);
    }
}
