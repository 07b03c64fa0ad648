//! Children: how a module runs a command on the target, and how it is made to end.
//!
//! A child has its own session and /dev/null (or given bytes) as its standard input. It is never left behind: at a time-out or
//! a cancellation its group and every descendant that left the group get TERM, then KILL, and it is always waited for.

mod output;
pub mod processes;
mod ready;
mod spawn;
pub mod token;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, eventfd};
use rustix::process::Signal;

use self::output::Output;
use self::processes::Family;
use self::ready::ready;
use self::spawn::{Child, Program};
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
    /// What it starts is to outlive the run (a service of the system): it carries no mark by which the run's end would find it.
    pub lasting: bool,
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

impl Context<'_> {
    /// Runs a command to its end, and until its output is closed or a process that it left in the background has been silent
    /// for a while. An error means that it could not be started.
    ///
    /// The environment is the agent's, then the request's with `BENCHBOOK_RUN`, then the command's.
    pub fn run(&mut self, command: &Command) -> io::Result<Finished> {
        let mark = format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
        let wake = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        let Child { pid, stdout, stderr } = self.start(command, &mark)?;
        let mut family = Family::new(pid, &mark);
        let exit = spawn::exit(pid).inspect_err(|_| {
            // Too few descriptors for one more. Nothing runs that nobody looks after.
            family.kill();
            drop(spawn::wait(pid));
        })?;
        let bell = || {
            // The link may live longer than the child, and keeps this.
            let wake = Arc::downgrade(&wake);
            // A counter that is full wakes as well.
            Box::new(move || {
                let _ = wake.upgrade().map(|wake| rustix::io::write(&*wake, &1_u64.to_ne_bytes()));
            })
        };
        self.link.on_cancel(bell());
        let link = (self.request.stream && !command.quiet).then_some(self.link);
        if let Some(link) = link {
            link.on_room(bell());
        }
        let mut output = Output::new(stdout, stderr, link);
        let ending = self.attend(&mut family, &mut output, exit, &wake);
        let status = spawn::wait(pid)?;
        let capture = output.capture;
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

    fn start(&self, command: &Command, mark: &str) -> io::Result<Child> {
        let mut environment: BTreeMap<_, _> = std::env::vars_os().collect();
        // Only agents say whose they are.
        environment.remove(OsStr::new(CONTROLLER));
        environment.extend(self.request.environment.iter().map(|(k, v)| (k.into(), v.into())));
        environment.extend(command.environment.iter().cloned());
        let own = [(RUN, self.request.run.as_str()), (processes::MARK, mark)];
        if command.lasting {
            // The agent itself has one.
            for (name, _) in own {
                environment.remove(OsStr::new(name));
            }
        } else {
            environment.extend(own.map(|(name, value)| (name.into(), value.into())));
        }
        let stdin = match &command.stdin {
            None => File::open("/dev/null")?,
            Some(bytes) => input(bytes)?,
        };
        let (argv, cwd) = (&*command.argv, command.cwd.as_deref());
        Program { argv, environment: &environment, cwd, stdin: stdin.into() }.start()
    }

    /// Returns when the child has exited (it can be reaped) and its output has ended or was given up.
    fn attend(&self, family: &mut Family, output: &mut Output<'_>, exit: OwnedFd, wake: &OwnedFd) -> Ending {
        let mut ending = Ending::default();
        let mut exit = Some(exit);
        let mut heard = Instant::now();
        let limit = self.request.timeout_ms.map(|ms| heard + Duration::from_millis(ms));
        let mut killed: Option<Instant> = None;
        let mut term: Option<Instant> = None;
        loop {
            let is_over = exit.is_none() && !output.is_open();
            if is_over && (term.is_none() || killed.is_some() || !family.has_others()) {
                return ending;
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
            let listening = output.has_room();
            if !listening {
                heard = now;
            }
            let silent_until = (exit.is_none() && ending.stop.is_none()).then_some(heard + SILENCE);
            if silent_until.is_some_and(|until| until <= now) && !output.last_look() {
                ending.warning = Some(LEFT_BEHIND.into());
                return ending;
            }
            let grace = cancelled.unwrap_or(Duration::from_millis(self.request.grace_ms));
            let next = match (killed, term) {
                (Some(at), _) if exit.is_none() && now >= at + AFTER_KILL => {
                    output.last_look();
                    ending.warning =
                        Some("a process that could not be found still holds the output open".into());
                    return ending;
                }
                (Some(_), _) => Some(now + LOOK),
                (None, Some(at)) if now >= at + grace => {
                    killed = Some(now);
                    family.kill();
                    continue;
                }
                (None, Some(at)) => Some((at + grace).min(now + LOOK)),
                (None, None) => limit.into_iter().chain(silent_until).min(),
            };
            let [out, err] = if listening { output.pipes() } else { [None, None] };
            let exit_fd = exit.as_ref().map(AsFd::as_fd);
            let [woken, exited, out, err] = ready([Some(wake.as_fd()), exit_fd, out, err], next);
            if !woken.is_empty() {
                // How often it was rung does not matter.
                let _ = rustix::io::read(wake, &mut [0; 8]);
            }
            if !exited.is_empty() {
                exit = None;
                heard = Instant::now();
            }
            if output.read([out, err]) {
                heard = Instant::now();
            }
        }
    }
}

/// What is known about the end of a child.
#[derive(Default)]
struct Ending {
    stop: Option<Stop>,
    warning: Option<String>,
}

/// Why a child is made to end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    TimedOut,
    Cancelled,
}

/// A standard input with these bytes: a file in memory, so that no thread has to feed it.
fn input(bytes: &[u8]) -> io::Result<File> {
    let mut file = File::from(rustix::fs::memfd_create("stdin", rustix::fs::MemfdFlags::CLOEXEC)?);
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file)
}

#[cfg(test)]
mod tests;
