//! `copy`: content, an uploaded file, or a file or folder of the target itself, put in its place.
//!
//! The controller's action finds the user's file and calls this module once per file, with the file as upload 0 and
//! what it knows of it in `_upload`. An upload whose checksum is there already is never read.

pub(super) mod content;
mod folder;

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use super::atomic::{self, Staged};
use super::attributes::{self, Attributes};
use super::checksum::{self, Algorithm, Sum};
use super::failure::{Answer, Doing, Failure};
use super::file_args::{self, FileArgs};
use super::{Context, Mode, Module, TargetPath, difference, file};
use crate::base::Value;
use crate::base::spec::{CheckMode, OnResume, Spec};
use crate::wire::Outcome;

/// A file that is the same already is left alone. With `--check` and `--diff` it shows what would change.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // they are what users write
#[schemars(extend("x-exclusive" = [["content", "src"]], "x-one-of" = [["content", "src"]]))]
pub struct Args {
    /// Where it should be. A folder, or a path that ends in `/`, means the same name in that folder.
    pub dest: TargetPath,
    /// The file or folder on the controller; with `remote_src` on the target. A folder that ends in `/` means what is in it.
    pub src: Option<TargetPath>,
    /// What should be in the file. A list or mapping is written as JSON.
    pub content: Option<Value>,
    /// `src` is on the target.
    #[serde(default)]
    pub remote_src: bool,
    /// The mode of folders that are made on the way.
    pub directory_mode: Option<Mode>,
    /// Keep a copy of a file that is replaced, under a name with the time in it.
    #[serde(default)]
    pub backup: bool,
    /// Replace a file that is there and differs.
    #[serde(default = "yes", alias = "thirsty")]
    #[schemars(extend("x-aliases" = ["thirsty"]))]
    pub force: bool,
    /// The SHA-1 that the source must have.
    pub checksum: Option<String>,
    /// A command that must succeed before the file is put in place; `%s` is the name of the new file.
    pub validate: Option<String>,
    /// Write to what a link at `dest` leads to.
    #[serde(default)]
    pub follow: bool,
    /// Copy what links in a source folder lead to; by default on the controller and not with `remote_src`. A link to a folder that
    /// it is in stays a link.
    pub local_follow: Option<bool>,
    /// Decrypt a source that is a vault; the controller does.
    #[serde(default = "yes")]
    pub decrypt: bool,
    /// What the controller knows of the upload.
    #[serde(rename = "_upload")]
    #[schemars(skip)]
    pub upload: Option<Upload>,
}

/// What the controller knows of the file it uploads. Never written by users.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Upload {
    /// The file's name without folders, for a `dest` that is a folder.
    pub name: String,
    /// Its SHA-1 in hex.
    pub checksum: String,
    /// Its permission bits on the controller, for `mode: preserve`.
    pub mode: Option<u32>,
    /// Where it is on the controller, which differences are told with.
    pub source: Option<String>,
}

fn yes() -> bool {
    true
}

pub(super) const SPEC: Spec = Spec {
    name: "copy",
    summary: "Puts a file in its place.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: file_args::schema::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| file_args::call(args, ctx, copy) };

/// Where the bytes come from.
#[derive(Debug)]
enum Source {
    Content(Vec<u8>),
    Upload,
    File(PathBuf),
}

/// What is wanted of all files of one call.
#[derive(Debug)]
struct Job<'a> {
    args: &'a Args,
    attributes: Attributes,
    unsafely: bool,
}

/// One file to be put in place.
#[derive(Debug)]
struct Item {
    source: Source,
    /// SHA-1 of the bytes.
    checksum: String,
    /// Its mode where it comes from.
    mode: Option<u32>,
    lends: Lends,
}

/// Whether what is written gets the mode of where it comes from when no other is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lends {
    Never,
    /// Only where there was a file, as in Ansible.
    ToWhatIsThere,
    Always,
}

fn copy(args: &Args, file: &FileArgs, ctx: &mut Context<'_>) -> Answer {
    let dest = args.dest.expand(ctx);
    let attributes = Attributes::find(file, &dest, ctx)?;
    let job = Job { args, attributes, unsafely: file.is_unsafe() };
    let into_folder = args.dest.as_str().ends_with('/');
    let src = args.src.as_ref().map(|src| src.expand(ctx));
    let (item, name) = match (&src, &args.content, &args.upload) {
        (None, Some(content), _) => {
            if into_folder || dest.is_dir() {
                return Err(Failure::new("can not use content with a dir as dest"));
            }
            let bytes = content::bytes(content);
            let checksum = checksum::of_bytes(Algorithm::Sha1, &bytes);
            (Item { source: Source::Content(bytes), checksum, mode: None, lends: Lends::Never }, None)
        }
        (Some(src), _, _) if args.remote_src => {
            if src.is_dir() {
                return folder::copy(&job, src, &dest, ctx);
            }
            (remote(src)?, src.file_name().map(PathBuf::from))
        }
        (_, _, Some(upload)) => {
            let checksum = upload.checksum.clone();
            let item = Item { source: Source::Upload, checksum, mode: upload.mode, lends: Lends::Never };
            (item, Some(PathBuf::from(&upload.name)))
        }
        _ => return Err(Failure::new("src was not uploaded; this is an error of the program")),
    };
    let dest = target(&job, dest, into_folder, name.as_deref(), ctx)?;
    let mut outcome = install(&job, &item, &dest, ctx)?;
    if let Some(src) = src {
        outcome.values.insert("src", src.to_string_lossy().into_owned());
    }
    Ok(outcome)
}

/// A file of the target that is to be copied.
fn remote(src: &Path) -> Result<Item, Failure> {
    let metadata = src
        .metadata()
        .map_err(|e| Failure::new(format!("Source {} not found or not readable: {e}", src.display())))?;
    if !metadata.is_file() {
        return Err(Failure::new(format!("Cannot copy invalid source '{}': not a file", src.display())));
    }
    let checksum = checksum::of_file(Algorithm::Sha1, src).doing("read", src)?;
    let mode = Some(metadata.mode() & 0o7777);
    Ok(Item { source: Source::File(src.to_owned()), checksum, mode, lends: Lends::ToWhatIsThere })
}

/// The path of the file itself; makes the folder of a `dest` that ends in `/`.
fn target(
    job: &Job<'_>,
    dest: PathBuf,
    into_folder: bool,
    name: Option<&Path>,
    ctx: &Context<'_>,
) -> Result<PathBuf, Failure> {
    let args = job.args;
    let dest = match name {
        Some(name) if into_folder || dest.is_dir() => dest.join(name),
        _ => dest,
    };
    let folder = dest.parent().filter(|f| !f.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|f| !f.is_dir()) {
        if !into_folder {
            return Err(Failure::new(format!("Destination directory {} does not exist", folder.display())));
        }
        if !ctx.check() {
            file::make_folders(folder, &job.attributes.with_mode(args.directory_mode.as_ref()))?;
        }
    }
    if args.follow && dest.is_symlink() {
        return dest.canonicalize().doing("follow the link", &dest);
    }
    Ok(dest)
}

/// Puts one file in place and sets its attributes.
fn install(job: &Job<'_>, item: &Item, dest: &Path, ctx: &mut Context<'_>) -> Answer {
    let Job { args, attributes, .. } = job;
    if let Some(expected) = args.checksum.as_deref().filter(|sum| !sum.eq_ignore_ascii_case(&item.checksum)) {
        return Err(Failure::new("Copied file does not match the expected checksum. Transfer failed.")
            .with("checksum", item.checksum.as_str())
            .with("expected_checksum", expected));
    }
    let there = dest.symlink_metadata().ok();
    if there.is_some() && !args.force {
        let mut outcome = Outcome::ok(false).with("dest", dest.to_string_lossy().into_owned());
        outcome.msg = Some("file already exists".to_owned());
        return Ok(outcome);
    }
    if there.as_ref().is_some_and(std::fs::Metadata::is_dir) {
        return Err(Failure::new(format!("{} is a directory", dest.display())));
    }
    let is_file = there.as_ref().is_some_and(std::fs::Metadata::is_file);
    let same = is_file && checksum::of_file(Algorithm::Sha1, dest).doing("read", dest)? == item.checksum;
    let mut outcome = Outcome::ok(!same)
        .with("dest", dest.to_string_lossy().into_owned())
        .with("checksum", item.checksum.as_str());
    if same {
        // As in Ansible, where `file` answers then.
        outcome.values.insert("path", dest.to_string_lossy().into_owned());
    } else if ctx.check() {
        let told = if ctx.diff() { Some(would_differ(job.args, item, dest, ctx)?) } else { None };
        difference::tell(&mut outcome, told);
    } else {
        replace(job, item, dest, is_file, &mut outcome, ctx)?;
    }
    let attributes = match item.mode {
        Some(mode) => attributes.clone().preserving(mode),
        None => attributes.clone(),
    };
    if dest.exists() {
        let changes = attributes.apply(dest, true, ctx.check())?;
        outcome.changed |= !changes.is_empty();
        // As in Ansible, where `file` is asked when the content is the same, and `copy` does not tell when it is not.
        if ctx.diff() && same && !changes.is_empty() {
            difference::tell_one(&mut outcome, difference::of_file(dest, &changes, None, None));
        }
        if !ctx.check() {
            let md5 = checksum::of_file(Algorithm::Md5, dest).doing("read", dest)?;
            outcome.values.insert("md5sum", md5);
        }
    }
    Ok(attributes::describe(outcome, dest, ctx))
}

fn replace(
    job: &Job<'_>,
    item: &Item,
    dest: &Path,
    is_file: bool,
    outcome: &mut Outcome,
    ctx: &mut Context<'_>,
) -> Result<(), Failure> {
    let args = job.args;
    let mut staged = Staged::open(dest, job.unsafely)?;
    if item.lends == Lends::Always || (item.lends == Lends::ToWhatIsThere && is_file) {
        staged.mode = item.mode;
    }
    let mut sum = Sum::new(Algorithm::Sha1);
    with_bytes(item, ctx, |reader| {
        let mut buffer = vec![0; 256 * 1024];
        loop {
            match reader.read(&mut buffer)? {
                0 => return Ok(()),
                n => {
                    sum.update(&buffer[..n]);
                    io::Write::write_all(&mut staged, &buffer[..n])?;
                }
            }
        }
    })
    .doing("write", dest)?;
    let written = sum.finish();
    if written != item.checksum {
        return Err(Failure::new("Copied file does not match the expected checksum. Transfer failed.")
            .with("checksum", written)
            .with("expected_checksum", item.checksum.as_str()));
    }
    if ctx.diff() {
        let told = differs(args, dest, &difference::read(staged.path()));
        difference::tell(outcome, [told]);
    }
    staged.validate(args.validate.as_deref(), ctx)?;
    if args.backup && is_file {
        let kept = atomic::backup(dest, ctx)?;
        outcome.values.insert("backup_file", kept.to_string_lossy().into_owned());
    }
    staged.commit()
}

fn with_bytes<T>(
    item: &Item,
    ctx: &Context<'_>,
    read: impl FnOnce(&mut dyn Read) -> io::Result<T>,
) -> io::Result<T> {
    match &item.source {
        Source::Content(bytes) => read(&mut bytes.as_slice()),
        Source::File(path) => read(&mut File::open(path)?),
        Source::Upload => read(&mut *ctx.link.upload(0)?),
    }
}

/// What would differ, in check mode; an upload can be read once.
fn would_differ(args: &Args, item: &Item, dest: &Path, ctx: &Context<'_>) -> Result<Value, Failure> {
    let mut after = Vec::new();
    with_bytes(item, ctx, |reader| reader.take(difference::LIMIT + 1).read_to_end(&mut after))
        .doing("read the source of", dest)?;
    Ok(differs(args, dest, &after))
}

/// What is there and what will be.
fn differs(args: &Args, dest: &Path, after: &[u8]) -> Value {
    let shown = dest.to_string_lossy();
    let source = args.upload.as_ref().and_then(|upload| upload.source.as_deref());
    let before = if dest.exists() { Some(difference::read(dest)) } else { None };
    difference::of_change(before.as_deref().map(|before| (&*shown, before)), source.unwrap_or(&shown), after)
}
