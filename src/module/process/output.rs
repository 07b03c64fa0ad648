//! Reading what a child writes: both streams at once, passed on as they come and kept up to a limit.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};

use crate::module::context::Link;
use crate::wire::Stream;

/// How much of each stream a result keeps, in bytes. What is streamed is always complete.
pub const LIMIT: usize = 64 * 1024 * 1024;
/// How much is read at once, in bytes; what a pipe holds.
const PIECE: usize = 64 * 1024;

/// What is kept of one stream.
#[derive(Debug, Default)]
pub struct Kept {
    /// The first [`LIMIT`] bytes.
    pub bytes: Vec<u8>,
    dropped: usize,
}

impl Kept {
    fn add(&mut self, bytes: &[u8]) {
        let room = (LIMIT - self.bytes.len()).min(bytes.len());
        self.bytes.extend_from_slice(&bytes[..room]);
        self.dropped += bytes.len() - room;
    }
}

/// What is kept of both streams.
#[derive(Debug, Default)]
pub struct Capture {
    /// Of standard output.
    pub stdout: Kept,
    /// Of standard error.
    pub stderr: Kept,
    problem: Option<String>,
}

impl Capture {
    /// The reading thread died.
    pub fn broken() -> Self {
        Self {
            problem: Some("the output could not be read: the agent's reader panicked".into()),
            ..Self::default()
        }
    }

    /// What the user should know about it.
    pub fn warnings(&self) -> Vec<String> {
        let cut = |name: &str, kept: &Kept| {
            (kept.dropped > 0).then(|| {
                let total = kept.bytes.len() + kept.dropped;
                format!("{name} in the result is cut: {LIMIT} of {total} bytes (a streamed log is complete)")
            })
        };
        let mut warnings: Vec<_> = self.problem.iter().cloned().collect();
        warnings.extend([cut("stdout", &self.stdout), cut("stderr", &self.stderr)].into_iter().flatten());
        warnings
    }
}

/// The two pipes of a child, and a way to stop reading them.
pub struct Reader {
    pipes: [Option<(Stream, File)>; 2],
    stop: Arc<OwnedFd>,
    pulse: Pulse,
}

/// Whether a [`Reader`] has anything to do, for another thread. Odd while it waits; every change is a sign of life.
#[derive(Clone, Debug, Default)]
pub struct Pulse(Arc<AtomicU64>);

impl Pulse {
    fn beat(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// The number of this wait, if it waits: as long as that is the same, nothing came.
    pub fn wait(&self) -> Option<u64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|beats| beats % 2 == 1)
    }
}

/// Ends a [`Reader`] that still waits.
pub struct Stop(Arc<OwnedFd>);

impl Stop {
    /// Ends it. What is in the pipes already is still read, once.
    pub fn stop(&self) {
        // The counter of an event descriptor cannot overflow by one.
        let _ = rustix::io::write(self.0.as_fd(), &1_u64.to_ne_bytes());
    }
}

impl Reader {
    /// One that has no pipes yet: everything that can fail happens before the child is started.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            pipes: [None, None],
            stop: Arc::new(eventfd(0, EventfdFlags::CLOEXEC)?),
            pulse: Pulse::default(),
        })
    }

    /// Takes the pipes of a child that was just started.
    pub fn attach(&mut self, child: &mut Child) {
        let stdout = child.stdout.take().map(|p| (Stream::Stdout, File::from(OwnedFd::from(p))));
        let stderr = child.stderr.take().map(|p| (Stream::Stderr, File::from(OwnedFd::from(p))));
        self.pipes = [stdout, stderr];
    }

    /// For another thread.
    pub fn pulse(&self) -> Pulse {
        self.pulse.clone()
    }

    /// For another thread.
    pub fn stop_handle(&self) -> Stop {
        Stop(Arc::clone(&self.stop))
    }

    /// Reads until both pipes are closed by everybody who has them, or until stopped.
    pub fn read(mut self, link: Option<&dyn Link>) -> Capture {
        let mut capture = Capture::default();
        if let Err(error) = self.read_into(&mut capture, link) {
            capture.problem = Some(format!("the output could not be read: {error}"));
        }
        capture
    }

    fn read_into(&mut self, capture: &mut Capture, mut link: Option<&dyn Link>) -> io::Result<()> {
        let mut piece = vec![0; PIECE];
        loop {
            self.pulse.beat();
            let waited = self.wait();
            self.pulse.beat();
            let (ready, stopped) = waited?;
            for (slot, _) in self.pipes.iter_mut().zip(ready).filter(|(_, ready)| *ready) {
                let Some((stream, pipe)) = slot else { continue };
                let bytes = match pipe.read(&mut piece) {
                    Ok(0) => {
                        *slot = None;
                        continue;
                    }
                    Ok(count) => &piece[..count],
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => return Err(error),
                };
                // When the controller is gone, the child is being ended; its pipes must still be emptied.
                if link.is_some_and(|link| link.send(*stream, bytes).is_err()) {
                    link = None;
                }
                if *stream == Stream::Stdout { &mut capture.stdout } else { &mut capture.stderr }.add(bytes);
            }
            if stopped {
                return Ok(());
            }
        }
    }

    /// Which pipes have something to say (bytes or their end), and whether to stop. Waits until there is an answer.
    fn wait(&self) -> io::Result<([bool; 2], bool)> {
        let mut open: Vec<_> = Vec::with_capacity(3);
        open.push(PollFd::new(&*self.stop, PollFlags::IN));
        open.extend(self.pipes.iter().flatten().map(|(_, pipe)| PollFd::new(pipe, PollFlags::IN)));
        if open.len() == 1 {
            return Ok(([false; 2], true));
        }
        while let Err(error) = poll(&mut open, None) {
            if error != rustix::io::Errno::INTR {
                return Err(error.into());
            }
        }
        let mut answers = open.iter().map(|fd| !fd.revents().is_empty());
        let stopped = answers.next().unwrap_or(true);
        let ready = [0, 1].map(|i: usize| self.pipes[i].is_some() && answers.next().unwrap_or(false));
        Ok((ready, stopped))
    }
}
