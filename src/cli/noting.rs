//! Keeps `lock.json` up with what the run reads on its way (includes, templates, files), so that a run that is broken off can be
//! compared with the project that goes on with it.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::recording::RecordingFiles;
use crate::base::Timestamp;
use crate::event::Event;
use crate::report::Reporter;
use crate::store::{Provenance, RunFolder};

/// The file is not written more often than this, but for included tasks.
const PAUSE: Duration = Duration::from_secs(1);

/// Writes `lock.json` when something new was read.
pub(super) struct Noting {
    folder: RunFolder,
    provenance: Provenance,
    files: Arc<RecordingFiles>,
    known: usize,
    written: Instant,
}

impl Noting {
    /// Begins with what is in the file already.
    pub(super) fn new(folder: RunFolder, provenance: Provenance, files: Arc<RecordingFiles>) -> Self {
        Self { folder, provenance, known: files.count(), files, written: Instant::now() }
    }
}

impl Reporter for Noting {
    fn name(&self) -> &'static str {
        "lock.json"
    }

    fn event(&mut self, _: Timestamp, event: &Event) -> io::Result<()> {
        let included = matches!(event, Event::Expanded { .. });
        let count = self.files.count();
        if count == self.known || !(included || self.written.elapsed() >= PAUSE) {
            return Ok(());
        }
        self.known = count;
        self.written = Instant::now();
        self.files.note(&mut self.provenance);
        self.provenance.write(&self.folder).map_err(io::Error::other)
    }
}
