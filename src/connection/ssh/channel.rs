//! One command on the host, over a master's connection: the only place that names the crate `openssh`.

use std::error::Error;
use std::sync::Arc;

use openssh::{Child, ChildStderr, ChildStdin, ChildStdout, Session, Stdio};
use tokio::sync::OwnedSemaphorePermit;

use super::master::Master;
use super::refusal::Refusal;
use crate::connection::local::last_words;

/// A command that runs.
pub struct Channel {
    /// To it.
    pub stdin: ChildStdin,
    /// From it.
    pub stdout: ChildStdout,
    /// Its end.
    pub running: Running,
}

/// The rest of a channel when its streams are taken.
pub struct Running {
    child: Child<Arc<Session>>,
    stderr: Option<ChildStderr>,
    _room: OwnedSemaphorePermit,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// With this exit code.
    Code(i32),
    /// By a signal, or with the connection; in words.
    Lost(String),
}

impl Channel {
    /// Starts a command line, which the user's login shell on the host reads.
    pub async fn open(master: &Master, line: &str) -> Result<Self, Refusal> {
        let closed = |what: &str| Refusal::Other(what.to_owned());
        let room = Arc::clone(&master.channels).acquire_owned().await;
        let room = room.map_err(|_| closed("the connection is being closed"))?;
        let session = Arc::new(Session::resume_mux(master.socket.clone().into_boxed_path(), None));
        let mut command = session.arc_raw_command(line);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().await.map_err(|error| Refusal::Other(in_full(&error)))?;
        let missing = || closed("a pipe to the channel is missing");
        Ok(Self {
            stdin: child.stdin().take().ok_or_else(missing)?,
            stdout: child.stdout().take().ok_or_else(missing)?,
            running: Running { stderr: child.stderr().take(), child, _room: room },
        })
    }
}

impl Running {
    /// What it says on standard error.
    pub fn take_stderr(&mut self) -> Option<ChildStderr> {
        self.stderr.take()
    }

    /// Waits for its end; gives it with what was said on standard error.
    pub async fn end(self) -> (End, String) {
        let words = async {
            match self.stderr {
                Some(stderr) => last_words(stderr).await,
                None => String::new(),
            }
        };
        let (end, words) = tokio::join!(self.child.wait(), words);
        let end = match end {
            Ok(status) => status.code().map_or_else(|| End::Lost(status.to_string()), End::Code),
            // That is how the crate tells exit code 127.
            Err(openssh::Error::Remote(_)) => End::Code(127),
            // With the connection it could also have been, but then the master has ended too.
            Err(openssh::Error::RemoteProcessTerminated) => End::Lost("a signal ended it".into()),
            Err(error) => End::Lost(in_full(&error)),
        };
        (end, words)
    }
}

/// An error with its causes.
fn in_full(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
