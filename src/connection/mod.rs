//! Ways to reach an agent. One file per way; each opens a duplex byte stream and knows nothing else.
//!
//! What is said over the stream is in [`session`], once for all. This layer knows no task and no plan.

pub mod endpoint;
pub mod local;
pub mod memory;
pub mod pool;
pub mod scripted;
pub mod session;
mod session_io;

use std::future::Future;
use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};

pub use endpoint::{Endpoint, Target};
pub use pool::Pool;
pub use session::{Call, CallError, Cancel, Chunk, Session, Upload};

/// A future on the heap.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A way to one agent.
pub trait Connector: Send + Sync {
    /// Starts or reaches the agent and gives the byte stream to it.
    fn open(&self) -> BoxFuture<'_, Result<Link, ConnectError>>;
    /// What it is called in messages, such as `local`.
    fn name(&self) -> String;
}

/// A duplex byte stream with an agent at its other end.
pub struct Link {
    /// From the agent.
    pub input: Box<dyn AsyncRead + Send + Unpin>,
    /// To the agent. Dropping it tells the agent to end.
    pub output: Box<dyn AsyncWrite + Send + Unpin>,
    /// Resolves when whatever carries the stream has ended, with what is to be said about that
    /// (`exit status: 1` and its last words); empty when it ended as it should.
    /// Dropping it leaves the carrier to end by itself, as an agent does at the end of its input: one that is
    /// killed could not end its children.
    pub ended: BoxFuture<'static, String>,
}

/// Why there is no session with an agent.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// There is no agent program; where it was looked for.
    #[error("no agent program found (looked for {})", looked_for.join(", "))]
    NoAgent {
        /// In this order.
        looked_for: Vec<String>,
    },
    /// The agent program cannot be started.
    #[error("cannot start {program}: {error}")]
    Start {
        /// Its path.
        program: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// The stream ended, or something else than an agent answered.
    #[error("no agent answered{}{}", colon(reason), said(banner))]
    NoAnswer {
        /// Why, if known.
        reason: String,
        /// What was printed instead.
        banner: String,
    },
    /// The agent is another version.
    #[error(
        "the agent speaks protocol {agent}, this program speaks {ours}: the two programs are from different builds"
    )]
    Protocol {
        /// The agent's.
        agent: u32,
        /// This program's.
        ours: u32,
    },
    /// Nobody told the pool how to reach this endpoint.
    #[error("nothing is known about how to reach {0}")]
    Unknown(Endpoint),
}

fn colon(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text}") }
}

fn said(banner: &str) -> String {
    if banner.trim().is_empty() { String::new() } else { format!("; it said: {}", banner.trim()) }
}
