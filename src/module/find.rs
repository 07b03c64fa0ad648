//! `find`: files and folders below some folders, by name, age, size, mode and content.

mod filter;

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::filter::Filter;
use super::checksum::{self, Algorithm};
use super::failure::{Answer, Failure};
use super::{Context, Module, TargetPath, accounts, call, stat};
use crate::base::path::normal;
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, Value};
use crate::wire::Outcome;

/// Gives `files`, a list in which each is described as by `stat`, with `matched`, `examined` and `skipped_paths`. All that is asked
/// for must be true of a file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // they are what users write
pub struct Args {
    /// The folders to look in.
    #[serde(alias = "name", alias = "path")]
    #[schemars(extend("x-aliases" = ["name", "path"]))]
    paths: Vec<TargetPath>,
    /// Names that are wanted, as patterns of the shell, or as regular expressions that match from the beginning. By default all.
    #[serde(default, alias = "pattern")]
    #[schemars(extend("x-aliases" = ["pattern"]))]
    patterns: Vec<String>,
    /// Names that are not wanted though they match.
    #[serde(default, alias = "exclude")]
    #[schemars(extend("x-aliases" = ["exclude"]))]
    excludes: Vec<String>,
    /// A regular expression that a line of the file matches from its beginning. Only for `file_type: file`.
    contains: Option<String>,
    /// `contains` is looked for in the whole of the file, at any place.
    #[serde(default)]
    read_whole_file: bool,
    /// What is wanted.
    #[serde(default)]
    file_type: FileType,
    /// How old it is at least, in seconds or with a unit (`s`, `m`, `h`, `d`, `w`); a negative one is how old at most.
    age: Option<String>,
    /// Which time the age is counted from.
    #[serde(default)]
    age_stamp: Stamp,
    /// How large a file is at least, in bytes or with a unit (`b`, `k`, `m`, `g`, `t`); a negative one is how large at most.
    size: Option<String>,
    /// Look in the folders of the folders, too.
    #[serde(default)]
    recurse: bool,
    /// Names that begin with a dot count, too.
    #[serde(default)]
    hidden: bool,
    /// Look in folders to which links lead.
    #[serde(default)]
    follow: bool,
    /// Give the checksum of each file.
    #[serde(default)]
    get_checksum: bool,
    /// Which checksum.
    #[serde(default, alias = "checksum", alias = "checksum_algo")]
    #[schemars(extend("x-aliases" = ["checksum", "checksum_algo"]))]
    checksum_algorithm: Algorithm,
    /// `patterns` and `excludes` are regular expressions.
    #[serde(default)]
    use_regex: bool,
    /// How many folders deep, from 1.
    depth: Option<u32>,
    /// The mode: octal text (`"0644"`) or symbolic (`u=rw,g=r`), which means these bits and no others.
    mode: Option<Value>,
    /// All bits of the mode must be the same; else one of them is enough.
    #[serde(default = "yes")]
    exact_mode: bool,
    /// The encoding of what `contains` is looked for in.
    encoding: Option<String>,
    /// Stop when so many are found.
    limit: Option<i64>,
}

fn yes() -> bool {
    true
}

/// What is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum FileType {
    /// All there is.
    Any,
    /// Folders.
    Directory,
    /// Regular files.
    #[default]
    File,
    /// Symbolic links.
    Link,
}

/// A time of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Stamp {
    /// When it was read.
    Atime,
    /// When it or its attributes were changed.
    Ctime,
    /// When it was changed.
    #[default]
    Mtime,
}

pub(super) const SPEC: Spec = Spec {
    name: "find",
    summary: "Finds files and folders.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::ReadOnly,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, find) };

/// What was found so far.
#[derive(Default)]
struct Found {
    files: Vec<(PathBuf, Metadata)>,
    examined: usize,
    skipped: BTreeMap<String, String>,
    warnings: Vec<String>,
    seen: HashSet<(u64, u64)>,
}

/// Why a search ends early.
enum Stop {
    Enough,
    Failed(String),
}

fn find(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let filter = Filter::read(args, ctx.clock.now())?;
    if let Some(limit) = args.limit.filter(|limit| *limit <= 0) {
        return Err(Failure::new(format!("limit cannot be {limit} (use None for unlimited)")));
    }
    let (mut found, mut msg) = (Found::default(), "All paths examined");
    for path in &args.paths {
        let path = path.expand(ctx);
        let start = normal(&path);
        let done = if path.is_dir() {
            walk(args, &filter, &start, 1, &mut found, ctx)
        } else {
            Err(Stop::Failed(format!("'{}' is not a directory", path.display())))
        };
        match done {
            Ok(()) => {}
            Err(Stop::Enough) => msg = "Limit of matches reached",
            Err(Stop::Failed(why)) => {
                let shown = path.display();
                found.warnings.push(format!("Skipped '{shown}' path due to this access issue: {why}\n"));
                found.skipped.insert(shown.to_string(), why);
            }
        }
    }
    if !found.warnings.is_empty() {
        msg = "Not all paths examined, check warnings for details";
    }
    let files = describe(args, &found.files, ctx)?;
    let mut outcome = Outcome::ok(false)
        .saying(msg)
        .with("matched", files.len())
        .with("files", files)
        .with("examined", found.examined)
        .with("skipped_paths", found.skipped.into_iter().collect::<Map>());
    outcome.warnings = found.warnings;
    Ok(outcome)
}

/// One folder, files before folders, then what is in its folders.
fn walk(
    args: &Args,
    filter: &Filter<'_>,
    folder: &Path,
    depth: u32,
    found: &mut Found,
    ctx: &mut Context<'_>,
) -> Result<(), Stop> {
    let listed: io::Result<Vec<(OsString, bool)>> = folder
        .read_dir()
        .and_then(|entries| entries.map(|entry| entry.map(|e| (e.file_name(), e.path().is_dir()))).collect());
    let mut entries = match listed {
        Ok(entries) => entries,
        Err(e) if matches!(e.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::NotFound) => {
            found.skipped.insert(folder.display().to_string(), told(&e, folder));
            return Ok(());
        }
        Err(e) => return Err(Stop::Failed(told(&e, folder))),
    };
    entries.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
    found.examined += entries.len();
    let is_too_deep = args.depth.is_some_and(|most| most > 0 && depth > most);
    for (name, _) in entries.iter().filter(|_| !is_too_deep) {
        let name = name.to_string_lossy();
        if name.starts_with('.') && !args.hidden {
            continue;
        }
        let path = folder.join(&*name);
        let metadata = match path.symlink_metadata() {
            Ok(metadata) => metadata,
            Err(e) => {
                let why = told(&e, &path);
                found
                    .warnings
                    .push(format!("Skipped entry '{}' due to access issue.: {why}", path.display()));
                found.skipped.insert(path.display().to_string(), why);
                continue;
            }
        };
        if filter.wants(&name, &path, &metadata, ctx).map_err(Stop::Failed)? {
            found.files.push((path, metadata));
        }
        if args.limit.and_then(|limit| usize::try_from(limit).ok()) == Some(found.files.len()) {
            return Err(Stop::Enough);
        }
    }
    if !args.recurse || is_too_deep {
        return Ok(());
    }
    for (name, _) in entries.iter().filter(|(_, is_folder)| *is_folder) {
        let path = folder.join(name);
        let is_link = path.is_symlink();
        if is_link && !args.follow {
            continue;
        }
        // Links may lead in circles.
        let is_new = |m: Metadata| found.seen.insert((m.dev(), m.ino()));
        if !args.follow || path.metadata().is_ok_and(is_new) {
            walk(args, filter, &path, depth + 1, found, ctx)?;
        }
    }
    Ok(())
}

/// As Python tells errors of the system.
fn told(error: &io::Error, path: &Path) -> String {
    let words = error.to_string();
    let words = words.split(" (os error").next().unwrap_or_default();
    format!("[Errno {}] {words}: '{}'", error.raw_os_error().unwrap_or_default(), path.display())
}

/// What `stat` says of each, as far as Ansible gives it here.
fn describe(args: &Args, files: &[(PathBuf, Metadata)], ctx: &mut Context<'_>) -> Result<Vec<Map>, Failure> {
    let (mut users, mut groups) = (BTreeMap::new(), BTreeMap::new());
    let mut list = Vec::with_capacity(files.len());
    for (path, metadata) in files {
        let mut map = stat::describe(path, metadata);
        for key in ["exists", "blocks", "block_size", "device_type"] {
            map.remove(key);
        }
        let (uid, gid) = (metadata.uid(), metadata.gid());
        let user = users.entry(uid).or_insert_with(|| accounts::user_by_uid(uid, ctx).map(|u| u.name));
        map.insert("pw_name", user.clone().unwrap_or_default());
        let group = groups.entry(gid).or_insert_with(|| accounts::group_by_gid(gid, ctx).map(|g| g.name));
        map.insert("gr_name", group.clone().unwrap_or_default());
        if args.get_checksum && metadata.is_file() {
            let sum = checksum::of_file(args.checksum_algorithm, path);
            map.insert("checksum", sum.map_err(|e| Failure::new(told(&e, path)))?);
        }
        list.push(map);
    }
    Ok(list)
}
