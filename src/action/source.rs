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

/// What is in a folder.
#[derive(Default)]
pub(super) struct Tree {
    pub files: Vec<Source>,
    /// Folders below the first one, relative to the destination.
    pub folders: Vec<PathBuf>,
    /// Links that stay links: what they lead to, and their place relative to the destination.
    pub links: Vec<(PathBuf, PathBuf)>,
}

/// All that is below a folder, in the order of names, a folder's files before its folders. With `follow` links are what they lead to, but for those that lead nowhere or
/// to a folder that they are in. `above` are the folders that are being walked.
pub(super) fn walk(
    folder: &Path,
    below: &Path,
    follow: bool,
    above: &mut Vec<PathBuf>,
    tree: &mut Tree,
    ctx: &ActionContext<'_>,
) -> Result<(), Outcome> {
    let failed = |e: std::io::Error| Outcome::failed(format!("cannot read {}: {e}", folder.display()));
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    above.push(real(folder));
    let (folders, others): (Vec<_>, Vec<_>) =
        ctx.files().list(folder).map_err(failed)?.into_iter().partition(|path| ctx.files().is_folder(path));
    for path in others {
        let below = below.join(path.file_name().unwrap_or_default());
        match std::fs::read_link(&path).ok().filter(|_| !(follow && path.is_file())) {
            Some(target) => tree.links.push((target, below)),
            None => tree.files.push(Source { path, below }),
        }
    }
    for path in folders {
        let below = below.join(path.file_name().unwrap_or_default());
        let link = std::fs::read_link(&path).ok();
        if let Some(target) = link.filter(|_| !follow || above.contains(&real(&path))) {
            tree.links.push((target, below));
        } else {
            tree.folders.push(below.clone());
            walk(&path, &below, follow, above, tree, ctx)?;
        }
    }
    above.pop();
    Ok(())
}

/// What is in a file of the controller; a vault is decrypted if that is wanted.
pub(super) fn content(path: &Path, decrypt: bool, ctx: &ActionContext<'_>) -> std::io::Result<Vec<u8>> {
    if decrypt { ctx.files().open(path).map(|content| content.bytes) } else { ctx.files().read(path) }
}

/// SHA-1 in hex, which is what Ansible shows as `checksum`.
pub(super) fn sha1_hex(bytes: &[u8]) -> String {
    hexadecimal(&Sha1::digest(bytes))
}

/// The call of the module `copy` that puts `bytes` in place; `args` are the user's. Differences are told with where they come from,
/// where that is given.
pub(super) fn upload(
    args: &Map,
    name: &str,
    mode: Option<u32>,
    source: Option<&Path>,
    bytes: Vec<u8>,
) -> Invocation {
    let mut args = args.clone();
    let mut known = Map::from_iter([("name", Value::from(name)), ("checksum", sha1_hex(&bytes).into())]);
    if let Some(mode) = mode {
        known.insert("mode", mode);
    }
    if let Some(source) = source {
        let source = std::path::absolute(source).unwrap_or_else(|_| source.to_owned());
        known.insert("source", source.display().to_string());
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
