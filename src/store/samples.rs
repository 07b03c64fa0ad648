//! Samples of monitors in `run.db`: one row per look, in tables of their own. They are no part of the journal's text: nothing
//! follows from them, and there are many.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Run, StoreError};
use crate::base::{HostName, JobId, Timestamp};
use crate::event::{Sampled, Samples};
use crate::wire::{Column, Sample};

/// Runs of earlier versions do not have them.
pub(super) const TABLES: &str = "
    -- What the values of samples are: one row per sampler and set of columns. `columns` is JSON: [{name, unit}, …].
    CREATE TABLE IF NOT EXISTS series (
        series INTEGER PRIMARY KEY, job TEXT NOT NULL, host TEXT NOT NULL, monitor TEXT NOT NULL, columns TEXT NOT NULL,
        UNIQUE (job, columns)
    );
    -- What a monitor saw: `time` in nanoseconds since 1970 by the host's clock, of the `seconds` before it; a JSON list.
    CREATE TABLE IF NOT EXISTS sample (
        series INTEGER NOT NULL, time INTEGER NOT NULL, seconds REAL NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (series, time)
    ) WITHOUT ROWID;
    -- How many bytes of a sampler's output were read, and the series of the last of them.
    CREATE TABLE IF NOT EXISTS sampled (job TEXT PRIMARY KEY, until INTEGER NOT NULL, series INTEGER NOT NULL) WITHOUT ROWID;
";

/// What one sampler saw of a time, with the same columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// As `monitors:` names it.
    pub monitor: String,
    /// What the values are.
    pub columns: Vec<Column>,
    /// In the order of their times.
    pub rows: Vec<Sample>,
}

/// Keeps samples.
pub(super) fn insert(connection: &Connection, samples: &Samples) -> Result<(), String> {
    let columns = serde_json::to_string(&samples.columns).map_err(|e| e.to_string())?;
    let rows = samples.rows.iter().map(|row| serde_json::to_string(&row.values).map(|text| (row, text)));
    let rows = rows.collect::<Result<Vec<_>, _>>().map_err(|e| e.to_string())?;
    let write = || -> rusqlite::Result<()> {
        let (job, host) = (samples.job.as_str(), samples.host.as_str());
        let mut series = connection.prepare_cached(
            "INSERT OR IGNORE INTO series (job, host, monitor, columns) VALUES (?1, ?2, ?3, ?4)",
        )?;
        series.execute(params![job, host, samples.monitor, columns])?;
        let mut number =
            connection.prepare_cached("SELECT series FROM series WHERE job = ?1 AND columns = ?2")?;
        let number: i64 = number.query_row(params![job, columns], |row| row.get(0))?;
        // A clock that was set back may bring the same time twice.
        let mut sample =
            connection.prepare_cached("INSERT OR REPLACE INTO sample VALUES (?1, ?2, ?3, ?4)")?;
        for (row, text) in &rows {
            sample.execute(params![number, row.time.0, row.seconds, text])?;
        }
        let mut progress = connection.prepare_cached("INSERT OR REPLACE INTO sampled VALUES (?1, ?2, ?3)")?;
        progress.execute(params![job, i64::try_from(samples.until).unwrap_or(i64::MAX), number])?;
        Ok(())
    };
    write().map_err(|e| e.to_string())
}

/// How far a sampler was read.
pub(super) fn sampled(connection: &Connection, job: &JobId) -> rusqlite::Result<Sampled> {
    let query = "SELECT until, columns FROM sampled JOIN series USING (series) WHERE sampled.job = ?1";
    let found: Option<(i64, String)> =
        connection.query_row(query, [job.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    Ok(found.map_or_else(Sampled::default, |(until, columns)| Sampled {
        until: u64::try_from(until).unwrap_or_default(),
        columns: serde_json::from_str(&columns).unwrap_or_default(),
    }))
}

impl Run {
    /// What the monitors of a host saw from one time to another, by that host's clock.
    pub fn samples(
        &self,
        host: &HostName,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Series>, StoreError> {
        let path = self.folder().database();
        let read = || -> rusqlite::Result<Vec<Series>> {
            let connection = self.connection();
            let known = "SELECT count(*) FROM sqlite_schema WHERE name = 'sample'";
            if connection.query_row(known, (), |row| row.get::<_, i64>(0))? == 0 {
                return Ok(Vec::new());
            }
            let mut all =
                connection.prepare_cached("SELECT series, monitor, columns FROM series WHERE host = ?1")?;
            let all = all.query_map([host.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            let all = all.collect::<rusqlite::Result<Vec<(i64, String, String)>>>()?;
            let mut rows = connection.prepare_cached(
                "SELECT time, seconds, value FROM sample WHERE series = ?1 AND time BETWEEN ?2 AND ?3 ORDER BY time",
            )?;
            let mut found = Vec::new();
            for (series, monitor, columns) in all {
                let samples = rows.query_map(params![series, from.0, to.0], |row| {
                    let text: String = row.get(2)?;
                    let values = serde_json::from_str(&text).unwrap_or_default();
                    Ok(Sample { time: Timestamp(row.get(0)?), seconds: row.get(1)?, values })
                })?;
                let rows = samples.collect::<rusqlite::Result<Vec<_>>>()?;
                if !rows.is_empty() {
                    let columns = serde_json::from_str(&columns).unwrap_or_default();
                    found.push(Series { monitor, columns, rows });
                }
            }
            Ok(found)
        };
        read().map_err(StoreError::database(&path))
    }
}
