//! The environments of hosts in in-container mode: the user owns them, we tell when they differ, because figures then may.

use std::collections::{BTreeMap, HashMap};

use super::dispatcher::Dispatcher;
use super::queue::{HostNo, StepNo};
use super::unit::{Finished, Unit};
use crate::action::{Invocation, Target};
use crate::base::{HostName, Map, StepId, Timestamp, Value};
use crate::plan::{Step, StepKind};
use crate::wire::Status;

/// Under which name a step's result holds what was read.
const RESULT: &str = "environment";
/// Lists the packages of a system that has RPM: `bash 5.1.8-9.el9.x86_64`.
const RPM: [&str; 4] = ["rpm", "-qa", "--queryformat", "%{NAME} %{VERSION}-%{RELEASE}.%{ARCH}\\n"];
/// So many packages are named in a warning.
const NAMED: usize = 4;

/// What was read of each host, by step.
#[derive(Debug, Default)]
pub(super) struct Environments(HashMap<StepId, Vec<(HostNo, Map)>>);

/// Reads what the environment of the unit's host consists of.
pub(super) async fn read(unit: &Unit, started: Timestamp) -> Finished {
    let templar = unit.plain_templar(unit.scope());
    super::case::with_target(unit, &templar, started, async |target| {
        let mut outcome = target.call(Invocation { module: "environment", ..Invocation::default() }).await;
        let found = outcome.values.get(RESULT).and_then(Value::as_map);
        if let Some(mut found) = found.filter(|found| !has_system_packages(found)).cloned() {
            // RPM's database can be read by RPM only; where there is no such program, there are no such packages.
            let args = Map::from_iter([("argv", Value::list(RPM.map(Value::from).to_vec()))]);
            let said = target.call(Invocation { module: "command", args, ..Invocation::default() }).await;
            if let (Status::Ok, Some(lines)) = (said.status, said.values.get("stdout")) {
                add_packages(&mut found, &lines.to_string());
                outcome.values.insert(RESULT, found);
            }
        }
        (outcome, None)
    })
    .await
}

/// Whether dpkg or apk said what is installed; Python's packages have a name of their own.
fn has_system_packages(found: &Map) -> bool {
    let packages = found.get("packages").and_then(Value::as_map);
    packages.is_some_and(|packages| packages.iter().any(|(name, _)| !name.to_string().starts_with("python:")))
}

/// Adds what `rpm` has listed. Of a package that is there several times (kernels, keys), all versions are one text.
fn add_packages(found: &mut Map, lines: &str) {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, version) in lines.lines().filter_map(|line| line.trim().split_once(' ')) {
        versions.entry(name).or_default().push(version);
    }
    let mut packages = found.get("packages").and_then(Value::as_map).cloned().unwrap_or_default();
    for (name, mut of_name) in versions {
        of_name.sort_unstable();
        packages.insert(name, of_name.join(" and "));
    }
    found.insert("packages", packages);
}

impl Dispatcher {
    /// Keeps what was read of a host.
    pub(super) fn note_environment(&mut self, host: HostNo, what: &Step, finished: &Finished) {
        if let (StepKind::SameEnvironment, Some(found)) =
            (&what.kind, finished.result.get(RESULT).and_then(Value::as_map))
        {
            self.environments.0.entry(what.id.clone()).or_default().push((host, found.clone()));
        }
    }

    /// Every host of a batch has been read: tells how they differ, also from the first host of the batches before.
    pub(super) fn compare_environments(&mut self, step: StepNo) {
        let super::node::Work::Step(what) = &self.node(step).work else { return };
        if !matches!(what.kind, StepKind::SameEnvironment) {
            return;
        }
        let (id, place) = (what.id.clone(), what.span.file_line());
        let Some(known) = self.environments.0.get_mut(&id) else { return };
        known.sort_by_key(|(host, _)| *host);
        let board = &self.board;
        let named: Vec<(&HostName, &Map)> =
            known.iter().map(|(host, found)| (&board.get(*host).name, found)).collect();
        let told = differences(&named);
        known.truncate(1);
        for text in told {
            self.warn(format!("{text} ({place})"));
        }
    }
}

/// One sentence for each part in which hosts differ.
fn differences<'a>(hosts: &[(&'a HostName, &'a Map)]) -> Vec<String> {
    let parts = [("system", "the systems differ"), ("libc", "the C libraries differ")];
    let mut told: Vec<String> = parts
        .into_iter()
        .filter_map(|(part, sentence)| {
            let values: Vec<_> = hosts.iter().map(|(name, found)| (*name, found.get(part))).collect();
            Some(format!("{sentence}: {}", versions(&values)?))
        })
        .collect();
    for (part, word, sentence) in
        [("drivers", "driver", "the drivers differ"), ("packages", "package", "the packages differ")]
    {
        let mut names: BTreeMap<String, Vec<(&HostName, Option<&Value>)>> = BTreeMap::new();
        let all = |found: &'a Map| found.get(part).and_then(Value::as_map);
        for name in hosts.iter().filter_map(|(_, found)| all(found)).flat_map(Map::keys) {
            names.entry(name.to_string()).or_default();
        }
        for (name, values) in &mut names {
            values
                .extend(hosts.iter().map(|(host, found)| (*host, all(found).and_then(|all| all.get(name)))));
        }
        let differing: Vec<String> =
            names.iter().filter_map(|(name, values)| Some(format!("{name} {}", versions(values)?))).collect();
        let more = differing.len().saturating_sub(NAMED);
        let more = match more {
            0 => String::new(),
            1 => format!("; and another {word}"),
            _ => format!("; and {more} {word}s more"),
        };
        if !differing.is_empty() {
            told.push(format!("{sentence}: {}{more}", differing[..differing.len().min(NAMED)].join("; ")));
        }
    }
    told
}

/// `2.36 on n1 n2, none on n3`; nothing when all have the same.
fn versions(values: &[(&HostName, Option<&Value>)]) -> Option<String> {
    const HOSTS: usize = 5;
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for (host, value) in values {
        let text = value.map_or_else(|| "none".to_owned(), ToString::to_string);
        match groups.iter_mut().find(|(known, _)| *known == text) {
            Some((_, hosts)) => hosts.push(host.as_str()),
            None => groups.push((text, vec![host.as_str()])),
        }
    }
    let said = |(text, hosts): &(String, Vec<&str>)| {
        let more = if hosts.len() > HOSTS { " …" } else { "" };
        format!("{text} on {}{more}", hosts[..hosts.len().min(HOSTS)].join(" "))
    };
    (groups.len() > 1).then(|| groups.iter().map(said).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(libc: &str, driver: &str, packages: &[(&str, &str)]) -> Map {
        let packages: Map = packages.iter().copied().collect();
        let drivers = Map::from_iter([("kernel", "6.1"), ("accel", driver)]);
        Map::from_iter([
            ("libc", Value::from(libc)),
            ("drivers", drivers.into()),
            ("packages", packages.into()),
        ])
    }

    fn compared(environments: &[Map]) -> String {
        let names: Vec<HostName> = (1..=environments.len()).map(|n| format!("n{n}").into()).collect();
        differences(&names.iter().zip(environments).collect::<Vec<_>>()).join("\n")
    }

    #[test]
    fn equal_hosts_are_passed_over() {
        let one = environment("glibc 2.36", "535", &[("gcc", "12")]);
        assert_eq!(compared(&[one.clone(), one.clone(), one]), "");
        assert_eq!(compared(&[]), "");
    }

    #[test]
    fn what_differs_is_told_with_who_has_what() {
        let first = environment("glibc 2.36", "535", &[("gcc", "12"), ("hwloc", "2.9")]);
        let other = environment("glibc 2.31", "535", &[("gcc", "10")]);
        let third = environment("glibc 2.36", "550", &[("gcc", "12"), ("hwloc", "2.9")]);
        let told = [
            "the C libraries differ: glibc 2.36 on n1 n3, glibc 2.31 on n2",
            "the drivers differ: accel 535 on n1 n2, 550 on n3",
            "the packages differ: gcc 12 on n1 n3, 10 on n2; hwloc 2.9 on n1 n3, none on n2",
        ];
        assert_eq!(compared(&[first, other, third]), told.join("\n"));
    }

    #[test]
    fn what_rpm_lists_is_added() {
        let mut found = environment("glibc 2.34", "535", &[("python:torch", "2.1.0")]);
        assert!(!has_system_packages(&found));
        add_packages(&mut found, "bash 5.1.8-9.el9.x86_64\ngpg-pubkey 2-b\ngpg-pubkey 1-a\n\nodd\n");
        let packages = found.get("packages").unwrap().as_map().unwrap();
        let listed: Vec<String> =
            packages.iter().map(|(name, version)| format!("{name} {version}")).collect();
        assert_eq!(listed, ["python:torch 2.1.0", "bash 5.1.8-9.el9.x86_64", "gpg-pubkey 1-a and 2-b"]);
        assert!(has_system_packages(&found));
    }

    #[test]
    fn few_packages_stand_for_many() {
        let all = ["a", "b", "c", "d", "e", "f"];
        let first = environment("glibc 2.36", "535", &all.map(|name| (name, "1")));
        let other = environment("glibc 2.36", "535", &all.map(|name| (name, "2")));
        let named = ["a", "b", "c", "d"].map(|name| format!("{name} 1 on n1, 2 on n2"));
        let told = format!("the packages differ: {}; and 2 packages more", named.join("; "));
        assert_eq!(compared(&[first, other]), told);
    }
}
