//! Ctrl-C: how the user's wish to stop reaches the run.

use tokio::sync::watch;

/// How much the user wants the run to stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Not at all.
    #[default]
    Go,
    /// No new steps; what runs gets TERM, its grace and KILL; `always` still runs.
    Stop,
    /// At once: KILL, and nothing more is started.
    AtOnce,
}

/// Heard by the run. Whoever catches signals holds the [`Stopper`].
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<Urgency>);

/// Asks the run to stop.
#[derive(Debug)]
pub struct Stopper(watch::Sender<Urgency>);

/// A wish and its hearer.
pub fn stop() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(Urgency::Go);
    (Stopper(sender), Stop(receiver))
}

impl Stopper {
    /// Once: stop. Twice: at once. Gives what is asked for now.
    pub fn ask(&self) -> Urgency {
        self.0.send_modify(|urgency| {
            *urgency = if *urgency == Urgency::Go { Urgency::Stop } else { Urgency::AtOnce };
        });
        *self.0.borrow()
    }
}

impl Stop {
    /// Nobody will ever ask.
    pub fn never() -> Self {
        stop().1
    }

    /// Waits until more is asked for than before.
    pub async fn asked(&mut self) -> Urgency {
        if self.0.changed().await.is_err() {
            // The asker is gone: nobody asks any more.
            std::future::pending::<()>().await;
        }
        *self.0.borrow_and_update()
    }
}
