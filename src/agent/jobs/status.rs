//! The file that Ansible's own programs would keep of a job: JSON in the folder that `ansible_async_dir` names, by which
//! playbooks and later runs find out how it is doing.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::base::{JobId, Map, Value};
use crate::module::{Context, TargetPath};
use crate::wire::{Outcome, Status};

/// The file of one job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusFile(PathBuf);

impl StatusFile {
    /// That of a job, in a folder as the user writes it.
    pub fn of(folder: &str, job: &JobId, ctx: &mut Context<'_>) -> io::Result<Self> {
        if job.as_str().is_empty() || job.as_str().contains(['/', '\0']) || job.as_str().starts_with('.') {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{job}` is no name of a job")));
        }
        Ok(Self(TargetPath::from(folder).expand(ctx).join(job.as_str())))
    }

    /// That of a job, in a folder that is known.
    pub fn within(folder: &str, job: &JobId) -> Self {
        Self(Path::new(folder).join(job.as_str()))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Whether it is there.
    pub fn is_there(&self) -> bool {
        self.0.is_file()
    }

    /// The job begins.
    pub fn begin(&self, job: &JobId) -> io::Result<()> {
        if let Some(folder) = self.0.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        self.write(Map::new(), job, false)
    }

    /// It is over.
    pub fn end(&self, job: &JobId, outcome: &Outcome) -> io::Result<()> {
        self.write(outcome.clone().take_register(), job, true)
    }

    fn write(&self, mut told: Map, job: &JobId, finished: bool) -> io::Result<()> {
        told.insert("ansible_job_id", job.as_str());
        told.insert("started", 1_i64);
        told.insert("finished", i64::from(finished));
        let new = self.0.with_file_name(format!(".{job}.new"));
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(&serde_json::to_vec(&Value::from(told))?)?;
        fs::rename(new, &self.0)
    }

    /// How the job ended, if it did.
    pub fn read(&self) -> io::Result<Option<Outcome>> {
        let Value::Map(told) = serde_json::from_slice(&fs::read(&self.0)?)? else { return Ok(None) };
        let mut values = Map::clone(&told);
        let is = |key: &str| told.get(key).is_some_and(Value::is_truthy);
        if !is("finished") {
            return Ok(None);
        }
        for key in ["changed", "failed", "started", "finished", "stdout_lines", "stderr_lines"] {
            values.remove(key);
        }
        let msg = values.remove("msg").map(|msg| msg.to_string());
        let status = if is("failed") { Status::Failed } else { Status::Ok };
        Ok(Some(Outcome { status, changed: is("changed"), msg, values, ..Outcome::default() }))
    }

    /// Removes it.
    pub fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.0) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }
}
