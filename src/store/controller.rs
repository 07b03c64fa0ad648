//! `controller.json`: who carries a run out, for those who want to ask it something. There only while it does.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{RunFolder, StoreError};

/// The process that carries a run out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Controller {
    /// The machine's name, for people.
    pub machine: String,
    /// The kernel's id of that machine's boot.
    pub boot: String,
    /// Its number.
    pub pid: i32,
    /// When it began, in clock ticks after boot.
    pub start: u64,
}

impl Controller {
    fn path(folder: &RunFolder) -> PathBuf {
        folder.path().join("controller.json")
    }

    /// Says who carries the run out.
    pub fn write(&self, folder: &RunFolder) -> Result<(), StoreError> {
        let path = Self::path(folder);
        let text = serde_json::to_string(self)
            .map_err(|e| StoreError::Broken { path: path.clone(), what: e.to_string() })?;
        folder.replace(&path, &(text + "\n"))
    }

    /// Who carries it out; nobody when it is over.
    pub fn read(folder: &RunFolder) -> Result<Option<Self>, StoreError> {
        let path = Self::path(folder);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(StoreError::io(&path)(e)),
        };
        serde_json::from_str(&text).map(Some).map_err(|e| StoreError::Broken { path, what: e.to_string() })
    }

    /// Nobody carries it out any more.
    pub fn remove(folder: &RunFolder) -> Result<(), StoreError> {
        let path = Self::path(folder);
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(StoreError::io(&path)(e)),
            _ => Ok(()),
        }
    }
}
