//! Attaching to a job: its output is passed on from where the controller is, then its outcome.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::folder::JobFolder;
use crate::agent::channel::Channel;
use crate::module::Link as _;
use crate::wire::{Offsets, Outcome, Stream};

/// How much is read at once, in bytes.
const PIECE: usize = 256 * 1024;
/// How often is looked when the kernel does not tell.
const LOOK: Duration = Duration::from_millis(100);
/// How often is looked when it does, all the same.
const SELDOM: Duration = Duration::from_secs(10);

/// Passes output on until the job ends, or the controller is gone; then nobody reads the outcome.
pub fn attach(folder: &JobFolder, offsets: Offsets, channel: &Channel) -> io::Result<Outcome> {
    let mut out = Tail::open(&folder.output(Stream::Stdout), offsets.stdout)?;
    let mut err = Tail::open(&folder.output(Stream::Stderr), offsets.stderr)?;
    let watch = Watch::new(folder, channel)?;
    let mut asked = None;
    loop {
        if channel.is_closed() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let wish = channel.cancelled();
        if let Some(grace) = wish
            && wish != asked
        {
            folder.cancel(grace);
            asked = wish;
        }
        // Looked at first: output that came before an end is there when the end is.
        let ended = folder.ended()?;
        out.pass(Stream::Stdout, channel)?;
        err.pass(Stream::Stderr, channel)?;
        if let Some(outcome) = ended {
            return Ok(outcome);
        }
        watch.wait()?;
    }
}

/// A file that grows.
struct Tail {
    file: File,
    piece: Vec<u8>,
}

impl Tail {
    fn open(path: &Path, offset: u64) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let size = file.metadata()?.len();
        if size < offset {
            let text = format!("{} has {size} bytes, and {offset} were sent before", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self { file, piece: vec![0; PIECE] })
    }

    /// Sends what is there.
    fn pass(&mut self, stream: Stream, channel: &Channel) -> io::Result<()> {
        loop {
            match self.file.read(&mut self.piece)? {
                0 => return Ok(()),
                count => channel.send(stream, &self.piece[..count])?,
            }
        }
    }
}

/// Everything that can happen to a job, in one wait.
struct Watch {
    /// The channel: cancelled or closed.
    wake: Arc<OwnedFd>,
    /// The files; without it they are looked at often.
    files: Option<OwnedFd>,
    /// The supervisor's end.
    supervisor: Option<OwnedFd>,
}

impl Watch {
    fn new(folder: &JobFolder, channel: &Channel) -> io::Result<Self> {
        let wake = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        let tell = Arc::clone(&wake);
        channel.on_cancel(Box::new(move || {
            // A counter that is full wakes as well.
            let _ = rustix::io::write(&*tell, &1_u64.to_ne_bytes());
        }));
        let files = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok().filter(|files| {
            let changes = [
                (
                    folder.path().to_owned(),
                    WatchFlags::MOVED_TO | WatchFlags::CREATE | WatchFlags::DELETE_SELF,
                ),
                (folder.output(Stream::Stdout), WatchFlags::MODIFY),
                (folder.output(Stream::Stderr), WatchFlags::MODIFY),
            ];
            changes.iter().all(|(path, what)| inotify::add_watch(files, path, *what).is_ok())
        });
        let token = folder.state()?.map(|state| state.token);
        let pid = token.and_then(|token| token.process()).map(|process| process.pid);
        let supervisor = pid.and_then(|pid: Pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        Ok(Self { wake, files, supervisor })
    }

    /// Returns when something may be different.
    fn wait(&self) -> io::Result<()> {
        let mut open = vec![PollFd::new(&*self.wake, PollFlags::IN)];
        open.extend(self.files.iter().chain(&self.supervisor).map(|fd| PollFd::new(fd, PollFlags::IN)));
        let limit = if self.files.is_some() && self.supervisor.is_some() { SELDOM } else { LOOK };
        let limit = Timespec::try_from(limit).map_err(io::Error::other)?;
        match poll(&mut open, Some(&limit)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        drain(self.wake.as_fd());
        if let Some(files) = &self.files {
            drain(files.as_fd());
        }
        Ok(())
    }
}

/// What was told is known now.
fn drain(fd: std::os::fd::BorrowedFd<'_>) {
    let mut piece = [0; 4096];
    while rustix::io::read(fd, &mut piece).is_ok_and(|count| count == piece.len()) {}
}
