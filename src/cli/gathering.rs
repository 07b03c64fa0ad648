//! Gathers during a run what is needed at its end: the summary, and what the machines said of themselves.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use crate::base::{HostName, Timestamp, Value};
use crate::event::Event;
use crate::report::Reporter;
use crate::report::summary::Gathering;
use crate::store::provenance::{Image, Machine};

/// What was gathered.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub summary: Gathering,
    pub machines: BTreeMap<HostName, Machine>,
    pub images: BTreeMap<HostName, Vec<Image>>,
}

impl Gathered {
    /// Takes an event into account.
    pub(super) fn add(&mut self, time: Timestamp, event: &Event) {
        self.summary.add(time, event);
        match event {
            Event::StepEnded { host, result, .. } => {
                if let Some(facts) = result.get("ansible_facts").and_then(Value::as_map) {
                    self.machines.entry(host.clone()).or_default().learn_all(facts);
                }
            }
            Event::ImageUsed { host, name, id, digests } => {
                let image = Image { name: name.clone(), id: id.clone(), digests: digests.clone() };
                let known = self.images.entry(host.clone()).or_default();
                if !known.contains(&image) {
                    known.push(image);
                }
            }
            _ => {}
        }
    }
}

impl Reporter for Arc<Mutex<Gathered>> {
    fn name(&self) -> &'static str {
        "summary"
    }

    fn learn(&mut self, time: Timestamp, event: &Event) {
        self.lock().unwrap_or_else(PoisonError::into_inner).add(time, event);
    }

    fn event(&mut self, time: Timestamp, event: &Event) -> io::Result<()> {
        self.lock().unwrap_or_else(PoisonError::into_inner).add(time, event);
        Ok(())
    }
}
