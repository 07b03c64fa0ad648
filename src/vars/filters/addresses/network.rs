//! An IP address with the prefix of its network, read and printed as Python's `netaddr` does.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Which family of addresses; their numbers overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Version {
    V4,
    V6,
}

impl Version {
    /// Bits of an address.
    pub(super) fn width(self) -> u32 {
        match self {
            Self::V4 => 32,
            Self::V6 => 128,
        }
    }

    /// The last address.
    pub(super) fn last(self) -> u128 {
        u128::MAX >> (128 - self.width())
    }

    /// The number people know it by.
    pub(super) fn number(self) -> i64 {
        match self {
            Self::V4 => 4,
            Self::V6 => 6,
        }
    }
}

/// One address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Address {
    pub(super) version: Version,
    pub(super) number: u128,
}

impl Address {
    /// `None` when there is no such address.
    pub(super) fn new(version: Version, number: u128) -> Option<Self> {
        (number <= version.last()).then_some(Self { version, number })
    }

    /// `10.0.0.1` or `fe80::1`; no short forms of version 4, no zone.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let v4 = || text.parse::<Ipv4Addr>().ok().map(|ip| (Version::V4, u128::from(u32::from(ip))));
        let v6 = || text.parse::<Ipv6Addr>().ok().map(|ip| (Version::V6, u128::from(ip)));
        v4().or_else(v6).map(|(version, number)| Self { version, number })
    }

    /// The address so many steps away.
    pub(super) fn step(self, by: i128) -> Option<Self> {
        Self::new(self.version, self.number.checked_add_signed(by)?)
    }

    /// The length of the prefix when this is a netmask, or when its complement (a hostmask) is one.
    fn as_mask(self) -> Option<u32> {
        let width = self.version.width();
        let ones = |number: u128| {
            let zeros = number.trailing_zeros().min(width);
            (number == Network::mask(self.version, width - zeros)).then(|| width - zeros)
        };
        ones(self.number).or_else(|| ones(self.number ^ self.version.last()))
    }

    /// Whether it could be a netmask or a hostmask.
    pub(super) fn is_mask(self) -> bool {
        self.as_mask().is_some()
    }

    /// The address alone as a network.
    pub(super) fn alone(self) -> Network {
        Network { address: self, prefix: self.version.width() }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            Version::V4 => Ipv4Addr::from(u32::try_from(self.number).unwrap_or(u32::MAX)).fmt(f),
            // The C library shows these as version 4 inside of version 6, Rust does not.
            Version::V6 if (0x1_0000..=0xffff_ffff).contains(&self.number) => {
                write!(f, "::{}", Ipv4Addr::from(u32::try_from(self.number).unwrap_or(u32::MAX)))
            }
            Version::V6 => Ipv6Addr::from(self.number).fmt(f),
        }
    }
}

/// An address and how many of its bits are those of its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    pub(super) address: Address,
    pub(super) prefix: u32,
}

impl Network {
    /// `None` when no address has a prefix that long.
    pub(super) fn new(address: Address, prefix: u32) -> Option<Self> {
        (prefix <= address.version.width()).then_some(Self { address, prefix })
    }

    /// An address with a prefix, a netmask or a hostmask behind a slash, or alone.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let Some((address, prefix)) = text.split_once('/') else {
            return Address::parse(text).map(Address::alone);
        };
        let address = Address::parse(address)?;
        let prefix = match python_int(prefix) {
            Some(number) => u32::try_from(number).ok()?,
            None => Address::parse(prefix).filter(|mask| mask.version == address.version)?.as_mask()?,
        };
        Self::new(address, prefix)
    }

    /// The ones of a netmask.
    fn mask(version: Version, prefix: u32) -> u128 {
        let zeros = version.width() - prefix;
        version.last() & u128::MAX.checked_shl(zeros).unwrap_or(0)
    }

    fn at(&self, number: u128) -> Address {
        Address { version: self.version(), number }
    }

    pub(super) fn version(&self) -> Version {
        self.address.version
    }

    pub(super) fn netmask(&self) -> Address {
        self.at(Self::mask(self.version(), self.prefix))
    }

    pub(super) fn hostmask(&self) -> Address {
        self.at(self.netmask().number ^ self.version().last())
    }

    /// The first address.
    pub(super) fn first(&self) -> Address {
        self.at(self.address.number & self.netmask().number)
    }

    /// The last address.
    pub(super) fn last(&self) -> Address {
        self.at(self.address.number | self.hostmask().number)
    }

    /// Bits that tell its addresses apart: it has two to the power of it.
    pub(super) fn host_bits(&self) -> u32 {
        self.version().width() - self.prefix
    }

    /// The address is the first of more than one.
    pub(super) fn is_network(&self) -> bool {
        self.host_bits() > 0 && self.address == self.first()
    }

    /// Networks of one or two addresses have no broadcast address.
    pub(super) fn has_broadcast(&self) -> bool {
        self.host_bits() > 1
    }

    /// The same without the bits of a host.
    pub(super) fn cidr(&self) -> Self {
        Self { address: self.first(), ..*self }
    }

    /// The addresses that hosts can have, when it is more than one address.
    pub(super) fn usable(&self) -> Option<(Address, Address)> {
        match self.host_bits() {
            0 => None,
            1 => Some((self.first(), self.last())),
            _ => Some((self.at(self.first().number + 1), self.at(self.last().number - 1))),
        }
    }

    /// Whether all of the other's addresses are here, too.
    pub(super) fn contains(&self, other: &Self) -> bool {
        self.version() == other.version() && self.first() <= other.first() && other.last() <= self.last()
    }

    /// The address of this number from the first on; negative ones count from the end.
    pub(super) fn nth(&self, index: i128) -> Option<Address> {
        let from = if index < 0 { self.last().step(1 + index) } else { self.first().step(index) };
        from.filter(|found| (self.first()..=self.last()).contains(found))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// What Python's `int()` reads from a text.
pub(super) fn python_int(text: &str) -> Option<i128> {
    let text = text.trim();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let between = digits.split('_').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    between.then(|| text.replace('_', "").parse().ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[0-9a-fA-F:./_ +-]{0,40}") {
            if let Some(network) = Network::parse(&text) {
                prop_assert_eq!(Network::parse(&network.to_string()), Some(network));
            }
        }

        #[test]
        fn what_is_printed_is_read_as_the_same(v6: bool, number: u128, prefix in 0_u32..=128) {
            let version = if v6 { Version::V6 } else { Version::V4 };
            let address = Address { version, number: number & version.last() };
            let network = Network::new(address, prefix.min(version.width())).unwrap();
            prop_assert_eq!(Network::parse(&network.to_string()), Some(network));
            let with_mask = format!("{}/{}", address, network.netmask());
            prop_assert_eq!(Network::parse(&with_mask), Some(network));
            prop_assert!(network.contains(&address.alone()) && network.contains(&network.cidr()));
            prop_assert!(network.first() <= address && address <= network.last());
            prop_assert_eq!(network.nth(0), Some(network.first()));
            prop_assert_eq!(network.nth(-1), Some(network.last()));
        }
    }
}
