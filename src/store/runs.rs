//! All runs of a project: listing them, and finding one by what the user calls it.

use std::path::{Path, PathBuf};

use super::{RunFolder, StoreError};

/// The folder that holds the runs' folders.
#[derive(Clone, Debug)]
pub struct Runs(PathBuf);

impl Runs {
    /// Those in `folder`, which need not exist yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// Where they are.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// Oldest first: their names begin with their time.
    pub fn list(&self) -> Result<Vec<RunFolder>, StoreError> {
        let entries = match std::fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(StoreError::io(&self.0)(e)),
        };
        let mut runs = Vec::new();
        for entry in entries {
            let folder = RunFolder::at(entry.map_err(StoreError::io(&self.0))?.path());
            if folder.database().is_file() {
                runs.push(folder);
            }
        }
        // Of those that began in one second, `-10` comes after `-2`.
        runs.sort_by_cached_key(|run: &RunFolder| {
            let name = run.id().as_str().to_owned();
            (name.split('-').next().unwrap_or_default().to_owned(), name.len(), name)
        });
        Ok(runs)
    }

    /// `last`, a path, a name, or the beginning of a name that only one run has.
    pub fn find(&self, name: &str) -> Result<RunFolder, StoreError> {
        let mut runs = self.list()?;
        if name == "last" {
            return runs.pop().ok_or_else(|| StoreError::NoRuns(self.0.clone()));
        }
        let given = RunFolder::at(name);
        if given.database().is_file() {
            return Ok(given);
        }
        let names: Vec<String> = runs.iter().map(|r| r.id().as_str().to_owned()).collect();
        if let Some(exact) = names.iter().position(|n| n == name) {
            return Ok(runs.swap_remove(exact));
        }
        let candidates: Vec<usize> =
            (0..names.len()).filter(|&i| !name.is_empty() && names[i].starts_with(name)).collect();
        match candidates.as_slice() {
            [one] => Ok(runs.swap_remove(*one)),
            [] => Err(StoreError::NoSuchRun { name: name.to_owned(), known: names, folder: self.0.clone() }),
            several => Err(StoreError::Ambiguous {
                name: name.to_owned(),
                candidates: several.iter().map(|&i| names[i].clone()).collect(),
            }),
        }
    }
}
