//! `environment`: what a target's environment consists of, as far as figures may depend on it: packages, drivers, libc.
//! Everything is read from files; no program is asked, because an image need not have any.
//!
//! Does not know what the others have: whoever asks several targets compares.

mod packages;

use std::fs;
use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Answer, Context, Module, call};
use crate::base::Map;
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::wire::Outcome;

/// Reads what the environment consists of: the kernel, the drivers that tell their version, the libc, the distribution, and
/// packages of dpkg, apk and Python with their versions. Benchbook asks it of hosts in in-container mode; nothing is changed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {}

pub(super) const SPEC: Spec = Spec {
    name: "environment",
    summary: "Reads which packages, drivers and libc there are.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::ReadOnly,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, environment) };

#[allow(clippy::unnecessary_wraps)] // as every module
fn environment(_: &Args, _: &mut Context<'_>) -> Answer {
    let mut outcome = Outcome::ok(false);
    outcome.values.insert("environment", read(Path::new("/")));
    Ok(outcome)
}

/// The environment below a root: `system`, `libc`, `drivers` (`kernel` and modules by name) and `packages`, each name with
/// its version.
fn read(root: &Path) -> Map {
    let mut found = Map::new();
    let text = |path: &str| fs::read_to_string(root.join(path)).ok();
    let release = text("etc/os-release").or_else(|| text("usr/lib/os-release"));
    let system = release.as_deref().and_then(pretty_name);
    if let Some(name) = system {
        found.insert("system", name);
    }
    if let Some(libc) = libc(root) {
        found.insert("libc", libc);
    }
    let mut drivers = Map::new();
    if let Some(kernel) = text("proc/sys/kernel/osrelease") {
        drivers.insert("kernel", kernel.trim());
    }
    for (name, version) in modules(root) {
        drivers.insert(name, version);
    }
    found.insert("drivers", drivers);
    let packages: Map = packages::installed(root).into_iter().collect();
    found.insert("packages", packages);
    found
}

/// `PRETTY_NAME` of os-release(5).
fn pretty_name(text: &str) -> Option<&str> {
    let value = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(value.trim_matches(['"', '\'']))
}

/// Kernel modules that say their version: those that are not a part of the kernel do, as accelerators' drivers are.
pub(super) fn modules(root: &Path) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = entries(&root.join("sys/module"))
        .into_iter()
        .filter_map(|name| {
            let version = fs::read_to_string(root.join("sys/module").join(&name).join("version")).ok()?;
            Some((name, version.trim().to_owned()))
        })
        .collect();
    found.sort();
    found
}

/// `glibc 2.36`, `musl`. The GNU library holds its version as a sentence; musl's stands in the list of packages.
fn libc(root: &Path) -> Option<String> {
    const SENTENCE: &[u8] = b"GNU C Library ";
    let machine = std::env::consts::ARCH;
    let folders =
        [format!("lib/{machine}-linux-gnu"), "lib64".to_owned(), "usr/lib64".to_owned(), "lib".to_owned()];
    for folder in &folders {
        let Ok(bytes) = fs::read(root.join(folder).join("libc.so.6")) else { continue };
        let Some(at) = bytes.windows(SENTENCE.len()).position(|part| part == SENTENCE) else { continue };
        let sentence: String =
            bytes[at..].iter().take_while(|b| **b != b'\n').map(|b| char::from(*b)).take(200).collect();
        let version = sentence.rsplit("version ").next()?.trim_end_matches('.');
        return Some(format!("glibc {version}"));
    }
    let loader = format!("ld-musl-{machine}.so.1");
    root.join("lib").join(loader).exists().then(|| "musl".to_owned())
}

/// The names in a folder; none when there is no such folder.
fn entries(folder: &Path) -> Vec<String> {
    let Ok(found) = fs::read_dir(folder) else { return Vec::new() };
    found.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Value;

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn a_tree_tells_its_environment() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        write(root, "etc/os-release", "ID=debian\nPRETTY_NAME=\"Debian 12\"\n");
        write(root, "proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
        write(root, "sys/module/accel/version", "535.1\n");
        write(root, "sys/module/ext4/srcversion", "AB\n");
        let sentence = "\0GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\nCopyright";
        write(root, &format!("lib/{}-linux-gnu/libc.so.6", std::env::consts::ARCH), sentence);
        let status = "Package: gcc\nStatus: install ok installed\nVersion: 4:12.2\n\n\
                      Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n";
        write(root, "var/lib/dpkg/status", status);
        write(root, "usr/lib/python3/dist-packages/torch-2.1.0.dist-info/METADATA", "");
        let found = serde_json::to_string(&Value::from(read(root))).unwrap();
        let drivers = r#""drivers":{"kernel":"6.1.0-18-amd64","accel":"535.1"}"#;
        let packages = r#""packages":{"gcc":"4:12.2","python:torch":"2.1.0"}"#;
        assert_eq!(found, format!(r#"{{"system":"Debian 12","libc":"glibc 2.36",{drivers},{packages}}}"#));
    }

    #[test]
    fn nothing_is_no_error() {
        let root = tempfile::tempdir().unwrap();
        let found = read(root.path());
        assert_eq!(found.get("libc"), None);
        assert_eq!(found.get("packages"), Some(&Value::from(Map::new())));
    }
}
