//! Every event as one line of JSON: for programs that follow a run.

use std::io::{self, Write};

use serde::Serialize;

use super::Reporter;
use crate::base::Timestamp;
use crate::event::Event;

/// Writes each event as it comes, and flushes it.
pub struct JsonLines<W>(pub W);

#[derive(Serialize)]
struct Line<'a> {
    /// RFC 3339.
    time: String,
    #[serde(flatten)]
    event: &'a Event,
}

impl<W: Write + Send> Reporter for JsonLines<W> {
    fn name(&self) -> &'static str {
        "events"
    }

    fn event(&mut self, time: Timestamp, event: &Event) -> io::Result<()> {
        let mut line = serde_json::to_vec(&Line { time: time.to_string(), event })?;
        line.push(b'\n');
        self.0.write_all(&line)?;
        self.0.flush()
    }
}
