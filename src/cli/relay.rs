//! Carries events from the run's threads to the reporters, which have a thread of their own and may take their time.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::base::{Clock, SystemClock, Timestamp};
use crate::event::Event;
use crate::report::{Reporter, Reporters};

type Line = (Timestamp, Event);

/// The way from the run to the reporters.
pub(super) struct Relay {
    sender: Arc<Mutex<Option<Sender<Line>>>>,
    thread: JoinHandle<Reporters>,
}

impl Relay {
    /// Starts the reporters' thread.
    pub(super) fn start(reporters: Vec<Box<dyn Reporter>>) -> Self {
        let (sender, receiver) = channel::<Line>();
        let thread = std::thread::spawn(move || {
            let mut reporters = Reporters::new(reporters);
            for (time, event) in receiver {
                reporters.event(time, &event);
            }
            reporters
        });
        Self { sender: Arc::new(Mutex::new(Some(sender))), thread }
    }

    /// What the run calls with every event; never blocks.
    pub(super) fn events(&self) -> Arc<dyn Fn(&Event) + Send + Sync> {
        let sender = Arc::clone(&self.sender);
        Arc::new(move |event| {
            let sender = sender.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(sender) = sender.as_ref() {
                // The reporters' thread ends only after this sender.
                let _ = sender.send((SystemClock.now(), event.clone()));
            }
        })
    }

    /// Waits until everything was reported, and gives what went wrong with reporters.
    pub(super) fn finish(self) -> Vec<String> {
        *self.sender.lock().unwrap_or_else(PoisonError::into_inner) = None;
        match self.thread.join() {
            Ok(reporters) => reporters.failures().to_vec(),
            Err(_) => vec!["the reporters' thread panicked".to_owned()],
        }
    }
}
