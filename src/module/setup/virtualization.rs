//! Whether this is a container, a virtual machine, or a machine that runs some. Best effort, as everywhere.

use std::path::Path;

use super::{Facts, Root, read};

/// Type, role and all that was recognised.
pub fn gather(facts: &mut Facts) {
    let there = |path: &str| Path::new(path).exists();
    let mut guest = containers(&Root::own());
    let container = !guest.is_empty();
    guest.extend(machine());
    let mut host: Vec<&str> = Vec::new();
    if there("/dev/kvm") {
        host.push("kvm");
    }
    if there("/proc/xen/capabilities")
        && read("/proc/xen/capabilities").is_some_and(|t| t.contains("control_d"))
    {
        host.push("xen");
    }
    let (kind, role) = match (guest.first(), host.first()) {
        (Some(kind), _) => (*kind, "guest"),
        (None, Some(kind)) => (*kind, "host"),
        (None, None) => ("NA", "NA"),
    };
    facts.set("virtualization_type", kind);
    facts.set("virtualization_role", role);
    if container {
        guest.push("container");
        guest.dedup();
    }
    facts.set("virtualization_tech_guest", guest);
    facts.set("virtualization_tech_host", host);
}

/// The kinds of container that this seems to be; `container` when it is one of which nothing else is known.
pub fn containers(root: &Root) -> Vec<&'static str> {
    let there = |path: &str| root.path(path).exists();
    let mut kinds = Vec::new();
    let first = root.text("proc/1/environ").unwrap_or_default();
    let says = first.split('\0').find_map(|variable| variable.strip_prefix("container="));
    let groups = root.text("proc/1/cgroup").unwrap_or_default();
    if there(".dockerenv") || groups.contains("/docker/") || groups.contains("/docker-") {
        kinds.push("docker");
    }
    if there("run/.containerenv") || says == Some("podman") {
        kinds.push("podman");
    }
    if says == Some("lxc") || groups.contains("/lxc/") {
        kinds.push("lxc");
    }
    if says == Some("systemd-nspawn") {
        kinds.push("systemd-nspawn");
    }
    if kinds.is_empty() && says.is_some() {
        kinds.push("container");
    }
    kinds
}

/// The hypervisor that the firmware or the processor shows.
fn machine() -> Option<&'static str> {
    let dmi = |file: &str| read(format!("/sys/devices/virtual/dmi/id/{file}")).unwrap_or_default();
    let (product, vendor, firmware) = (dmi("product_name"), dmi("sys_vendor"), dmi("bios_vendor"));
    let known = match (product.as_str(), vendor.as_str()) {
        ("KVM" | "KVM Server" | "Bochs" | "AHV" | "Google Compute Engine", _) => Some("kvm"),
        (_, "QEMU" | "Amazon EC2" | "DigitalOcean" | "Hetzner" | "Alibaba Cloud" | "Tencent Cloud") => {
            Some("kvm")
        }
        ("VMware Virtual Platform" | "VMware7,1", _) | (_, "VMware, Inc.") => Some("VMware"),
        ("VirtualBox", _) => Some("virtualbox"),
        ("Virtual Machine", "Microsoft Corporation") => Some("VirtualPC"),
        ("HVM domU", _) => Some("xen"),
        ("OpenStack Nova" | "OpenStack Compute", _) => Some("openstack"),
        _ if firmware == "Xen" => Some("xen"),
        _ => None,
    };
    // Without a word from the firmware (microVMs) the processor still shows that there is a hypervisor.
    let hidden = || {
        let info = read("/proc/cpuinfo").unwrap_or_default();
        let flags = info.lines().find(|l| l.starts_with("flags"))?;
        flags.split_whitespace().any(|f| f == "hypervisor").then_some("kvm")
    };
    known.or_else(hidden)
}
