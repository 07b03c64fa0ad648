//! `unarchive`: what is in an archive, put into a folder.
//!
//! The target's own `tar` and `unzip` do it, because `extra_opts` are theirs (decision 24). The controller's action sends the
//! user's archive as upload 0.

mod tar;
mod zip;

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use self::tar::Tar;
use self::zip::Zip;
use super::attributes::{self, Attributes};
use super::failure::{Answer, Doing, Failure};
use super::file_args::{self, FileArgs};
use super::net::{Ask, Follow};
use super::programs::Said;
use super::{Context, Module, TargetPath, path};
use crate::base::address::masked;
use crate::base::spec::{CheckMode, OnResume, Spec};
use crate::base::{Map, Value};
use crate::wire::Outcome;

/// Archives of `tar`, plain or compressed with gzip, bzip2, xz or zstd, and of `zip`. The target needs `tar`, or `unzip` and
/// `zipinfo`, and the program of the compression. In check mode an archive of `tar` is skipped.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // they are what users write
#[schemars(extend("x-exclusive" = [["include", "exclude"], ["copy", "remote_src"]]))]
pub struct Args {
    /// The archive on the controller; with `remote_src` on the target, or the address of a server (`https://…`).
    pub src: TargetPath,
    /// The folder, which must be there.
    pub dest: TargetPath,
    /// `src` is on the target.
    #[serde(default)]
    pub remote_src: bool,
    /// The opposite of `remote_src`, which is to be preferred.
    pub copy: Option<bool>,
    /// Nothing is done when this is there.
    pub creates: Option<TargetPath>,
    /// Give the names that are in the archive as `files`.
    #[serde(default)]
    pub list_files: bool,
    /// Leave a file that is newer than the archive's.
    #[serde(default)]
    pub keep_newer: bool,
    /// Names or patterns that are left out.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// The only names or patterns that are wanted.
    #[serde(default)]
    pub include: Vec<String>,
    /// More options for `tar` or `unzip`, one word each.
    #[serde(default)]
    pub extra_opts: Vec<String>,
    /// Whether the certificate of a server must be one that the target trusts.
    #[serde(default = "yes")]
    pub validate_certs: bool,
    /// How many bytes are read at once to compare a file with the archive's.
    #[serde(default = "buffer")]
    pub io_buffer_size: usize,
    /// Decrypt a source that is a vault; the controller does.
    #[serde(default = "yes")]
    pub decrypt: bool,
    /// The archive comes as upload 0. Never written by users.
    #[serde(default, rename = "_upload")]
    #[schemars(skip)]
    pub upload: bool,
}

fn yes() -> bool {
    true
}

fn buffer() -> usize {
    64 * 1024
}

pub(super) const SPEC: Spec = Spec {
    name: "unarchive",
    summary: "Unpacks an archive into a folder.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: file_args::schema::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| file_args::call(args, ctx, unarchive) };

/// What is wanted of one archive.
struct Job<'a> {
    args: &'a Args,
    file: &'a FileArgs,
    attributes: &'a Attributes,
    src: PathBuf,
    dest: PathBuf,
}

/// How the folder and the archive differ.
struct Compared {
    is_same: bool,
    /// One line for each thing that differs, for `--diff`.
    shown: Option<String>,
}

/// A program that was run, and what it said.
struct Ran {
    words: Vec<OsString>,
    said: Said,
}

/// Who can read the archive.
trait Handler {
    /// The name that results have for it.
    fn name(&self) -> &'static str;
    fn compare(&mut self, job: &Job<'_>, ctx: &mut Context<'_>) -> Result<Compared, Failure>;
    fn extract(&self, job: &Job<'_>, ctx: &mut Context<'_>) -> Result<Ran, Failure>;
    /// The names of what is wanted, relative to the folder.
    fn files(&self, job: &Job<'_>) -> Vec<OsString>;
}

fn unarchive(args: &Args, file: &FileArgs, ctx: &mut Context<'_>) -> Answer {
    let (kept, src) = source(args, ctx)?;
    let given = args.dest.expand(ctx);
    let dest = std::path::absolute(&given).doing("find", &given)?;
    if !dest.is_dir() {
        return Err(Failure::new(format!("Destination '{}' is not a directory", given.display())));
    }
    let attributes = Attributes::find(file, &dest, ctx)?;
    let job = Job { args, file, attributes: &attributes, src, dest };
    let mut outcome = unpack(&job, ctx)?;
    drop(kept);
    outcome.values.insert("dest", given.to_string_lossy().into_owned());
    outcome.values.insert("src", job.src.to_string_lossy().into_owned());
    if !given.is_absolute() {
        let (given, dest) = (given.display(), job.dest.display());
        outcome
            .warnings
            .push(format!("Relative destination path '{given}' was resolved to absolute path '{dest}'."));
    }
    Ok(attributes::describe(outcome, &job.dest, ctx))
}

/// Where the archive is, and the folder that goes with it when it was brought here.
fn source(args: &Args, ctx: &mut Context<'_>) -> Result<(Option<tempfile::TempDir>, PathBuf), Failure> {
    let shown = args.src.as_str();
    let (kept, src) = if args.upload {
        let kept = folder_for_it(ctx)?;
        let src = kept.path().join("source");
        let mut to = File::create(&src).doing("make", &src)?;
        let mut from = ctx.link.upload(0).doing("receive", &src)?;
        io::copy(&mut from, &mut to).doing("write", &src)?;
        (Some(kept), src)
    } else if shown.contains("://") {
        let kept = folder_for_it(ctx)?;
        let src = kept.path().join("source");
        download(args, &src, ctx)?;
        (Some(kept), src)
    } else {
        let src = args.src.expand(ctx);
        (None, std::path::absolute(&src).doing("find", &src)?)
    };
    let metadata = match File::open(&src).and_then(|file| file.metadata()) {
        Ok(metadata) => metadata,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return Err(Failure::new(format!("Source '{}' does not exist", src.display())));
        }
        Err(_) => return Err(Failure::new(format!("Source '{}' not readable", src.display()))),
    };
    if metadata.len() == 0 {
        return Err(Failure::new(format!("Invalid archive '{}', the file is 0 bytes", src.display())));
    }
    Ok((kept, src))
}

fn folder_for_it(ctx: &Context<'_>) -> Result<tempfile::TempDir, Failure> {
    let folder = path::temporary(ctx);
    let made = tempfile::Builder::new().prefix("benchbook-unarchive.").tempdir_in(&folder);
    made.doing("make a folder in", &folder)
}

/// Brings the archive from a server.
fn download(args: &Args, to: &Path, ctx: &Context<'_>) -> Result<(), Failure> {
    let url = args.src.as_str();
    let failed = |why: String| Failure::new(format!("Failure downloading {}, {why}", masked(url)));
    let ask = Ask {
        url: url.to_owned(),
        method: "GET".to_owned(),
        follow: Follow::Urllib2,
        timeout: 10,
        use_proxy: true,
        validate: args.validate_certs,
        netrc: true,
        agent: "ansible-httpget".to_owned(),
        decompress: true,
        ..Ask::default()
    };
    let mut answer = ask.send(ctx).map_err(failed)?;
    if !answer.is_well() {
        return Err(failed(answer.words()));
    }
    let mut file = File::create(to).doing("make", to)?;
    io::copy(&mut answer.body, &mut file).map(drop).map_err(|error| failed(error.to_string()))
}

/// The first one that can read the archive.
fn handler(job: &Job<'_>, ctx: &mut Context<'_>) -> Result<Box<dyn Handler>, Failure> {
    let mut reasons: Vec<String> = Vec::new();
    let mut no = |reason: String| {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    };
    for with_zipinfo in [true, false] {
        match Zip::open(job, with_zipinfo, ctx)? {
            Ok(zip) => return Ok(Box::new(zip)),
            Err(reason) => no(reason),
        }
    }
    if ctx.check() {
        // As the reference, which asks no further.
        let msg = "remote module (ansible.legacy.unarchive) does not support check mode when using gtar";
        return Err(Outcome::skipped(msg).into());
    }
    for kind in tar::KINDS {
        match Tar::open(job, kind, ctx)? {
            Ok(tar) => return Ok(Box::new(tar)),
            Err(reason) => no(reason),
        }
    }
    let src = job.src.display();
    Err(Failure::new(format!(
        "Failed to find handler for \"{src}\". Make sure the required command to extract the file is installed.\n{}",
        reasons.join("\n")
    )))
}

fn unpack(job: &Job<'_>, ctx: &mut Context<'_>) -> Answer {
    let mut handler = handler(job, ctx)?;
    let compared = handler.compare(job, ctx)?;
    let mut outcome = Outcome::ok(!compared.is_same).with("handler", handler.name());
    if let Some(shown) = compared.shown.filter(|shown| !shown.is_empty() && ctx.diff()) {
        super::difference::tell_one(&mut outcome, Map::from_iter([("prepared", shown)]).into());
    }
    let files = handler.files(job);
    if !ctx.check() {
        if !compared.is_same {
            let Ran { words, said } = handler.extract(job, ctx)?;
            let (well, results) = (said.well(), results(&words, said));
            if !well {
                let (src, dest) = (job.src.display(), job.dest.display());
                return Err(Failure::new(format!("failed to unpack {src} to {dest}"))
                    .with("handler", handler.name())
                    .with("dest", dest.to_string())
                    .with("src", src.to_string())
                    .with("extract_results", results));
            }
            outcome.values.insert("extract_results", results);
        }
        outcome.changed |= set_attributes(job, &files)?;
    }
    if job.args.list_files {
        let names = files.iter().map(|name| Value::from(name.to_string_lossy().into_owned()));
        outcome.values.insert("files", Value::list(names.collect()));
    }
    Ok(outcome)
}

fn results(words: &[OsString], said: Said) -> Map {
    let words = words.iter().map(|word| Value::from(word.to_string_lossy().into_owned())).collect();
    Map::from_iter([
        ("cmd", Value::list(words)),
        ("rc", i64::from(said.rc).into()),
        ("out", said.out.into()),
        ("err", said.err.into()),
    ])
}

/// Owner, mode and the like of all that the archive has, and of the folders that are its first names.
fn set_attributes(job: &Job<'_>, files: &[OsString]) -> Result<bool, Failure> {
    if *job.attributes == Attributes::default() {
        return Ok(false);
    }
    let mut changed = false;
    let mut tops: Vec<&[u8]> = Vec::new();
    for name in files {
        changed |= !job.attributes.apply(&job.dest.join(name), false, false)?.is_empty();
        let bytes = name.as_bytes();
        let top = bytes.iter().position(|byte| *byte == b'/').map(|end| &bytes[..end]);
        tops.extend(top.filter(|top| !tops.contains(top)));
    }
    for top in tops {
        let path = job.dest.join(Path::new(std::ffi::OsStr::from_bytes(top)));
        changed |= !job.attributes.apply(&path, false, false)?.is_empty();
    }
    Ok(changed)
}
