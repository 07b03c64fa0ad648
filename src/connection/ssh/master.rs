//! One ssh process that is logged in and lends its connection to channels (`ControlMaster`).

use std::iter;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, set_parent_process_death_signal};
use tokio::process::Command;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use super::arguments::arguments;
use super::askpass::Askpass;
use super::client::Client;
use super::refusal::Refusal;
use super::target::SshTarget;
use crate::base::shlex;
use crate::connection::ConnectError;
use crate::connection::local::last_words;

/// How many channels one master carries at once: below `MaxSessions`, which is 10 by default.
const CHANNELS: usize = 8;
/// How long a login may take beyond the time-out for an answer, which ssh itself keeps.
const LOGIN: Duration = Duration::from_mins(1);
/// How long a master may take to end before it is killed.
const END: Duration = Duration::from_secs(2);
/// How long it is waited for before it is asked once more: twice as long each time, up to the second.
const AGAIN: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(20)];

/// A login that stands.
pub struct Master {
    /// Where it listens.
    pub socket: PathBuf,
    /// The command line that it was started by.
    pub line: String,
    /// Room for channels.
    pub channels: Arc<Semaphore>,
    /// Gives its last words once it has ended.
    ended: watch::Receiver<Option<String>>,
    pid: Option<Pid>,
}

impl Master {
    /// Logs in. Dropping the future ends the attempt.
    pub async fn start(client: &Client, target: &SshTarget) -> Result<Self, ConnectError> {
        let failed = |error| ConnectError::Start { program: "ssh".into(), error };
        let sockets = client.sockets().map_err(failed)?;
        let socket = sockets.next();
        let askpass = match &target.password {
            Some(password) => Some(Askpass::new(sockets.next(), password.clone()).map_err(failed)?),
            None => None,
        };
        let words = arguments(target, &socket, client.limits.keepalive.as_secs());
        let line = iter::once("ssh").chain(words.iter().map(String::as_str)).map(shlex::quote);
        let line = line.collect::<Vec<_>>().join(" ");
        let mut command = Command::new("ssh");
        command
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // A Ctrl-C in the terminal is for the controller.
            .process_group(0)
            .kill_on_drop(true);
        match &askpass {
            Some(askpass) => askpass.prepare(&mut command, &client.program),
            None => drop(command.env_remove("SSH_ASKPASS")),
        }
        let parent = rustix::process::getpid();
        // SAFETY: between fork and exec it makes two system calls and touches no memory of the parent.
        unsafe {
            command.pre_exec(move || {
                // When this process is killed, nobody else would end its masters. The signal comes when the thread ends
                // that forked: a worker of the runtime, which lives as long as the runtime.
                set_parent_process_death_signal(Some(Signal::TERM))?;
                if rustix::process::getppid() == Some(parent) {
                    Ok(())
                } else {
                    Err(std::io::ErrorKind::NotFound.into())
                }
            });
        }
        let mut child = command.spawn().map_err(failed)?;
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let stderr =
            child.stderr.take().ok_or_else(|| failed(std::io::Error::other("a pipe to it is missing")))?;
        let mut words = tokio::spawn(last_words(stderr));
        let limit = target.timeout + LOGIN;
        let refusal = tokio::select! {
            () = sockets.arrival(&socket) => None,
            () = answer_questions(askpass, pid) => None,
            _ = child.wait() => Some(Refusal::of(&end_of(&mut words).await)),
            () = tokio::time::sleep(limit) => {
                Some(Refusal::Down(format!("it did not log in within {} s", limit.as_secs())))
            }
        };
        if let Some(refusal) = refusal {
            return Err(ConnectError::Refused { host: target.to_string(), refusal });
        }
        let (ending, ended) = watch::channel(None);
        tokio::spawn(async move {
            let status = child.wait().await;
            let words = end_of(&mut words).await;
            let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
            ending.send_replace(Some(if words.is_empty() {
                format!("ssh ended with {status}")
            } else {
                words
            }));
        });
        Ok(Self { socket, line, channels: Arc::new(Semaphore::new(CHANNELS)), ended, pid })
    }

    /// Why it ended, if it has.
    pub fn last_words(&self) -> Option<String> {
        self.ended.borrow().clone()
    }

    /// Waits a moment for its end, and gives its last words if it came.
    pub async fn words_within(&self, moment: Duration) -> Option<String> {
        let mut ended = self.ended.clone();
        let words = timeout(moment, ended.wait_for(Option::is_some)).await.ok()?.ok()?;
        words.clone()
    }

    fn signal(&self, signal: Signal) {
        if let (Some(pid), None) = (self.pid, self.last_words()) {
            // It may end at this moment.
            let _ = kill_process(pid, signal);
        }
    }

    /// Logs out.
    pub async fn end(&self) {
        // A TERM that comes just before ssh begins to wait is not seen until something else happens: so it is repeated.
        let since = Instant::now();
        let [mut pause, longest] = AGAIN;
        while since.elapsed() < END {
            self.signal(Signal::TERM);
            if self.words_within(pause).await.is_some() {
                return;
            }
            pause = longest.min(pause * 2);
        }
        self.signal(Signal::KILL);
    }
}

impl Drop for Master {
    fn drop(&mut self) {
        self.signal(Signal::TERM);
    }
}

/// Never ends.
async fn answer_questions(askpass: Option<Askpass>, master: Option<Pid>) {
    match (askpass, master) {
        (Some(askpass), Some(master)) => askpass.serve(master).await,
        _ => std::future::pending().await,
    }
}

/// What it said last. A child of its own (a jump host's ssh) may keep the pipe open a little longer.
async fn end_of(words: &mut tokio::task::JoinHandle<String>) -> String {
    timeout(Duration::from_secs(1), words).await.ok().and_then(Result::ok).unwrap_or_default()
}
