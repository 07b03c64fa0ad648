//! Arithmetic with networks: their hosts by number, networks inside of networks, networks put together.

use super::network::{Address, Network, Version, python_int};
use super::subject::Subject;
use crate::base::{Map, Value};
use crate::vars::call::CallError;

type Answer = Result<Value, CallError>;

/// More addresses than this are not listed.
const MOST: u32 = 20;

/// The network of a text, without the bits of a host when those are all zero anyway.
fn network(text: &str) -> Option<Network> {
    Subject::read(&Value::from(text), None).map(|subject| subject.network)
}

/// The host of this number; negative ones count from the end.
pub(super) fn nth_host(text: &str, index: Option<&str>) -> Answer {
    let found = network(text).zip(index).filter(|(_, index)| !index.is_empty());
    let found = found.and_then(|(network, index)| Some((network, python_int(index)?)));
    match found {
        None => Ok(Value::Bool(false)),
        Some((network, index)) => match network.nth(index) {
            Some(address) => Ok(Value::from(address.to_string())),
            None if index < 0 => Err(format!("the network has no address of the number {index}").into()),
            None => Ok(Value::Bool(false)),
        },
    }
}

/// The address so many steps away, when a host can have it.
pub(super) fn nth_usable(text: &str, offset: i128) -> Value {
    let Some(network) = network(text) else { return Value::Bool(false) };
    let Some((first, last)) = network.usable() else { return Value::Null };
    let found = network.address.step(offset).filter(|found| (first..=last).contains(found));
    found.map_or(Value::Null, |found| Value::from(found.to_string()))
}

/// The first and the last address of a network, or of those that hosts can have. As in the reference a network of two ends with
/// its first address, because it has no broadcast address, and what is no address counts as 0.
fn ends(text: &str, usable: bool) -> (u128, u128) {
    let Some(network) = network(text).map(|network| network.cidr()) else { return (0, 0) };
    let last = if network.has_broadcast() { network.last() } else { network.first() };
    let (first, last) = network.usable().filter(|_| usable).unwrap_or((network.first(), last));
    (first.number, last.number)
}

/// Whether the addresses of `inner` are among those of `outer`.
pub(super) fn is_inside(outer: &str, inner: &str, usable: bool) -> bool {
    let (first, last) = ends(outer, usable);
    let (begin, end) = ends(inner, false);
    (first..=last).contains(&begin) && (first..=last).contains(&end)
}

/// `ipsubnet`: how many networks of a size fit, or the one of that number; of an address, the network around it.
pub(super) fn subnet(text: &str, query: &str, index: Option<i128>) -> Answer {
    let Some(network) = network(text) else { return Ok(Value::Bool(false)) };
    let network = network.cidr();
    if query.is_empty() {
        return Ok(Value::from(network.to_string()));
    }
    if !query.bytes().all(|byte| byte.is_ascii_digit()) {
        return rank(&network, query);
    }
    let width = network.version().width();
    let Some(size) = query.parse().ok().filter(|size| *size <= width) else { return Ok(Value::Bool(false)) };
    if network.host_bits() == 0 {
        return around(&network, size, index);
    }
    let Some(index) = index else {
        let more = size.checked_sub(network.prefix);
        let more = more.ok_or_else(|| format!("a network of /{size} does not fit into {network}"))?;
        let count = 1_u128.checked_shl(more).ok_or("the networks are too many to be counted")?;
        return Ok(Value::from(count.to_string()));
    };
    // One that is larger than the network around it has no numbers.
    let Some(more) = size.checked_sub(network.prefix) else { return Ok(Value::Bool(false)) };
    let count = 1_i128.checked_shl(more).filter(|count| *count > 0).unwrap_or(i128::MAX);
    let index = if index < 0 { index + count } else { index };
    let Some(index) = u128::try_from(index).ok().filter(|_| index < count) else {
        return Ok(Value::Bool(false));
    };
    let number = network.address.number + index.checked_shl(width - size).unwrap_or(0);
    let address = Address { version: network.version(), number };
    Ok(Value::from(Network { address, prefix: size }.to_string()))
}

/// The networks around an address, from that size on, the largest first.
fn around(network: &Network, size: u32, index: Option<i128>) -> Answer {
    let width = i128::from(network.version().width());
    let count = width - i128::from(size);
    let index = index.unwrap_or(0);
    if index > width + 1 - index || index < i128::from(size) - width {
        return Ok(Value::Bool(false));
    }
    let place = if index < 0 { index + count } else { index };
    let prefix = u32::try_from(i128::from(size) + place).ok().filter(|_| (0..count).contains(&place));
    let prefix = prefix.ok_or("there is no network of that number around the address")?;
    Ok(Value::from(Network { prefix, ..*network }.cidr().to_string()))
}

/// The number, from 1 on, of a network among those of its size inside of a larger one.
fn rank(network: &Network, outer: &str) -> Answer {
    let outer = self::network(outer).ok_or_else(|| format!("`{outer}` is no network"))?.cidr();
    let refuse = || CallError::from(format!("{network} is not in {outer}"));
    let below =
        network.prefix.checked_sub(outer.prefix).filter(|_| outer.contains(network)).ok_or_else(refuse)?;
    let bits = network.address.number.checked_shr(network.host_bits()).unwrap_or(0);
    let mask = 1_u128.checked_shl(below).map_or(u128::MAX, |end| end - 1);
    Ok(Value::from(((bits & mask) + 1).to_string()))
}

/// Every address of a network, and how many they are.
pub(super) fn usable_range(text: &str) -> Answer {
    let refuse = || CallError::from(format!("`{text}` is no network"));
    let network = Network::parse(text).filter(|network| *network == network.cidr()).ok_or_else(refuse)?;
    if network.host_bits() > MOST {
        return Err(format!("{network} has too many addresses to be listed").into());
    }
    let count = 1_i128 << network.host_bits();
    let addresses = (0..count).filter_map(|index| network.nth(index));
    let addresses = addresses.map(|address| Value::from(address.to_string())).collect();
    let found: Map =
        [("usable_ips", Value::list(addresses)), ("number_of_ips", Value::Int(count))].into_iter().collect();
    Ok(Value::from(found))
}

fn networks(texts: &[String]) -> Result<Vec<Network>, CallError> {
    let parse = |text: &String| Network::parse(text).ok_or_else(|| format!("`{text}` is no network").into());
    texts.iter().map(parse).collect()
}

/// The fewest networks that have exactly these addresses.
pub(super) fn merge(texts: &[String]) -> Answer {
    let mut ranges: Vec<(Version, u128, u128, Option<Network>)> = networks(texts)?
        .into_iter()
        .map(|network| (network.version(), network.first().number, network.last().number, Some(network)))
        .collect();
    ranges.sort_by_key(|range| (range.0, range.1, range.2));
    let mut merged: Vec<(Version, u128, u128, Option<Network>)> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if last.0 == range.0 && range.1 <= last.2.saturating_add(1) => {
                last.2 = last.2.max(range.2);
                last.3 = None;
            }
            _ => merged.push(range),
        }
    }
    let print = |(version, first, last, alone): (Version, u128, u128, Option<Network>)| match alone {
        Some(network) => vec![Value::from(network.to_string())],
        None => cover(version, first, last),
    };
    Ok(Value::list(merged.into_iter().flat_map(print).collect()))
}

/// Networks that together have the addresses from `first` to `last`.
fn cover(version: Version, first: u128, last: u128) -> Vec<Value> {
    let width = version.width();
    let mut found = Vec::new();
    let mut begin = Some(first).filter(|begin| *begin <= last);
    while let Some(number) = begin {
        // The largest network that begins here and does not end behind the last address.
        let fits = |bits: &u32| {
            let hosts = u128::MAX.checked_shl(*bits).map_or(u128::MAX, |mask| !mask);
            number & hosts == 0 && number.checked_add(hosts).is_some_and(|end| end <= last)
        };
        let bits = (0..=width).rev().find(fits).unwrap_or(0);
        let hosts = u128::MAX.checked_shl(bits).map_or(u128::MAX, |mask| !mask);
        found.push(Value::from(format!("{}/{}", Address { version, number }, width - bits)));
        begin = number.checked_add(hosts).and_then(|end| end.checked_add(1)).filter(|next| *next <= last);
    }
    found
}

/// The smallest network that has all of these.
pub(super) fn span(texts: &[String]) -> Answer {
    let networks = networks(texts)?;
    let Some(first) = networks.first() else { return Ok(Value::Null) };
    if networks.len() == 1 {
        return Ok(Value::from(first.to_string()));
    }
    if networks.iter().any(|network| network.version() != first.version()) {
        return Err("addresses of version 4 and of version 6 have no network in common".into());
    }
    let lowest = networks.iter().map(Network::first).min().unwrap_or(first.first());
    let highest = networks.iter().map(Network::last).max().unwrap_or(first.last());
    let around = (0..=first.prefix).rev().map(|prefix| Network { address: lowest, prefix }.cidr());
    let found = around.into_iter().find(|network| network.first() <= lowest && highest <= network.last());
    Ok(found.map_or(Value::Null, |network| Value::from(network.to_string())))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_merged_has_the_same_addresses(
            parts in prop::collection::vec((0_u32..64, 26_u32..=32), 1..8),
        ) {
            let of = |(number, prefix): &(u32, u32)| {
                Network::new(Address::new(Version::V4, u128::from(*number)).unwrap(), *prefix).unwrap()
            };
            let texts: Vec<String> = parts.iter().map(|part| of(part).to_string()).collect();
            let merged = merge(&texts).unwrap();
            let merged: Vec<Network> =
                merged.as_list().unwrap().iter().map(|text| Network::parse(&text.to_string()).unwrap()).collect();
            for number in 0..128 {
                let address = Address::new(Version::V4, number).unwrap().alone();
                let before = parts.iter().any(|part| of(part).contains(&address));
                prop_assert_eq!(before, merged.iter().any(|network| network.contains(&address)));
            }
        }
    }
}
