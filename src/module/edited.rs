//! A file of text whose content a module has changed, on its way back to the disk: what `lineinfile`, `blockinfile` and their
//! like have in common.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::atomic::{self, Staged};
use super::attributes::Attributes;
use super::failure::{Doing, Failure};
use super::file_args::FileArgs;
use super::{Context, difference, file, path};
use crate::wire::Outcome;

/// One file.
pub struct Edited<'a> {
    /// As the user has it.
    pub path: &'a Path,
    /// A link stays, and what it leads to is changed; else the link becomes a file.
    pub follow: bool,
    /// What is there; nothing when there is no file.
    pub before: Option<Vec<u8>>,
    /// Keep a copy of what is there.
    pub backup: bool,
    /// The user's check of the new content.
    pub validate: Option<&'a str>,
    /// Whether a difference says what it is of, the content or the attributes; else only the content's is told.
    pub apart: bool,
    /// Owner, mode and the like.
    pub file: &'a FileArgs,
}

/// What is in a file; nothing when there is none.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    if path.is_dir() {
        return Err(Failure::new(format!("Path {} is a directory !", path.display())).with("rc", 256));
    }
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e).doing("read", path),
    }
}

impl Edited<'_> {
    /// Writes the new content, if it is new, then sets the attributes; `outcome` is told of both. The name of the copy, if one was
    /// kept.
    pub fn put(
        &self,
        after: &[u8],
        outcome: &mut Outcome,
        ctx: &mut Context<'_>,
    ) -> Result<Option<PathBuf>, Failure> {
        // Names that nobody has are told before anything is written.
        Attributes::find(self.file, self.path, ctx)?;
        let before = self.before.as_deref();
        let mut kept = None;
        if before != Some(after) {
            outcome.changed = true;
            if ctx.diff() {
                let differs =
                    difference::of_bytes(&self.header("content"), before.unwrap_or_default(), after);
                difference::tell(outcome, [differs]);
            }
            if !ctx.check() {
                kept = self.write(after, ctx)?;
            }
        }
        self.set_attributes(outcome, ctx)?;
        Ok(kept)
    }

    fn header(&self, what: &str) -> String {
        let path = self.path.display();
        if self.apart { format!("{path} ({what})") } else { path.to_string() }
    }

    /// Sets the attributes alone.
    pub fn set_attributes(&self, outcome: &mut Outcome, ctx: &mut Context<'_>) -> Result<(), Failure> {
        if self.path.exists() {
            let changes = Attributes::find(self.file, self.path, ctx)?.apply(
                &path::real(self.path),
                true,
                ctx.check(),
            )?;
            if !changes.is_empty() {
                outcome.changed = true;
                let msg = outcome.msg.take().unwrap_or_default();
                let what = "ownership, perms or SE linux context changed";
                outcome.msg =
                    Some(if msg.is_empty() { what.to_owned() } else { format!("{msg} and {what}") });
            }
            if ctx.diff() {
                difference::tell(
                    outcome,
                    difference::of_attributes(&self.header("file attributes"), &changes),
                );
            }
        }
        Ok(())
    }

    fn write(&self, after: &[u8], ctx: &mut Context<'_>) -> Result<Option<PathBuf>, Failure> {
        let real = if self.follow { path::real(self.path) } else { self.path.to_owned() };
        if let Some(folder) = real.parent().filter(|f| self.before.is_none() && !f.as_os_str().is_empty()) {
            file::make_folders(folder, &Attributes::default())?;
        }
        let staged = Staged::holding(&real, after, self.file.is_unsafe())?;
        staged.validate(self.validate, ctx)?;
        let kept =
            if self.backup && self.before.is_some() { Some(atomic::backup(self.path, ctx)?) } else { None };
        staged.commit()?;
        Ok(kept)
    }
}
