//! What only who sees several hosts can tell: clocks that are apart, and kernels, drivers and accelerators that differ.

use std::collections::BTreeSet;

use super::Row;
use super::asking::Visited;
use super::telling::{ERROR, OK, WARNING};
use crate::base::{Map, Value};

/// Beyond this, and what nobody can know, clocks are apart; nanoseconds.
const APART: i128 = 50_000_000;
/// Beyond this, times of two hosts say nothing about each other.
const FAR_APART: i128 = 1_000_000_000;
const MILLISECOND: i128 = 1_000_000;

/// One finding for each host and comparison; none where there is only one host.
pub(super) fn compared(hosts: &[(String, Visited)]) -> Vec<Row> {
    if hosts.len() < 2 {
        return Vec::new();
    }
    let seen: Vec<(&str, &Map)> =
        hosts.iter().map(|(host, visited)| (host.as_str(), &visited.here)).collect();
    let clocks: Vec<(&str, (i128, i128))> =
        hosts.iter().map(|(host, visited)| (host.as_str(), visited.clock)).collect();
    let mut rows = offsets(&clocks);
    let text = |value: Option<&Value>| value.map_or_else(|| "none".to_owned(), ToString::to_string);
    let all = |name: &str| seen.iter().map(|(host, here)| (*host, text(here.get(name)))).collect::<Vec<_>>();
    let fix = "boot the same kernel on all hosts";
    rows.extend(equal("same_kernel", WARNING, fix, &all("kernel")));
    let fix = "look for what is missing in `lspci` and `dmesg`, and install the same driver on all hosts";
    rows.extend(equal("same_accelerators", ERROR, fix, &all("accelerators")));
    rows.extend(drivers(&seen));
    rows
}

/// What the clock of each host is from the middle one.
fn offsets(clocks: &[(&str, (i128, i128))]) -> Vec<Row> {
    let mut sorted: Vec<i128> = clocks.iter().map(|(_, (offset, _))| *offset).collect();
    sorted.sort_unstable();
    let middle = sorted[(sorted.len() - 1) / 2];
    let row = |(host, (offset, error)): &(&str, (i128, i128))| {
        let apart = offset - middle;
        let beyond = apart.abs() - error;
        let severity = match beyond {
            beyond if beyond > FAR_APART => ERROR,
            beyond if beyond > APART => WARNING,
            _ => OK,
        };
        let way = if apart < 0 { "behind" } else { "ahead of" };
        let [apart, error] = [apart.abs(), *error].map(|time| (time + MILLISECOND - 1) / MILLISECOND);
        let seen = match severity {
            OK => "with the others".to_owned(),
            _ => format!("{apart} ms {way} the others, ± {error} ms"),
        };
        let fix = if severity == OK { "" } else { "timedatectl set-ntp true, or start chronyd" };
        made(host, "clock_offset", severity, seen, fix)
    };
    clocks.iter().map(row).collect()
}

/// Modules of the kernel with a version, name by name.
fn drivers(hosts: &[(&str, &Map)]) -> Vec<Row> {
    const CHECK: &str = "same_drivers";
    let of = |here: &Map| here.get("drivers").and_then(Value::as_map).cloned().unwrap_or_default();
    let all: Vec<(&str, Map)> = hosts.iter().map(|(host, here)| (*host, of(here))).collect();
    let names: BTreeSet<String> =
        all.iter().flat_map(|(_, drivers)| drivers.keys().map(ToString::to_string)).collect();
    let mut rows = Vec::new();
    for name in &names {
        let version = |drivers: &Map| {
            drivers.get(name).map_or_else(|| format!("no {name}"), |version| format!("{name} {version}"))
        };
        let versions: Vec<_> = all.iter().map(|(host, drivers)| (*host, version(drivers))).collect();
        let fix = "install the same driver on all hosts";
        rows.extend(equal(CHECK, WARNING, fix, &versions).into_iter().filter(|row| row.severity != OK));
    }
    let good: Vec<&str> =
        all.iter().map(|(host, _)| *host).filter(|host| !rows.iter().any(|row| row.host == *host)).collect();
    rows.extend(good.into_iter().map(|host| made(host, CHECK, OK, "the same".to_owned(), "")));
    rows
}

/// What most hosts have is right; of two that as many have, the first.
fn equal(check: &str, severity: &str, fix: &str, hosts: &[(&str, String)]) -> Vec<Row> {
    let count = |value: &String| hosts.iter().filter(|(_, other)| other == value).count();
    let Some((_, usual)) = hosts.iter().rev().max_by_key(|(_, value)| count(value)) else {
        return Vec::new();
    };
    let most = count(usual);
    let row = |(host, value): &(&str, String)| {
        if value == usual {
            return made(host, check, OK, value.clone(), "");
        }
        let has = if most == 1 { "host has" } else { "hosts have" };
        made(host, check, severity, format!("{value}; {most} {has} {usual}"), fix)
    };
    hosts.iter().map(row).collect()
}

fn made(host: &str, check: &str, severity: &str, seen: String, fix: &str) -> Row {
    let [host, check, severity, fix] = [host, check, severity, fix].map(str::to_owned);
    Row { host, check, severity, seen, fix }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(rows: &[Row]) -> Vec<String> {
        rows.iter().map(|row| format!("{} {} {}: {}", row.host, row.severity, row.check, row.seen)).collect()
    }

    #[test]
    fn clocks_that_are_apart_are_told_beyond_what_nobody_can_know() {
        let ms = |ms: i128| ms * MILLISECOND;
        let clocks = [
            ("n1", (ms(3), ms(2))),
            ("n2", (ms(-1), ms(2))),
            ("n3", (ms(123), ms(1))),
            ("n4", (ms(-60), ms(20))),
            ("n5", (ms(-7_200_000), ms(1))),
        ];
        let said = [
            "n1 ok clock_offset: with the others",
            "n2 ok clock_offset: with the others",
            "n3 warning clock_offset: 124 ms ahead of the others, ± 1 ms",
            "n4 ok clock_offset: with the others",
            "n5 error clock_offset: 7199999 ms behind the others, ± 1 ms",
        ];
        assert_eq!(told(&offsets(&clocks)), said);
    }

    #[test]
    fn what_most_hosts_have_is_right() {
        let here = |kernel: &str, drivers: &[(&str, &str)], accelerators: &str| {
            let drivers: Map = drivers.iter().copied().collect();
            let here = [
                ("kernel", Value::from(kernel)),
                ("drivers", drivers.into()),
                ("accelerators", accelerators.into()),
            ];
            Visited { rows: Vec::new(), here: Map::from_iter(here), clock: (0, 0) }
        };
        let hosts = [
            ("n1".to_owned(), here("6.1", &[("nvidia", "535"), ("ice", "1")], "8 nvidia")),
            ("n2".to_owned(), here("6.5", &[("nvidia", "550")], "8 nvidia")),
            ("n3".to_owned(), here("6.5", &[("nvidia", "535"), ("ice", "1")], "7 nvidia")),
        ];
        let said = [
            "n1 ok clock_offset: with the others",
            "n2 ok clock_offset: with the others",
            "n3 ok clock_offset: with the others",
            "n1 warning same_kernel: 6.1; 2 hosts have 6.5",
            "n2 ok same_kernel: 6.5",
            "n3 ok same_kernel: 6.5",
            "n1 ok same_accelerators: 8 nvidia",
            "n2 ok same_accelerators: 8 nvidia",
            "n3 error same_accelerators: 7 nvidia; 2 hosts have 8 nvidia",
            "n2 warning same_drivers: no ice; 2 hosts have ice 1",
            "n2 warning same_drivers: nvidia 550; 2 hosts have nvidia 535",
            "n1 ok same_drivers: the same",
            "n3 ok same_drivers: the same",
        ];
        assert_eq!(told(&compared(&hosts)), said);
        assert_eq!(compared(&hosts[..1]), []);
    }
}
