//! Another user's agent as a child: started through sudo, su or doas, and its bytes passed on.
//!
//! The password goes to the program that asks for it and nowhere else. The child ends when its input does.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::process::{Pid, Signal, ioctl_tiocsctty, kill_process, setsid};

use super::dialogue::{Answer, Dialogue, Source};
use super::program::Program;
use super::terminal::Terminal;
use super::{PIECE, feed};
use crate::agent::channel::Channel;
use crate::agent::lock;
use crate::agent::owner;
use crate::module::Link;
use crate::wire::escalating::command_line;
use crate::wire::preamble::PreambleReader;
use crate::wire::{Escalation, Method, Outcome, Stream};

/// How long a program may take to start the agent; the controller waits no longer either.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long a program that was told to end before it started the agent may take.
const END: Duration = Duration::from_secs(5);
/// How long the last words of a program that ended are waited for.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Starts the other user's agent and passes bytes on until it ends.
pub fn relay(escalation: &Escalation, channel: &Channel) -> Outcome {
    // Programs that ask on the terminal get one; sudo only when it insists.
    let mut terminal = escalation.method != Method::Sudo;
    loop {
        match attempt(escalation, terminal, channel) {
            Ok(()) => return Outcome::ok(false),
            Err(Failure::WantsTerminal) if !terminal => terminal = true,
            Err(Failure::WantsTerminal) => return Outcome::failed("sudo wants a terminal and got one"),
            Err(Failure::Said(text)) => return Outcome::failed(text),
        }
    }
}

enum Failure {
    WantsTerminal,
    Said(String),
}

fn attempt(escalation: &Escalation, terminal: bool, channel: &Channel) -> Result<(), Failure> {
    let user = &escalation.user;
    let program = Program::for_user(user).map_err(|error| {
        Failure::Said(format!("no place for a copy of the agent that `{user}` can run: {error}"))
    })?;
    let mut words = vec![program.path.to_string_lossy().into_owned()];
    words.extend(owner::words());
    let prompt = format!("[benchbook {:08x}] password: ", fastrand::u32(..));
    let line = command_line(escalation, &words, &prompt).map_err(Failure::Said)?;
    let mut relay = Relay::start(&line, terminal).map_err(|error| {
        let name = &line[0];
        Failure::Said(match error.kind() {
            io::ErrorKind::NotFound => {
                format!("cannot become `{user}`: `{name}` is not installed on the target")
            }
            _ => format!("cannot become `{user}`: `{name}` cannot be started: {error}"),
        })
    })?;
    relay.program = Some(program);
    let mut dialogue = Dialogue::new(escalation, &prompt);
    relay.run(&mut dialogue, channel).map_err(|error| Failure::Said(format!("the stream broke: {error}")))?;
    let status = relay.child.try_wait().ok().flatten().unwrap_or_default();
    if relay.spoken && status.success() {
        Ok(())
    } else if relay.spoken {
        let words = dialogue.words();
        Err(Failure::Said(format!("the agent of `{user}` ended with {status}: {words}")))
    } else if dialogue.wants_terminal() {
        Err(Failure::WantsTerminal)
    } else {
        Err(Failure::Said(dialogue.failure(status)))
    }
}

/// A child that is, or becomes, the other user's agent.
struct Relay {
    child: Child,
    /// Taken when nothing more is to be said to it.
    input: Arc<Mutex<Option<ChildStdin>>>,
    output: ChildStdout,
    errors: Option<ChildStderr>,
    /// Its terminal. Closed, it hangs the child up; so it stays until the end.
    terminal: Option<Terminal>,
    terminal_speaks: bool,
    /// Gone when the agent runs.
    program: Option<Program>,
    /// Whether the agent has said its first line.
    spoken: bool,
    /// When a child that has not spoken is no longer waited for.
    limit: Option<Instant>,
}

impl Relay {
    fn start(line: &[String], terminal: bool) -> io::Result<Self> {
        // Without a terminal the program may still not need one.
        let terminal = if terminal { Terminal::open().ok() } else { None };
        let mut command = Command::new(&line[0]);
        command.args(&line[1..]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // The programs' own messages are read; the agent's children keep their locale.
        command.env("LANGUAGE", "C");
        // The agent behind it says whose it is; what stands between is found by nobody who looks for the run's processes.
        command.env_remove(owner::RUN).env_remove(owner::CONTROLLER);
        let theirs = terminal.as_ref().map(|terminal| terminal.theirs.as_raw_fd());
        // SAFETY: between fork and exec the child only makes system calls, without libc and without allocating; the
        // descriptor is open in the child, because `terminal` lives until after `spawn`.
        unsafe {
            command.pre_exec(move || {
                setsid()?;
                if let Some(theirs) = theirs {
                    ioctl_tiocsctty(BorrowedFd::borrow_raw(theirs))?;
                }
                Ok(())
            });
        }
        let mut child = command.spawn()?;
        let missing = || io::Error::other("a pipe to it is missing");
        Ok(Self {
            input: Arc::new(Mutex::new(child.stdin.take())),
            output: child.stdout.take().ok_or_else(missing)?,
            errors: child.stderr.take(),
            child,
            terminal_speaks: terminal.is_some(),
            terminal,
            program: None,
            spoken: false,
            limit: Some(Instant::now() + PATIENCE),
        })
    }

    /// Passes bytes on, and answers what is asked, until the child has closed its output and ended.
    fn run(&mut self, dialogue: &mut Dialogue<'_>, channel: &Channel) -> io::Result<()> {
        let wake = Arc::new(File::from(eventfd(0, EventfdFlags::CLOEXEC)?));
        let on_cancel = Arc::clone(&wake);
        channel.on_cancel(Box::new(move || ring(&on_cancel)));
        if channel.cancelled().is_some() {
            ring(&wake);
        }
        let input = Arc::clone(&self.input);
        thread::scope(|scope| {
            let begin = || drop(scope.spawn(|| feed_child(channel, &input)));
            let result = self.listen(dialogue, channel, &wake, begin);
            lock(&self.input).take();
            if self.spoken {
                // Whatever the controller still sends has no reader any more.
                channel.cancel(Duration::ZERO);
            }
            result
        })
    }

    /// `begin` is called when the agent has spoken: from then on the controller's bytes are its input.
    fn listen(
        &mut self,
        dialogue: &mut Dialogue<'_>,
        channel: &Channel,
        wake: &File,
        begin: impl Fn(),
    ) -> io::Result<()> {
        let mut preamble = PreambleReader::default();
        let mut piece = vec![0; PIECE];
        let mut listening = true;
        let mut awake = false;
        loop {
            let ready = self.wait(if awake { None } else { Some(wake) })?;
            if ready.output {
                let count = self.output.read(&mut piece)?;
                if count == 0 {
                    break;
                }
                if !self.spoken && !matches!(preamble.push(&piece[..count]), Ok(None)) {
                    (self.spoken, self.program, self.limit) = (true, None, None);
                    begin();
                }
                // A controller that is gone reads nothing; the child must still be able to end.
                listening = listening && channel.send(Stream::Stdout, &piece[..count]).is_ok();
            }
            if ready.errors {
                let count = self.errors.as_mut().map_or(Ok(0), |errors| errors.read(&mut piece))?;
                if count == 0 {
                    self.errors = None;
                }
                self.answer(dialogue.hear(Source::Errors, &piece[..count]), Source::Errors, dialogue);
            }
            if ready.terminal {
                // An error is how a terminal says that its other end is closed.
                let count = self.terminal.as_mut().and_then(|t| t.ours.read(&mut piece).ok()).unwrap_or(0);
                self.terminal_speaks = count > 0;
                self.answer(dialogue.hear(Source::Terminal, &piece[..count]), Source::Terminal, dialogue);
            }
            if ready.wake {
                awake = true;
                if !self.spoken {
                    self.give_up();
                }
            }
            // What runs as root already may not be killed, but it has neither input nor terminal any more.
            if self.limit.is_some_and(|limit| limit <= Instant::now()) {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the program does not end"));
            }
        }
        self.last_words(dialogue, &mut piece);
        self.child.wait().map(drop)
    }

    /// Waits until there is something to read.
    fn wait(&self, wake: Option<&File>) -> io::Result<Ready> {
        let terminal = self.terminal.as_ref().filter(|_| self.terminal_speaks);
        let sources: [Option<BorrowedFd<'_>>; 4] = [
            Some(self.output.as_fd()),
            self.errors.as_ref().map(AsFd::as_fd),
            terminal.map(|terminal| terminal.ours.as_fd()),
            wake.map(AsFd::as_fd),
        ];
        let mut fds: Vec<_> =
            sources.iter().flatten().map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN)).collect();
        let timeout = self.limit.map(|limit| limit.saturating_duration_since(Instant::now()));
        let timeout = timeout.map(Timespec::try_from).transpose().map_err(io::Error::other)?;
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut found = fds.iter().map(|fd| !fd.revents().is_empty());
        let [output, errors, terminal, wake] =
            sources.map(|source| source.is_some() && found.next().unwrap_or(false));
        Ok(Ready { output, errors, terminal, wake })
    }

    fn answer(&mut self, answer: Answer, source: Source, dialogue: &Dialogue<'_>) {
        if self.spoken {
            return;
        }
        match answer {
            Answer::Nothing => {}
            Answer::GiveUp => self.give_up(),
            Answer::Password => {
                let line = dialogue.password_line();
                // A program that is gone says so by its end.
                let _ = match source {
                    Source::Errors => {
                        lock(&self.input).as_mut().map(|input| input.write_all(line.as_bytes()))
                    }
                    Source::Terminal => self.terminal.as_mut().map(|t| t.ours.write_all(line.as_bytes())),
                };
            }
        }
    }

    /// Ends a program that has not become an agent: nobody answers it any more, and it is told to go.
    fn give_up(&mut self) {
        lock(&self.input).take();
        self.terminal = None;
        // Not allowed when it runs as root already; then the end of its input has to do.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        self.limit = Some(Instant::now() + END);
    }

    /// What a program that closed its output still says on standard error.
    fn last_words(&mut self, dialogue: &mut Dialogue<'_>, piece: &mut [u8]) {
        let until = Instant::now() + LAST_WORDS;
        while let Some(errors) = &mut self.errors {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(timeout) = Timespec::try_from(left) else { return };
            let mut fds = [PollFd::new(errors, PollFlags::IN)];
            if !matches!(poll(&mut fds, Some(&timeout)), Ok(1..)) {
                return;
            }
            match errors.read(piece) {
                Ok(count @ 1..) => drop(dialogue.hear(Source::Errors, &piece[..count])),
                _ => return,
            }
        }
    }
}

/// What can be read.
#[allow(clippy::struct_excessive_bools)] // each is one of the descriptors
struct Ready {
    output: bool,
    errors: bool,
    terminal: bool,
    wake: bool,
}

/// Passes on what the controller sends, then closes the child's input.
fn feed_child(channel: &Channel, input: &Mutex<Option<ChildStdin>>) {
    feed(channel, |bytes| matches!(lock(input).as_mut().map(|input| input.write_all(bytes)), Some(Ok(()))));
    lock(input).take();
}

/// Wakes the thread that listens.
fn ring(wake: &File) {
    let mut wake: &File = wake;
    // Full means that it was rung already.
    let _ = wake.write_all(&1_u64.to_ne_bytes());
}
