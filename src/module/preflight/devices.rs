//! Accelerators: on the bus, with a driver, and with files that this user may open.

use std::collections::BTreeMap;

use rustix::fs::{Access, access};

use super::super::setup::accelerators as on_the_bus;
use super::super::setup::root::Root;
use super::{Finding, Look};
use crate::base::Value;

const CHECK: &str = "accelerators";
/// Files of devices by vendor: folder, and how their names begin; a number follows, or nothing where `true`.
const FILES: [(&str, &str, &str, bool); 4] = [
    ("nvidia", "dev", "nvidia", false),
    ("amd", "dev", "kfd", true),
    ("ascend", "dev", "davinci", false),
    ("habana", "dev/accel", "accel", false),
];

/// What is on the bus: vendor, id, driver and version, and how many of each.
fn kinds(root: &Root) -> BTreeMap<[String; 4], usize> {
    let mut kinds = BTreeMap::new();
    for device in on_the_bus(root).as_list().unwrap_or_default() {
        if device.get("virtual").is_some() {
            continue;
        }
        let text = |key: &str| device.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        *kinds.entry(["vendor", "id", "driver", "driver_version"].map(text)).or_default() += 1;
    }
    kinds
}

/// All of them in words: `8 nvidia 10de:2330 (nvidia 535.1)`.
pub fn words(root: &Root) -> String {
    let said = |([vendor, id, driver, version], count): (&[String; 4], &usize)| {
        let driver = [driver.as_str(), version.as_str()].join(" ");
        let driver = if driver.trim().is_empty() { "no driver" } else { driver.trim() };
        format!("{count} {vendor} {id} ({driver})")
    };
    let all: Vec<String> = kinds(root).iter().map(said).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

pub fn accelerators(look: &Look<'_>) -> Vec<Finding> {
    let kinds = kinds(look.root);
    let (count, seen): (usize, String) = (kinds.values().sum(), words(look.root));
    let mut found = Vec::new();
    if count < look.args.accelerators {
        let fix = "look for it in `lspci` and `dmesg`: it may have fallen off the bus";
        found.push(Finding::error(CHECK, format!("{seen}; needed: {}", look.args.accelerators), fix));
    }
    for ([vendor, id, driver, _], count) in &kinds {
        if driver.is_empty() {
            let fix = format!("install or load the driver of {vendor}");
            found.push(Finding::error(CHECK, format!("{count} {vendor} {id} without a driver"), fix));
        }
    }
    for (vendor, folder, name, alone) in FILES {
        if !kinds.keys().any(|[of, _, driver, _]| of == vendor && !driver.is_empty()) {
            continue;
        }
        let is_one = |file: &String| {
            let rest = file.strip_prefix(name);
            rest.is_some_and(|rest| {
                rest.is_empty() == alone && rest.bytes().all(|byte| byte.is_ascii_digit())
            })
        };
        let files: Vec<String> = look.root.names(folder).into_iter().filter(is_one).collect();
        if files.is_empty() {
            let fix = "load the driver's modules; in a container, pass the devices to it";
            found.push(Finding::error(
                CHECK,
                format!("{vendor} is on the bus, but there is no /{folder}/{name}*"),
                fix,
            ));
        }
        let closed = |file: &&String| {
            let path = look.root.path(&format!("{folder}/{file}"));
            access(&path, Access::READ_OK | Access::WRITE_OK).is_err()
        };
        if let Some(file) = files.iter().find(closed) {
            let fix = "put the user into the group of the file (usermod -aG render,video USER)";
            found.push(Finding::error(CHECK, format!("this user may not open /{folder}/{file}"), fix));
        }
    }
    if found.is_empty() {
        found.push(Finding::ok(CHECK, seen));
    }
    found
}
