//! One request's channel: credit for its output, its uploads, and whether it shall stop.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::lock;
use super::outbox::Outbox;
use crate::module::Link;
use crate::wire::control::{OUTPUT_WINDOW, UPLOAD_AHEAD, UPLOAD_WINDOW};
use crate::wire::frame::MAX_PAYLOAD;
use crate::wire::{Flow, Message, Outcome, Stream, WireError};

/// What a module sees of the controller.
pub struct Channel {
    number: u32,
    outbox: Arc<Outbox>,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// Bytes of output that may still be sent.
    credit: u64,
    uploads: Vec<Upload>,
    cancelled: Option<Duration>,
    /// Who wants to know that there is credit again.
    on_room: Vec<Box<dyn Fn() + Send>>,
    on_cancel: Vec<Box<dyn Fn() + Send>>,
    /// The controller is gone.
    closed: bool,
}

#[derive(Default)]
struct Upload {
    opened: bool,
    waiting: VecDeque<u8>,
    /// How many bytes the controller may still send.
    window: u64,
    end: Option<Result<(), String>>,
}

impl Channel {
    /// The channel with this number, on which so many uploads follow.
    pub fn new(number: u32, uploads: u32, outbox: Arc<Outbox>) -> Self {
        let uploads =
            (0..uploads.min(MAX_UPLOADS)).map(|_| Upload { window: UPLOAD_AHEAD, ..Upload::default() });
        let state = State {
            credit: OUTPUT_WINDOW,
            uploads: uploads.collect(),
            cancelled: None,
            on_room: Vec::new(),
            on_cancel: Vec::new(),
            closed: false,
        };
        Self { number, outbox, state: Mutex::new(state), changed: Condvar::new() }
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// More output may be sent.
    pub fn credit(&self, bytes: u64) {
        let mut state = lock(&self.state);
        if state.credit == 0 {
            state.on_room.iter().for_each(|notify| notify());
        }
        state.credit = state.credit.saturating_add(bytes);
        self.changed.notify_all();
    }

    /// The module shall stop. A second time can only shorten the grace.
    pub fn cancel(&self, grace: Duration) {
        let mut state = lock(&self.state);
        state.cancelled = Some(state.cancelled.map_or(grace, |before| before.min(grace)));
        state.on_cancel.iter().for_each(|notify| notify());
        self.changed.notify_all();
    }

    /// Nobody listens any more.
    pub fn close(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        state.on_cancel.iter().for_each(|notify| notify());
        self.changed.notify_all();
    }

    /// Whether the controller is gone. [`Link::on_cancel`] tells of that too.
    pub fn is_closed(&self) -> bool {
        lock(&self.state).closed
    }

    /// A piece of an upload came.
    pub fn add_upload(&self, number: u32, bytes: &[u8]) -> Result<(), WireError> {
        let mut state = lock(&self.state);
        let upload = state.upload(number)?;
        let size = bytes.len() as u64;
        if upload.end.is_some() || upload.window < size {
            return Err(WireError::Order("more of an upload than was asked for"));
        }
        upload.window -= size;
        upload.waiting.extend(bytes);
        self.changed.notify_all();
        Ok(())
    }

    /// An upload is complete, or cannot be completed.
    pub fn end_upload(&self, number: u32, error: Option<String>) -> Result<(), WireError> {
        lock(&self.state).upload(number)?.end = Some(error.map_or(Ok(()), Err));
        self.changed.notify_all();
        Ok(())
    }

    /// The last message. One that is too long is replaced, a controller that is gone does not read it.
    pub fn done(&self, outcome: Outcome) {
        let (started, ended) = (outcome.started, outcome.ended);
        let sent = self.outbox.message(self.number, &Message::Done(Box::new(outcome)));
        if let Err(error) = sent.as_ref().map_err(io::Error::kind)
            && matches!(error, io::ErrorKind::FileTooLarge | io::ErrorKind::InvalidData)
        {
            let outcome = Outcome::failed("the result is too long to be sent");
            let outcome = Outcome { started, ended, ..outcome };
            let _ = self.outbox.message(self.number, &Message::Done(Box::new(outcome)));
        }
    }
}

/// How many uploads a request may have.
const MAX_UPLOADS: u32 = 1024;

impl State {
    fn upload(&mut self, number: u32) -> Result<&mut Upload, WireError> {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        self.uploads.get_mut(index).ok_or(WireError::Order("an upload that was not announced"))
    }
}

impl Link for Channel {
    fn send(&self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let mut state = lock(&self.state);
            while state.credit == 0 && !state.closed {
                state = self.wait(state);
            }
            if state.closed {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            let credit = usize::try_from(state.credit).unwrap_or(usize::MAX);
            let (now, later) = rest.split_at(rest.len().min(MAX_PAYLOAD).min(credit));
            state.credit -= now.len() as u64;
            drop(state);
            self.outbox.output(self.number, stream, now)?;
            rest = later;
        }
        Ok(())
    }

    fn room(&self) -> usize {
        let state = lock(&self.state);
        if state.closed { usize::MAX } else { usize::try_from(state.credit).unwrap_or(usize::MAX) }
    }

    fn on_room(&self, notify: Box<dyn Fn() + Send>) {
        lock(&self.state).on_room.push(notify);
    }

    fn upload(&self, number: u32) -> io::Result<Box<dyn Read + '_>> {
        let mut state = lock(&self.state);
        let upload = state.upload(number).map_err(|e| io::Error::new(io::ErrorKind::NotFound, e))?;
        if std::mem::replace(&mut upload.opened, true) {
            let text = format!("upload {number} was already read");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        drop(state);
        Ok(Box::new(UploadReader { channel: self, number, consumed: UPLOAD_WINDOW - UPLOAD_AHEAD }))
    }

    fn cancelled(&self) -> Option<Duration> {
        lock(&self.state).cancelled
    }

    fn on_cancel(&self, notify: Box<dyn Fn() + Send>) {
        lock(&self.state).on_cancel.push(notify);
    }
}

/// Reads one upload and gives credit for what was read.
struct UploadReader<'a> {
    channel: &'a Channel,
    number: u32,
    /// Bytes that credit was not given for yet. Begins with what an opened upload may have above an unopened one.
    consumed: u64,
}

impl Read for UploadReader<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut state = lock(&self.channel.state);
        loop {
            let State { closed, cancelled, .. } = *state;
            let upload = state.upload(self.number).map_err(|e| io::Error::new(io::ErrorKind::NotFound, e))?;
            // Credit goes in big pieces; the other side still has three quarters of the window by then.
            let ended = upload.end.is_some();
            if !ended && self.consumed >= UPLOAD_WINDOW / 4 {
                let bytes = std::mem::take(&mut self.consumed);
                upload.window += bytes;
                drop(state);
                let credit = Message::Credit { flow: Flow::Upload(self.number), bytes };
                self.channel.outbox.message(self.channel.number, &credit)?;
                state = lock(&self.channel.state);
                continue;
            }
            if !upload.waiting.is_empty() {
                let count = upload.waiting.read(into)?;
                self.consumed += count as u64;
                return Ok(count);
            }
            match &upload.end {
                Some(Ok(())) => return Ok(0),
                Some(Err(error)) => return Err(io::Error::other(error.clone())),
                None if closed => return Err(io::ErrorKind::UnexpectedEof.into()),
                None if cancelled.is_some() => {
                    return Err(io::Error::new(io::ErrorKind::TimedOut, "cancelled"));
                }
                None => state = self.channel.wait(state),
            }
        }
    }
}
