//! A wish that calls may end, and how it reaches them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// Asks calls to stop. Clones ask the same calls. Every step on every host has one, so it is small.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    wish: Arc<Wish>,
    /// The grace of the calls that this clone is for.
    own: Option<Duration>,
}

#[derive(Debug, Default)]
struct Wish {
    said: Mutex<Said>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Said {
    /// How often somebody asked.
    times: u32,
    /// What was said last.
    grace: Duration,
}

impl Cancel {
    /// Nobody asked yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// TERM now, KILL after `grace`. The calls still end by themselves, with `Status::Cancelled`. A second time can
    /// shorten the grace.
    pub fn cancel(&self, grace: Duration) {
        let mut said = self.lock();
        (said.times, said.grace) = (said.times.saturating_add(1), grace);
        drop(said);
        self.wish.changed.notify_waiters();
    }

    /// The same for calls with a grace of their own: whatever they are asked with, they have that, but for no grace at all.
    #[must_use]
    pub fn with_grace(&self, own: Duration) -> Self {
        Self { wish: Arc::clone(&self.wish), own: Some(own) }
    }

    /// Waits until somebody asks.
    pub async fn cancelled(&self) {
        self.asked(&mut 0).await;
    }

    /// Whether somebody asked.
    pub fn is_cancelled(&self) -> bool {
        self.lock().times > 0
    }

    /// Waits until somebody asks more often than is `known`, and gives the time between TERM and KILL.
    pub(super) async fn asked(&self, known: &mut u32) -> Duration {
        loop {
            let mut changed = std::pin::pin!(self.wish.changed.notified());
            // Before one looks, or what is said in between would be missed.
            changed.as_mut().enable();
            if let Some(grace) = self.news(known) {
                return grace;
            }
            changed.await;
        }
    }

    fn news(&self, known: &mut u32) -> Option<Duration> {
        let said = self.lock();
        let is_new = said.times > *known;
        *known = said.times;
        is_new.then(|| self.own.filter(|_| !said.grace.is_zero()).unwrap_or(said.grace))
    }

    fn lock(&self) -> MutexGuard<'_, Said> {
        self.wish.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
