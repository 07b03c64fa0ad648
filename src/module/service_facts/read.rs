//! What the programs that know services print.

use std::collections::BTreeMap;

use crate::base::{Map, Value};

/// Words of systemd that count more than whether a unit is enabled.
const BAD: [&str; 3] = ["not-found", "masked", "failed"];

/// Services by name.
#[derive(Debug, Default)]
pub(super) struct Services(pub Map);

impl Services {
    pub(super) fn add(&mut self, name: &str, state: &str, status: Option<&str>, source: &str) {
        let mut entry = Map::from_iter([("name", name), ("state", state)]);
        if let Some(status) = status {
            entry.insert("status", status);
        }
        entry.insert("source", source);
        self.0.insert(name, entry);
    }

    /// `service --status-all`: ` [ + ]  cron`
    pub(super) fn scripts(&mut self, text: &str) {
        for line in text.lines() {
            let found = [("[ + ]", "running"), ("[ - ]", "stopped")];
            let read =
                found.iter().find_map(|(sign, state)| Some((line.trim_start().strip_prefix(sign)?, state)));
            if let Some((name, state)) = read.filter(|(name, _)| name.starts_with(char::is_whitespace)) {
                self.add(name.trim(), state, None, "sysv");
            }
        }
    }

    /// `initctl list`: `cron start/running, process 7`
    pub(super) fn upstart(&mut self, text: &str) {
        for line in text.lines() {
            let words = line.split_once(", process ").map_or(line, |(words, _)| words).trim();
            let Some((name, (goal, state))) =
                words.rsplit_once(' ').and_then(|(name, word)| Some((name, word.split_once('/')?)))
            else {
                continue;
            };
            let entry = [("name", name), ("state", state), ("goal", goal), ("source", "upstart")];
            self.0.insert(name, Map::from_iter(entry));
        }
    }

    /// A service of `chkconfig`, and how its script says it is.
    pub(super) fn levelled(&mut self, name: &str, enabled: bool, runs: bool) {
        let (state, status) =
            (if runs { "running" } else { "stopped" }, if enabled { "enabled" } else { "disabled" });
        self.add(name, state, Some(status), "sysv");
    }

    /// `rc-status -a -s -m` and `rc-update show -v`
    pub(super) fn open_rc(&mut self, states: &str, levels: &str, warnings: &mut Vec<String>) {
        let pairs = levels.lines().filter_map(|line| line.split_once('|'));
        let levels: BTreeMap<&str, &str> = pairs.map(|(name, levels)| (name.trim(), levels.trim())).collect();
        for line in states.lines().filter(|line| line.starts_with(' ')) {
            let line = line.replace(['[', ']'], "");
            let mut words = line.split_whitespace();
            let (Some(name), Some(state)) = (words.next(), words.next()) else { continue };
            if name == "*" {
                continue;
            }
            let Some(of) = levels.get(name) else {
                warnings.push(format!("Service {name} not found in the service list"));
                continue;
            };
            let of = if of.is_empty() {
                Value::Null
            } else {
                Value::list(of.split_whitespace().map(Value::from).collect())
            };
            let mut entry = Map::from_iter([("name", name)]);
            entry.insert("runlevels", of);
            entry.insert("state", state);
            entry.insert("source", "openrc");
            self.0.insert(name, entry);
        }
    }

    /// `systemctl list-units --plain`
    pub(super) fn units(&mut self, text: &str) {
        for line in text.lines().filter(|line| line.contains(".service")) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [name, _, active, sub, ..] = words[..] else { continue };
            let before_last = &words[..words.len() - 1];
            let status = BAD.iter().find(|bad| before_last.contains(bad)).copied().unwrap_or(active);
            self.add(name, if sub == "running" { "running" } else { "stopped" }, Some(status), "systemd");
        }
    }

    /// Notes what a unit's file says of it; whether the unit was known.
    pub(super) fn settle(&mut self, name: &str, status: &str) -> bool {
        let Some(Value::Map(entry)) = self.0.get(name) else { return false };
        if !entry.get("status").and_then(Value::as_str).is_some_and(|status| BAD.contains(&status)) {
            let mut entry = (**entry).clone();
            entry.insert("status", status);
            self.0.insert(name, entry);
        }
        true
    }
}

/// `systemctl list-unit-files`: names and states.
pub(super) fn unit_files(text: &str) -> Vec<(&str, &str)> {
    let lines = text.lines().filter(|line| line.contains(".service")).map(str::split_whitespace);
    lines.filter_map(|mut words| Some((words.next()?, words.next()?))).collect()
}

/// `chkconfig --list`: whether a service is started in runlevel 3.
pub(super) fn levels(text: &str) -> Vec<(String, bool)> {
    let read = |line: &str| {
        let mut words = line.split_whitespace();
        let name = words.next()?;
        let levels: Vec<&str> = words.collect();
        (levels.len() == 7).then(|| (name.to_owned(), levels.contains(&"3:on")))
    };
    text.lines().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(services: &Services) -> Vec<String> {
        let words = |entry: &Value| {
            let entry = entry.as_map().unwrap().iter();
            entry.map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(" ")
        };
        services.0.values().map(words).collect()
    }

    #[test]
    fn systemd_tells_bad_states_first() {
        let mut services = Services::default();
        services.units(
            "  UNIT LOAD ACTIVE SUB DESCRIPTION\n  a.service loaded active running The a failed\n  b.service not-found inactive dead b.service\n\
             c.service loaded failed failed A thing\n",
        );
        let files: Vec<_> =
            unit_files("UNIT FILE STATE\na.service enabled enabled\nb.service alias -\nd.service static -\n");
        assert_eq!(
            files.iter().map(|(name, status)| services.settle(name, status)).collect::<Vec<_>>(),
            [true, true, false]
        );
        let wanted = [
            "name=a.service state=running status=enabled source=systemd",
            "name=b.service state=stopped status=not-found source=systemd",
            "name=c.service state=stopped status=failed source=systemd",
        ];
        assert_eq!(shown(&services), wanted);
    }

    #[test]
    fn others_are_read_as_they_print() {
        let mut services = Services::default();
        services.scripts(" [ + ]  cron\n [ - ]  x11-common\n [ ? ]  hwclock.sh\n");
        services.upstart("mountall stop/waiting\nnetwork (eth0) start/running, process 12\n");
        let mut warnings = Vec::new();
        services.open_rc(
            " sshd [  started 00:01 (0) ]\n lost [ stopped ]\nRunlevel: x\n",
            "sshd | default boot\n",
            &mut warnings,
        );
        let wanted = [
            "name=cron state=running source=sysv",
            "name=x11-common state=stopped source=sysv",
            "name=mountall state=waiting goal=stop source=upstart",
            "name=network (eth0) state=running goal=start source=upstart",
            "name=sshd runlevels=['default', 'boot'] state=started source=openrc",
        ];
        assert_eq!(shown(&services), wanted);
        assert_eq!(warnings, ["Service lost not found in the service list"]);
        let text = "crond 0:off 1:off 2:on 3:on 4:on 5:on 6:off\nxinetd based services:\n";
        assert_eq!(levels(text), [("crond".to_owned(), true)]);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(?s)(\\[ \\+ \\]| start/running|, process 1|\\.service |3:on |\\||\n|.){0,60}") {
            let mut services = Services::default();
            services.scripts(&text);
            services.upstart(&text);
            services.units(&text);
            services.open_rc(&text, &text, &mut Vec::new());
            unit_files(&text);
            levels(&text);
        }
    }
}
