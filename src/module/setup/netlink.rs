//! The addresses of all interfaces, asked from the kernel by netlink (rtnetlink(7), `RTM_GETADDR`).
//!
//! /proc has no list of IPv4 addresses with their interfaces, and libc's `getifaddrs` would need unsafe code.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

const RTM_NEWADDR: u16 = 20;
const RTM_GETADDR: u16 = 22;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
/// `NLM_F_REQUEST | NLM_F_ROOT | NLM_F_MATCH`
const DUMP: u16 = 0x301;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_LABEL: u16 = 3;
const IFA_BROADCAST: u16 = 4;
/// `IFA_F_SECONDARY`
const SECONDARY: u8 = 1;

/// One address of an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The interface's number.
    pub index: u32,
    /// The address itself.
    pub ip: IpAddr,
    /// Length of the network part in bits.
    pub prefix: u8,
    /// The broadcast address, when there is one.
    pub broadcast: Option<IpAddr>,
    /// 0 global, 200 site, 253 link, 254 host.
    pub scope: u8,
    /// It is not the first of its network.
    pub secondary: bool,
    /// The interface's name, or that of an alias (`eth0:1`).
    pub label: String,
}

/// All addresses of all interfaces.
pub fn addresses() -> io::Result<Vec<Address>> {
    let socket = rustix::net::socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        None, // protocol 0 is NETLINK_ROUTE
    )?;
    let mut request = Vec::new();
    request.extend(24_u32.to_ne_bytes()); // length: header and an ifaddrmsg
    request.extend(RTM_GETADDR.to_ne_bytes());
    request.extend(DUMP.to_ne_bytes());
    request.extend([0; 8]); // sequence and port
    request.extend([0; 8]); // any family
    rustix::net::send(&socket, &request, SendFlags::empty())?;
    let mut found = Vec::new();
    let mut buffer = vec![0_u8; 64 * 1024];
    loop {
        let (length, _) = rustix::net::recv(&socket, buffer.as_mut_slice(), RecvFlags::empty())?;
        if length == 0 || parse(&buffer[..length], &mut found)? {
            return Ok(found);
        }
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Reads the messages of one datagram; true when the answer is complete.
fn parse(mut bytes: &[u8], found: &mut Vec<Address>) -> io::Result<bool> {
    while let (Some(length), Some(kind)) = (u32_at(bytes, 0), u16_at(bytes, 4)) {
        let length = length as usize;
        if length < 16 || length > bytes.len() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        match kind {
            NLMSG_DONE => return Ok(true),
            NLMSG_ERROR => return Err(io::Error::other("the kernel refused to list addresses")),
            RTM_NEWADDR => found.extend(address(&bytes[16..length])),
            _ => {}
        }
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(false)
}

/// Reads an `ifaddrmsg` with its attributes.
fn address(message: &[u8]) -> Option<Address> {
    let (prefix, flags, scope) = (*message.get(1)?, *message.get(2)?, *message.get(3)?);
    let index = u32_at(message, 4)?;
    let (mut address, mut local, mut broadcast, mut label) = (None, None, None, String::new());
    let mut rest = &message[8..];
    while let (Some(length), Some(kind)) = (u16_at(rest, 0), u16_at(rest, 2)) {
        let Some(data) = rest.get(4..usize::from(length)) else { break };
        match kind {
            IFA_ADDRESS => address = ip_of(data),
            IFA_LOCAL => local = ip_of(data),
            IFA_BROADCAST => broadcast = ip_of(data),
            IFA_LABEL => label.push_str(String::from_utf8_lossy(data).trim_end_matches('\0')),
            _ => {}
        }
        rest = rest.get(usize::from(length).next_multiple_of(4)..).unwrap_or_default();
    }
    // On a point-to-point link `IFA_ADDRESS` is the other end.
    Some(Address {
        index,
        ip: local.or(address)?,
        prefix,
        broadcast,
        scope,
        secondary: flags & SECONDARY != 0,
        label,
    })
}

fn ip_of(data: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(data) {
        return Some(IpAddr::V4(Ipv4Addr::from(four)));
    }
    <[u8; 16]>::try_from(data).ok().map(|bytes| IpAddr::V6(Ipv6Addr::from(bytes)))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_loopback_address_is_listed() {
        let found = addresses().unwrap();
        let loopback = found.iter().find(|a| a.ip == Ipv4Addr::LOCALHOST).unwrap();
        assert_eq!((loopback.prefix, loopback.scope, loopback.label.as_str()), (8, 254, "lo"));
    }

    proptest! {
        #[test]
        fn no_datagram_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), kind in 18_u16..24) {
            let _ = parse(&bytes, &mut Vec::new());
            let mut message = u32::try_from(bytes.len() + 16).unwrap().to_ne_bytes().to_vec();
            message.extend(kind.to_ne_bytes());
            message.extend([0; 10]);
            message.extend(bytes);
            let _ = parse(&message, &mut Vec::new());
        }
    }
}
