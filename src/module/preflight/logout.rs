//! Whether the system ends a user's processes when he logs out: rounds would end with the connection.

use std::collections::BTreeMap;

use super::super::setup::root::Root;
use super::{Finding, Look};

const CHECK: &str = "logout";
/// Where logind.conf(5) is looked for; the first that has it counts, and so does the first of drop-ins with one name.
const FOLDERS: [&str; 4] = ["etc/systemd", "run/systemd", "usr/local/lib/systemd", "usr/lib/systemd"];

/// The settings of logind, in the order in which they count.
fn settings(root: &Root) -> BTreeMap<String, String> {
    let main = FOLDERS.iter().find_map(|folder| root.text(&format!("{folder}/logind.conf")));
    let mut parts: BTreeMap<String, String> = BTreeMap::new();
    for folder in FOLDERS {
        let folder = format!("{folder}/logind.conf.d");
        for name in root.names(&folder).into_iter().filter(|name| name.strip_suffix(".conf").is_some()) {
            let text = root.text(&format!("{folder}/{name}")).unwrap_or_default();
            parts.entry(name).or_insert(text);
        }
    }
    let texts = main.into_iter().chain(parts.into_values());
    let mut found = BTreeMap::new();
    for text in texts {
        let lines = text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';', '[']));
        let pairs = lines.filter_map(|line| line.split_once('='));
        found.extend(pairs.map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned())));
    }
    found
}

/// The name of the user of this process.
fn user(root: &Root) -> Option<String> {
    let status = root.text("proc/self/status")?;
    let uid =
        status.lines().find_map(|line| line.strip_prefix("Uid:"))?.split_whitespace().nth(1)?.to_owned();
    let passwd = root.text("etc/passwd")?;
    let mut lines = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
    Some(lines.find(|fields| fields.get(2) == Some(&uid.as_str()))?.first()?.to_string())
}

pub fn logout(look: &Look<'_>) -> Finding {
    let root = look.root;
    if !root.path("run/systemd/seats").exists() {
        return Finding::ok(CHECK, "there is no logind");
    }
    let settings = settings(root);
    let says = |key: &str| settings.get(key).map_or("", String::as_str);
    if !["yes", "true", "on", "1"].contains(&says("KillUserProcesses").to_lowercase().as_str()) {
        return Finding::ok(CHECK, "processes stay");
    }
    let user = user(root).unwrap_or_else(|| "USER".to_owned());
    let names = |key: &str| says(key).split_whitespace().any(|name| name == user);
    let excluded = names("KillExcludeUsers") || (user == "root" && says("KillExcludeUsers").is_empty());
    if excluded || (!says("KillOnlyUsers").is_empty() && !names("KillOnlyUsers")) {
        return Finding::ok(CHECK, format!("KillUserProcesses is on, but not for {user}"));
    }
    if root.path(&format!("var/lib/systemd/linger/{user}")).exists() {
        return Finding::ok(CHECK, format!("KillUserProcesses is on, but {user} lingers"));
    }
    let seen = format!("KillUserProcesses is on: what {user} runs ends with the connection");
    Finding::error(CHECK, seen, format!("loginctl enable-linger {user}"))
}
