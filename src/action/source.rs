//! Files of the user on their way to a target: which they are, and what `copy` there must know of each.

use std::path::{Path, PathBuf};

use sha1::{Digest, Sha1};

use super::{ActionContext, Invocation};
use crate::base::{Map, Value, hexadecimal};
use crate::connection::Upload;
use crate::wire::Outcome;

/// A file and its place below the destination.
pub(super) struct Source {
    pub path: PathBuf,
    /// Relative to the destination folder; empty for a single file.
    pub below: PathBuf,
}

/// All files below a folder, in the order of their names.
pub(super) fn walk(folder: &Path, below: &Path, ctx: &ActionContext<'_>) -> Result<Vec<Source>, Outcome> {
    let failed = |e: std::io::Error| Outcome::failed(format!("cannot read {}: {e}", folder.display()));
    let mut found = Vec::new();
    for path in ctx.files().list(folder).map_err(failed)? {
        let below = below.join(path.file_name().unwrap_or_default());
        if ctx.files().is_folder(&path) {
            found.extend(walk(&path, &below, ctx)?);
        } else {
            found.push(Source { path, below });
        }
    }
    Ok(found)
}

/// SHA-1 in hex, which is what Ansible shows as `checksum`.
pub(super) fn sha1_hex(bytes: &[u8]) -> String {
    hexadecimal(&Sha1::digest(bytes))
}

/// The call of the module `copy` that puts `bytes` in place; `args` are the user's.
pub(super) fn upload(args: &Map, name: &str, mode: Option<u32>, bytes: Vec<u8>) -> Invocation {
    let mut args = args.clone();
    let mut known = Map::from_iter([("name", Value::from(name)), ("checksum", sha1_hex(&bytes).into())]);
    if let Some(mode) = mode {
        known.insert("mode", mode);
    }
    if !args.contains_key("src") {
        args.insert("src", name);
    }
    args.insert("_upload", known);
    Invocation { module: "copy", args, uploads: vec![Upload::Bytes(bytes)], ..Invocation::default() }
}

/// The permission bits of a file on the disk; `None` for files that are not there (tests keep them in memory).
pub(super) fn mode_of(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    Some(std::fs::metadata(path).ok()?.permissions().mode() & 0o7777)
}
