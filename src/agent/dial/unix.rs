//! A program that listens on a Unix socket, such as Docker's engine.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;

use crate::agent::channel::Channel;
use crate::module::Link;
use crate::wire::{Outcome, Stream};

/// How much is read at once, in bytes.
const PIECE: usize = 64 * 1024;

/// Connects to the socket and passes bytes on until the program there closes it, or the controller gives up.
pub fn relay(path: &str, channel: &Channel) -> Outcome {
    let socket = match UnixStream::connect(path) {
        Ok(socket) => Arc::new(socket),
        Err(error) => {
            let kind = match error.kind() {
                io::ErrorKind::NotFound => "absent",
                io::ErrorKind::PermissionDenied => "forbidden",
                io::ErrorKind::ConnectionRefused => "deaf",
                _ => "broken",
            };
            return Outcome::failed(format!("{path}: {error}")).with("socket", kind);
        }
    };
    let on_cancel = Arc::clone(&socket);
    // A socket that is closed already needs no closing.
    channel.on_cancel(Box::new(move || drop(on_cancel.shutdown(Shutdown::Both))));
    if channel.cancelled().is_some() {
        return Outcome::failed("it was given up");
    }
    thread::scope(|scope| {
        scope.spawn(|| feed(channel, &socket));
        let result = listen(&socket, channel);
        channel.cancel(std::time::Duration::ZERO);
        match result {
            Ok(()) => Outcome::ok(false),
            Err(error) => Outcome::failed(format!("{path}: {error}")),
        }
    })
}

fn listen(mut socket: &UnixStream, channel: &Channel) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let count = socket.read(&mut piece)?;
        // A controller that is gone reads nothing.
        if count == 0 || channel.send(Stream::Stdout, &piece[..count]).is_err() {
            return Ok(());
        }
    }
}

/// Passes on what the controller sends, then closes that half.
fn feed(channel: &Channel, mut socket: &UnixStream) {
    let mut piece = vec![0; PIECE];
    if let Ok(mut upload) = channel.upload(0) {
        while let Ok(count @ 1..) = upload.read(&mut piece)
            && socket.write_all(&piece[..count]).is_ok()
        {}
    }
    let _ = socket.shutdown(Shutdown::Write);
}
