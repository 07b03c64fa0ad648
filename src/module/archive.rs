//! `archive`: files and folders of the target, packed into one file there, by its own programs (decision 24).
//!
//! Gives `archived`, `missing`, `arcroot`, `dest`, `dest_state`, `expanded_paths`, `expanded_exclude_paths`.

mod packing;
mod sources;

use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::sources::Sources;
use super::atomic::Staged;
use super::attributes::{self, Attributes};
use super::failure::{Answer, Doing, Failure};
use super::file_args::{self, FileArgs};
use super::{Context, Module, TargetPath};
use crate::base::Value;
use crate::base::spec::{CheckMode, OnResume, Spec};
use crate::wire::Outcome;

/// Packs files and folders of the target, or compresses a single file. The target needs GNU tar or `zip`, and the program of the
/// compression. Nothing has changed when what would be packed is what is there. Under `--check` the archive is made and compared,
/// and not kept.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// Files, folders or patterns (`*`, `?`). What is in a folder is packed, and the folder's own name with it.
    pub path: Vec<TargetPath>,
    /// How it is packed. A single file is only compressed.
    #[serde(default)]
    pub format: Format,
    /// The file that it becomes; by default, for a single file, its name with the format's.
    pub dest: Option<TargetPath>,
    /// Files, folders or patterns of `path` that are left out.
    #[serde(default)]
    pub exclude_path: Vec<TargetPath>,
    /// Patterns of names in the archive (for `zip`, of whole paths) that are left out.
    #[serde(default)]
    pub exclusion_patterns: Vec<String>,
    /// A single file becomes an archive, too.
    #[serde(default)]
    pub force_archive: bool,
    /// Removes what was packed.
    #[serde(default)]
    pub remove: bool,
}

/// How it is packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// By bzip2
    Bz2,
    /// By gzip
    #[default]
    Gz,
    /// Not at all
    Tar,
    /// By xz
    Xz,
    /// By zip
    Zip,
    /// By zstd
    Zstd,
}

impl Format {
    /// The ending of a single file that is compressed so.
    fn ending(self) -> &'static str {
        match self {
            Self::Bz2 => "bz2",
            Self::Gz => "gz",
            Self::Tar => "tar",
            Self::Xz => "xz",
            Self::Zip => "zip",
            Self::Zstd => "zstd",
        }
    }
}

pub(super) const SPEC: Spec = Spec {
    name: "archive",
    summary: "Packs files and folders of the target.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: file_args::schema::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| file_args::call(args, ctx, archive) };

fn archive(args: &Args, file: &FileArgs, ctx: &mut Context<'_>) -> Answer {
    let sources = Sources::find(args, ctx)?;
    let dest = destination(args, &sources, ctx)?;
    if args.remove
        && sources.paths.iter().any(|path| path.is_dir() && dest.starts_with(path) && dest != *path)
    {
        let msg = "Error, created archive can not be contained in source paths when remove=true";
        return Err(Failure::new(msg).with("path", shown(&sources.paths)));
    }
    let mut outcome = Outcome::ok(false);
    let mut state = "absent";
    let mut archived = Vec::new();
    if sources.found.is_empty() {
        if dest.exists() {
            state = if has_ending_of_archive(&dest) { "archive" } else { "compress" };
        }
    } else {
        let packed = packing::pack(args, &sources, ctx)?;
        outcome.changed = !is_same(&packed.file, &dest);
        if outcome.changed && !ctx.check() {
            let mut staged = Staged::open(&dest, file.is_unsafe())?;
            let mut from = std::fs::File::open(&packed.file).doing("read", &packed.file)?;
            io::copy(&mut from, &mut staged).doing("write", &dest)?;
            staged.commit()?;
        }
        state = match (sources.is_archive, sources.missing.is_empty()) {
            (true, false) => "incomplete",
            (true, true) => "archive",
            (false, _) if matches!(args.format, Format::Zip | Format::Tar) => "archive",
            (false, _) => "compress",
        };
        archived = packed.names;
        if args.remove {
            outcome.changed = true;
            if !ctx.check() {
                remove(&archived, &sources, &dest)?;
            }
        }
    }
    if dest.exists() {
        let changes = Attributes::find(file, &dest, ctx)?.apply(&dest, true, ctx.check())?;
        outcome.changed |= !changes.is_empty();
    }
    let outcome = outcome
        .with("archived", list(&archived))
        .with("missing", list(&sources.missing))
        .with("arcroot", sources.root.to_string_lossy().into_owned())
        .with("dest", dest.to_string_lossy().into_owned())
        .with("dest_state", state)
        .with("expanded_paths", list(&sources.expanded))
        .with("expanded_exclude_paths", list(&sources.excluded));
    Ok(attributes::describe(outcome, &dest, ctx))
}

fn destination(args: &Args, sources: &Sources, ctx: &mut Context<'_>) -> Result<PathBuf, Failure> {
    match &args.dest {
        Some(dest) => Ok(dest.expand(ctx)),
        None if sources.is_archive => {
            let msg = "Error, must specify \"dest\" when archiving multiple files or trees";
            Err(Failure::new(msg).with("path", shown(&sources.expanded)))
        }
        None => {
            let mut name = sources.paths[0].as_os_str().to_owned();
            name.push(".");
            name.push(args.format.ending());
            Ok(name.into())
        }
    }
}

fn list(paths: &[PathBuf]) -> Value {
    Value::list(paths.iter().map(|path| Value::from(path.to_string_lossy().into_owned())).collect())
}

fn shown(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.to_string_lossy().into_owned()).collect::<Vec<_>>().join(", ")
}

fn has_ending_of_archive(path: &Path) -> bool {
    let name = path.to_string_lossy().to_ascii_lowercase();
    [".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", ".tgz", ".tbz2", ".tzst", ".zip"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// Whether two files have the same bytes. The programs give the same ones for the same files.
fn is_same(one: &Path, other: &Path) -> bool {
    let size = |path: &Path| path.metadata().map(|metadata| metadata.len()).ok();
    if size(one).is_none() || size(one) != size(other) {
        return false;
    }
    let open = |path: &Path| std::fs::File::open(path).map(BufReader::new);
    let (Ok(one), Ok(other)) = (open(one), open(other)) else { return false };
    one.bytes().zip(other.bytes()).all(|pair| matches!(pair, (Ok(a), Ok(b)) if a == b))
}

/// Removes what was packed, and the folders it was in.
fn remove(archived: &[PathBuf], sources: &Sources, dest: &Path) -> Result<(), Failure> {
    let folders = sources.found.iter().filter(|path| path.is_dir() && !path.is_symlink());
    let mut left = Vec::new();
    for path in archived.iter().filter(|path| path.is_symlink() || !path.is_dir()) {
        if let Err(error) = std::fs::remove_file(path)
            && error.kind() != io::ErrorKind::NotFound
        {
            left.push(path.clone());
        }
    }
    for folder in folders {
        if std::fs::remove_dir_all(folder).is_err() {
            left.push(folder.clone());
        }
    }
    if left.is_empty() {
        return Ok(());
    }
    let failure = Failure::new("Error deleting some source files: ").with("files", list(&left));
    Err(failure.with("dest", dest.to_string_lossy().into_owned()))
}

#[cfg(test)]
mod tests;
