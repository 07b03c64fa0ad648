//! Kernel, host name, boot, and what guards the system.

use std::path::Path;

use super::{Facts, read};
use crate::base::{Map, Value};
use crate::module::Context;
use crate::module::process::Command;

/// Kernel, machine, names, load and uptime.
pub fn system(facts: &mut Facts) {
    let uname = rustix::system::uname();
    let word = |text: &std::ffi::CStr| text.to_string_lossy().into_owned();
    let machine = word(uname.machine());
    let nodename = word(uname.nodename());
    facts.set("system", word(uname.sysname()));
    facts.set("kernel", word(uname.release()));
    facts.set("kernel_version", word(uname.version()));
    facts.set("machine", machine.as_str());
    facts.set("nodename", nodename.as_str());
    facts.set("hostname", nodename.split('.').next().unwrap_or_default());
    let fqdn = full_name(&nodename);
    facts.set("domain", fqdn.split_once('.').map_or("", |(_, domain)| domain));
    facts.set("fqdn", fqdn);
    let bits = if cfg!(target_pointer_width = "64") { "64" } else { "32" };
    facts.set("userspace_bits", bits);
    let architecture = match machine.as_str() {
        "x86_64" | "i686" | "i586" | "i486" | "i386" if bits == "64" => "x86_64",
        "x86_64" | "i686" | "i586" | "i486" | "i386" => "i386",
        other => other,
    };
    facts.set("architecture", architecture);
    facts.set("userspace_architecture", architecture);
    let machine_id = read("/etc/machine-id").or_else(|| read("/var/lib/dbus/machine-id"));
    if let Some(id) = machine_id {
        facts.set("machine_id", id);
    }
    if let Some(seconds) = read("/proc/uptime").and_then(|t| t.split('.').next()?.parse::<u64>().ok()) {
        facts.set("uptime_seconds", seconds);
    }
    if let Some(loads) = read("/proc/loadavg") {
        let mut figures = loads.split(' ').filter_map(|w| w.parse::<f64>().ok());
        let names = ["1m", "5m", "15m"];
        let map: Map = names.iter().zip(figures.by_ref()).map(|(name, load)| (*name, load)).collect();
        facts.set("loadavg", map);
    }
}

/// The host's name with its domain: as /etc/hosts says, or the name itself. No name server is asked.
fn full_name(nodename: &str) -> String {
    if nodename.contains('.') {
        return nodename.to_owned();
    }
    let hosts = read("/etc/hosts").unwrap_or_default();
    let lines = hosts.lines().map(|line| line.split('#').next().unwrap_or_default());
    let mut names = lines.map(|line| line.split_whitespace().skip(1).collect::<Vec<_>>());
    let own = names.find(|names| names.contains(&nodename));
    let canonical = own.and_then(|names| names.into_iter().find(|name| name.contains('.')));
    canonical.unwrap_or(nodename).to_owned()
}

/// What starts services: the first process, or what it stands for. A shell stands for nothing: it is a container's.
pub fn service_manager(facts: &mut Facts) {
    let first = read("/proc/1/comm").unwrap_or_default();
    let there = |path: &str| Path::new(path).exists();
    let program =
        |name: &str| ["/usr/bin", "/bin", "/usr/sbin", "/sbin"].iter().any(|f| there(&format!("{f}/{name}")));
    let started = || Path::new("/sbin/init").read_link().is_ok_and(|path| path.ends_with("systemd"));
    let name = match first.as_str() {
        "procd" => "openwrt_init",
        "runit-init" => "runit",
        "svscan" => "svc",
        "openrc-init" => "openrc",
        other if !other.is_empty() && other != "init" && !other.ends_with("sh") => other,
        _ if program("systemctl") && there("/run/systemd/system") => "systemd",
        _ if program("initctl") && there("/etc/init") => "upstart",
        _ if there("/sbin/openrc") => "openrc",
        _ if program("systemctl") && started() => "systemd",
        _ if there("/etc/init.d") => "sysvinit",
        _ if there("/etc/dinit.d") => "dinit",
        _ => "service",
    };
    facts.set("service_mgr", name);
}

/// The version of systemd and what it was built with, where it runs.
pub fn systemd(facts: &mut Facts, ctx: &mut Context<'_>) {
    if !["/run/systemd/system", "/dev/.run/systemd", "/dev/.systemd"]
        .iter()
        .any(|path| Path::new(path).exists())
    {
        return;
    }
    let asked = Command::new(["systemctl", "--version"]);
    let Ok(done) = ctx.run(&Command { quiet: true, ..asked }) else { return };
    let text = String::from_utf8_lossy(&done.stdout);
    let version = text.split(' ').nth(1).and_then(|word| word.parse::<u64>().ok());
    if let (Some(version), Some(features)) = (version, text.lines().nth(1)) {
        let found = [("features", Value::from(features)), ("version", version.into())];
        facts.set("systemd", Map::from_iter(found));
    }
}

/// The kernel's command line: a word alone is true, the last of several counts.
pub fn command_line(facts: &mut Facts) {
    let line = read("/proc/cmdline").unwrap_or_default();
    let mut last = Map::new();
    let mut every = Map::new();
    for word in line.split_whitespace() {
        let (key, value) = match word.split_once('=') {
            Some((key, value)) => (key, Value::from(value.trim_matches('"'))),
            None => (word, Value::Bool(true)),
        };
        last.insert(key, value.clone());
        let both = match every.get(key) {
            None => value,
            Some(Value::List(items)) => Value::list(items.iter().cloned().chain([value]).collect()),
            Some(one) => Value::list(vec![one.clone(), value]),
        };
        every.insert(key, both);
    }
    facts.set("cmdline", last);
    facts.set("proc_cmdline", every);
}

/// Whether `SELinux` is on.
pub fn selinux(facts: &mut Facts) {
    let Some(enforce) = read("/sys/fs/selinux/enforce") else {
        facts.set("selinux", Map::from_iter([("status", "disabled")]));
        return;
    };
    let setting = |name: &str| {
        let text = read("/etc/selinux/config").unwrap_or_default();
        let found = text.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix('=').map(str::to_owned));
        found.unwrap_or_else(|| "unknown".to_owned())
    };
    let mode = if enforce == "1" { "enforcing" } else { "permissive" };
    let map = Map::from_iter([
        ("status", "enabled".to_owned()),
        ("mode", mode.to_owned()),
        ("config_mode", setting("SELINUX")),
        ("type", setting("SELINUXTYPE")),
    ]);
    facts.set("selinux", map);
}

/// Whether `AppArmor` is on.
pub fn apparmor(facts: &mut Facts) {
    let on = Path::new("/sys/kernel/security/apparmor").exists();
    facts.set("apparmor", Map::from_iter([("status", if on { "enabled" } else { "disabled" })]));
}

/// Whether the kernel keeps to FIPS 140.
pub fn fips(facts: &mut Facts) {
    facts.set("fips", read("/proc/sys/crypto/fips_enabled").as_deref() == Some("1"));
}
