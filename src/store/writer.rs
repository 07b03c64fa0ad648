//! The writing side: one thread owns the database and commits in groups.
//!
//! While a group is being written the next one gathers, so that many small requests cost few commits.

use std::fs::File;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::keys::{Keys, RunKey};
use super::logs::Logs;
use super::{RunFolder, StoreError, database};
use crate::base::{HostName, JobId, StepId};
use crate::event::journal::{Commit, LogPlace};
use crate::event::{Event, Journal, JournalError, Kept, LogLengths, Record, Sampled};
use crate::wire::Stream;

/// More than this many requests make two commits, so that the first of them need not wait for ever.
const LARGEST_GROUP: usize = 512;

/// A run's folder that is open for writing. Only one can be at a time, in any process.
pub struct RunStore {
    folder: RunFolder,
    logs: Logs,
    sender: Mutex<Option<Sender<Group>>>,
    writer: Mutex<Option<JoinHandle<Result<(), String>>>>,
    key: RunKey,
    /// Holds the lock until it is closed.
    _lock: File,
}

struct Group {
    records: Vec<Record>,
    done: oneshot::Sender<Result<(), JournalError>>,
}

impl RunStore {
    /// Opens a folder for writing: a new one, or one that is there. `keys` is where keys of runs are.
    pub fn open(folder: RunFolder, keys: &Keys) -> Result<Self, StoreError> {
        let lock = lock(folder.path())?;
        let connection = database::open_to_write(&folder.database())?;
        let (sender, receiver) = channel();
        let writer = std::thread::Builder::new().name("journal".to_owned());
        let writer =
            writer.spawn(move || write(connection, &receiver)).map_err(StoreError::io(folder.path()))?;
        Ok(Self {
            logs: Logs::new(folder.clone()),
            key: keys.of(&folder.id()),
            folder,
            sender: Mutex::new(Some(sender)),
            writer: Mutex::new(Some(writer)),
            _lock: lock,
        })
    }

    /// Where it writes.
    pub fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// Writes what is left and makes one plain file of the database.
    pub fn close(&self) -> Result<(), JournalError> {
        *self.sender.lock().unwrap_or_else(PoisonError::into_inner) = None;
        match self.writer.lock().unwrap_or_else(PoisonError::into_inner).take().map(JoinHandle::join) {
            None | Some(Ok(Ok(()))) => Ok(()),
            Some(Ok(Err(what))) => Err(JournalError(what)),
            Some(Err(_)) => Err(JournalError("its writer panicked".to_owned())),
        }
    }

    /// Removes the run's key: its secrets are needed no more.
    pub fn forget_key(&self) {
        self.key.remove();
    }

    /// Writes without a runtime; for verbs that only add to a finished run.
    pub fn commit_blocking(&self, records: Vec<Record>) -> Result<(), JournalError> {
        self.send(records)?.blocking_recv().unwrap_or_else(|_| Err(gone()))
    }

    fn send(
        &self,
        mut records: Vec<Record>,
    ) -> Result<oneshot::Receiver<Result<(), JournalError>>, JournalError> {
        for record in &mut records {
            if let Some(kept) = record.kept_mut()
                && let Kept::Secret(json) = kept
            {
                let sealed = self.key.seal(&json.to_string()).map_err(|e| JournalError(e.to_string()))?;
                *kept = Kept::Sealed(sealed);
            }
            if let Some((_, Event::StepEnded { step, host, .. })) = record.event() {
                self.logs.close(step, host);
            }
        }
        let (done, answer) = oneshot::channel();
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        sender.as_ref().ok_or_else(gone)?.send(Group { records, done }).map_err(|_| gone())?;
        Ok(answer)
    }
}

impl Drop for RunStore {
    fn drop(&mut self) {
        // An error was given to whoever committed, and will be seen again when the folder is read.
        let _ = self.close();
    }
}

impl Journal for RunStore {
    fn commit(&self, records: Vec<Record>) -> Commit<'_> {
        // Sent before the future is polled: the order of calls is the order in the journal.
        let sent = self.send(records);
        Box::pin(async move { sent?.await.unwrap_or_else(|_| Err(gone())) })
    }

    fn log(
        &self,
        step: &StepId,
        host: &HostName,
        stream: Stream,
        bytes: &[u8],
    ) -> Result<LogPlace, JournalError> {
        let name = (step.clone(), host.clone(), stream);
        self.logs.append(name, bytes).map_err(|e| JournalError(e.to_string()))
    }

    fn logged(
        &self,
        step: &StepId,
        host: &HostName,
        stream: Stream,
        from: u64,
    ) -> Result<Vec<u8>, JournalError> {
        self.logs.read(step, host, stream, from).map_err(|e| JournalError(e.to_string()))
    }

    fn log_lengths(&self, step: &StepId, host: &HostName) -> Result<LogLengths, JournalError> {
        self.logs.lengths(step, host).map_err(|e| JournalError(e.to_string()))
    }

    fn sampled(&self, job: &JobId) -> Result<Sampled, JournalError> {
        let told = |error: &dyn std::fmt::Display| JournalError(error.to_string());
        let reader = database::open_to_read(&self.folder.database()).map_err(|e| told(&e))?;
        super::samples::sampled(&reader, job).map_err(|e| told(&e))
    }

    fn forget_logs(&self, step: &StepId, host: &HostName) -> Result<(), JournalError> {
        self.logs.remove(step, host).map_err(|e| JournalError(e.to_string()))
    }
}

/// Takes the folder's lock, which the kernel gives back when the process ends however it ends.
fn lock(folder: &Path) -> Result<File, StoreError> {
    let file = File::open(folder).map_err(StoreError::io(folder))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::Locked(folder.to_owned())),
        Err(std::fs::TryLockError::Error(e)) => Err(StoreError::io(folder)(e)),
    }
}

/// Whether a process has the folder open for writing now.
pub(super) fn is_locked(folder: &Path) -> bool {
    matches!(lock(folder), Err(StoreError::Locked(_)))
}

fn gone() -> JournalError {
    JournalError("its writer has ended".to_owned())
}

/// The thread: one transaction per round, then everybody in it is told.
fn write(mut connection: Connection, receiver: &Receiver<Group>) -> Result<(), String> {
    #[cfg(debug_assertions)]
    let mut fault = super::fault::Fault::from_environment();
    while let Ok(first) = receiver.recv() {
        let mut groups = vec![first];
        groups.extend(receiver.try_iter().take(LARGEST_GROUP - 1));
        let result = write_all(&mut connection, &groups).map_err(JournalError);
        #[cfg(debug_assertions)]
        fault.committed(groups.iter().map(|group| group.records.len()).sum());
        for group in groups {
            // Nobody listens any more when the run was dropped; the record is kept all the same.
            let _ = group.done.send(result.clone());
        }
        result.map_err(|e| e.0)?;
    }
    database::settle(&connection).map_err(|e| e.to_string())
}

fn write_all(connection: &mut Connection, groups: &[Group]) -> Result<(), String> {
    let transaction = connection.transaction().map_err(|e| e.to_string())?;
    for record in groups.iter().flat_map(|g| &g.records) {
        database::insert(&transaction, record)?;
    }
    transaction.commit().map_err(|e| e.to_string())
}
