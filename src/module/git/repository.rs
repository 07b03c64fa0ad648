//! The program `git` and the clone that it works on.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::super::failure::{Doing, Failure};
use super::super::process::Command;
use super::super::programs::Said;
use super::super::{Context, path};
use super::{Args, ssh};
use crate::base::Value;
use crate::base::address::masked;

/// The program, what each call of it is told, and what it is about.
pub(super) struct Git<'a> {
    pub args: &'a Args,
    program: String,
    umask: Option<u32>,
    environment: Vec<(OsString, OsString)>,
    /// Keeps the program that git calls instead of ssh, where it cannot be told options.
    _wrapper: Option<tempfile::TempPath>,
    /// Its version; nothing where it does not say.
    pub version: Option<(u32, u32)>,
    /// The repository; a path as an address.
    pub repo: String,
    /// The clone.
    pub dest: Option<PathBuf>,
    /// Where the repository itself is to be.
    pub separate: Option<PathBuf>,
}

impl<'a> Git<'a> {
    pub fn open(args: &'a Args, ctx: &mut Context<'_>) -> Result<Self, Failure> {
        let program = match &args.executable {
            Some(program) => program.expand(ctx).to_string_lossy().into_owned(),
            None => ctx.needed("git")?,
        };
        let umask = args.umask.as_ref().map(octal).transpose()?;
        let dest = match &args.dest {
            Some(dest) => {
                let given = dest.expand(ctx);
                Some(std::path::absolute(&given).doing("find", &given)?)
            }
            None => None,
        };
        let expanded =
            if args.repo.starts_with('~') { path::expand(&args.repo, ctx) } else { args.repo.clone() };
        // Of a plain path git makes hard links and no shallow clones.
        let repo = if expanded.starts_with('/') { format!("file://{expanded}") } else { args.repo.clone() };
        let separate = args.separate_git_dir.as_ref().map(|path| super::real(path.as_str(), ctx));
        let said = ctx.ask([program.as_str(), "--version"])?;
        let version = read_version(&said.out);
        let (environment, wrapper) = ssh::environment(args, version, ctx)?;
        Ok(Self { args, program, umask, environment, _wrapper: wrapper, version, repo, dest, separate })
    }

    /// Whether the program is at least of this version; one that does not say its own is taken for new.
    pub fn is_at_least(&self, version: (u32, u32)) -> bool {
        self.version.is_none_or(|own| own >= version)
    }

    /// Runs git in the clone, or where the agent is while there is none.
    pub fn ask(&self, words: &[&str], ctx: &mut Context<'_>) -> Result<Said, Failure> {
        let cwd = self.dest.clone().filter(|dest| dest.is_dir());
        self.ask_in(cwd, words, ctx)
    }

    pub fn ask_in(
        &self,
        cwd: Option<PathBuf>,
        words: &[&str],
        ctx: &mut Context<'_>,
    ) -> Result<Said, Failure> {
        let line = [self.program.as_str()].into_iter().chain(words.iter().copied());
        self.run(cwd, line, ctx)
    }

    /// Makes a folder and those above it.
    pub fn make_folder(&self, folder: &Path, ctx: &mut Context<'_>) -> Result<(), Failure> {
        // It fails where cloning says better why.
        self.run(None, ["mkdir", "-p", "--", &folder.to_string_lossy()], ctx).map(drop)
    }

    fn run<'w>(
        &self,
        cwd: Option<PathBuf>,
        line: impl IntoIterator<Item = &'w str>,
        ctx: &mut Context<'_>,
    ) -> Result<Said, Failure> {
        // The agent's own umask is that of all its tasks.
        let masked = self.umask.map(|bits| {
            ["sh".to_owned(), "-c".to_owned(), format!("umask {bits:o}; exec \"$@\""), "sh".to_owned()]
        });
        let line = masked.into_iter().flatten().chain(line.into_iter().map(str::to_owned));
        ctx.ask_with(Command { cwd, environment: self.environment.clone(), ..Command::new(line) })
    }

    /// Runs git, which has to end well.
    pub fn must(&self, words: &[&str], ctx: &mut Context<'_>) -> Result<Said, Failure> {
        let cwd = self.dest.clone().filter(|dest| dest.is_dir());
        self.must_in(cwd, words, ctx)
    }

    pub fn must_in(
        &self,
        cwd: Option<PathBuf>,
        words: &[&str],
        ctx: &mut Context<'_>,
    ) -> Result<Said, Failure> {
        let said = self.ask_in(cwd, words, ctx)?;
        if said.well() {
            return Ok(said);
        }
        let msg = self.without_login(said.err.trim_end());
        Err(self.failure(said, msg).with("cmd", self.line(words)))
    }

    /// A failure that gives what git said, without the login of the address.
    pub fn failure(&self, mut said: Said, msg: String) -> Failure {
        said.out = self.without_login(&said.out);
        said.err = self.without_login(&said.err);
        said.failure(msg)
    }

    /// The words of a call as they may be shown.
    pub fn line(&self, words: &[&str]) -> Value {
        let all = [self.program.as_str()].into_iter().chain(words.iter().copied());
        Value::list(all.map(|word| Value::from(masked(word))).collect())
    }

    pub fn without_login(&self, text: &str) -> String {
        text.replace(&self.repo, &masked(&self.repo))
    }

    /// The hash of a commit.
    pub fn commit(&self, name: &str, ctx: &mut Context<'_>) -> Result<String, Failure> {
        Ok(self.ask(&["rev-parse", name], ctx)?.out.trim_end_matches('\n').to_owned())
    }

    /// Whether files that git knows differ from the commit.
    pub fn is_modified(&self, ctx: &mut Context<'_>) -> Result<bool, Failure> {
        let said = self.ask(&["status", "--porcelain"], ctx)?;
        Ok(said.out.lines().any(|line| !line.starts_with("??")))
    }

    /// All branches, as `git branch` lists them.
    pub fn branches(&self, ctx: &mut Context<'_>) -> Result<Vec<String>, Failure> {
        let said = self.ask(&["branch", "--no-color", "-a"], ctx)?;
        if !said.well() {
            let msg = format!("Could not determine branch data - received {}", said.out);
            return Err(self.failure(said, msg));
        }
        Ok(said.out.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect())
    }

    pub fn is_local_branch(&self, name: &str, ctx: &mut Context<'_>) -> Result<bool, Failure> {
        Ok(self.branches(ctx)?.iter().any(|branch| branch.strip_prefix("* ").unwrap_or(branch) == name))
    }

    /// The branch that HEAD is; where it is none, the one that was HEAD in the repository when it was cloned. A shallow clone of a tag
    /// knows of none.
    pub fn head_branch(&self, ctx: &mut Context<'_>) -> Result<Option<String>, Failure> {
        let Some(dest) = &self.dest else { return Ok(None) };
        let detached = |line: &String| {
            line.starts_with("* ")
                && ["no branch", "detached from", "detached at"].iter().any(|words| line.contains(words))
        };
        let is_detached = self.branches(ctx)?.iter().any(detached);
        let remote = format!("refs/remotes/{}/", self.args.remote);
        let mut file = folder(dest, self.args.bare)?;
        if is_detached {
            file.push(&remote);
        }
        file.push("HEAD");
        if !file.exists() {
            return Ok(None);
        }
        let line = std::fs::read_to_string(&file).doing("read", &file)?;
        let line = line.lines().next().unwrap_or_default();
        let name = line.rsplit(' ').next().unwrap_or_default();
        let branch = name.strip_prefix(&remote).or_else(|| name.strip_prefix("refs/heads/")).unwrap_or(name);
        Ok(Some(branch.to_owned()))
    }

    /// The same where there has to be one.
    pub fn needed_branch(&self, ctx: &mut Context<'_>) -> Result<String, Failure> {
        let unknown = || Failure::new("the clone does not say which branch is HEAD; name it as `version`");
        self.head_branch(ctx)?.ok_or_else(unknown)
    }
}

fn octal(umask: &Value) -> Result<u32, Failure> {
    let Some(text) = umask.as_str() else {
        return Err(Failure::new("umask must be defined as a quoted octal integer"));
    };
    u32::from_str_radix(text.trim_start_matches("0o"), 8).ok().filter(|bits| *bits <= 0o777).ok_or_else(
        || {
            Failure::new("umask must be an octal integer")
                .with("details", format!("`{text}` is none from 0 to 0777"))
        },
    )
}

/// `git version 2.39.5 (Apple Git-154)`.
fn read_version(said: &str) -> Option<(u32, u32)> {
    let mut numbers = said.trim().strip_prefix("git version ")?.split(['.', ' ']);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Where a clone has its repository: `.git`, or what that file names.
pub(super) fn folder(dest: &Path, bare: bool) -> Result<PathBuf, Failure> {
    let folder = if bare { dest.to_owned() } else { dest.join(".git") };
    if !folder.is_file() {
        return Ok(folder);
    }
    let text = std::fs::read_to_string(&folder).doing("read", &folder)?;
    let named = text.trim_end().strip_prefix("gitdir: ").map(|path| dest.join(path));
    named.clone().filter(|path| path.is_dir()).ok_or_else(|| {
        let details = match named {
            Some(path) => format!("{} is not a directory", path.display()),
            None => ".git file has invalid git dir reference format".to_owned(),
        };
        let msg = "Current repo does not have a valid reference to a separate Git dir or it refers to the invalid path";
        Failure::new(msg).with("details", details)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(read_version("git version 2.39.5 (Apple Git-154)\n"), Some((2, 39)));
        assert_eq!(read_version("git version 1.8.3.1\n"), Some((1, 8)));
        assert_eq!(read_version("hub 2"), None);
    }
}
