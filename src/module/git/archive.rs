//! The files of a version in one archive.

use std::path::{Path, PathBuf};

use super::super::Context;
use super::super::failure::{Doing, Failure};
use super::super::path::temporary;
use super::repository::Git;
use crate::wire::Outcome;

impl Git<'_> {
    /// Makes the archive, unless the one that is there is the same.
    pub fn pack(&self, outcome: &mut Outcome, ctx: &mut Context<'_>) -> Result<(), Failure> {
        let (Some(archive), Some(dest)) = (&self.args.archive, &self.dest) else { return Ok(()) };
        if ctx.check() {
            outcome.changed = true;
            return Ok(());
        }
        let archive: PathBuf = dest.join(archive.expand(ctx));
        let Some(format) = format(&archive) else {
            let msg = format!("Unable to get file extension from archive file name : {}", archive.display());
            let known = "Please specify archive as filename with extension. File extension can be one of \
                         ['tar', 'tar.gz', 'zip', 'tgz']";
            return Err(Failure::new(msg).with("details", known));
        };
        if !archive.exists() {
            self.make_archive(&archive, format, ctx)?;
            outcome.changed = true;
            return Ok(());
        }
        let folder = temporary(ctx);
        let made = tempfile::Builder::new().prefix("benchbook-git.").tempdir_in(&folder);
        let folder = made.doing("make a folder in", &folder)?;
        let new = folder.path().join("archive");
        self.make_archive(&new, format, ctx)?;
        let read = |path: &Path| std::fs::read(path).doing("read", path);
        outcome.changed = read(&new)? != read(&archive)?;
        if outcome.changed {
            let said = ctx.ask([Path::new("mv"), Path::new("-fT"), &new, &archive])?;
            if !said.well() {
                let msg = format!("Failed to move {} to {}", new.display(), archive.display());
                let details = format!("Error occurred while moving : {}", said.err.trim_end());
                return Err(Failure::new(msg).with("details", details));
            }
        }
        Ok(())
    }

    fn make_archive(&self, archive: &Path, format: &str, ctx: &mut Context<'_>) -> Result<(), Failure> {
        let archive = archive.to_string_lossy();
        let mut line = vec!["archive", "--format", format, "--output", &archive];
        line.extend(self.args.archive_prefix.iter().flat_map(|prefix| ["--prefix", prefix.as_str()]));
        line.push(&self.args.version);
        let said = self.ask(&line, ctx)?;
        if said.well() {
            return Ok(());
        }
        let dest = self.dest.as_deref().unwrap_or(Path::new("."));
        let details = format!(
            "Git archive command failed to create archive {archive} using {} directory.Error: {}",
            dest.display(),
            said.err
        );
        Err(Failure::new("Failed to perform archive operation").with("details", details))
    }
}

/// The format that git has for a name.
fn format(archive: &Path) -> Option<&'static str> {
    match archive.extension()?.to_str()? {
        "zip" => Some("zip"),
        "gz" => Some("tar.gz"),
        "tar" => Some("tar"),
        "tgz" => Some("tgz"),
        _ => None,
    }
}
