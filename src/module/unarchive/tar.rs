//! Archives of `tar`, read and unpacked by the target's GNU tar.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;

use super::{Compared, Handler, Job, Ran};
use crate::module::failure::Failure;
use crate::module::process::Command;
use crate::module::programs::Said;
use crate::module::{Context, glob};

/// The name that results have, and the option of the compression. What tar knows by itself it reads without one.
type Kind = (&'static str, Option<&'static str>);

/// In the order in which they are tried.
pub(super) const KINDS: [Kind; 5] = [
    ("TgzArchive", Some("-z")),
    ("TarArchive", None),
    ("TarBzipArchive", Some("-j")),
    ("TarXzArchive", Some("-J")),
    ("TarZstdArchive", Some("--use-compress-program=zstd")),
];

/// What tar says of something that differs, at the end of a line. The owner, the group and the mode count only when the task
/// does not set them.
const DIFFERS: [&str; 5] = [
    ": Mod time differs",
    ": Warning: Cannot stat: No such file or directory",
    ": Symlink differs",
    ": Contents differ",
    ": Size differs",
];

pub(super) struct Tar {
    program: String,
    kind: Kind,
    files: Vec<OsString>,
}

impl Tar {
    /// Lists the archive; or why it cannot.
    pub(super) fn open(
        job: &Job<'_>,
        kind: Kind,
        ctx: &mut Context<'_>,
    ) -> Result<Result<Self, String>, Failure> {
        let Some(program) = ctx.program("gtar").or_else(|| ctx.program("tar")) else {
            return Ok(Err("Unable to find required 'gtar' or 'tar' binary in the path".to_owned()));
        };
        let version = ctx.ask([&program, "--version"])?.out;
        if !(version.starts_with("tar") && version.contains("GNU")) {
            let kind = if version.starts_with("bsdtar") { "bsd" } else { "None" };
            let why = format!("Command \"{program}\" detected as tar type {kind}. GNU tar required.");
            return Ok(Err(why));
        }
        let mut tar = Self { program, kind, files: Vec::new() };
        let Ran { said, .. } = tar.run(job, "--list", false, ctx)?;
        if !said.well() {
            return Ok(Err(format!(
                "Command \"{}\" could not handle archive: Unable to list files in the archive: {}",
                tar.program, said.err
            )));
        }
        let names = said.out.lines().map(|line| {
            let name = unescaped(line);
            // As tar: there are no names from the root on.
            let start = usize::from(name.first() == Some(&b'/'));
            OsString::from_vec(name[start..].to_vec())
        });
        let excluded = |name: &OsStr| {
            job.args.exclude.iter().any(|pattern| glob::matches(pattern, &name.to_string_lossy()))
        };
        tar.files = names.filter(|name| !excluded(name)).collect();
        if tar.files.is_empty() {
            return Ok(Err(format!(
                "Command \"{}\" found no files in archive. Empty archive files are not supported.",
                tar.program
            )));
        }
        Ok(Ok(tar))
    }

    fn run(&self, job: &Job<'_>, what: &str, writes: bool, ctx: &mut Context<'_>) -> Result<Ran, Failure> {
        let args = job.args;
        let mut words: Vec<OsString> = vec![self.program.as_str().into(), what.into(), "-C".into()];
        words.push(job.dest.clone().into());
        words.extend(self.kind.1.map(OsString::from));
        if !args.extra_opts.is_empty() {
            words.push("--show-transformed-names".into());
            words.extend(args.extra_opts.iter().map(OsString::from));
        }
        if writes {
            let named = [("--owner=", &job.file.owner), ("--group=", &job.file.group)];
            for (option, name) in named.into_iter().filter_map(|(o, name)| Some((o, name.as_ref()?))) {
                words.push(format!("{option}{name}").into());
            }
            if args.keep_newer {
                words.push("--keep-newer-files".into());
            }
        }
        words.extend(args.exclude.iter().map(|name| format!("--exclude={name}").into()));
        words.push("-f".into());
        words.push(job.src.clone().into());
        words.extend(args.include.iter().map(OsString::from));
        let command = Command { cwd: Some(job.dest.clone()), ..Command::new(words.iter().cloned()) };
        Ok(Ran { said: ctx.ask_with(command)?, words })
    }

    fn is_difference(line: &str, job: &Job<'_>) -> bool {
        let is_root = rustix::process::getuid().is_root();
        // Of names that `--strip-components` has made empty.
        if line.ends_with(": : Warning: Cannot stat: No such file or directory") {
            return false;
        }
        is_root && job.file.owner.is_none() && line.ends_with(": Uid differs")
            || is_root && job.file.group.is_none() && line.ends_with(": Gid differs")
            || job.file.mode.is_none() && line.ends_with(": Mode differs")
            || DIFFERS.iter().any(|end| line.ends_with(end))
            || [": Invalid owner", ": Invalid group"].iter().any(|part| line.contains(part))
    }
}

impl Handler for Tar {
    fn name(&self) -> &'static str {
        self.kind.0
    }

    fn compare(&mut self, job: &Job<'_>, ctx: &mut Context<'_>) -> Result<Compared, Failure> {
        let Said { out, err, .. } = self.run(job, "--diff", true, ctx)?.said;
        let is_same = !out.lines().chain(err.lines()).any(|line| Self::is_difference(line, job));
        Ok(Compared { is_same, shown: None })
    }

    fn extract(&self, job: &Job<'_>, ctx: &mut Context<'_>) -> Result<Ran, Failure> {
        self.run(job, "--extract", true, ctx)
    }

    fn files(&self, _: &Job<'_>) -> Vec<OsString> {
        self.files.clone()
    }
}

/// A name as tar prints it: `\n`, `\\`, `\303`.
fn unescaped(line: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len());
    let mut rest = line.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let digits = rest.iter().take(3).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
        if digits > 0 {
            let value = rest[..digits].iter().fold(0_u32, |value, digit| value * 8 + u32::from(digit - b'0'));
            out.push(u8::try_from(value & 0xff).unwrap_or_default());
            rest = &rest[digits..];
            continue;
        }
        let Some((&letter, after)) = rest.split_first() else {
            out.push(byte);
            break;
        };
        let plain = b"abfnrtv\\".iter().position(|known| *known == letter);
        match plain {
            Some(place) => out.push(b"\x07\x08\x0c\n\r\t\x0b\\"[place]),
            None => out.extend([byte, letter]),
        }
        rest = after;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_tar_escaped() {
        assert_eq!(unescaped(r"a\nb\\c\303\244 \q"), b"a\nb\\c\xc3\xa4 \\q");
        assert_eq!(unescaped("ä\\"), "ä\\".as_bytes());
    }
}
