//! Reading what a child writes: both streams at once, passed on as they come and kept up to a limit.

use std::io::{self, PipeReader, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use rustix::event::PollFlags;

use super::ready::ready;
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

/// The two pipes of a child, and what came out of them.
pub struct Output<'a> {
    pipes: [Option<(Stream, PipeReader)>; 2],
    link: Option<&'a dyn Link>,
    /// What came until now.
    pub capture: Capture,
    piece: Vec<u8>,
}

impl<'a> Output<'a> {
    /// Of a child that was just started; `link` gets all of it as it comes.
    pub fn new(stdout: PipeReader, stderr: PipeReader, link: Option<&'a dyn Link>) -> Self {
        let pipes = [Some((Stream::Stdout, stdout)), Some((Stream::Stderr, stderr))];
        Self { pipes, link, capture: Capture::default(), piece: Vec::new() }
    }

    /// Whether somebody can still write.
    pub fn is_open(&self) -> bool {
        self.pipes.iter().any(Option::is_some)
    }

    /// Whether the link takes anything now. Else nothing is read, which slows the child down.
    pub fn has_room(&self) -> bool {
        self.link.is_none_or(|link| link.room() > 0)
    }

    /// What to wait for: the pipes that are open.
    pub fn pipes(&self) -> [Option<BorrowedFd<'_>>; 2] {
        self.pipes.each_ref().map(|slot| slot.as_ref().map(|(_, pipe)| pipe.as_fd()))
    }

    /// Reads what is in the pipes already, even if there is no room for it yet. Says whether anything came.
    pub fn last_look(&mut self) -> bool {
        let ready = ready(self.pipes(), Some(Instant::now()));
        self.read(ready)
    }

    /// Reads the pipes that are [`ready`], each once. Says whether anything came.
    pub fn read(&mut self, ready: [PollFlags; 2]) -> bool {
        let mut came = false;
        for (slot, ready) in self.pipes.iter_mut().zip(ready).filter(|(_, ready)| !ready.is_empty()) {
            let Some((stream, pipe)) = slot else { continue };
            if !ready.contains(PollFlags::IN) {
                // All who could write have closed it.
                *slot = None;
                continue;
            }
            self.piece.resize(PIECE, 0);
            // Only at the last look there may be no room; then it is waited for.
            let most =
                self.link.map(Link::room).filter(|room| *room > 0).map_or(PIECE, |room| room.min(PIECE));
            let bytes = match pipe.read(&mut self.piece[..most]) {
                Ok(0) => {
                    *slot = None;
                    continue;
                }
                Ok(count) => &self.piece[..count],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    self.capture.problem = Some(format!("the output could not be read: {error}"));
                    *slot = None;
                    continue;
                }
            };
            came = true;
            // When the controller is gone, the child is being ended; its pipes must still be emptied.
            if self.link.is_some_and(|link| link.send(*stream, bytes).is_err()) {
                self.link = None;
            }
            let Capture { stdout, stderr, .. } = &mut self.capture;
            if *stream == Stream::Stdout { stdout } else { stderr }.add(bytes);
        }
        came
    }
}
