//! What controller and agent say to each other: frames on a byte stream, and the messages inside.
//!
//! Both programs link this layer, so it is synchronous and small; it knows no task and no connection.

pub mod message;

pub use message::{Diff, Outcome, Request, Status, Stream};
