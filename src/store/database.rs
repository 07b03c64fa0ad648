//! `run.db`: its tables, and how it is opened. The journal is the truth; the other tables hold what is in it in a form that
//! can be asked with SQL.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, params};

use super::StoreError;
use crate::base::{CaseId, HostName, StepId, Timestamp};
use crate::event::{Event, Fate, Figure, Record};

/// Counts up when a table changes in a way that old readers cannot bear.
pub(super) const SCHEMA: i64 = 2;

const TABLES: &str = "
    CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
    -- One record of the journal per row, as JSON; `time` in nanoseconds since 1970.
    CREATE TABLE journal (seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, record TEXT NOT NULL);
    -- How each step ended on each host.
    CREATE TABLE outcome (
        step TEXT NOT NULL, host TEXT NOT NULL, name TEXT NOT NULL, stage TEXT, case_id TEXT, round INTEGER,
        warmup INTEGER NOT NULL, fate TEXT NOT NULL, changed INTEGER NOT NULL, msg TEXT,
        started INTEGER NOT NULL, ended INTEGER NOT NULL, place TEXT NOT NULL, PRIMARY KEY (step, host)
    ) WITHOUT ROWID;
    -- Every figure with the bytes it was read from. `superseded`: when `reparse` replaced it.
    CREATE TABLE figure (
        case_id TEXT NOT NULL, host TEXT NOT NULL, round INTEGER NOT NULL, warmup INTEGER NOT NULL, step TEXT NOT NULL,
        name TEXT NOT NULL, labels TEXT NOT NULL, value REAL NOT NULL, unit TEXT NOT NULL,
        higher_is_better INTEGER NOT NULL, log TEXT NOT NULL, first_byte INTEGER NOT NULL, end_byte INTEGER NOT NULL,
        superseded INTEGER
    );
    CREATE INDEX figure_by_case ON figure (case_id, name, host);
";

/// Opens for writing, and makes the tables of a new one.
pub(super) fn open_to_write(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(path).map_err(StoreError::database(path))?;
    // Like everything in the folder: for the user's eyes, also when it is copied.
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(StoreError::io(path))?;
    prepare(&connection).map_err(StoreError::database(path))?;
    check_schema(&connection, path)?;
    Ok(connection)
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(10))?;
    // In WAL a commit survives a crash of this program without waiting for the disk each time.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
    if tables == 0 {
        connection.execute_batch(&format!("BEGIN; {TABLES} COMMIT;"))?;
        connection.execute("INSERT INTO meta VALUES ('schema', ?1)", [SCHEMA])?;
    }
    connection.execute_batch(super::samples::TABLES)
}

/// Opens for reading; another process may be writing.
pub(super) fn open_to_read(path: &Path) -> Result<Connection, StoreError> {
    if !path.is_file() {
        return Err(StoreError::io(path)(std::io::ErrorKind::NotFound.into()));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(StoreError::database(path))?;
    connection.busy_timeout(Duration::from_secs(10)).map_err(StoreError::database(path))?;
    check_schema(&connection, path)?;
    Ok(connection)
}

fn check_schema(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let found = connection
        .query_row("SELECT value FROM meta WHERE key = 'schema'", (), |row| row.get::<_, i64>(0))
        .map_err(StoreError::database(path))?;
    if found == SCHEMA {
        Ok(())
    } else {
        Err(StoreError::Schema { path: path.to_owned(), found, known: SCHEMA })
    }
}

/// Makes one plain file of it again, which can be read from where nothing can be written. Somebody who is reading prevents
/// that; the database is complete all the same.
pub(super) fn settle(connection: &Connection) -> rusqlite::Result<()> {
    match connection.pragma_update(None, "journal_mode", "DELETE") {
        Err(e) if e.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => Ok(()),
        result => result,
    }
}

/// Writes one record, and into the tables what it tells.
pub(super) fn insert(connection: &Connection, record: &Record) -> Result<(), String> {
    if let Record::Sampled(samples) = record {
        return super::samples::insert(connection, samples);
    }
    let text = serde_json::to_string(super::derived::fold(record).as_ref().unwrap_or(record))
        .map_err(|e| e.to_string())?;
    let write = || -> rusqlite::Result<()> {
        let mut journal = connection.prepare_cached("INSERT INTO journal (time, record) VALUES (?1, ?2)")?;
        journal.execute(params![record.time().0, text])?;
        match record.event() {
            Some((_, event @ Event::StepEnded { .. })) => insert_outcome(connection, event),
            Some((_, Event::Figure(figure))) => insert_figure(connection, figure),
            Some((time, Event::Reparsed { .. })) => supersede(connection, time),
            Some((time, Event::CaseStarted { case, host, .. })) => {
                supersede_case(connection, time, case, host)
            }
            Some((time, Event::Reopened { host, steps })) => {
                steps.iter().try_for_each(|step| supersede_step(connection, time, step, host))
            }
            _ => Ok(()),
        }
    };
    write().map_err(|e| e.to_string())
}

fn insert_outcome(connection: &Connection, event: &Event) -> rusqlite::Result<()> {
    let Event::StepEnded {
        step,
        name,
        host,
        stage,
        case,
        round,
        warmup,
        fate,
        msg,
        started,
        ended,
        place,
        ..
    } = event
    else {
        return Ok(());
    };
    let (fate, changed) = match fate {
        Fate::Ran { status, changed, .. } => (format!("{status:?}").to_lowercase(), *changed),
        Fate::Skipped { .. } => ("skipped".to_owned(), false),
        Fate::Bypassed { .. } => ("bypassed".to_owned(), false),
        Fate::Unreachable { .. } => ("unreachable".to_owned(), false),
    };
    let case = case.as_ref().map(CaseId::as_str);
    let mut outcome = connection.prepare_cached(
        "INSERT OR REPLACE INTO outcome VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?;
    outcome.execute(params![
        step.as_str(),
        host.as_str(),
        name,
        stage,
        case,
        round,
        warmup,
        fate,
        changed,
        msg,
        started.0,
        ended.0,
        place
    ])?;
    Ok(())
}

fn insert_figure(connection: &Connection, figure: &Figure) -> rusqlite::Result<()> {
    let labels: serde_json::Map<_, _> =
        figure.labels.iter().map(|(k, v)| (k.clone(), serde_json::Value::from(v.as_str()))).collect();
    let mut insert = connection.prepare_cached(
        "INSERT INTO figure VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, NULL)",
    )?;
    insert.execute(params![
        figure.case.as_str(),
        figure.host.as_str(),
        figure.round,
        figure.warmup,
        figure.step.as_str(),
        figure.name,
        serde_json::Value::from(labels).to_string(),
        figure.value,
        figure.unit,
        figure.higher_is_better,
        figure.log,
        i64::try_from(figure.bytes.0).unwrap_or(i64::MAX),
        i64::try_from(figure.bytes.1).unwrap_or(i64::MAX),
    ])?;
    Ok(())
}

fn supersede(connection: &Connection, time: Timestamp) -> rusqlite::Result<()> {
    connection.execute("UPDATE figure SET superseded = ?1 WHERE superseded IS NULL", [time.0])?;
    Ok(())
}

/// A step that is done again on a host gives its figures again.
fn supersede_step(
    connection: &Connection,
    time: Timestamp,
    step: &StepId,
    host: &HostName,
) -> rusqlite::Result<()> {
    let mut update = connection.prepare_cached(
        "UPDATE figure SET superseded = ?1 WHERE superseded IS NULL AND step = ?2 AND host = ?3",
    )?;
    update.execute(params![time.0, step.as_str(), host.as_str()])?;
    Ok(())
}

/// A case that is begun again on a host gives its figures again.
fn supersede_case(
    connection: &Connection,
    time: Timestamp,
    case: &CaseId,
    host: &HostName,
) -> rusqlite::Result<()> {
    let mut update = connection.prepare_cached(
        "UPDATE figure SET superseded = ?1 WHERE superseded IS NULL AND case_id = ?2 AND host = ?3",
    )?;
    update.execute(params![time.0, case.as_str(), host.as_str()])?;
    Ok(())
}
