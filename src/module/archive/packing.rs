//! The archive itself, made in a folder of its own by tar, zip and the programs of compression.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::super::Context;
use super::super::failure::{Doing, Failure};
use super::super::path::temporary;
use super::super::process::Command;
use super::sources::{Member, Sources};
use super::{Args, Format};

/// What was made; it is gone when this is dropped.
pub(super) struct Packed {
    _folder: tempfile::TempDir,
    pub file: PathBuf,
    /// What is in it.
    pub names: Vec<PathBuf>,
}

pub(super) fn pack(args: &Args, sources: &Sources, ctx: &mut Context<'_>) -> Result<Packed, Failure> {
    let above = temporary(ctx);
    let made = tempfile::Builder::new().prefix("benchbook-archive.").tempdir_in(&above);
    let folder = made.doing("make a folder in", &above)?;
    let (file, names) = if sources.is_archive || matches!(args.format, Format::Tar | Format::Zip) {
        let members = sources.members(args)?;
        let file = match args.format {
            Format::Zip => zip(&members, &sources.root, folder.path(), ctx)?,
            _ => tar(&members, &sources.root, folder.path(), ctx)?,
        };
        // Its entries of folders have other names than the folders.
        let has = |member: &Member| args.format != Format::Zip || !member.path.is_dir();
        (file, members.into_iter().filter(has).map(|member| member.path).collect())
    } else {
        let file = folder.path().join("file");
        let source = &sources.paths[0];
        std::fs::copy(source, &file).doing("read", source)?;
        (file, vec![source.clone()])
    };
    let file = compress(args.format, file, ctx)?;
    Ok(Packed { _folder: folder, file, names })
}

/// The folder that names are relative to; nothing where they are relative to that of the agent.
fn place(root: &Path) -> Option<PathBuf> {
    (!root.as_os_str().is_empty()).then(|| root.to_owned())
}

fn names(members: &[Member], end: u8) -> Vec<u8> {
    members.iter().flat_map(|member| member.name.as_bytes().iter().copied().chain([end])).collect()
}

fn tar(members: &[Member], root: &Path, folder: &Path, ctx: &mut Context<'_>) -> Result<PathBuf, Failure> {
    let program = ctx.program("gtar").map_or_else(|| ctx.needed("tar"), Ok)?;
    if !ctx.ask([&program, "--version"])?.out.contains("GNU") {
        return Err(Failure::new(format!("{program} is not GNU tar, which makes archives")));
    }
    let file = folder.join("file");
    let mut line: Vec<OsString> = vec![program.into()];
    for word in ["--create", "--format=gnu", "--no-recursion", "--null", "--files-from=-", "--file"] {
        line.push(word.into());
    }
    line.push(file.clone().into());
    let command = Command { cwd: place(root), stdin: Some(names(members, 0)), ..Command::new(line) };
    let said = ctx.ask_with(command)?;
    if said.well() {
        return Ok(file);
    }
    let msg = format!("Errors when writing archive: {}", said.err.trim_end());
    Err(said.failure(msg))
}

fn zip(members: &[Member], root: &Path, folder: &Path, ctx: &mut Context<'_>) -> Result<PathBuf, Failure> {
    let program = ctx.needed("zip")?;
    if let Some(member) = members.iter().find(|member| member.name.as_bytes().contains(&b'\n')) {
        let msg = format!("zip cannot be told a name with a line feed: {}", member.path.display());
        return Err(Failure::new(msg));
    }
    let file = folder.join("file.zip");
    // Without the extra fields, which have the time of the last look at a file. Names are no patterns.
    let line: [OsString; 6] =
        [program.into(), "-q".into(), "-X".into(), "-nw".into(), file.clone().into(), "-@".into()];
    let command = Command { cwd: place(root), stdin: Some(names(members, b'\n')), ..Command::new(line) };
    let said = ctx.ask_with(command)?;
    if said.well() {
        return Ok(file);
    }
    let msg = format!("Errors when writing archive: {}", (said.out.clone() + &said.err).trim_end());
    Err(said.failure(msg))
}

fn compress(format: Format, file: PathBuf, ctx: &mut Context<'_>) -> Result<PathBuf, Failure> {
    let (program, options, ending): (_, &[&str], _) = match format {
        Format::Tar | Format::Zip => return Ok(file),
        // Without the time.
        Format::Gz => ("gzip", &["-n"], "gz"),
        Format::Bz2 => ("bzip2", &["-z"], "bz2"),
        Format::Xz => ("xz", &["-z"], "xz"),
        Format::Zstd => ("zstd", &["-q", "--rm"], "zst"),
    };
    let line = [OsString::from(ctx.needed(program)?)].into_iter().chain(options.iter().map(OsString::from));
    let said = ctx.ask(line.chain([file.clone().into_os_string()]))?;
    if !said.well() {
        let msg = format!("Unable to write to compressed file: {}", said.err.trim_end());
        return Err(said.failure(msg));
    }
    Ok(file.with_extension(ending))
}
