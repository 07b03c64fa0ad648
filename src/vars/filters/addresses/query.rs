//! `ipaddr` and its kin: what is asked about an address, by the word of the query.
//!
//! Python has three kinds of no: an answer that is nothing, `false`, and an error. Playbooks tell the first two apart only by
//! `is none`; both stand here as the reference has them.

use super::network::{Address, Network, Version, python_int};
use super::reach;
use super::subject::{Form, Subject};
use crate::base::Value;
use crate::vars::call::CallError;

/// A number that may be too large for an integer is refused rather than rounded.
fn number(number: u128) -> Result<Value, CallError> {
    i128::try_from(number).map(Value::Int).map_err(|_| "the number of this address is too large".into())
}

/// `then` when something holds, otherwise nothing.
fn when(holds: bool, then: impl Into<Value>) -> Value {
    if holds { then.into() } else { Value::Null }
}

/// One address or a list of them; `version` is the one that is wanted.
pub(super) fn ask(value: &Value, query: &str, version: Option<i128>) -> Result<Value, CallError> {
    if let Value::List(items) = value {
        let mut found = Vec::new();
        for item in items.iter() {
            let answer = ask(item, query, version)?;
            if answer.is_truthy() {
                found.push(answer);
            }
        }
        return Ok(Value::list(found));
    }
    let Some(subject) = Subject::read(value, version) else { return Ok(Value::Bool(false)) };
    let network = &subject.network;
    if version.is_some_and(|wanted| wanted != 0 && wanted != i128::from(network.version().number())) {
        return Ok(Value::Bool(false));
    }
    let part = part(&subject, query);
    part.or_else(|| kind(&subject, query))
        .or_else(|| host(&subject, query))
        .unwrap_or_else(|| other(&subject, query))
}

type Answer = Result<Value, CallError>;

/// Parts of the address, which every address has.
fn part(subject: &Subject, query: &str) -> Option<Answer> {
    let network = &subject.network;
    let Network { address, prefix } = *network;
    let several = network.host_bits() > 0;
    Some(Ok(match query {
        "" if subject.form == Form::Network => Value::from(network.to_string()),
        "" => Value::from(address.to_string()),
        "bool" => Value::Bool(true),
        "cidr" => Value::from(network.to_string()),
        "netmask" => Value::from(network.netmask().to_string()),
        "hostmask" | "wildcard" => Value::from(network.hostmask().to_string()),
        "network" | "network_id" => Value::from(network.first().to_string()),
        "subnet" | "network/prefix" => Value::from(network.cidr().to_string()),
        "network_netmask" => Value::from(format!("{} {}", network.first(), network.netmask())),
        "network_wildcard" => Value::from(format!("{} {}", network.first(), network.hostmask())),
        "prefix" => Value::from(i64::from(prefix)),
        "version" => Value::from(network.version().number()),
        "broadcast" => when(network.has_broadcast(), network.last().to_string()),
        "revdns" => Value::from(reach::reverse_name(address)),
        "int" if subject.form == Form::Network => Value::from(format!("{}/{prefix}", address.number)),
        "int" => return Some(number(address.number)),
        "size" | "size_usable" => return Some(size(network, query == "size")),
        "type" => Value::from(if network.is_network() { "network" } else { "address" }),
        "address" | "ip" => {
            let plain = !network.is_network() || !network.has_broadcast() || network.version() == Version::V6;
            when(plain, address.to_string())
        }
        "host" if !several => Value::from(network.to_string()),
        "host" => when(!network.is_network() || !network.has_broadcast(), network.to_string()),
        "address/prefix" | "gateway" | "gw" | "host/prefix" | "hostnet" | "router" => {
            let outer = address == network.first() || address == network.last();
            if network.has_broadcast() && outer {
                Value::Bool(false)
            } else {
                Value::from(network.to_string())
            }
        }
        "ip/prefix" | "ip_netmask" => {
            let holds = network.host_bits() == 1 || (several && !network.is_network());
            let netmask = || format!("{address} {}", network.netmask());
            when(holds, if query == "ip_netmask" { netmask() } else { network.to_string() })
        }
        "net" => when(network.is_network(), network.cidr().to_string()),
        _ => return None,
    }))
}

fn size(network: &Network, all: bool) -> Answer {
    let all_of_them =
        1_u128.checked_shl(network.host_bits()).ok_or("the network is too large to be counted")?;
    number(if all || network.host_bits() == 1 { all_of_them } else { all_of_them.saturating_sub(2) })
}

/// Questions of kind: the answer is the address as it was given, or nothing.
fn kind(subject: &Subject, query: &str) -> Option<Answer> {
    let network = &subject.network;
    let address = network.address;
    let is = |holds: bool| when(holds, subject.value.clone());
    Some(Ok(match query {
        "link-local" => is(reach::is_link_local(address)),
        "loopback" | "lo" => is(reach::is_loopback(address)),
        "multicast" => is(reach::is_multicast(network)),
        "unicast" => is(!reach::is_multicast(network)),
        "private" => is(!reach::is_global(address)),
        "public" => is(is_public(address)),
        "ipv4" | "wrap" if network.version() == Version::V4 => subject.value.clone(),
        "ipv6" if network.version() == Version::V6 => subject.value.clone(),
        "ipv4" => within_v6(network).map_or(Value::Bool(false), |inner| inner.to_string().into()),
        "ipv6" => {
            let number = 0xffff_0000_0000 + address.number;
            Value::from(
                Network { address: Address { version: Version::V6, number }, prefix: network.prefix + 96 }
                    .to_string(),
            )
        }
        "wrap" if subject.form == Form::Network => Value::from(format!("[{address}]/{}", network.prefix)),
        "wrap" => Value::from(format!("[{address}]")),
        "6to4" => six_to_four(subject),
        _ => return None,
    }))
}

fn is_public(address: Address) -> bool {
    let special = reach::is_multicast(&address.alone()) || reach::is_loopback(address) || address.is_mask();
    reach::is_global(address) && !special
}

/// The address of version 4 that one of version 6 holds in its last 32 bits.
fn within_v6(network: &Network) -> Option<Network> {
    let number = network.address.number;
    let inner = if number <= Version::V4.last() { number } else { number.checked_sub(0xffff_0000_0000)? };
    Network::new(Address::new(Version::V4, inner)?, network.prefix.checked_sub(96)?)
}

/// The network of version 6 that belongs to an address of version 4 (RFC 3056), or the address when it is in one.
fn six_to_four(subject: &Subject) -> Value {
    let network = &subject.network;
    let address = network.address;
    match network.version() {
        Version::V6 if subject.form == Form::Network && address == network.first() => Value::Bool(false),
        Version::V6 if reach::is_6to4(address) => subject.value.clone(),
        Version::V4 if !network.is_network() && (is_public(address) || !reach::is_global(address)) => {
            let (high, low) = (address.number >> 16, address.number & 0xffff);
            Value::from(format!("2002:{high:04x}:{low:04x}::1/48"))
        }
        _ => Value::Bool(false),
    }
}

/// Neighbours of the address that hosts can have; only a network has them.
fn host(subject: &Subject, query: &str) -> Option<Answer> {
    let known = ["first_usable", "last_usable", "next_usable", "previous_usable", "range_usable", "peer"];
    if !known.contains(&query) {
        return None;
    }
    if subject.form == Form::Address {
        return Some(Err("this is no address of a network".into()));
    }
    let network = &subject.network;
    if query == "peer" {
        return Some(peer(network));
    }
    let Some((first, last)) = network.usable() else { return Some(Ok(Value::Null)) };
    let step = |by: i128| {
        let next = network.address.step(by).filter(|next| (first..=last).contains(next));
        Ok(next.map_or(Value::Null, |next| Value::from(next.to_string())))
    };
    Some(match query {
        "first_usable" => Ok(Value::from(first.to_string())),
        "last_usable" => Ok(Value::from(last.to_string())),
        "range_usable" => Ok(Value::from(format!("{first}-{last}"))),
        "next_usable" => step(1),
        _ => step(-1),
    })
}

/// The other end of a link between two hosts.
fn peer(network: &Network) -> Answer {
    let Address { version, number } = network.address;
    let other = match (network.host_bits(), number % 4) {
        (1, _) => number ^ 1,
        (2, 0) => return Err("the address of a network of four has no peer".into()),
        (2, 3) => return Err("a broadcast address has no peer".into()),
        (2, _) => number ^ 3,
        _ => return Err("this is no network of two hosts".into()),
    };
    Ok(Value::from(Address { version, number: other }.to_string()))
}

/// A network that the address must be in, or the number of an address in the network.
fn other(subject: &Subject, query: &str) -> Answer {
    let digits = !query.is_empty() && query.bytes().all(|byte| byte.is_ascii_digit());
    if !digits && let Some(outer) = Network::parse(query) {
        return Ok(when(outer.contains(&subject.network), subject.value.clone()));
    }
    if query.trim().replace('_', "").parse::<f64>().is_err() {
        return Err(format!("`{query}` is no query").into());
    }
    let network = &subject.network;
    if network.host_bits() == 0 {
        return part(subject, "").unwrap_or(Ok(Value::Null));
    }
    let found = python_int(query).and_then(|index| network.nth(index));
    Ok(found.map_or(Value::Bool(false), |address| Value::from(format!("{address}/{}", network.prefix))))
}
