//! `stat`: what a path is.

use std::fs::Metadata;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, FileType};
use schemars::JsonSchema;
use serde::Deserialize;

use super::attributes::flags;
use super::checksum::{self, Algorithm};
use super::failure::Doing;
use super::process::Command;
use super::{Answer, Context, Module, TargetPath, accounts, call};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, Value};
use crate::wire::Outcome;

/// The result is in `stat`; only `stat.exists` is there when nothing is at the path.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // they are what users write
pub struct Args {
    /// What to look at.
    #[serde(alias = "dest", alias = "name")]
    #[schemars(extend("x-aliases" = ["dest", "name"]))]
    pub path: TargetPath,
    /// Look at what a link leads to.
    #[serde(default)]
    pub follow: bool,
    /// Give the checksum of a regular file.
    #[serde(default = "yes")]
    pub get_checksum: bool,
    /// Which checksum.
    #[serde(default, alias = "checksum", alias = "checksum_algo")]
    #[schemars(extend("x-aliases" = ["checksum", "checksum_algo"]))]
    pub checksum_algorithm: Algorithm,
    /// Give `mimetype` and `charset`, by the program `file`.
    #[serde(default = "yes", alias = "mime", alias = "mime_type", alias = "mime-type")]
    #[schemars(extend("x-aliases" = ["mime", "mime_type", "mime-type"]))]
    pub get_mime: bool,
    /// Give `attributes`, `attr_flags` and `version`, which `lsattr` shows.
    #[serde(default = "yes", alias = "attr", alias = "attributes")]
    #[schemars(extend("x-aliases" = ["attr", "attributes"]))]
    pub get_attributes: bool,
}

fn yes() -> bool {
    true
}

pub(super) const SPEC: Spec = Spec {
    name: "stat",
    summary: "Tells what a path is.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::ReadOnly,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, stat) };

fn stat(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let path = args.path.expand(ctx);
    let found = if args.follow { path.metadata() } else { path.symlink_metadata() };
    let metadata = match found {
        Ok(metadata) => metadata,
        Err(e) if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            return Ok(Outcome::ok(false).with("stat", Map::from_iter([("exists", false)])));
        }
        Err(e) => return Err(e).doing("look at", &path),
    };
    let mut stat = describe(&path, &metadata);
    access(&mut stat, &path);
    if metadata.is_symlink() {
        let target = std::fs::read_link(&path).doing("read the link", &path)?;
        stat.insert("lnk_target", target.to_string_lossy().into_owned());
        if let Ok(source) = path.canonicalize() {
            stat.insert("lnk_source", source.to_string_lossy().into_owned());
        }
    }
    if let Some(user) = accounts::user_by_uid(metadata.uid(), ctx) {
        stat.insert("pw_name", user.name);
    }
    if let Some(group) = accounts::group_by_gid(metadata.gid(), ctx) {
        stat.insert("gr_name", group.name);
    }
    let readable = stat.get("readable").is_some_and(Value::is_truthy);
    if args.get_checksum && metadata.is_file() && readable {
        stat.insert("checksum", checksum::of_file(args.checksum_algorithm, &path).doing("read", &path)?);
    }
    if args.get_mime {
        let (kind, charset) = mime(&path, args.follow, ctx);
        stat.insert("mimetype", kind);
        stat.insert("charset", charset);
    }
    if args.get_attributes {
        attributes(&mut stat, &path);
    }
    Ok(Outcome::ok(false).with("stat", stat))
}

/// What the file system knows of a path.
pub(super) fn describe(path: &Path, m: &Metadata) -> Map {
    let kind = m.file_type();
    let bit = |bit: u32| Value::Bool(m.mode() & bit != 0);
    Map::from_iter::<[(&str, Value); 33]>([
        ("exists", true.into()),
        ("path", path.to_string_lossy().into_owned().into()),
        ("mode", format!("{:04o}", m.mode() & 0o7777).into()),
        ("isdir", kind.is_dir().into()),
        ("ischr", kind.is_char_device().into()),
        ("isblk", kind.is_block_device().into()),
        ("isreg", kind.is_file().into()),
        ("isfifo", kind.is_fifo().into()),
        ("islnk", kind.is_symlink().into()),
        ("issock", kind.is_socket().into()),
        ("uid", m.uid().into()),
        ("gid", m.gid().into()),
        ("size", m.size().into()),
        ("inode", m.ino().into()),
        ("dev", m.dev().into()),
        ("nlink", m.nlink().into()),
        ("atime", seconds(m.atime(), m.atime_nsec())),
        ("mtime", seconds(m.mtime(), m.mtime_nsec())),
        ("ctime", seconds(m.ctime(), m.ctime_nsec())),
        ("wusr", bit(0o200)),
        ("rusr", bit(0o400)),
        ("xusr", bit(0o100)),
        ("wgrp", bit(0o020)),
        ("rgrp", bit(0o040)),
        ("xgrp", bit(0o010)),
        ("woth", bit(0o002)),
        ("roth", bit(0o004)),
        ("xoth", bit(0o001)),
        ("isuid", bit(0o4000)),
        ("isgid", bit(0o2000)),
        ("blocks", m.blocks().into()),
        ("block_size", m.blksize().into()),
        ("device_type", device_type(m).into()),
    ])
}

/// Ansible's times are floats.
#[allow(clippy::cast_precision_loss)] // as in Python
pub(super) fn seconds(seconds: i64, nanoseconds: i64) -> Value {
    Value::Float(seconds as f64 + nanoseconds as f64 * 1e-9)
}

/// What `st_rdev` is for a device; 0 for everything else.
fn device_type(m: &Metadata) -> u64 {
    if matches!(FileType::from_raw_mode(m.mode()), FileType::BlockDevice | FileType::CharacterDevice) {
        m.rdev()
    } else {
        0
    }
}

/// What this process may do with it; links are followed, as in Python.
fn access(stat: &mut Map, path: &Path) {
    let may = |access| rustix::fs::accessat(CWD, path, access, AtFlags::empty()).is_ok();
    stat.insert("readable", may(Access::READ_OK));
    stat.insert("writeable", may(Access::WRITE_OK));
    stat.insert("executable", may(Access::EXEC_OK));
}

/// Type and character set; `unknown` without the program `file`.
fn mime(path: &Path, follow: bool, ctx: &mut Context<'_>) -> (String, String) {
    let unknown = || ("unknown".to_owned(), "unknown".to_owned());
    let mut argv: Vec<std::ffi::OsString> =
        ["file", "--mime-type", "--mime-encoding", "--brief"].map(Into::into).into();
    argv.extend(follow.then(|| "-L".into()));
    argv.extend(["--".into(), path.into()]);
    let Ok(done) = ctx.run(&Command { quiet: true, ..Command::new(argv) }) else { return unknown() };
    let text = String::from_utf8_lossy(&done.stdout);
    match text.trim().split_once("; charset=") {
        Some((kind, charset)) if done.status.success() => (kind.to_owned(), charset.to_owned()),
        _ => unknown(),
    }
}

/// The flags of ext4 and friends; empty where the file system has none.
fn attributes(stat: &mut Map, path: &Path) {
    let known = flags::read(path).and_then(|flags| Ok((flags, flags::version(path)?))).ok();
    stat.insert("version", known.map(|(_, version)| version.to_string()));
    stat.insert("attributes", known.map(|(flags, _)| flags::names(flags)).unwrap_or_default());
    stat.insert("attr_flags", known.map(|(flags, _)| flags::letters(flags)).unwrap_or_default());
}
