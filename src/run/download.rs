//! What a module sends for a file of the controller (`fetch`).

use std::path::PathBuf;

use tokio::fs::File;
use tokio::io::AsyncWriteExt;

/// A file that is fetched from the target.
pub(super) struct Download {
    path: PathBuf,
    file: Option<File>,
    /// Why it could not be written; what comes after is taken and thrown away.
    problem: Option<String>,
}

impl Download {
    /// Nothing is made before the first bytes come.
    pub fn new(path: PathBuf) -> Self {
        Self { path, file: None, problem: None }
    }

    /// Keeps what has come.
    pub async fn write(&mut self, bytes: &[u8]) {
        if self.problem.is_none()
            && let Err(error) = self.append(bytes).await
        {
            self.problem = Some(format!("{} cannot be written: {error}", self.path.display()));
        }
    }

    async fn append(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        if self.file.is_none() {
            if let Some(folder) = self.path.parent() {
                tokio::fs::create_dir_all(folder).await?;
            }
            self.file = Some(File::create(&self.path).await?);
        }
        match &mut self.file {
            Some(file) => file.write_all(bytes).await,
            None => Ok(()),
        }
    }

    /// What went wrong.
    pub async fn end(self) -> Option<String> {
        let Some(mut file) = self.file else { return self.problem };
        let flushed = file.flush().await;
        self.problem.or_else(|| flushed.err().map(|e| format!("the download cannot be written: {e}")))
    }
}
