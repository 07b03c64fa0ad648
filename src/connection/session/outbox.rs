//! What goes to the agent: straight into the stream while it takes it, else in order behind what it has not taken yet.
//!
//! Knows bytes and no messages. Whoever has something to say writes by itself; the task here only comes in when the stream
//! makes it wait, and for pieces of uploads.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::{Notify, mpsc};

/// More room than this is not kept for what comes next, in bytes.
const KEPT: usize = 16 * 1024;

/// The way out, for everybody who has a call.
pub struct Outbox {
    state: Mutex<State>,
    /// There is something for the task to do.
    news: Notify,
}

struct State {
    /// Gone when nothing more is written.
    output: Option<Box<dyn AsyncWrite + Send + Unpin>>,
    /// What is to be written, and how much of it the stream has taken.
    bytes: Vec<u8>,
    taken: usize,
    /// The stream takes no more for now: the task goes on when it does.
    is_behind: bool,
    /// Nothing follows.
    is_closing: bool,
}

impl Outbox {
    /// The way into this stream.
    pub fn new(output: Box<dyn AsyncWrite + Send + Unpin>) -> Self {
        let state =
            State { output: Some(output), bytes: Vec::new(), taken: 0, is_behind: false, is_closing: false };
        Self { state: Mutex::new(state), news: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends the whole frames that `add` appends; when it fails, it appends nothing. What comes after the end is lost; why it
    /// ended is the reader's to tell.
    pub fn send<E>(&self, add: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        let mut state = self.lock();
        let before = state.bytes.len();
        add(&mut state.bytes)?;
        if state.is_closing || state.output.is_none() {
            state.bytes.truncate(before);
        } else if !state.is_behind {
            // Nobody is woken here: if the stream makes us wait, the task asks it again.
            let written = state.write(&mut Context::from_waker(Waker::noop()));
            if !matches!(written, Poll::Ready(Ok(()))) {
                state.is_behind = true;
                self.news.notify_one();
            }
        }
        Ok(())
    }

    /// Nothing more is sent; the stream is shut when it has taken everything.
    pub fn close(&self) {
        self.lock().is_closing = true;
        self.news.notify_one();
    }

    /// Writes what had to wait, and pieces of uploads when nothing else is to be written, so that a credit or a cancel does
    /// not wait behind a big file. Ends when nothing more is or can be sent.
    pub async fn serve(self: Arc<Self>, mut bulk: mpsc::Receiver<Vec<u8>>) {
        while poll_fn(|cx| self.lock().catch_up(cx)).await {
            tokio::select! {
                biased;
                () = self.news.notified() => {}
                Some(frames) = bulk.recv() => {
                    let Ok(()) = self.send(|out| {
                        out.extend(frames);
                        Ok::<_, Infallible>(())
                    });
                }
            }
        }
        let output = self.lock().output.take();
        if let Some(mut output) = output {
            // The agent may be gone already.
            let _ = output.shutdown().await;
        }
    }
}

impl State {
    /// Hands over to the stream as much as it takes.
    fn write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(output) = &mut self.output else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        while self.taken < self.bytes.len() {
            let count = ready!(Pin::new(&mut *output).poll_write(cx, &self.bytes[self.taken..]))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.taken += count;
        }
        self.bytes.clear();
        self.bytes.shrink_to(KEPT);
        self.taken = 0;
        Pin::new(output).poll_flush(cx)
    }

    /// Writes everything that waits. Gives whether more may come.
    fn catch_up(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let written = ready!(self.write(cx));
        self.is_behind = false;
        Poll::Ready(written.is_ok() && !self.is_closing)
    }
}
