//! Interfaces, addresses, the default route and name servers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::netlink::{self, Address};
use super::{Facts, names, read};
use crate::base::{Map, Value};

/// `interfaces`, one fact per interface, default routes and all addresses.
pub fn gather(facts: &mut Facts) {
    let addresses = netlink::addresses().unwrap_or_default();
    let devices: Vec<String> =
        names("/sys/class/net").into_iter().filter(|n| n != "bonding_masters").collect();
    for name in &devices {
        facts.set(&name.replace(['-', ':'], "_"), interface(name, &addresses));
    }
    facts.set("interfaces", devices);
    let outside = |a: &&Address| !a.ip.is_loopback();
    let texts = |four: bool| -> Vec<String> {
        let family = addresses.iter().filter(outside).filter(|a| a.ip.is_ipv4() == four);
        family.map(|a| a.ip.to_string()).collect()
    };
    facts.set("all_ipv4_addresses", texts(true));
    facts.set("all_ipv6_addresses", texts(false));
    let four = read("/proc/net/route").unwrap_or_default();
    facts.set("default_ipv4", default_route(default_ipv4(&four), &addresses));
    let six = read("/proc/net/ipv6_route").unwrap_or_default();
    facts.set("default_ipv6", default_route(default_ipv6(&six), &addresses));
}

fn index(name: &str) -> Option<u32> {
    read(format!("/sys/class/net/{name}/ifindex"))?.parse().ok()
}

fn interface(name: &str, addresses: &[Address]) -> Map {
    let file = |file: &str| read(format!("/sys/class/net/{name}/{file}"));
    let number = |text: Option<String>| text.and_then(|t| t.parse::<i64>().ok());
    let mut map = Map::from_iter([("device", name)]);
    let mac = file("address").filter(|mac| mac != "00:00:00:00:00:00");
    if let Some(mac) = mac {
        map.insert("macaddress", mac);
    }
    map.insert("mtu", number(file("mtu")));
    map.insert("active", file("operstate").is_some_and(|state| state != "down"));
    map.insert("type", kind(name));
    let flags = file("flags").and_then(|f| u32::from_str_radix(f.trim_start_matches("0x"), 16).ok());
    map.insert("promisc", flags.is_some_and(|f| f & 0x100 != 0));
    // Reading the speed fails on interfaces that have none.
    if let Some(speed) = number(file("speed")) {
        map.insert("speed", speed);
    }
    let device = std::fs::canonicalize(format!("/sys/class/net/{name}/device")).ok();
    if let Some(id) = device.as_ref().and_then(|path| path.file_name()) {
        map.insert("pciid", id.to_string_lossy().into_owned());
    }
    let own =
        |four: bool| addresses.iter().filter(move |a| Some(a.index) == index(name) && a.ip.is_ipv4() == four);
    let mut fours = own(true).map(ipv4);
    if let Some(first) = fours.next() {
        map.insert("ipv4", first);
    }
    let others: Vec<Map> = fours.collect();
    if !others.is_empty() {
        map.insert("ipv4_secondaries", others);
    }
    let six: Vec<Map> = own(false).map(ipv6).collect();
    if !six.is_empty() {
        map.insert("ipv6", six);
    }
    map
}

/// Ansible's word for a kind of interface; numbers are `ARPHRD_*` of `linux/if_arp.h`.
fn kind(name: &str) -> &'static str {
    let there = |file: &str| std::path::Path::new(&format!("/sys/class/net/{name}/{file}")).exists();
    match read(format!("/sys/class/net/{name}/type")).as_deref() {
        _ if there("bridge") => "bridge",
        _ if there("bonding") => "bonding",
        Some("1") => "ether",
        Some("32") => "infiniband",
        Some("512") => "ppp",
        Some("772") => "loopback",
        Some("65534") => "tunnel",
        _ => "unknown",
    }
}

fn ipv4(found: &Address) -> Map {
    let IpAddr::V4(address) = found.ip else { return Map::new() };
    let mask = u32::MAX.checked_shl(32 - u32::from(found.prefix.min(32))).unwrap_or(0);
    Map::from_iter([
        ("address", address.to_string()),
        ("broadcast", found.broadcast.map_or_else(String::new, |b| b.to_string())),
        ("netmask", Ipv4Addr::from(mask).to_string()),
        ("network", Ipv4Addr::from(u32::from(address) & mask).to_string()),
        ("prefix", found.prefix.to_string()),
    ])
}

fn ipv6(found: &Address) -> Map {
    let scope = match found.scope {
        0 => "global",
        200 => "site",
        253 => "link",
        254 => "host",
        _ => "unknown",
    };
    Map::from_iter([
        ("address", found.ip.to_string()),
        ("prefix", found.prefix.to_string()),
        ("scope", scope.to_owned()),
    ])
}

/// A default route: its gateway and its interface.
type Route = (IpAddr, String);

/// The default route with the lowest metric of `/proc/net/route`.
fn default_ipv4(table: &str) -> Option<Route> {
    let routes = table.lines().skip(1).filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [name, to, gateway, _, _, _, metric, mask, ..] = words[..] else { return None };
        let gateway = u32::from_str_radix(gateway, 16).ok()?;
        // The kernel prints the bytes of an address in its own order.
        let gateway = IpAddr::V4(Ipv4Addr::from(gateway.to_ne_bytes()));
        let all = to == "00000000" && mask == "00000000";
        all.then(|| (metric.parse::<u32>().unwrap_or(0), (gateway, name.to_owned())))
    });
    routes.min_by_key(|(metric, _)| *metric).map(|(_, route)| route)
}

/// The same of `/proc/net/ipv6_route`; `lo` stands for "unreachable".
fn default_ipv6(table: &str) -> Option<Route> {
    let routes = table.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [to, length, _, _, gateway, metric, _, _, _, name] = words[..] else { return None };
        let gateway = IpAddr::V6(Ipv6Addr::from(u128::from_str_radix(gateway, 16).ok()?));
        let all = to.bytes().all(|b| b == b'0') && length == "00" && name != "lo";
        all.then(|| (u32::from_str_radix(metric, 16).unwrap_or(0), (gateway, name.to_owned())))
    });
    routes.min_by_key(|(metric, _)| *metric).map(|(_, route)| route)
}

/// The default route with the address that packets leave from.
fn default_route(route: Option<Route>, addresses: &[Address]) -> Map {
    let Some((gateway, name)) = route else { return Map::new() };
    let own = addresses.iter().find(|a| {
        let family = a.ip.is_ipv4() == gateway.is_ipv4();
        Some(a.index) == index(&name) && family && (a.scope == 0 || a.ip.is_ipv4())
    });
    let mut map = Map::from_iter([("gateway", gateway.to_string()), ("interface", name.clone())]);
    if let Some(own) = own {
        map.extend(&if own.ip.is_ipv4() { ipv4(own) } else { ipv6(own) });
        if own.ip.is_ipv4() {
            map.insert("alias", own.label.as_str());
        }
    }
    let interface = interface(&name, &[]);
    for key in ["macaddress", "mtu", "type"] {
        map.insert(key, interface.get(key).cloned().unwrap_or_default());
    }
    map
}

/// Name servers and search list of resolv.conf(5).
pub fn dns(facts: &mut Facts) {
    facts.set("dns", resolver(&read("/etc/resolv.conf").unwrap_or_default()));
}

fn resolver(text: &str) -> Map {
    let mut map = Map::new();
    let mut servers: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
        let mut words = line.split_whitespace();
        let keyword = words.next().unwrap_or_default();
        let words: Vec<&str> = words.collect();
        match (keyword, &words[..]) {
            ("nameserver", rest) => servers.extend(rest),
            ("domain", [domain, ..]) => drop(map.insert("domain", *domain)),
            ("search", rest) => drop(map.insert("search", rest.to_vec())),
            ("sortlist", rest) => drop(map.insert("sortlist", rest.to_vec())),
            ("options", rest) => {
                let option = |word: &&str| match word.split_once(':') {
                    Some((name, value)) => (name.to_owned(), Value::from(value)),
                    None => ((*word).to_owned(), Value::Bool(true)),
                };
                map.insert("options", rest.iter().map(option).collect::<Map>());
            }
            _ => {}
        }
    }
    if !servers.is_empty() {
        map.insert("nameservers", servers);
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_route_with_the_lowest_metric_counts() {
        let table = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n\
            wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n\
            eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
            eth0\t000200C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n";
        assert_eq!(default_ipv4(table), Some((Ipv4Addr::new(192, 0, 2, 1).into(), "eth0".to_owned())));
        let six = "00000000000000000000000000000000 00 00000000000000000000000000000000 00 fd000000000000000000000000000001 00000400 00000001 00000000 00000003     eth0\n\
            00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n";
        assert_eq!(default_ipv6(six), Some(("fd00::1".parse().unwrap(), "eth0".to_owned())));
    }

    #[test]
    fn the_resolver_configuration_is_read() {
        let text = "# x\nnameserver 10.0.0.1\nnameserver 10.0.0.2\nsearch a.example b.example\noptions ndots:5 rotate\n";
        let expected = r#"{"search":["a.example","b.example"],"options":{"ndots":"5","rotate":true},"nameservers":["10.0.0.1","10.0.0.2"]}"#;
        assert_eq!(serde_json::to_string(&resolver(text)).unwrap(), expected);
    }
}
