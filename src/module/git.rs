//! `git`: a repository, cloned or brought up to date, by the target's own `git`. No Python is needed.
//!
//! Gives `before`, `after`, `remote_url_changed`, `submodules_changed`, `git_dir_now`, `git_dir_before`.

mod archive;
mod remote;
mod repository;
mod ssh;
mod submodules;
mod switch;

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use self::repository::Git;
use super::failure::{Answer, Doing, Failure};
use super::{Context, Module, TargetPath, call, difference, path};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, Value};
use crate::wire::Outcome;

/// Clones a repository, or brings a clone of it to a version. The target needs `git`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // they are what users write
#[schemars(extend("x-exclusive" = [["separate_git_dir", "bare"], ["accept_hostkey", "accept_newhostkey"]]))]
pub struct Args {
    /// The repository: an address, `user@host:path`, or a path on the target.
    #[serde(alias = "name")]
    #[schemars(extend("x-aliases" = ["name"]))]
    pub repo: String,
    /// Where the clone is; needed unless `clone` is off.
    pub dest: Option<TargetPath>,
    /// A branch, a tag, a commit, or `HEAD` of the repository.
    #[serde(default = "head")]
    pub version: String,
    /// Whether ssh trusts a host whose key it does not know, or knows as another one.
    #[serde(default)]
    pub accept_hostkey: bool,
    /// Whether ssh trusts a host whose key it does not know.
    #[serde(default)]
    pub accept_newhostkey: bool,
    /// Options for ssh.
    pub ssh_opts: Option<String>,
    /// The private key for ssh, on the target.
    pub key_file: Option<TargetPath>,
    /// A repository on the target whose objects are used instead of fetching them.
    pub reference: Option<String>,
    /// The name that the repository has in the clone.
    #[serde(default = "origin")]
    pub remote: String,
    /// What is fetched beside it, in the words of `git fetch`.
    pub refspec: Option<String>,
    /// Throws away what was changed in the clone.
    #[serde(default)]
    pub force: bool,
    /// How many commits of history are fetched.
    pub depth: Option<i64>,
    /// Whether it may be cloned; without it, a clone that is not there is only told about.
    #[serde(default = "yes")]
    pub clone: bool,
    /// Whether a clone that is there is brought up to date.
    #[serde(default = "yes")]
    pub update: bool,
    /// The program.
    pub executable: Option<TargetPath>,
    /// A repository without a working tree.
    #[serde(default)]
    pub bare: bool,
    /// Which bits new files do not get: an octal number in quotes.
    pub umask: Option<Value>,
    /// Whether submodules are fetched, too.
    #[serde(default = "yes")]
    pub recursive: bool,
    /// Clones the history of one version only.
    #[serde(default)]
    pub single_branch: bool,
    /// Brings submodules to the newest commit of their branch.
    #[serde(default)]
    pub track_submodules: bool,
    /// Checks the signature of the commit or tag.
    #[serde(default)]
    pub verify_commit: bool,
    /// Puts the files of the version into this archive: `.zip`, `.tar`, `.tar.gz` or `.tgz`.
    pub archive: Option<TargetPath>,
    /// What stands before each name in the archive.
    pub archive_prefix: Option<String>,
    /// Where the repository itself is kept, apart from the working tree.
    pub separate_git_dir: Option<TargetPath>,
    /// With `verify_commit`: fingerprints of the keys that are trusted.
    #[serde(default, alias = "gpg_whitelist")]
    #[schemars(extend("x-aliases" = ["gpg_whitelist"]))]
    pub gpg_allowlist: Vec<String>,
}

fn yes() -> bool {
    true
}

fn head() -> String {
    "HEAD".to_owned()
}

fn origin() -> String {
    "origin".to_owned()
}

pub(super) const SPEC: Spec = Spec {
    name: "git",
    summary: "Clones a repository or brings a clone up to date.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, checkout) };

fn checkout(args: &Args, ctx: &mut Context<'_>) -> Answer {
    if args.archive_prefix.is_some() && args.archive.is_none() {
        return Err(Failure::new("missing parameter(s) required by 'archive_prefix': archive"));
    }
    let mut git = Git::open(args, ctx)?;
    let mut outcome = Outcome::ok(false);
    let Some(dest) = git.dest.clone() else {
        if args.clone {
            return Err(Failure::new("the destination directory must be specified unless clone=no"));
        }
        return git.tell_what_is_there(outcome, ctx);
    };
    let found = repository::folder(&dest, args.bare)?;
    if let Some(apart) = git.separate.clone().filter(|apart| found.exists() && *apart != found) {
        outcome.changed = true;
        if !ctx.check() {
            relocate(&found, &apart, &dest, &mut outcome, ctx)?;
        }
    }
    outcome.values.insert("before", Value::Null);
    let is_there =
        found.join("config").exists() || git.separate.as_ref().is_some_and(|it| it.join("config").exists());
    let before = if !is_there {
        if ctx.check() || !args.clone {
            return git.tell_what_is_there(outcome, ctx);
        }
        git.clone(&mut outcome, ctx)?;
        None
    } else if args.update {
        match git.update(&dest, &mut outcome, ctx)? {
            Some(before) => Some(before),
            None => return Ok(outcome),
        }
    } else {
        let commit = git.commit("HEAD", ctx)?;
        outcome.values.insert("before", commit.as_str());
        outcome.values.insert("after", commit);
        git.pack(&mut outcome, ctx)?;
        return Ok(outcome);
    };
    if !args.bare {
        git.switch(ctx)?;
        if args.recursive && git.fetch_submodules(&dest, ctx)? {
            outcome.values.insert("submodules_changed", true);
            outcome.changed = true;
            git.update_submodules(&dest, ctx)?;
        }
    }
    let after = git.commit("HEAD", ctx)?;
    outcome.values.insert("after", after.as_str());
    outcome.changed |= before.as_deref() != Some(after.as_str());
    if outcome.changed {
        git.tell_difference(&mut outcome, ctx)?;
    }
    git.pack(&mut outcome, ctx)?;
    Ok(outcome)
}

impl Git<'_> {
    /// What cloning would bring.
    fn tell_what_is_there(&mut self, mut outcome: Outcome, ctx: &mut Context<'_>) -> Answer {
        let repo = self.repo.clone();
        let after = self.remote_head(&repo, true, ctx)?;
        outcome.changed = true;
        outcome.values.insert("before", Value::Null);
        outcome.values.insert("after", after);
        self.tell_difference(&mut outcome, ctx)?;
        Ok(outcome)
    }

    /// Brings the objects of a clone up to date and gives the commit that it had; nothing where all is said.
    fn update(
        &mut self,
        dest: &Path,
        outcome: &mut Outcome,
        ctx: &mut Context<'_>,
    ) -> Result<Option<String>, Failure> {
        let is_modified = !self.args.bare && self.is_modified(ctx)?;
        let before = self.commit("HEAD", ctx)?;
        outcome.values.insert("before", before.as_str());
        let modified = format!("Local modifications exist in the destination: {}", dest.display());
        if is_modified && !self.args.force {
            return Err(Failure::new(format!("{modified} (force=no).")).with("before", before));
        }
        if is_modified && !ctx.check() {
            self.must(&["reset", "--hard", "HEAD"], ctx)?;
            outcome.changed = true;
            outcome.msg = Some(modified);
        }
        let has_moved = if ctx.check() { self.has_moved(ctx)? } else { self.follow_it(ctx)? };
        outcome.values.insert("remote_url_changed", has_moved);
        outcome.changed |= has_moved;
        if ctx.check() {
            let remote = self.args.remote.clone();
            let after = self.remote_head(&remote, false, ctx)?;
            outcome.changed |= before != after;
            outcome.values.insert("after", after);
            self.tell_difference(outcome, ctx)?;
            return Ok(None);
        }
        let version = self.args.version.clone();
        let refspec = self.args.refspec.clone();
        self.fetch(&version, refspec.as_deref(), self.args.force, ctx)?;
        Ok(Some(before))
    }

    /// What lies between `before` and `after`, for `--diff`.
    fn tell_difference(&mut self, outcome: &mut Outcome, ctx: &mut Context<'_>) -> Result<(), Failure> {
        let text = |key: &str| outcome.values.get(key).and_then(Value::as_str).map(str::to_owned);
        let (before, after) = (text("before"), text("after").unwrap_or_default());
        if !ctx.diff() {
            return Ok(());
        }
        let shown = match before {
            None => format!(">> Newly checked out {after}"),
            Some(before) if before == after => return Ok(()),
            Some(before) => {
                // What is compared has to be here.
                self.fetch(&after, None, false, ctx)?;
                let said = self.ask(&["diff", &before, &after], ctx)?;
                let why = said.err.trim_end();
                match (said.well(), said.out.is_empty(), why.is_empty()) {
                    (true, false, _) => said.out,
                    (true, true, _) => format!(">> No visual differences between {before} and {after}"),
                    (false, _, false) => {
                        format!(">> Failed to get proper diff between {before} and {after}:\n>> {why}")
                    }
                    (false, _, true) => format!(">> Failed to get proper diff between {before} and {after}"),
                }
            }
        };
        difference::tell_one(outcome, Map::from_iter([("prepared", shown)]).into());
        Ok(())
    }
}

/// Takes the repository out of its working tree.
fn relocate(
    from: &Path,
    to: &Path,
    worktree: &Path,
    outcome: &mut Outcome,
    ctx: &mut Context<'_>,
) -> Result<(), Failure> {
    if to.exists() {
        return Err(Failure::new(format!("Separate-git-dir path {} already exists.", to.display())));
    }
    let said = ctx.ask([Path::new("mv"), Path::new("-T"), from, to])?;
    if !said.well() {
        return Err(said.failure("Unable to move git dir."));
    }
    let link = worktree.join(".git");
    if let Err(error) = std::fs::write(&link, format!("gitdir: {}", to.display())) {
        ctx.ask([Path::new("mv"), Path::new("-T"), to, from])?;
        return Err(error).doing("write", &link);
    }
    outcome.values.insert("git_dir_before", from.to_string_lossy().into_owned());
    outcome.values.insert("git_dir_now", to.to_string_lossy().into_owned());
    Ok(())
}

/// A path with its variables, from the root, with links followed.
fn real(text: &str, ctx: &mut Context<'_>) -> PathBuf {
    let expanded = PathBuf::from(path::expand(text, ctx));
    path::real(&std::path::absolute(&expanded).unwrap_or(expanded))
}
