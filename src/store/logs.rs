//! Output of steps as files. They are appended to without a buffer: what was written is there when this program dies.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::{Mutex, PoisonError};

use super::{RunFolder, StoreError};
use crate::base::{HostName, StepId};
use crate::event::LogLengths;
use crate::event::journal::LogPlace;
use crate::wire::Stream;

type Name = (StepId, HostName, Stream);

/// The logs that are being written.
pub(super) struct Logs {
    folder: RunFolder,
    open: Mutex<HashMap<Name, OpenLog>>,
}

struct OpenLog {
    file: File,
    path: String,
    length: u64,
}

impl Logs {
    pub(super) fn new(folder: RunFolder) -> Self {
        Self { folder, open: Mutex::default() }
    }

    /// Appends, and says where these bytes begin.
    pub(super) fn append(&self, name: Name, bytes: &[u8]) -> Result<LogPlace, StoreError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let log = match open.entry(name) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                let (step, host, stream) = entry.key();
                let log = self.open_log(step, host, *stream)?;
                entry.insert(log)
            }
        };
        let place = LogPlace { path: log.path.clone(), offset: log.length };
        log.file.write_all(bytes).map_err(StoreError::io(&self.folder.path().join(&log.path)))?;
        log.length += bytes.len() as u64;
        Ok(place)
    }

    fn open_log(&self, step: &StepId, host: &HostName, stream: Stream) -> Result<OpenLog, StoreError> {
        let relative = RunFolder::log(step, host, stream);
        if let Some(parent) = relative.parent() {
            self.folder.make(parent)?;
        }
        let path = self.folder.path().join(&relative);
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path);
        let file = file.map_err(StoreError::io(&path))?;
        let length = file.metadata().map_err(StoreError::io(&path))?.len();
        Ok(OpenLog { file, path: relative.to_string_lossy().into_owned(), length })
    }

    /// The step has ended on the host: its files need not stay open.
    pub(super) fn close(&self, step: &StepId, host: &HostName) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for stream in [Stream::Stdout, Stream::Stderr, Stream::Download] {
            open.remove(&(step.clone(), host.clone(), stream));
        }
    }

    /// What a log holds from an offset on; nothing when there is none.
    pub(super) fn read(
        &self,
        step: &StepId,
        host: &HostName,
        stream: Stream,
        from: u64,
    ) -> Result<Vec<u8>, StoreError> {
        let path = self.folder.path().join(RunFolder::log(step, host, stream));
        let read = || -> std::io::Result<Vec<u8>> {
            let mut file = match File::open(&path) {
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
                opened => opened?,
            };
            file.seek(SeekFrom::Start(from))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        read().map_err(StoreError::io(&path))
    }

    /// How long the logs of a step are.
    pub(super) fn lengths(&self, step: &StepId, host: &HostName) -> Result<LogLengths, StoreError> {
        let length = |stream| {
            let path = self.folder.path().join(RunFolder::log(step, host, stream));
            match std::fs::metadata(&path) {
                Ok(metadata) => Ok(metadata.len()),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(0),
                Err(e) => Err(StoreError::io(&path)(e)),
            }
        };
        Ok(LogLengths { stdout: length(Stream::Stdout)?, stderr: length(Stream::Stderr)? })
    }

    /// Removes the logs of a step.
    pub(super) fn remove(&self, step: &StepId, host: &HostName) -> Result<(), StoreError> {
        self.close(step, host);
        for stream in [Stream::Stdout, Stream::Stderr, Stream::Download] {
            let path = self.folder.path().join(RunFolder::log(step, host, stream));
            match std::fs::remove_file(&path) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(StoreError::io(&path)(e)),
                _ => {}
            }
        }
        Ok(())
    }
}
