//! The way to the controller: one stream, many threads.

use std::io::{self, Write};
use std::sync::Mutex;

use super::{invalid, lock};
use crate::wire::frame;
use crate::wire::{Message, Stream, WireError};

/// Writes whole frames, one after the other.
pub struct Outbox(Mutex<Box<dyn Write + Send>>);

impl Outbox {
    /// To this stream.
    pub fn new(output: impl Write + Send + 'static) -> Self {
        Self(Mutex::new(Box::new(output)))
    }

    /// Raw bytes; whole frames only.
    pub fn bytes(&self, bytes: &[u8]) -> io::Result<()> {
        let mut output = lock(&self.0);
        output.write_all(bytes)?;
        output.flush()
    }

    /// A control message. A long one is written frame by frame, so that other channels get their turn.
    pub fn message(&self, channel: u32, message: &Message) -> io::Result<()> {
        let frames = message.to_bytes(channel).map_err(|error| match error {
            WireError::TooLong(_) => io::Error::new(io::ErrorKind::FileTooLarge, error),
            other => invalid(other),
        })?;
        frames.chunks(frame::HEADER + frame::MAX_PAYLOAD).try_for_each(|one| self.bytes(one))
    }

    /// Bulk bytes, at most [`frame::MAX_PAYLOAD`].
    pub fn output(&self, channel: u32, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        let mut out = Vec::new();
        frame::encode(stream.kind(), channel, bytes, &mut out);
        self.bytes(&out)
    }
}
