//! The journal: what is written down before it is acted on, so that nothing is lost.
//!
//! The dispatcher sends a request to a target only after its record is committed. The store implements the trait; tests and
//! the scheduler's benchmark use one that writes nowhere.

use std::future::Future;
use std::pin::Pin;

use serde::{Deserialize, Serialize};

use super::Event;
use crate::base::{HostName, StepId, Timestamp, Value};
use crate::wire::Stream;

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "record")]
#[allow(missing_docs)] // fields repeat the words of the variants
pub enum Record {
    /// Something happened.
    Happened { time: Timestamp, event: Event },
    /// A request is about to be sent: from here its fate is unknown until it ends.
    Sending { time: Timestamp, step: StepId, host: HostName, module: String, attempt: u32, item: u32 },
    /// The hosts of a play were bound.
    Bound { play: usize, hosts: Vec<HostName> },
    /// What an `Expand` step brought, by its arguments, so that it can be compiled again.
    Fragment { step: StepId, hosts: Vec<HostName>, inclusions: Value },
    /// A variable of a host changed: `register`, `set_fact`, facts, `include_vars`.
    Variable { host: HostName, level: String, name: String, value: Value },
    /// A handler was notified.
    Notified { host: HostName, handler: String },
}

/// The journal could not be written.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the run's journal cannot be written: {0}")]
pub struct JournalError(pub String);

/// A future of the journal's answer.
pub type Commit<'a> = Pin<Box<dyn Future<Output = Result<(), JournalError>> + Send + 'a>>;

/// Where records go. Ready means: they survive a crash of this program.
pub trait Journal: Send + Sync {
    /// Writes all of these, in order, as one group; later calls are committed later.
    fn commit(&self, records: Vec<Record>) -> Commit<'_>;

    /// Appends output of a step to its log. Gives the offset at which these bytes begin and the log's path relative to the
    /// run's folder. Logs are complete files; they need no commit, and are flushed before the step's record is.
    fn log(
        &self,
        step: &StepId,
        host: &HostName,
        stream: Stream,
        bytes: &[u8],
    ) -> Result<LogPlace, JournalError>;
}

/// Where bytes went in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPlace {
    /// Relative to the run's folder: `logs/n1/quickstart.cases.stream….out`.
    pub path: String,
    /// The offset of the first of these bytes.
    pub offset: u64,
}
