//! `_port`: a port of this machine that nobody listens on, for the first rank of a gang.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use super::Service;
use crate::base::Map;
use crate::module::Context;
use crate::wire::Outcome;

pub(super) const SERVICE: Service = Service { name: "_port", run };

/// The first port that is tried.
const FIRST: u16 = 10_000;
/// Where the kernel takes the ports of clients from when it does not say so.
const CLIENTS: u16 = 32_768;
/// How many ports are tried.
const TRIES: usize = 200;

/// Gives `port`. Nobody holds it: who is told of it has to be quick. It lies below the ports that the kernel gives to clients, so
/// that no outgoing connection of the machine takes it in the meantime.
fn run(_: &Map, _: &mut Context<'_>) -> Outcome {
    let end = first_of_clients().unwrap_or(CLIENTS);
    let count = u64::from(end.saturating_sub(FIRST).max(1));
    let random = || {
        let offset = RandomState::new().hash_one(0) % count;
        FIRST.saturating_add(u16::try_from(offset).unwrap_or_default())
    };
    match std::iter::repeat_with(random).take(TRIES).find(|port| is_free(*port)) {
        Some(port) => Outcome::ok(false).with("port", port),
        None => Outcome::failed(format!("{TRIES} ports from {FIRST} to {end} are all in use")),
    }
}

fn first_of_clients() -> Option<u16> {
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
    range.split_whitespace().next()?.parse().ok().filter(|first| *first > FIRST)
}

/// Whether somebody could listen on every address. A machine without IPv6 has nobody there.
fn is_free(port: u16) -> bool {
    let v4 = TcpListener::bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)));
    let is_free = v4.is_ok();
    drop(v4);
    let v6 = TcpListener::bind(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)));
    is_free && !v6.is_err_and(|error| error.kind() == std::io::ErrorKind::AddrInUse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_somebody_listens_on_is_not_free() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(!is_free(listener.local_addr().unwrap().port()));
    }
}
