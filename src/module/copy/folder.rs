//! `copy` with `remote_src` and a folder as source.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Job, install, remote};
use crate::base::Value;
use crate::module::attributes::{self, Attributes};
use crate::module::failure::{Answer, Doing, Failure};
use crate::module::file::make_folders;
use crate::module::{Context, difference};
use crate::wire::Outcome;

/// Copies what is in `src`, or `src` itself when its name does not end in `/`.
pub fn copy(job: &Job<'_>, src: &Path, dest: &Path, ctx: &mut Context<'_>) -> Answer {
    if dest.exists() && !dest.is_dir() {
        return Err(Failure::new(format!("{} is no directory", dest.display())));
    }
    let contents = job.args.src.as_ref().is_some_and(|written| written.as_str().ends_with('/'));
    let root = match src.file_name() {
        Some(name) if !contents => dest.join(name),
        _ => dest.to_owned(),
    };
    let mut outcome = Outcome::ok(false)
        .with("dest", dest.to_string_lossy().into_owned())
        .with("src", src.to_string_lossy().into_owned());
    walk(job, src, &root, &mut outcome, ctx)?;
    Ok(attributes::describe(outcome, dest, ctx))
}

fn walk(
    job: &Job<'_>,
    from: &Path,
    to: &Path,
    outcome: &mut Outcome,
    ctx: &mut Context<'_>,
) -> Result<(), Failure> {
    let mode = from.metadata().doing("look at", from)?.mode() & 0o7777;
    let of_folder = Attributes::of_mode(job.args.directory_mode.as_ref()).preserving(mode);
    if !to.is_dir() {
        outcome.changed = true;
        if !ctx.check() {
            make_folders(to, &of_folder)?;
        }
    }
    let mut entries: Vec<_> = from.read_dir().and_then(Iterator::collect).doing("list the folder", from)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_symlink() && !job.args.local_follow {
            outcome.changed |= link(&from, &to, ctx)?;
        } else if from.is_dir() {
            walk(job, &from, &to, outcome, ctx)?;
        } else {
            let done = install(job, &remote(&from)?, &to, ctx)?;
            outcome.changed |= done.changed;
            difference::tell(
                outcome,
                done.values.get("diff").and_then(Value::as_list).unwrap_or_default().to_vec(),
            );
        }
    }
    Ok(())
}

/// Copies a link as a link; whether it differed.
fn link(from: &Path, to: &PathBuf, ctx: &Context<'_>) -> Result<bool, Failure> {
    let target = std::fs::read_link(from).doing("read the link", from)?;
    if std::fs::read_link(to).is_ok_and(|there| there == target) {
        return Ok(false);
    }
    if !ctx.check() {
        if to.symlink_metadata().is_ok() {
            std::fs::remove_file(to).doing("replace", to)?;
        }
        std::os::unix::fs::symlink(&target, to).doing("make the link", to)?;
    }
    Ok(true)
}
