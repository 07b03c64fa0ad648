//! What a module may use beside its arguments.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use super::failure::Failure;
use crate::base::Clock;
use crate::wire::{Outcome, Request, Status, Stream};

/// Where bulk bytes go and come from while a module runs; the agent's channel, or a buffer in tests.
pub trait Link: Send + Sync {
    /// Sends bytes to the controller as they come. Blocks while there is no [`Link::room`] for them.
    fn send(&self, stream: Stream, bytes: &[u8]) -> io::Result<()>;
    /// How many bytes can be sent without waiting for the other side. Without end, unless somebody counts.
    fn room(&self) -> usize {
        usize::MAX
    }
    /// Calls `notify` each time there is [`Link::room`] again from now on, where there was none.
    fn on_room(&self, notify: Box<dyn Fn() + Send>) {
        drop(notify);
    }
    /// The content of upload `number` (from 0), in order; each can be read once.
    fn upload(&self, number: u32) -> io::Result<Box<dyn Read + '_>>;
    /// `Some(grace)` as soon as somebody asked this invocation to stop: TERM now, KILL after `grace`.
    fn cancelled(&self) -> Option<Duration>;
    /// Calls `notify` each time [`Link::cancelled`] gets another answer from now on. A link whose answer never changes need not do anything.
    fn on_cancel(&self, notify: Box<dyn Fn() + Send>) {
        drop(notify);
    }
}

/// What a module may use beside its arguments.
pub struct Context<'a> {
    /// Who asks and how: check, diff, environment, time-out, grace.
    pub request: &'a Request,
    /// Bulk bytes and cancellation.
    pub link: &'a dyn Link,
    /// Time of day.
    pub clock: &'a dyn Clock,
}

impl Context<'_> {
    /// Whether only to say what would change.
    pub fn check(&self) -> bool {
        self.request.check
    }

    /// Whether before and after are wanted.
    pub fn diff(&self) -> bool {
        self.request.diff
    }

    /// Waits until then; ends early, as a failure, when somebody asks to stop or the task's own time limit passes.
    pub(super) fn pause(&self, until: Instant, started: Instant) -> Result<(), Failure> {
        const LOOK: Duration = Duration::from_millis(50);
        let limit = self.request.timeout_ms.map(|ms| started + Duration::from_millis(ms));
        loop {
            let stopped = |status, msg: String| Failure::from(Outcome { status, ..Outcome::failed(msg) });
            if self.link.cancelled().is_some() {
                return Err(stopped(Status::Cancelled, "cancelled".to_owned()));
            }
            let now = Instant::now();
            if limit.is_some_and(|limit| now >= limit) {
                let after = self.request.timeout_ms.map(Duration::from_millis).unwrap_or_default();
                return Err(stopped(Status::TimedOut, format!("timed out after {} s", after.as_secs_f64())));
            }
            if now >= until {
                return Ok(());
            }
            std::thread::sleep((until - now).min(LOOK));
        }
    }

    /// Waits so many seconds, as long as nobody asks to stop.
    pub(super) fn sleep(&self, seconds: u64) -> Result<(), Failure> {
        let now = Instant::now();
        self.pause(now + Duration::from_secs(seconds), now)
    }
}
