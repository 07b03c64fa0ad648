//! What somebody wants, held against what the engine shows. Only what is wanted is looked at.
//!
//! The engine fills in defaults, changes spellings and leaves out what is empty; what means the same is no difference.

use serde_json::Value as Json;

/// Something that is not as it is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// Where, in the API's words: `HostConfig.ShmSize`.
    pub path: String,
    /// What is there.
    pub there: String,
    /// What is wanted.
    pub wanted: String,
}

impl Difference {
    pub(super) fn new(path: &str, there: &str, wanted: &str) -> Self {
        let [path, there, wanted] = [path, there, wanted].map(str::to_owned);
        Self { path, there, wanted }
    }
}

/// Lists to which the engine or the image adds something: what is wanted must be among them.
const ADDED_TO: [&str; 3] = ["Env", "SecurityOpt", "Aliases"];
/// Lists in which the order counts.
const ORDERED: [&str; 5] = ["Cmd", "Entrypoint", "Test", "Dns", "DnsSearch"];
/// Limits that an engine leaves out, with a warning, where the kernel has no such thing.
const LEFT_OUT: [&str; 4] = ["MemorySwappiness", "OomKillDisable", "MemorySwap", "BlkioWeight"];

/// All differences, in the order of what is wanted.
pub(super) fn differences(wanted: &Json, there: &Json) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", wanted, there, &mut found);
    found
}

fn compare(path: &str, wanted: &Json, there: &Json, found: &mut Vec<Difference>) {
    if let (Json::Object(wanted), Json::Object(_) | Json::Null) = (wanted, there) {
        for (key, wanted) in wanted {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            compare(&path, wanted, there.get(key).unwrap_or(&Json::Null), found);
        }
        return;
    }
    let name = path.rsplit('.').next().unwrap_or_default();
    if !is_same(name, wanted, there) {
        found.push(Difference::new(path, &there.to_string(), &wanted.to_string()));
    }
}

fn is_same(name: &str, wanted: &Json, there: &Json) -> bool {
    if is_empty(wanted) && is_empty(there) || is_empty(there) && LEFT_OUT.contains(&name) {
        return true;
    }
    match (wanted, there) {
        (Json::Array(wanted), Json::Array(there)) if ORDERED.contains(&name) => {
            wanted.len() == there.len() && wanted.iter().zip(there).all(|(w, t)| is_same("", w, t))
        }
        (Json::Array(wanted), Json::Array(there)) => {
            let is_there = |w: &Json| there.iter().any(|t| is_same(name, w, t));
            let is_wanted = |t: &Json| wanted.iter().any(|w| is_same(name, w, t));
            wanted.iter().all(is_there) && (ADDED_TO.contains(&name) || there.iter().all(is_wanted))
        }
        // An element of a list.
        (Json::Object(wanted), Json::Object(there)) => {
            wanted.iter().all(|(key, wanted)| is_same(key, wanted, there.get(key).unwrap_or(&Json::Null)))
        }
        (Json::String(wanted), Json::String(there)) => spelling(name, wanted) == spelling(name, there),
        (wanted, there) => wanted == there,
    }
}

/// One spelling of what an engine may write in several ways.
fn spelling(name: &str, text: &str) -> String {
    match name {
        "CapAdd" | "CapDrop" => {
            let upper = text.to_uppercase();
            upper.strip_prefix("CAP_").unwrap_or(&upper).to_owned()
        }
        "Binds" => text.strip_suffix(":rw").unwrap_or(text).to_owned(),
        "NetworkMode" if text == "default" => "bridge".to_owned(),
        _ => text.to_owned(),
    }
}

/// What an engine shows where nothing is said.
fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Bool(value) => !value,
        Json::Number(number) => number.as_f64() == Some(0.0),
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(map) => map.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(wanted: &Json, there: &Json) -> Vec<String> {
        let line = |found: Difference| format!("{}: {} -> {}", found.path, found.there, found.wanted);
        differences(wanted, there).into_iter().map(line).collect()
    }

    #[test]
    fn what_means_the_same_is_no_difference() {
        let wanted = json!({
            "Env": ["A=1"],
            "Labels": {"mine": "x"},
            "Tty": false,
            "HostConfig": {
                "CapAdd": ["cap_sys_nice", "IPC_LOCK"],
                "Binds": ["/a:/b:rw"],
                "Ulimits": [{"Name": "stack", "Soft": 1, "Hard": 2}],
                "DeviceRequests": [{"Count": -1, "Capabilities": [["gpu"]]}],
                "NetworkMode": "bridge",
                "Init": false,
                "MemorySwappiness": 10,
                "Devices": [],
            },
        });
        let there = json!({
            "Env": ["PATH=/bin", "A=1"],
            "Labels": {"benchbook.run": "r", "mine": "x"},
            "HostConfig": {
                "CapAdd": ["CAP_IPC_LOCK", "CAP_SYS_NICE"],
                "Binds": ["/a:/b"],
                "Ulimits": [{"Hard": 2, "Name": "stack", "Soft": 1}],
                "DeviceRequests": [{"Driver": "", "Count": -1, "DeviceIDs": null, "Capabilities": [["gpu"]], "Options": {}}],
                "NetworkMode": "default",
                "MemorySwappiness": null,
                "ShmSize": 67_108_864,
            },
        });
        assert_eq!(said(&wanted, &there), Vec::<String>::new());
    }

    #[test]
    fn what_differs_is_said_with_its_place() {
        let wanted = json!({
            "Cmd": ["a", "b"],
            "Env": ["A=2"],
            "Labels": {"mine": "y"},
            "HostConfig": {"Binds": ["/a:/b"], "ShmSize": 1, "Ulimits": [{"Name": "stack", "Soft": 1, "Hard": 2}]},
        });
        let there = json!({
            "Cmd": ["b", "a"],
            "Env": ["A=1"],
            "HostConfig": {"Binds": ["/a:/b", "/c:/d"], "ShmSize": 2, "Ulimits": null},
        });
        insta::assert_snapshot!(said(&wanted, &there).join("\n"));
    }
}
