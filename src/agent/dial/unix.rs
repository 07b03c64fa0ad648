//! A program that listens on a Unix socket, such as Docker's engine.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::{PIECE, feed};
use crate::agent::channel::Channel;
use crate::module::Link;
use crate::wire::{Outcome, Stream};

/// Connects to the socket and passes bytes on until the program there closes it, or the controller gives up.
pub fn relay(path: &str, channel: &Channel) -> Outcome {
    let socket = match UnixStream::connect(path) {
        Ok(socket) => Arc::new(socket),
        Err(error) => return Outcome::failed(format!("{path}: {error}")),
    };
    let on_cancel = Arc::clone(&socket);
    // A socket that is closed already needs no closing.
    channel.on_cancel(Box::new(move || drop(on_cancel.shutdown(Shutdown::Both))));
    if channel.cancelled().is_some() {
        return Outcome::failed("it was given up");
    }
    thread::scope(|scope| {
        scope.spawn(|| {
            feed(channel, |bytes| (&*socket).write_all(bytes).is_ok());
            // The program there may have closed it already.
            let _ = socket.shutdown(Shutdown::Write);
        });
        let result = listen(&socket, channel);
        // Whatever the controller still sends has no reader any more.
        channel.cancel(Duration::ZERO);
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
