//! Ways to reach an agent. One file per way; each opens a duplex byte stream and knows nothing else.
//!
//! What is said over the stream is in [`session`], once for all. This layer knows no task and no plan.

pub mod agents;
pub mod become_user;
pub mod container;
pub mod endpoint;
pub mod error;
pub mod local;
pub mod memory;
pub mod pool;
pub mod scripted;
pub mod session;
pub mod ssh;

use std::future::Future;
use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

pub use container::{ContainerTarget, Engine, EngineError};
pub use endpoint::{Endpoint, Target, TargetError};
pub use error::ConnectError;
pub use pool::{Lease, Limits, Pool};
pub use session::{Call, CallError, Cancel, Chunk, Ongoing, Progress, Session, Upload};
pub use ssh::SshTarget;

/// A future on the heap.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A way to one agent.
pub trait Connector: Send + Sync {
    /// Starts or reaches the agent and gives the byte stream to it.
    fn open(&self) -> BoxFuture<'_, Result<Link, ConnectError>>;
    /// Runs a command line without an agent, for targets that have none, and gives its exit code. It has no input, and
    /// nothing can stop it.
    fn execute(
        &self,
        _line: String,
        _output: mpsc::Sender<Chunk>,
    ) -> BoxFuture<'_, Result<i32, ConnectError>> {
        Box::pin(async { Err(ConnectError::NoExecution(self.name())) })
    }
    /// Ends what carries the streams, once they have ended.
    fn end(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
    /// What it means that no agent answered.
    fn explain(&self, error: ConnectError) -> ConnectError {
        error
    }
    /// The command line by which it was opened, without secrets; nothing where there is none, or none that would help anybody.
    fn command(&self) -> Option<String> {
        None
    }
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
