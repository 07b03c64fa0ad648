//! Streams that the agent opens for its controller.

mod agent;
mod dialogue;
mod program;
mod terminal;
mod unix;

use std::io::Read;

use super::channel::Channel;
use crate::module::Link;
use crate::wire::{Dial, Outcome};

/// How much is read at once, in bytes.
const PIECE: usize = 64 * 1024;

/// Passes on what the controller sends, to its end or until it is not taken.
fn feed(channel: &Channel, mut take: impl FnMut(&[u8]) -> bool) {
    let mut piece = vec![0; PIECE];
    if let Ok(mut upload) = channel.upload(0) {
        while let Ok(count @ 1..) = upload.read(&mut piece)
            && take(&piece[..count])
        {}
    }
}

/// Moves bytes between the channel and what is dialled until one of them ends. The outcome says why, when it did not go well.
pub fn connect(dial: Dial, channel: &Channel) -> Outcome {
    match dial {
        Dial::Agent(escalation) => agent::relay(&escalation, channel),
        Dial::Unix(path) => unix::relay(&path, channel),
    }
}
