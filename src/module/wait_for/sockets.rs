//! The kernel's tables of sockets: /proc/net/tcp, tcp6 and unix (see `proc_net(5)`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use crate::module::failure::Failure;

/// Ansible's names of TCP states and their numbers in the tables.
const STATES: [(&str, &str); 11] = [
    ("ESTABLISHED", "01"),
    ("SYN_SENT", "02"),
    ("SYN_RECV", "03"),
    ("FIN_WAIT1", "04"),
    ("FIN_WAIT2", "05"),
    ("TIME_WAIT", "06"),
    ("CLOSE", "07"),
    ("CLOSE_WAIT", "08"),
    ("LAST_ACK", "09"),
    ("LISTEN", "0A"),
    ("CLOSING", "0B"),
];

/// What counts as a connection by default.
pub fn active_states() -> Vec<String> {
    ["ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2", "SYN_RECV", "SYN_SENT", "TIME_WAIT"].map(str::to_owned).to_vec()
}

/// Refuses names of states that are none.
pub fn check_states(names: &[String]) -> Result<(), Failure> {
    match names.iter().find(|name| !STATES.iter().any(|(known, _)| known == name)) {
        Some(name) => Err(Failure::new(format!("unknown active_connection_state ({name}) defined"))),
        None => Ok(()),
    }
}

/// One line of a table.
#[derive(Debug, PartialEq, Eq)]
struct Socket {
    local: (IpAddr, u16),
    remote: IpAddr,
    /// As in the table: two hex digits.
    state: String,
}

fn tcp() -> Vec<Socket> {
    let tables =
        ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| std::fs::read_to_string(path).unwrap_or_default());
    tables.iter().flat_map(|table| table.lines().skip(1).filter_map(parse)).collect()
}

fn parse(line: &str) -> Option<Socket> {
    let mut words = line.split_whitespace().skip(1);
    let local = endpoint(words.next()?)?;
    let (remote, _) = endpoint(words.next()?)?;
    Some(Socket { local, remote, state: words.next()?.to_owned() })
}

/// `0100007F:1F90`: the address in words of the machine's byte order, the port as a number.
fn endpoint(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let mut bytes = Vec::new();
    for start in (0..address.len()).step_by(8) {
        let word = u32::from_str_radix(address.get(start..start + 8)?, 16).ok()?;
        bytes.extend(word.to_ne_bytes());
    }
    let address = match bytes.len() {
        4 => IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?)),
        // An IPv4 connection of an IPv6 socket.
        16 => Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).to_canonical(),
        _ => return None,
    };
    Some((address, port))
}

/// Whether a socket at `local` serves one of these addresses.
fn serves(local: IpAddr, addresses: &[IpAddr]) -> bool {
    // An IPv6 socket at `::` takes IPv4 too, unless it says otherwise, which the table does not tell.
    let any_of = |wanted: &IpAddr| local.is_unspecified() && (local.is_ipv6() || wanted.is_ipv4());
    addresses.iter().any(|wanted| *wanted == local || wanted.is_unspecified() || any_of(wanted))
}

/// Whether somebody listens at one of these addresses.
pub fn tcp_listens(addresses: &[IpAddr], port: u16) -> bool {
    tcp().iter().any(|s| s.state == "0A" && s.local.1 == port && serves(s.local.0, addresses))
}

/// How many connections a port has, without those to `ignored` hosts.
pub fn connections(addresses: &[IpAddr], port: u16, states: &[String], ignored: &[IpAddr]) -> usize {
    let counted = |s: &&Socket| {
        let active = STATES.iter().any(|(name, code)| *code == s.state && states.iter().any(|n| n == name));
        active && s.local.1 == port && serves(s.local.0, addresses) && !ignored.contains(&s.remote)
    };
    tcp().iter().filter(counted).count()
}

/// Whether somebody listens on a Unix socket.
pub fn unix_listens(path: &Path) -> bool {
    let table = std::fs::read_to_string("/proc/net/unix").unwrap_or_default();
    // Num RefCount Protocol Flags Type St Inode Path; flag 0x10000 is __SO_ACCEPTCON.
    table.lines().skip(1).any(|line| {
        let mut words = line.split_whitespace();
        let accepts =
            words.nth(3).and_then(|f| u32::from_str_radix(f, 16).ok()).is_some_and(|f| f & 0x1_0000 != 0);
        accepts && words.nth(3).is_some_and(|name| Path::new(name) == path)
    })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::unix::net::UnixListener;

    use super::*;

    const LOOPBACK: [IpAddr; 1] = [IpAddr::V4(Ipv4Addr::LOCALHOST)];

    #[test]
    fn a_listener_is_seen_without_connecting() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(tcp_listens(&LOOPBACK, port));
        assert!(!tcp_listens(&["192.0.2.77".parse().unwrap()], port));
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err());
        drop(listener);
        assert!(!tcp_listens(&LOOPBACK, port));
    }

    #[test]
    fn a_listener_on_every_address_serves_each() {
        for address in ["0.0.0.0:0", "[::]:0"] {
            let listener = TcpListener::bind(address).unwrap();
            assert!(tcp_listens(&LOOPBACK, listener.local_addr().unwrap().port()), "{address}");
        }
    }

    #[test]
    fn connections_are_counted() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let count = |ignored: &[IpAddr]| connections(&LOOPBACK, address.port(), &active_states(), ignored);
        assert_eq!(count(&[]), 0);
        let client =
            std::net::TcpStream::connect_timeout(&address, std::time::Duration::from_secs(1)).unwrap();
        let (server, _) = listener.accept().unwrap();
        assert_eq!(count(&[]), 1);
        assert_eq!(count(&LOOPBACK), 0);
        drop((client, server));
    }

    #[test]
    fn a_unix_listener_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        assert!(unix_listens(&path));
        drop(listener);
        assert!(!unix_listens(&path));
    }
}
