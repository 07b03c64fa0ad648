//! A stream of bytes to a server: by its addresses, through a proxy, through a socket of the machine, with TLS around it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

use super::address::Address;
use super::{Ask, names, tls};
use crate::module::Context;
use crate::module::context::Link;

/// How often it is asked whether somebody wants to stop.
const LOOK: Duration = Duration::from_millis(200);
/// The answer of a proxy is not longer.
const LONGEST: usize = 64 * 1024;

/// How long a server may be silent, and who may end the waiting.
#[derive(Clone, Copy)]
pub(super) struct Patience<'a> {
    silence: Duration,
    until: Option<Instant>,
    link: &'a dyn Link,
}

impl<'a> Patience<'a> {
    pub(super) fn new(silence: Duration, ctx: &Context<'a>) -> Self {
        let limit = ctx.request.timeout_ms.map(Duration::from_millis);
        Self { silence, until: limit.map(|limit| Instant::now() + limit), link: ctx.link }
    }

    fn is_over(&self, since: Instant) -> bool {
        let now = Instant::now();
        self.link.cancelled().is_some()
            || now >= since + self.silence
            || self.until.is_some_and(|until| now >= until)
    }
}

/// Bytes in both directions.
pub(super) trait Stream: Read + Write {}

impl<T: Read + Write> Stream for T {}

enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A socket that waits as long as it may.
struct Waiting<'a> {
    socket: Socket,
    patience: Patience<'a>,
}

impl Waiting<'_> {
    fn again<T>(&mut self, mut act: impl FnMut(&mut Socket) -> io::Result<T>) -> io::Result<T> {
        let since = Instant::now();
        loop {
            match act(&mut self.socket) {
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    if self.patience.is_over(since) {
                        return Err(io::Error::new(ErrorKind::TimedOut, "The read operation timed out"));
                    }
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }
}

impl Read for Waiting<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.again(|socket| match socket {
            Socket::Tcp(socket) => socket.read(bytes),
            Socket::Unix(socket) => socket.read(bytes),
        })
    }
}

impl Write for Waiting<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.again(|socket| match socket {
            Socket::Tcp(socket) => socket.write(bytes),
            Socket::Unix(socket) => socket.write(bytes),
        })
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// As Python has it: `[Errno 111] Connection refused`.
fn words(error: &io::Error) -> String {
    let text = error.to_string();
    match error.raw_os_error() {
        Some(number) => {
            let end = text.find(" (os error").unwrap_or(text.len());
            format!("[Errno {number}] {}", &text[..end])
        }
        None => text,
    }
}

fn failed(why: impl std::fmt::Display) -> String {
    format!("Request failed: <urlopen error {why}>")
}

/// Opens a stream on which a request can be written.
pub(super) fn open<'a>(
    ask: &Ask,
    address: &Address,
    proxy: Option<&Address>,
    patience: Patience<'a>,
    ctx: &Context<'a>,
) -> Result<Box<dyn Stream + 'a>, String> {
    let mut stream: Box<dyn Stream + 'a> = if let Some(path) = &ask.socket {
        let socket = UnixStream::connect(path)
            .and_then(|socket| {
                socket.set_read_timeout(Some(LOOK))?;
                socket.set_write_timeout(Some(LOOK)).map(|()| socket)
            })
            .map_err(|error| {
                failed(format!("Invalid Socket File ({}): {}", path.display(), words(&error)))
            })?;
        Box::new(Waiting { socket: Socket::Unix(socket), patience })
    } else {
        let socket = connect(proxy.unwrap_or(address), patience, ctx)?;
        Box::new(Waiting { socket: Socket::Tcp(socket), patience })
    };
    if let Some(proxy) = proxy {
        if proxy.is_secure {
            stream = secured(stream, ask, &proxy.host, ctx)?;
        }
        if address.is_secure {
            through(&mut *stream, proxy, address)?;
        }
    }
    if address.is_secure { secured(stream, ask, &address.host, ctx) } else { Ok(stream) }
}

fn connect(address: &Address, patience: Patience<'_>, ctx: &Context<'_>) -> Result<TcpStream, String> {
    let mut why = "[Errno -2] Name or service not known".to_owned();
    for ip in names::find(&address.host, ctx) {
        if patience.link.cancelled().is_some() {
            break;
        }
        let opened = TcpStream::connect_timeout(&SocketAddr::new(ip, address.port), patience.silence);
        match opened.and_then(|socket| {
            socket.set_read_timeout(Some(LOOK))?;
            socket.set_write_timeout(Some(LOOK))?;
            socket.set_nodelay(true).map(|()| socket)
        }) {
            Ok(socket) => return Ok(socket),
            Err(error) if error.kind() == ErrorKind::TimedOut => "timed out".clone_into(&mut why),
            Err(error) => why = words(&error),
        }
    }
    Err(failed(why))
}

/// Has a proxy open a way to the server.
fn through(stream: &mut dyn Stream, proxy: &Address, address: &Address) -> Result<(), String> {
    let host = if address.host.contains(':') { format!("[{}]", address.host) } else { address.host.clone() };
    let place = format!("{host}:{}", address.port);
    let login = authorization(proxy).map(|proof| format!("Proxy-Authorization: {proof}\r\n"));
    let request = format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{}\r\n", login.unwrap_or_default());
    let gone = |error: io::Error| failed(format!("Tunnel connection failed: {}", words(&error)));
    stream.write_all(request.as_bytes()).and_then(|()| stream.flush()).map_err(gone)?;
    // One byte after the other: what follows is the server's.
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && head.len() < LONGEST {
        stream.read_exact(&mut byte).map_err(gone)?;
        head.extend(byte);
    }
    let line = String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned();
    let status = line.split_once(' ').map_or("", |(_, status)| status);
    if status.starts_with('2') { Ok(()) } else { Err(failed(format!("Tunnel connection failed: {status}"))) }
}

/// What a proxy with a login wants to see.
pub(super) fn authorization(proxy: &Address) -> Option<String> {
    let (name, password) = proxy.login.as_ref()?;
    Some(format!("Basic {}", STANDARD.encode(format!("{name}:{password}"))))
}

fn secured<'a>(
    mut stream: Box<dyn Stream + 'a>,
    ask: &Ask,
    host: &str,
    ctx: &Context<'_>,
) -> Result<Box<dyn Stream + 'a>, String> {
    let config = Arc::new(tls::config(ask, ctx)?);
    let name = ServerName::try_from(host.to_owned()).map_err(failed)?;
    let mut connection = ClientConnection::new(config, name).map_err(failed)?;
    while connection.is_handshaking() {
        connection.complete_io(&mut stream).map_err(|error| failed(reason(&error, host)))?;
    }
    Ok(Box::new(StreamOwned::new(connection, stream)))
}

/// Why TLS did not come about.
fn reason(error: &io::Error, host: &str) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(why)) => {
            format!("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {}", tls::words(why, host))
        }
        Some(other) => format!("[SSL] {other}"),
        None => words(error),
    }
}
