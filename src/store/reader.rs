//! The reading side: everything a finished, broken or running run has written down so far.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use rusqlite::Connection;

use super::{Keys, Provenance, RunFolder, StoreError, database, writer};
use crate::base::Timestamp;
use crate::event::{Event, Record};

/// A run that can be read. It may still be going on.
pub struct Run {
    folder: RunFolder,
    connection: Connection,
}

impl Run {
    /// Opens the database of a run's folder.
    pub fn open(folder: RunFolder) -> Result<Self, StoreError> {
        let connection = database::open_to_read(&folder.database())?;
        Ok(Self { folder, connection })
    }

    /// Where it is.
    pub fn folder(&self) -> &RunFolder {
        &self.folder
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Whether a process is writing to it now.
    pub fn is_going_on(&self) -> bool {
        writer::is_locked(self.folder.path())
    }

    /// The whole journal in order.
    pub fn records(&self) -> Result<Vec<Record>, StoreError> {
        let path = self.folder.database();
        let rows = || -> rusqlite::Result<Vec<(i64, String)>> {
            let mut query = self.connection.prepare("SELECT seq, record FROM journal ORDER BY seq")?;
            query.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        let read = |(seq, text): (i64, String)| {
            serde_json::from_str(&text).map(super::derived::unfold).map_err(|e| StoreError::Broken {
                path: path.clone(),
                what: format!("record {seq} of the journal: {e}"),
            })
        };
        rows().map_err(StoreError::database(&path))?.into_iter().map(read).collect()
    }

    /// The whole journal with what was encrypted in it, as far as the run's key is there.
    pub fn unsealed(&self, keys: &Keys) -> Result<Vec<Record>, StoreError> {
        let mut records = self.records()?;
        keys.of(&self.folder.id()).unseal(&mut records);
        Ok(records)
    }

    /// What happened, in order, with the time it was written down.
    pub fn events(&self) -> Result<Vec<(Timestamp, Event)>, StoreError> {
        let happened = |record: Record| match record {
            Record::Happened { time, event } => Some((time, event)),
            Record::Ended(ending) if !ending.silent => Some((ending.time, ending.told)),
            _ => None,
        };
        Ok(self.records()?.into_iter().filter_map(happened).collect())
    }

    /// What could make its figures differ from another run's.
    pub fn provenance(&self) -> Result<Provenance, StoreError> {
        Provenance::read(&self.folder)
    }

    /// The last bytes of a log, at most so many, and how many are before them; nothing when the step wrote none.
    pub fn log_end(&self, relative: &Path, limit: u64) -> Result<Option<(Vec<u8>, u64)>, StoreError> {
        let path = self.folder.path().join(relative);
        let read = || -> std::io::Result<(Vec<u8>, u64)> {
            let mut file = std::fs::File::open(&path)?;
            let before = file.metadata()?.len().saturating_sub(limit);
            file.seek(SeekFrom::Start(before))?;
            let mut bytes = Vec::new();
            file.take(limit).read_to_end(&mut bytes)?;
            Ok((bytes, before))
        };
        match read() {
            Ok(end) => Ok(Some(end)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(StoreError::io(&path)(e)),
        }
    }

    /// The bytes of a log, by its path relative to the folder; nothing when the step wrote none.
    pub fn log(&self, relative: &Path) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.folder.path().join(relative);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(StoreError::io(&path)(e)),
        }
    }
}
