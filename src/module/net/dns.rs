//! Questions to name servers and their answers (RFC 1035): addresses of one name, over UDP, and over TCP when they are too long.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

/// Of a question: addresses of version 4 or 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    V4 = 1,
    V6 = 28,
}

/// What a server says of a name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// Its addresses, perhaps none.
    Found(Vec<IpAddr>),
    /// There is no such name.
    Unknown,
    /// There is more than fits.
    TooLong,
}

/// Asks one server.
pub(super) fn ask(server: SocketAddr, name: &str, kind: Kind, patience: Duration) -> io::Result<Reply> {
    let id = fastrand::u16(..);
    let question = question(id, name, kind)?;
    let any: SocketAddr =
        if server.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let socket = UdpSocket::bind(any)?;
    socket.set_read_timeout(Some(patience))?;
    // A number is no name that somebody would look up.
    #[allow(clippy::disallowed_methods)]
    socket.connect(server)?;
    socket.send(&question)?;
    let mut bytes = [0; 1500];
    loop {
        let length = socket.recv(&mut bytes)?;
        // What answers another question is somebody else's.
        match answer(&bytes[..length], &question) {
            None => {}
            Some(Reply::TooLong) => break,
            Some(reply) => return Ok(reply),
        }
    }
    let mut stream = TcpStream::connect_timeout(&server, patience)?;
    stream.set_read_timeout(Some(patience))?;
    let length = u16::try_from(question.len()).unwrap_or_default();
    stream.write_all(&[&length.to_be_bytes(), question.as_slice()].concat())?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut bytes = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut bytes)?;
    answer(&bytes, &question).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn question(id: u16, name: &str, kind: Kind) -> io::Result<Vec<u8>> {
    let mut bytes = id.to_be_bytes().to_vec();
    // A question, to be asked on for; one of them.
    bytes.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.trim_end_matches('.').split('.') {
        let length = u8::try_from(label.len()).ok().filter(|length| (1..64).contains(length));
        bytes.push(length.ok_or(io::ErrorKind::InvalidInput)?);
        bytes.extend(label.bytes());
    }
    bytes.push(0);
    bytes.extend((kind as u16).to_be_bytes());
    bytes.extend(1_u16.to_be_bytes());
    Ok(bytes)
}

/// Nothing when it is no answer to the question.
fn answer(bytes: &[u8], question: &[u8]) -> Option<Reply> {
    let word = |at: usize| Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    let is_answer = bytes.get(..2)? == question.get(..2)? && bytes.get(2)? & 0x80 != 0;
    let same = bytes.get(12..question.len())?.eq_ignore_ascii_case(&question[12..]);
    if !is_answer || !same {
        return None;
    }
    if bytes[2] & 2 != 0 {
        return Some(Reply::TooLong);
    }
    match bytes.get(3)? & 15 {
        0 => {}
        3 => return Some(Reply::Unknown),
        _ => return None,
    }
    let mut found = Vec::new();
    let mut at = question.len();
    for _ in 0..word(6)? {
        at = after_name(bytes, at)?;
        let (kind, length) = (word(at)?, usize::from(word(at + 8)?));
        let data = bytes.get(at + 10..at + 10 + length)?;
        at += 10 + length;
        if kind == Kind::V4 as u16 {
            found.push(IpAddr::from(<[u8; 4]>::try_from(data).ok()?));
        } else if kind == Kind::V6 as u16 {
            found.push(IpAddr::from(<[u8; 16]>::try_from(data).ok()?));
        }
    }
    Some(Reply::Found(found))
}

/// Where a name ends that may lead elsewhere.
fn after_name(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *bytes.get(at)? {
            0 => return Some(at + 1),
            length if length & 0xc0 == 0xc0 => return Some(at + 2),
            length => at += usize::from(length) + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An answer with an alias and two addresses, the name given by a pointer.
    fn reply(question: &[u8]) -> Vec<u8> {
        let mut bytes = question.to_vec();
        bytes[2] = 0x81;
        bytes[7] = 3;
        for (kind, data) in [(5, &b"\x01x\xc0\x0c"[..]), (1, &[127, 0, 0, 9]), (1, &[10, 0, 0, 1])] {
            bytes.extend([0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 60, 0, u8::try_from(data.len()).unwrap()]);
            bytes.extend(data);
        }
        bytes
    }

    #[test]
    fn a_server_is_asked() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let at = server.local_addr().unwrap();
        let asked = std::thread::spawn(move || {
            let mut bytes = [0; 512];
            let (length, from) = server.recv_from(&mut bytes).unwrap();
            server.send_to(b"rubbish", from).unwrap();
            server.send_to(&reply(&bytes[..length]), from).unwrap();
        });
        let found = ask(at, "A.example", Kind::V4, Duration::from_secs(5)).unwrap();
        asked.join().unwrap();
        assert_eq!(found, Reply::Found(vec!["127.0.0.9".parse().unwrap(), "10.0.0.1".parse().unwrap()]));
    }

    #[test]
    fn refusals_are_told_apart() {
        let question = question(7, "a.b", Kind::V6).unwrap();
        let with = |second: u8, third: u8| {
            let mut bytes = reply(&question);
            (bytes[2], bytes[3]) = (second, third);
            answer(&bytes, &question)
        };
        assert_eq!(with(0x81, 3), Some(Reply::Unknown));
        assert_eq!(with(0x83, 0), Some(Reply::TooLong));
        assert_eq!(with(0x81, 2), None);
        assert_eq!(with(0x01, 0), None);
        assert!(super::question(1, "a..b", Kind::V4).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(tail in prop::collection::vec(any::<u8>(), 0..80), cut in 0_usize..80) {
            let question = question(7, "a.b", Kind::V4).unwrap();
            let mut bytes = reply(&question);
            bytes.truncate(cut);
            bytes.extend(tail);
            let _ = answer(&bytes, &question);
        }
    }
}
