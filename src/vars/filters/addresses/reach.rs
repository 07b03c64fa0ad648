//! What addresses are for: reachable from everywhere, private, loopback, multicast. From IANA's registries of special purposes
//! (<https://www.iana.org/assignments/iana-ipv4-special-registry>, `…ipv6…`), as `netaddr` 1.3 reads them.

use super::network::{Address, Network, Version};

const NOT_GLOBAL: &[&str] = &[
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "240.0.0.0/4",
    "::/127",
    "::ffff:0:0/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "fc00::/7",
    "fe80::/10",
];

/// Reachable although they stand inside of those above.
const GLOBAL: &[&str] = &[
    "192.0.0.9/32",
    "192.0.0.10/32",
    "2001:1::1/128",
    "2001:1::2/128",
    "2001:3::/32",
    "2001:4:112::/48",
    "2001:20::/28",
    "2001:30::/28",
];

fn within(networks: &[&str], inner: &Network) -> bool {
    networks.iter().filter_map(|text| Network::parse(text)).any(|network| network.contains(inner))
}

/// Whether the address can be reached from everywhere.
pub(super) fn is_global(address: Address) -> bool {
    !within(NOT_GLOBAL, &address.alone()) || within(GLOBAL, &address.alone())
}

/// Whether it is the machine itself.
pub(super) fn is_loopback(address: Address) -> bool {
    within(&["127.0.0.0/8", "::1/128"], &address.alone())
}

/// Whether all of its addresses are those of groups.
pub(super) fn is_multicast(network: &Network) -> bool {
    within(&["224.0.0.0/4", "ff00::/8"], network)
}

/// Whether the address is good for one link only.
pub(super) fn is_link_local(address: Address) -> bool {
    within(&["169.254.0.0/16", "fe80::/10"], &address.alone())
}

/// Whether the address carries one of version 4 (RFC 3056).
pub(super) fn is_6to4(address: Address) -> bool {
    within(&["2002::/16"], &address.alone())
}

/// The name under which DNS knows the name of an address.
pub(super) fn reverse_name(address: Address) -> String {
    match address.version {
        Version::V4 => {
            let [a, b, c, d] = u32::try_from(address.number).unwrap_or(u32::MAX).to_be_bytes();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa.")
        }
        Version::V6 => {
            let nibbles = (0..32).map(|place| format!("{:x}.", (address.number >> (4 * place)) & 15));
            nibbles.chain(["ip6.arpa.".to_owned()]).collect()
        }
    }
}
