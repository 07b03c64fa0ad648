//! The journal: what is written down before it is acted on, so that nothing is lost.
//!
//! The dispatcher sends a request to a target only after its record is committed. The store implements the trait; tests and
//! the scheduler's benchmark use one that writes nowhere.

use std::future::Future;
use std::pin::Pin;

use serde::{Deserialize, Serialize};

use super::Event;
use crate::base::{HostName, JobId, StepId, Timestamp};
use crate::wire::{Column, Sample, Stream};

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "record")]
#[allow(clippy::large_enum_variant)] // most records are of the large kind
pub enum Record {
    /// A controller takes the run in hand: the first, or a later one that goes on with it.
    Term(Box<Term>),
    /// Something happened.
    Happened {
        /// When.
        time: Timestamp,
        /// What.
        event: Event,
    },
    /// A request is about to be sent: from here its fate is unknown until the step ends.
    Sending(Box<Sending>),
    /// A step ended on a host.
    Ended(Box<Ending>),
    /// Samples of a monitor came.
    Sampled(Box<Samples>),
}

/// Who carries a run out, from here until the next such record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// When it began.
    pub time: Timestamp,
    /// From 1; one more with every resume.
    pub term: u64,
    /// The name of the user who called the program.
    pub user: String,
    /// The name of the machine it runs on.
    pub machine: String,
    /// Its process there.
    pub process: u32,
    /// How the program was called, as the command line keeps it.
    pub call: Kept,
}

/// A request that is about to be sent. Together with the run's id, the first four name it for ever.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sending {
    /// The step.
    pub step: StepId,
    /// The host whose step it is.
    pub host: HostName,
    /// The number of the loop's item, from 0.
    pub item: u32,
    /// The number of the try, from 1.
    pub attempt: u32,
    /// The number of the request in this try, from 0: an action may send several.
    pub call: u32,
    /// When.
    pub time: Timestamp,
    /// What is called.
    pub module: String,
    /// How long the step's logs were: where the request's own output begins.
    pub logs: LogLengths,
    /// Where it is sent, when that is another host (`delegate_to`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<HostName>,
    /// The job that it starts, which may go on without a controller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobStart>,
}

/// A job that a request starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobStart {
    /// Its name on the target.
    pub id: JobId,
    /// The target's boot in which it was asked for first; a job does not survive a boot.
    pub boot: String,
}

/// How many bytes the logs of a step on a host have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLengths {
    /// Standard output.
    pub stdout: u64,
    /// Standard error.
    pub stderr: u64,
}

/// Samples of a monitor, in the order of their times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Samples {
    /// When they came.
    pub time: Timestamp,
    /// The sampler.
    pub job: JobId,
    /// What it samples.
    pub host: HostName,
    /// As `monitors:` names it.
    pub monitor: String,
    /// What the values are.
    pub columns: Vec<Column>,
    /// The samples.
    pub rows: Vec<Sample>,
    /// How many bytes of the sampler's output these and all before them were.
    pub until: u64,
}

/// How far a sampler was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sampled {
    /// How many bytes of its output are kept as samples.
    pub until: u64,
    /// The columns of the last of them.
    pub columns: Vec<Column>,
}

/// How a step ended on a host, with all that follows from it: who goes on with the run needs nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ending {
    /// When this was written down.
    pub time: Timestamp,
    /// An [`Event::StepEnded`]: what is told about it.
    pub told: Event,
    /// Nobody was told: a place where handlers might have come in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub silent: bool,
    /// What the dispatcher does about it beyond telling.
    pub applied: Kept,
}

/// A part of a record that may be secret. A journal that outlives the program seals what is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// Anybody may read it.
    Clear(serde_json::Value),
    /// To be sealed before it is written; that it is written as it stands is an error.
    #[serde(skip)]
    Secret(serde_json::Value),
    /// Encrypted, as text.
    Sealed(String),
}

impl Record {
    /// What reporters hear of it, and when that was.
    pub fn event(&self) -> Option<(Timestamp, &Event)> {
        match self {
            Self::Happened { time, event } => Some((*time, event)),
            Self::Ended(ending) if !ending.silent => Some((ending.time, &ending.told)),
            _ => None,
        }
    }

    /// When it was written down.
    pub fn time(&self) -> Timestamp {
        match self {
            Self::Term(term) => term.time,
            Self::Happened { time, .. } => *time,
            Self::Sending(sending) => sending.time,
            Self::Ended(ending) => ending.time,
            Self::Sampled(samples) => samples.time,
        }
    }

    /// Its part that may be secret.
    pub fn kept_mut(&mut self) -> Option<&mut Kept> {
        match self {
            Self::Term(term) => Some(&mut term.call),
            Self::Ended(ending) => Some(&mut ending.applied),
            _ => None,
        }
    }
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

    /// What a step's log holds from an offset on.
    fn logged(
        &self,
        step: &StepId,
        host: &HostName,
        stream: Stream,
        from: u64,
    ) -> Result<Vec<u8>, JournalError>;

    /// How long the logs of a step are.
    fn log_lengths(&self, step: &StepId, host: &HostName) -> Result<LogLengths, JournalError>;

    /// How far a sampler was read by this controller and those before it.
    fn sampled(&self, job: &JobId) -> Result<Sampled, JournalError>;

    /// Removes the logs of a step that begins anew.
    fn forget_logs(&self, step: &StepId, host: &HostName) -> Result<(), JournalError>;
}

/// Where bytes went in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPlace {
    /// Relative to the run's folder: `logs/n1/quickstart.cases.stream….out`.
    pub path: String,
    /// The offset of the first of these bytes.
    pub offset: u64,
}
