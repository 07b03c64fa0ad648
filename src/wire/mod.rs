//! What controller and agent say to each other: frames on a byte stream, and the messages inside.
//!
//! Both programs link this layer, so it is synchronous and small; it knows no task and no connection.
//!
//! An agent prints [`preamble::magic_line`], then frames only. Channel 0 is the connection itself; every request has a channel of
//! its own, which begins with `Start` or `Dial` and ends with `Done`. Bulk bytes need credit, in both directions and per channel.

pub mod cbor;
pub mod control;
pub mod dial;
pub mod escalating;
pub mod frame;
pub mod job;
pub mod lines;
pub mod message;
pub mod owner;
pub mod preamble;
pub mod result;
pub mod samples;
mod summary;

pub use control::{Flow, Hello, Message, Packet, WireError};
pub use dial::{Dial, Escalation, Method};
pub use frame::{Decoder, Frame};
pub use job::{Job, JobKey, Offsets};
pub use message::{Diff, Outcome, Request, Status, Stream};
pub use owner::Owner;
pub use result::diffs;
pub use samples::{Column, Sample};

/// Folders of a target in which everybody may write, in the order in which they are tried for agents, copies of them and jobs:
/// what survives a restart of the machine first. What lies there is looked for in all of them.
pub const SHARED_FOLDERS: [&str; 3] = ["/var/tmp", "/tmp", "/dev/shm"];

/// The variable of a call by which it says which Python the host's variables name.
pub const PYTHON: &str = "BENCHBOOK_PYTHON";
