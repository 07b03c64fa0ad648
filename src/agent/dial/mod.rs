//! Streams that the agent opens for its controller.

mod agent;
mod command;
mod dialogue;
mod program;
mod terminal;
mod unix;

use super::channel::Channel;
use crate::wire::{Dial, Outcome};

/// Moves bytes between the channel and what is dialled until one of them ends. The outcome says why, when it did not go well.
pub fn connect(dial: Dial, channel: &Channel) -> Outcome {
    match dial {
        Dial::Agent(escalation) => agent::relay(&escalation, channel),
        Dial::Unix(path) => unix::relay(&path, channel),
    }
}
