//! Which files an archive is made of, and the names that they have in it.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::super::failure::{Doing, Failure};
use super::super::{Context, TargetPath, glob};
use super::{Args, Format, shown};

/// What the task names.
pub(super) struct Sources {
    /// With patterns filled in.
    pub expanded: Vec<PathBuf>,
    pub excluded: Vec<PathBuf>,
    /// What is left of them, each once, in order.
    pub paths: Vec<PathBuf>,
    pub found: Vec<PathBuf>,
    pub missing: Vec<PathBuf>,
    /// The folder that all of them are in, with a slash in the end; names are relative to it.
    pub root: PathBuf,
    /// Whether it is more than a file to be compressed.
    pub is_archive: bool,
}

/// A file and its name in the archive.
pub(super) struct Member {
    pub path: PathBuf,
    pub name: OsString,
}

impl Sources {
    pub fn find(args: &Args, ctx: &mut Context<'_>) -> Result<Self, Failure> {
        let (expanded, is_pattern) = expand(&args.path, ctx);
        let (excluded, _) = expand(&args.exclude_path, ctx);
        let paths: BTreeSet<&PathBuf> = expanded.iter().filter(|path| !excluded.contains(path)).collect();
        let paths: Vec<PathBuf> = paths.into_iter().cloned().collect();
        let Some(first) = paths.first() else {
            let given: Vec<&str> = args.path.iter().map(TargetPath::as_str).collect();
            return Err(Failure::new("Error, no source paths were found")
                .with("path", given.join(", "))
                .with("expanded_paths", shown(&expanded))
                .with("expanded_exclude_paths", shown(&excluded)));
        };
        let is_archive = args.force_archive || is_pattern || first.is_dir() || paths.len() > 1;
        let root = root(&paths);
        let (found, missing) = paths.iter().cloned().partition(|path| path.symlink_metadata().is_ok());
        Ok(Self { expanded, excluded, paths, found, missing, root, is_archive })
    }

    /// All that is packed, without what the patterns leave out.
    pub fn members(&self, args: &Args) -> Result<Vec<Member>, Failure> {
        let mut members = Vec::new();
        for path in &self.found {
            if path.is_dir() {
                self.walk(path, &mut members)?;
            } else {
                members.push(self.member(path.clone()));
            }
        }
        let is_out = |member: &Member| {
            let whole = if args.format == Format::Zip { member.path.as_os_str() } else { &member.name };
            args.exclusion_patterns.iter().any(|pattern| glob::matches(pattern, &whole.to_string_lossy()))
        };
        members.retain(|member| !is_out(member));
        Ok(members)
    }

    fn walk(&self, folder: &Path, members: &mut Vec<Member>) -> Result<(), Failure> {
        let entries = folder.read_dir().doing("list the folder", folder)?;
        let mut paths: Vec<PathBuf> = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()
            .doing("list the folder", folder)?;
        paths.sort();
        for path in paths {
            let goes_on = path.is_dir() && !path.is_symlink();
            members.push(self.member(path.clone()));
            if goes_on {
                self.walk(&path, members)?;
            }
        }
        Ok(())
    }

    fn member(&self, path: PathBuf) -> Member {
        let (all, root) = (path.as_os_str().as_bytes(), self.root.as_os_str().as_bytes());
        let name = OsString::from_vec(all.strip_prefix(root).unwrap_or(all).to_vec());
        Member { path, name }
    }
}

/// The paths with patterns filled in, and whether there was one.
fn expand(paths: &[TargetPath], ctx: &mut Context<'_>) -> (Vec<PathBuf>, bool) {
    let mut all = Vec::new();
    let mut is_pattern = false;
    for path in paths {
        let path = path.expand(ctx);
        if path.as_os_str().as_bytes().iter().any(|byte| matches!(byte, b'*' | b'?')) {
            is_pattern = true;
            all.extend(glob::find(&path, Path::new("")));
        } else {
            all.push(path);
        }
    }
    (all, is_pattern)
}

/// The longest folder that all paths begin with.
fn root(paths: &[PathBuf]) -> PathBuf {
    let folder = |path: &PathBuf| {
        let bytes = path.as_os_str().as_bytes();
        let end = bytes.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
        bytes[..end].to_vec()
    };
    let mut common = paths.first().map(folder).unwrap_or_default();
    for other in paths.iter().map(folder) {
        let same = common.iter().zip(&other).take_while(|(a, b)| a == b).count();
        common.truncate(same);
        let end = common.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
        common.truncate(end);
    }
    OsString::from_vec(common).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_relative_to_the_common_folder() {
        let of = |paths: &[&str]| root(&paths.iter().map(PathBuf::from).collect::<Vec<_>>());
        assert_eq!(of(&["/a/b/c"]), Path::new("/a/b/"));
        assert_eq!(of(&["/a/bc/x", "/a/bd/y"]), Path::new("/a/"));
        assert_eq!(of(&["/a/b", "/a/b/c"]), Path::new("/a/"));
        assert_eq!(of(&["/a", "/b"]), Path::new("/"));
        assert_eq!(of(&["a"]), Path::new(""));
    }
}
