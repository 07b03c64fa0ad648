//! How steps of a run ended and how long they took: from the table beside the journal, because many runs are read at once.

use super::{Run, StoreError};
use crate::base::{HostName, StepId, Timestamp};

/// A step on a host.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The step.
    pub step: StepId,
    /// The host.
    pub host: HostName,
    /// As it was told.
    pub name: String,
    /// Where it stands: `a.yml:3`.
    pub place: String,
    /// Whether it did its work, or found that there is nothing to do.
    pub went_well: bool,
    /// From when …
    pub started: Timestamp,
    /// … to when.
    pub ended: Timestamp,
}

impl Run {
    /// All steps that were begun, in the order of their beginnings.
    pub fn outcomes(&self) -> Result<Vec<Outcome>, StoreError> {
        let read = || -> rusqlite::Result<Vec<Outcome>> {
            let mut query = self.connection().prepare(
                "SELECT step, host, name, place, fate, started, ended FROM outcome
                 WHERE fate != 'bypassed' ORDER BY started, ended",
            )?;
            let rows = query.query_map((), |row| {
                Ok(Outcome {
                    step: StepId::from(row.get::<_, String>(0)?.as_str()),
                    host: HostName::from(row.get::<_, String>(1)?.as_str()),
                    name: row.get(2)?,
                    place: row.get(3)?,
                    went_well: matches!(row.get::<_, String>(4)?.as_str(), "ok" | "skipped"),
                    started: Timestamp(row.get(5)?),
                    ended: Timestamp(row.get(6)?),
                })
            })?;
            rows.collect()
        };
        read().map_err(StoreError::database(&self.folder().database()))
    }
}
