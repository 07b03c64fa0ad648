//! The way to the controller: one stream, many threads. Only the thread that writes ever waits for the other side: a module
//! whose controller does not read must still end its child in time.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use super::{invalid, lock};
use crate::wire::frame;
use crate::wire::{Message, Stream, WireError};

/// The longest frame, in bytes.
const FRAME: usize = frame::HEADER + frame::MAX_PAYLOAD;

/// Takes frames, which are written one after the other.
#[derive(Default)]
pub struct Outbox {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    /// What is to be written, and how much of it was: one frame, or the frames of one message. Output is bounded by its
    /// credit, a message by what a result may be.
    waiting: VecDeque<(Vec<u8>, usize)>,
    /// Nothing follows.
    closed: bool,
    /// Nobody reads any more.
    broken: bool,
}

impl Outbox {
    /// Writes what comes, in a thread that ends when the outbox is closed and empty, or when nobody reads any more.
    pub fn write_to(self: &Arc<Self>, mut output: impl Write + Send + 'static) -> io::Result<JoinHandle<()>> {
        let outbox = Arc::clone(self);
        thread::Builder::new().name("outbox".into()).spawn(move || {
            while let Some((frames, from)) = outbox.next() {
                // A long message goes frame by frame, so that other channels get their turn.
                let to = frames.len().min(from + FRAME);
                let written = output.write_all(&frames[from..to]).and_then(|()| output.flush());
                let mut queue = lock(&outbox.queue);
                if written.is_err() {
                    (queue.broken, queue.waiting) = (true, VecDeque::new());
                } else if to < frames.len() {
                    queue.waiting.push_back((frames, to));
                }
            }
        })
    }

    fn next(&self) -> Option<(Vec<u8>, usize)> {
        let wait = |queue: &mut Queue| queue.waiting.is_empty() && !queue.closed && !queue.broken;
        let queue = self.changed.wait_while(lock(&self.queue), wait);
        queue.unwrap_or_else(PoisonError::into_inner).waiting.pop_front()
    }

    /// Whole frames.
    fn push(&self, frames: Vec<u8>) -> io::Result<()> {
        let mut queue = lock(&self.queue);
        if queue.broken {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        queue.waiting.push_back((frames, 0));
        self.changed.notify_one();
        Ok(())
    }

    /// Nothing follows.
    pub fn close(&self) {
        lock(&self.queue).closed = true;
        self.changed.notify_one();
    }

    /// A control message.
    pub fn message(&self, channel: u32, message: &Message) -> io::Result<()> {
        let frames = message.to_bytes(channel).map_err(|error| match error {
            WireError::TooLong(_) => io::Error::new(io::ErrorKind::FileTooLarge, error),
            other => invalid(other),
        })?;
        self.push(frames)
    }

    /// Bulk bytes, at most [`frame::MAX_PAYLOAD`].
    pub fn output(&self, channel: u32, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        let mut out = Vec::new();
        frame::encode(stream.kind(), channel, bytes, &mut out);
        self.push(out)
    }
}
