//! Findings as text and as JSON: by check, with the hosts that say the same in one line.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Row;

/// The words of severities, as the module says them.
pub(super) const ERROR: &str = "error";
pub(super) const WARNING: &str = "warning";
const NOTE: &str = "note";
pub(super) const OK: &str = "ok";
/// How many hosts are named in a line.
const NAMED: usize = 8;

/// Hosts that say the same about a check.
struct Group<'a> {
    check: &'a str,
    severity: &'a str,
    hosts: Vec<&'a str>,
    /// What was seen; none where hosts that are well have seen different things.
    seen: Option<&'a str>,
    fix: &'a str,
}

/// A line for each group: the check, how bad it is, who, what; below it what to do.
pub(super) fn text(hosts: &[&str], rows: &[Row]) -> String {
    let groups = grouped(rows);
    let who: Vec<String> = groups.iter().map(|group| named(group, hosts.len())).collect();
    let widest = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or_default();
    let checks = widest(&mut groups.iter().map(|group| group.check.len()));
    let whos = widest(&mut who.iter().map(String::len));
    let mut text = String::new();
    let mut last = "";
    for (group, who) in groups.iter().zip(&who) {
        let check = if group.check == last { "" } else { group.check };
        last = group.check;
        let seen = group.seen.unwrap_or_default();
        let line = format!("{check:checks$}  {:7}  {who:whos$}  {seen}", group.severity);
        let _ = writeln!(text, "{}", line.trim_end());
        if !group.fix.is_empty() {
            let _ = writeln!(text, "{:checks$}  {:7}  fix: {}", "", "", group.fix);
        }
    }
    let count = |severity| rows.iter().filter(|row| row.severity == severity).count();
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let [errors, warnings] = [plural(count(ERROR), ERROR), plural(count(WARNING), WARNING)];
    let _ = writeln!(text, "{}: {errors}, {warnings}", plural(hosts.len(), "host"));
    text
}

/// By check in the order in which they come, the worst first.
fn grouped(rows: &[Row]) -> Vec<Group<'_>> {
    let mut checks: Vec<&str> = Vec::new();
    for row in rows {
        if !checks.contains(&row.check.as_str()) {
            checks.push(&row.check);
        }
    }
    let mut groups = Vec::new();
    for check in checks {
        for severity in [ERROR, WARNING, NOTE, OK] {
            let mut same: Vec<Group<'_>> = Vec::new();
            for row in rows.iter().filter(|row| row.check == check && row.severity == severity) {
                let seen = Some(row.seen.as_str());
                let fits =
                    |group: &&mut Group<'_>| severity == OK || group.seen == seen && group.fix == row.fix;
                match same.iter_mut().find(fits) {
                    Some(group) => {
                        group.seen = group.seen.filter(|other| Some(*other) == seen);
                        if !group.hosts.contains(&row.host.as_str()) {
                            group.hosts.push(&row.host);
                        }
                    }
                    None => {
                        same.push(Group { check, severity, hosts: vec![&row.host], seen, fix: &row.fix });
                    }
                }
            }
            groups.extend(same);
        }
    }
    groups
}

/// `n1 n2`, or how many where they are many; `all 16`.
fn named(group: &Group<'_>, all: usize) -> String {
    match group.hosts.len() {
        count if count == all && all > 1 => format!("all {all}"),
        count if count > NAMED || group.severity == OK && count > 1 => format!("{count} of {all}"),
        _ => group.hosts.join(" "),
    }
}

/// One object; findings in the order of hosts.
pub(super) fn json(hosts: &[&str], unreachable: &[(String, String)], rows: &[Row]) -> String {
    let findings = rows.iter().map(|row| {
        let mut found =
            json!({"host": row.host, "check": row.check, "severity": row.severity, "seen": row.seen});
        if !row.fix.is_empty() {
            found["fix"] = row.fix.as_str().into();
        }
        found
    });
    let lost = unreachable.iter().map(|(host, reason)| (host.clone(), reason.as_str().into()));
    let all = json!({
        "hosts": hosts,
        "unreachable": Value::Object(lost.collect()),
        "findings": findings.collect::<Vec<_>>(),
    });
    format!("{all:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(host: &str, check: &str, severity: &str, seen: &str, fix: &str) -> Row {
        let [host, check, severity, seen, fix] = [host, check, severity, seen, fix].map(str::to_owned);
        Row { host, check, severity, seen, fix }
    }

    #[test]
    fn hosts_that_say_the_same_are_one_line() {
        let hosts: Vec<String> = (1..=16).map(|number| format!("n{number}")).collect();
        let names: Vec<&str> = hosts.iter().map(String::as_str).collect();
        let mut rows = Vec::new();
        for host in &names {
            rows.push(row(host, "swap", OK, "there is none", ""));
            let free = format!("{host} GiB free");
            rows.push(row(host, "disk", OK, &free, ""));
            rows.push(match *host {
                "n7" => row(host, "memlock", ERROR, "8 MiB", "ulimit -l"),
                "n8" => row(host, "memlock", WARNING, "9 MiB", "ulimit -l"),
                _ => row(host, "memlock", OK, "no limit", ""),
            });
            rows.push(row(host, "turbo", if *host < "n2" { WARNING } else { NOTE }, "on", ""));
        }
        let said = "\
swap     ok       all 16                   there is none
disk     ok       all 16
memlock  error    n7                       8 MiB
                  fix: ulimit -l
         warning  n8                       9 MiB
                  fix: ulimit -l
         ok       14 of 16                 no limit
turbo    warning  n1 n10 n11 n12 n13 n14 n15 n16  on
";
        let told = text(&names, &rows);
        let squeezed = |text: &str| {
            text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
        };
        let mut wanted = squeezed(said);
        wanted.push("note n2 n3 n4 n5 n6 n7 n8 n9 on".to_owned());
        wanted.push("16 hosts: 1 error, 9 warnings".to_owned());
        assert_eq!(squeezed(&told), wanted);
        let one = text(&["n1"], &rows[..1]);
        assert_eq!(one, "swap  ok       n1  there is none\n1 host: 0 errors, 0 warnings\n");
    }
}
