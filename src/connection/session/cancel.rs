//! A wish that calls may end, and how it reaches them.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Asks calls to stop. Clones ask the same calls. Every step on every host has one, so it is small.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    wish: Arc<Mutex<Wish>>,
    /// The grace of the calls that this clone is for.
    own: Option<Duration>,
}

#[derive(Debug, Default)]
struct Wish {
    /// How often somebody asked.
    times: u32,
    /// What was said last.
    grace: Duration,
    /// Who waits for it; also who has given up waiting, which costs them a look.
    listeners: Vec<Waker>,
}

impl Cancel {
    /// Nobody asked yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// TERM now, KILL after `grace`. The calls still end by themselves, with `Status::Cancelled`. A second time can
    /// shorten the grace.
    pub fn cancel(&self, grace: Duration) {
        let mut wish = self.lock();
        (wish.times, wish.grace) = (wish.times.saturating_add(1), grace);
        let listeners = std::mem::take(&mut wish.listeners);
        drop(wish);
        listeners.into_iter().for_each(Waker::wake);
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
    pub async fn asked(&self, known: &mut u32) -> Duration {
        poll_fn(|cx| self.poll_asked(known, cx)).await
    }

    fn poll_asked(&self, known: &mut u32, cx: &mut Context<'_>) -> Poll<Duration> {
        let mut wish = self.lock();
        if wish.times > *known {
            *known = wish.times;
            return Poll::Ready(self.own.filter(|_| !wish.grace.is_zero()).unwrap_or(wish.grace));
        }
        if !wish.listeners.iter().any(|listener| listener.will_wake(cx.waker())) {
            wish.listeners.push(cx.waker().clone());
        }
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, Wish> {
        self.wish.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
