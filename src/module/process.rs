//! Children: how a module runs a command on the target, and how it is made to end.
//!
//! A child has its own session and /dev/null (or given bytes) as its standard input. It is never left behind: at a time-out or
//! a cancellation its group and every descendant that left the group get TERM, then KILL, and it is always waited for.

mod output;
pub mod processes;
pub mod token;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};

use self::output::{Capture, Pulse, Reader};
use self::processes::Family;
use super::Context;
use crate::wire::Status;
use crate::wire::owner::{CONTROLLER, RUN};

/// How long after KILL the output of a child is waited for: a process that nobody can find may hold it open.
const AFTER_KILL: Duration = Duration::from_secs(2);
/// How long the output may be silent after the child has exited, while a process that it left behind holds it open.
const SILENCE: Duration = Duration::from_secs(3);
/// How often descendants are looked for between TERM and KILL.
const LOOK: Duration = Duration::from_millis(50);

/// What is said when that is over.
const LEFT_BEHIND: &str = "a process that it left in the background holds its output open and was not waited for any longer; \
                           redirect that output, or what is written to it next has no reader";

/// What to run.
#[derive(Clone, Debug, Default)]
pub struct Command {
    /// The program, looked up in the child's PATH, and its arguments.
    pub argv: Vec<OsString>,
    /// Where it runs; by default where the agent runs.
    pub cwd: Option<PathBuf>,
    /// Its standard input; by default /dev/null.
    pub stdin: Option<Vec<u8>>,
    /// Added to the environment, after the request's.
    pub environment: Vec<(OsString, OsString)>,
    /// Its output is nobody's business: it is captured but never streamed.
    pub quiet: bool,
}

impl Command {
    /// A program and its arguments.
    pub fn new<S: Into<OsString>>(argv: impl IntoIterator<Item = S>) -> Self {
        Self { argv: argv.into_iter().map(Into::into).collect(), ..Self::default() }
    }
}

/// How a child ended.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Exit code or signal.
    pub status: ExitStatus,
    /// What it wrote to standard output, up to 64 MiB.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error, up to 64 MiB.
    pub stderr: Vec<u8>,
    /// The time limit of the request passed.
    pub timed_out: bool,
    /// Somebody asked to stop.
    pub cancelled: bool,
    /// For [`crate::wire::Outcome::warnings`].
    pub warnings: Vec<String>,
}

impl Finished {
    /// Ansible's `rc`: the exit code, or minus the signal's number.
    pub fn rc(&self) -> i32 {
        self.status.code().unwrap_or_else(|| -self.status.signal().unwrap_or_default())
    }

    /// What an outcome should say: a time-out and a cancellation win over the exit code.
    pub fn outcome_status(&self) -> Status {
        match (self.cancelled, self.timed_out, self.status.success()) {
            (true, _, _) => Status::Cancelled,
            (_, true, _) => Status::TimedOut,
            (_, _, true) => Status::Ok,
            _ => Status::Failed,
        }
    }
}

/// What wakes the thread that waits for a child.
enum Event {
    Exited,
    OutputEnded,
    Cancelled,
}

impl Context<'_> {
    /// Runs a command to its end, and until its output is closed or a process that it left in the background has been silent
    /// for a while. An error means that it could not be started.
    ///
    /// The environment is the agent's, then the request's with `BENCHBOOK_RUN`, then the command's.
    pub fn run(&mut self, command: &Command) -> io::Result<Finished> {
        let mark = format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
        let mut reader = Reader::new()?;
        let mut child = self.spawn(command, &mark)?;
        reader.attach(&mut child);
        let pid = Pid::from_child(&child);
        let mut family = Family::new(pid, &mark);
        let (tell, events) = mpsc::channel();
        let on_cancel = tell.clone();
        // The receiver may be gone by then: nobody waits any more.
        self.link.on_cancel(Box::new(move || drop(on_cancel.send(Event::Cancelled))));
        let link = (self.request.stream && !command.quiet).then_some(self.link);
        let mut ending = Ending::default();
        let capture = thread::scope(|scope| {
            let exited = tell.clone();
            scope.spawn(move || {
                wait_without_reaping(pid);
                drop(exited.send(Event::Exited));
            });
            let (stop, pulse) = (reader.stop_handle(), reader.pulse());
            let reading = scope.spawn(move || {
                let capture = reader.read(link);
                drop(tell.send(Event::OutputEnded));
                capture
            });
            self.supervise(&mut family, &events, &pulse, &mut ending);
            stop.stop();
            reading.join().unwrap_or_else(|_| Capture::broken())
        });
        let status = child.wait()?;
        let mut warnings = capture.warnings();
        warnings.extend(ending.warning);
        Ok(Finished {
            status,
            stdout: capture.stdout.bytes,
            stderr: capture.stderr.bytes,
            timed_out: ending.stop == Some(Stop::TimedOut),
            cancelled: ending.stop == Some(Stop::Cancelled),
            warnings,
        })
    }

    fn spawn(&self, command: &Command, mark: &str) -> io::Result<Child> {
        let (program, args) = command
            .argv
            .split_first()
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "an empty command line"))?;
        let mut process = std::process::Command::new(program);
        process.args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
        process.stdin(command.stdin.as_deref().map_or_else(|| Ok(Stdio::null()), input)?);
        process.envs(self.request.environment.iter().map(|(k, v)| (k, v)));
        process.envs(command.environment.iter().map(|(k, v)| (k, v)));
        process.env(RUN, self.request.run.as_str()).env(processes::MARK, mark);
        // Only agents say whose they are.
        process.env_remove(CONTROLLER);
        if let Some(folder) = &command.cwd {
            process.current_dir(folder);
        }
        // SAFETY: between fork and exec the child only makes the system call `setsid`, without libc and without allocating.
        unsafe {
            process.pre_exec(|| rustix::process::setsid().map(drop).map_err(io::Error::from));
        }
        process.spawn()
    }

    /// Returns when the child has exited (it can be reaped) and its output has ended or was given up.
    fn supervise(&self, family: &mut Family, events: &Receiver<Event>, pulse: &Pulse, ending: &mut Ending) {
        let started = Instant::now();
        let limit = self.request.timeout_ms.map(|ms| started + Duration::from_millis(ms));
        let mut killed: Option<Instant> = None;
        let mut term: Option<Instant> = None;
        let mut silent: Option<(Option<u64>, Instant)> = None;
        loop {
            if ending.is_over() && (term.is_none() || killed.is_some() || !family.has_others()) {
                return;
            }
            let now = Instant::now();
            let cancelled = self.link.cancelled();
            if ending.stop.is_none() {
                let timed_out = limit.is_some_and(|limit| limit <= now);
                ending.stop = cancelled.map(|_| Stop::Cancelled).or(timed_out.then_some(Stop::TimedOut));
                if ending.stop.is_some() {
                    term = Some(now);
                    family.signal(Signal::TERM);
                }
            }
            if ending.exited && !ending.output_ended && ending.stop.is_none() {
                let wait = pulse.wait();
                let since =
                    silent.filter(|(before, _)| wait.is_some() && *before == wait).map_or(now, |(_, at)| at);
                if now >= since + SILENCE {
                    ending.warning = Some(LEFT_BEHIND.into());
                    return;
                }
                silent = Some((wait, since));
            }
            let grace = cancelled.unwrap_or(Duration::from_millis(self.request.grace_ms));
            let next = match (killed, term) {
                (Some(at), _) if ending.exited && now >= at + AFTER_KILL => {
                    ending.warning =
                        Some("a process that could not be found still holds the output open".into());
                    return;
                }
                (Some(_), _) => Some(now + LOOK),
                (None, Some(at)) if now >= at + grace => {
                    killed = Some(now);
                    family.kill();
                    continue;
                }
                (None, Some(at)) => Some((at + grace).min(now + LOOK)),
                (None, None) => {
                    let until = silent.map(|(_, since)| since + SILENCE);
                    limit.into_iter().chain(until).min()
                }
            };
            let event = match next {
                Some(at) => events.recv_timeout(at.saturating_duration_since(now)),
                None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match event {
                Ok(Event::Exited) => ending.exited = true,
                Ok(Event::OutputEnded) => ending.output_ended = true,
                Ok(Event::Cancelled) | Err(RecvTimeoutError::Timeout) => {}
                // Both threads are gone, so both have ended.
                Err(RecvTimeoutError::Disconnected) => (ending.exited, ending.output_ended) = (true, true),
            }
        }
    }
}

/// What is known about the end of a child.
#[derive(Default)]
struct Ending {
    exited: bool,
    output_ended: bool,
    stop: Option<Stop>,
    warning: Option<String>,
}

/// Why a child is made to end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    TimedOut,
    Cancelled,
}

impl Ending {
    fn is_over(&self) -> bool {
        self.exited && self.output_ended
    }
}

/// Waits for the exit but leaves the process to be reaped, so that its id cannot be given to another one meanwhile.
fn wait_without_reaping(pid: Pid) {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while matches!(rustix::process::waitid(WaitId::Pid(pid), options), Err(rustix::io::Errno::INTR)) {}
}

/// A standard input with these bytes: a file in memory, so that no thread has to feed it.
fn input(bytes: &[u8]) -> io::Result<Stdio> {
    let mut file = File::from(rustix::fs::memfd_create("stdin", rustix::fs::MemfdFlags::CLOEXEC)?);
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file.into())
}

#[cfg(test)]
mod tests;
