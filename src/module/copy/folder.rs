//! `copy` with `remote_src` and a folder as source.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Item, Job, Lends, install, remote};
use crate::base::Value;
use crate::module::attributes;
use crate::module::failure::{Answer, Doing, Failure};
use crate::module::file::make_folders;
use crate::module::{Context, Mode, difference};
use crate::wire::Outcome;

/// Copies what is in `src`, or `src` itself when its name does not end in `/`. Files and folders that are new or differ get the
/// modes they have there; `mode` is that of `dest`, as in Ansible.
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
    let inside = Job { args: job.args, attributes: job.attributes.with_mode(None), unsafely: job.unsafely };
    if root != dest && !dest.is_dir() && !ctx.check() {
        make_folders(dest, &inside.attributes.with_mode(job.args.directory_mode.as_ref()))?;
    }
    walk(&inside, src, &root, &mut Vec::new(), &mut outcome, ctx)?;
    if dest.is_dir() {
        let mode = src.metadata().doing("look at", src)?.mode() & 0o7777;
        let changes = job.attributes.clone().preserving(mode).apply(dest, true, ctx.check())?;
        outcome.changed |= !changes.is_empty();
    }
    Ok(attributes::describe(outcome, dest, ctx))
}

/// `above` are the folders that are being walked: a link to one of them stays a link.
fn walk(
    job: &Job<'_>,
    from: &Path,
    to: &Path,
    above: &mut Vec<PathBuf>,
    outcome: &mut Outcome,
    ctx: &mut Context<'_>,
) -> Result<(), Failure> {
    let mode = from.metadata().doing("look at", from)?.mode() & 0o7777;
    let is_new = !to.is_dir();
    if is_new {
        outcome.changed = true;
        if !ctx.check() {
            make_folders(to, &job.attributes)?;
        }
    } else {
        outcome.changed |= !job.attributes.apply(to, true, ctx.check())?.is_empty();
    }
    above.push(from.canonicalize().doing("look at", from)?);
    let mut entries: Vec<_> = from.read_dir().and_then(Iterator::collect).doing("list the folder", from)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        let real = from.canonicalize().ok();
        let stays = job.args.local_follow != Some(true) || real.is_none_or(|real| above.contains(&real));
        if from.is_symlink() && stays {
            outcome.changed |= link(&from, &to, ctx)?;
            if to.is_symlink() {
                outcome.changed |= !job.attributes.apply(&to, false, ctx.check())?.is_empty();
            }
        } else if from.is_dir() {
            walk(job, &from, &to, above, outcome, ctx)?;
        } else {
            let done = install(job, &Item { lends: Lends::Always, ..remote(&from)? }, &to, ctx)?;
            outcome.changed |= done.changed;
            difference::tell(
                outcome,
                done.values.get("diff").and_then(Value::as_list).unwrap_or_default().to_vec(),
            );
        }
    }
    above.pop();
    if is_new && !ctx.check() {
        // Last, because it may take away the right to write into it.
        let mode = job.args.directory_mode.clone().unwrap_or(Mode::Bits(mode));
        job.attributes.with_mode(Some(&mode)).apply(to, true, false)?;
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
