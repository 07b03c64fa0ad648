//! `file`: files, folders, links, and their owner, group and mode.

mod link;
mod time;

use std::fs::Metadata;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::time::Times;
use super::attributes::{self, Attributes, Change};
use super::failure::{Answer, Doing, Failure};
use super::file_args::{self, FileArgs};
use super::{Context, Module, TargetPath, difference};
use crate::base::spec::{CheckMode, OnResume, Spec};
use crate::base::{Map, Value};
use crate::wire::Outcome;

/// Without `state` the attributes of what is there are set.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// What it is about.
    #[serde(alias = "dest", alias = "name")]
    #[schemars(extend("x-aliases" = ["dest", "name"]))]
    pub path: TargetPath,
    /// What should be there.
    pub state: Option<State>,
    /// What a link leads to; as it is written, so a relative one starts at the link's folder.
    pub src: Option<TargetPath>,
    /// With `state: directory`, set the attributes of everything inside too.
    #[serde(default)]
    pub recurse: bool,
    /// Set the attributes of what a link leads to, not of the link.
    #[serde(default = "yes")]
    pub follow: bool,
    /// Make a link though its target does not exist, or replace a file by a link.
    #[serde(default)]
    pub force: bool,
    /// `preserve`, `now` or `YYYYMMDDHHMM.SS`. With `touch` the default is `now`, else `preserve`.
    pub modification_time: Option<String>,
    /// `preserve`, `now` or `YYYYMMDDHHMM.SS`. With `touch` the default is `now`, else `preserve`.
    pub access_time: Option<String>,
    /// Only tell whether the file looks binary (`appears_binary`), which actions of Ansible's ask before they show a difference.
    #[serde(rename = "_diff_peek")]
    pub diff_peek: Option<bool>,
    /// How `modification_time` is written, as in `strptime`.
    #[serde(default = "time::default_format")]
    pub modification_time_format: String,
    /// How `access_time` is written, as in `strptime`.
    #[serde(default = "time::default_format")]
    pub access_time_format: String,
}

fn yes() -> bool {
    true
}

/// What should be at the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing. A folder goes with all it contains.
    Absent,
    /// A folder, with the folders above it.
    Directory,
    /// A file that must be there already.
    File,
    /// A hard link to `src`.
    Hard,
    /// A symbolic link to `src`.
    Link,
    /// A file, empty if it is new, with new times.
    Touch,
}

pub(super) const SPEC: Spec = Spec {
    name: "file",
    summary: "Makes and removes files, folders and links, and sets their attributes.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: file_args::schema::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| file_args::call(args, ctx, file) };

/// One invocation: what is wanted, and what changed so far.
struct Job<'a> {
    args: &'a Args,
    path: PathBuf,
    attributes: Attributes,
    check: bool,
    before: &'static str,
    after: &'static str,
    changes: Vec<Change>,
    changed: bool,
    /// What was in a folder that goes, for the difference.
    content: Option<Map>,
}

fn file(args: &Args, common: &FileArgs, ctx: &mut Context<'_>) -> Answer {
    if !ctx.check() || args.state == Some(State::Absent) {
        return ensure(args, common, ctx);
    }
    // Somebody may be made by a task before this one, when it is not only asked for.
    let missing = attributes::missing(common, ctx);
    let mut common = common.clone();
    if look(&args.path.expand(ctx)).is_none() {
        common.owner = common.owner.filter(|_| missing[0].is_none());
        common.group = common.group.filter(|_| missing[1].is_none());
    }
    let done = ensure(args, &common, ctx);
    let is_well = done.is_ok();
    let mut outcome = done.unwrap_or_else(Failure::into_outcome);
    outcome.warnings.extend(missing.into_iter().flatten());
    if is_well { Ok(outcome) } else { Err(outcome.into()) }
}

fn ensure(args: &Args, common: &FileArgs, ctx: &mut Context<'_>) -> Answer {
    let mut path = args.path.expand(ctx);
    if args.diff_peek.is_some() {
        let is_binary = difference::read(&path).iter().take(8192).any(|byte| *byte == 0);
        let path = path.to_string_lossy().into_owned();
        return Ok(Outcome::ok(false).with("path", path).with("appears_binary", is_binary));
    }
    let link_target = args.src.as_ref().map(|src| src.expand(ctx));
    if !matches!(args.state, Some(State::Link | State::Absent))
        && path.is_dir()
        && let Some(name) = link_target.as_ref().and_then(|src| src.file_name())
    {
        path.push(name);
    }
    let state = args.state.unwrap_or_else(|| match path.symlink_metadata() {
        Ok(m) if m.is_symlink() => State::Link,
        Ok(m) if m.is_dir() => State::Directory,
        Err(_) if args.recurse => State::Directory,
        _ => State::File,
    });
    let shown = path.to_string_lossy().into_owned();
    let refuse = |msg: &str| Err(Failure::new(msg).with("path", shown.as_str()));
    if args.recurse && state != State::Directory {
        return refuse("recurse option requires state to be 'directory'");
    }
    if link_target.is_some() && !matches!(state, State::Link | State::Hard) {
        return refuse("src option requires state to be 'link' or 'hard'");
    }
    let attributes = Attributes::find(common, &path, ctx)?;
    let before = attributes::state(look(&path).as_ref());
    let check = ctx.check();
    let mut job = Job {
        args,
        path,
        attributes,
        check,
        before,
        after: before,
        changes: vec![],
        changed: false,
        content: None,
    };
    if state == State::Absent && before == "directory" && ctx.diff() {
        job.content = Some(content(&job.path));
    }
    match state {
        State::Absent => job.absent()?,
        State::Directory => job.directory()?,
        State::File => job.file()?,
        State::Touch => job.touch()?,
        State::Link => job.symbolic_link(link_target.as_deref())?,
        State::Hard => job.hard_link(link_target.as_deref())?,
    }
    Ok(job.finish(state, link_target.as_deref(), ctx))
}

/// The folders and files below a folder, as `path_content` shows them.
fn content(folder: &Path) -> Map {
    let (mut folders, mut files) = (Vec::new(), Vec::new());
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        let mut entries: Vec<PathBuf> =
            folder.read_dir().into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        entries.sort();
        for path in entries {
            let list = if path.is_dir() { &mut folders } else { &mut files };
            list.push(Value::from(path.to_string_lossy().into_owned()));
            if path.is_dir() && !path.is_symlink() {
                waiting.push(path);
            }
        }
    }
    Map::from_iter([("directories", Value::list(folders)), ("files", Value::list(files))])
}

/// What is there, links not followed.
fn look(path: &Path) -> Option<Metadata> {
    path.symlink_metadata().ok()
}

impl Job<'_> {
    fn finish(self, state: State, src: Option<&Path>, ctx: &mut Context<'_>) -> Outcome {
        let changed = self.changed || !self.changes.is_empty();
        let shown = self.path.to_string_lossy().into_owned();
        let mut outcome = Outcome::ok(changed);
        if ctx.diff() && (self.before, self.after) != ("absent", "absent") {
            let states = (self.before != self.after).then_some((self.before, self.after));
            let told = difference::of_file(&self.path, &self.changes, states, self.content);
            // As in Ansible, where there is always a path; people are only shown what changed.
            if changed {
                difference::tell_one(&mut outcome, told);
            } else {
                outcome.values.insert("diff", told);
            }
        }
        outcome.values.insert(if state == State::Absent { "path" } else { "dest" }, shown.as_str());
        if matches!(state, State::Directory | State::File) {
            outcome.values.remove("dest");
            outcome.values.insert("path", shown.as_str());
        }
        let there = || std::fs::read_link(&self.path).ok().filter(|_| state == State::Link);
        if let Some(src) = src.map(Path::to_owned).or_else(there) {
            outcome.values.insert("src", src.to_string_lossy().into_owned());
        }
        if self.after == "absent" {
            return outcome.with("state", "absent");
        }
        attributes::describe(outcome, &self.path, ctx)
    }

    fn refuse(&self, msg: String) -> Failure {
        Failure::new(msg).with("path", self.path.to_string_lossy().into_owned()).with("state", self.before)
    }

    /// Follows a link at the path, where the user wants that.
    fn follow(&mut self) {
        if self.args.follow
            && self.before == "link"
            && let Ok(real) = self.path.canonicalize()
        {
            self.before = attributes::state(look(&real).as_ref());
            self.after = self.before;
            self.path = real;
        }
    }

    fn times(&self, default: &str) -> Result<Times, Failure> {
        Times::read(self.args, default)
    }

    fn set_attributes(&mut self) -> Result<(), Failure> {
        if self.check && look(&self.path).is_none() {
            return Ok(());
        }
        let times = self.times("preserve")?;
        self.changes.extend(self.attributes.apply(&self.path, self.args.follow, self.check)?);
        self.changes.extend(times.apply(&self.path, self.args.follow, self.check)?);
        Ok(())
    }

    fn absent(&mut self) -> Result<(), Failure> {
        self.after = "absent";
        if self.before == "absent" {
            return Ok(());
        }
        self.changed = true;
        if self.check {
            return Ok(());
        }
        let removed = if self.before == "directory" {
            std::fs::remove_dir_all(&self.path)
        } else {
            std::fs::remove_file(&self.path)
        };
        match removed {
            // Somebody else was faster; it is gone, which is what counts.
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
            other => other.doing("remove", &self.path),
        }
    }

    fn file(&mut self) -> Result<(), Failure> {
        self.follow();
        if !matches!(self.before, "file" | "hard") {
            return Err(self.refuse(format!(
                "file ({}) is {}, cannot continue",
                self.path.display(),
                self.before
            )));
        }
        self.set_attributes()
    }

    fn touch(&mut self) -> Result<(), Failure> {
        self.follow();
        let times = self.times("now")?;
        if self.before == "absent" {
            self.after = "file";
            self.changed = true;
            if self.check {
                return Ok(());
            }
            std::fs::File::create(&self.path).doing("make the file", &self.path)?;
            let set = self.attributes.apply(&self.path, self.args.follow, false);
            return match set.and_then(|_| times.apply(&self.path, self.args.follow, false)) {
                Ok(_) => Ok(()),
                Err(failed) => {
                    // As in Ansible: what cannot be as it should is not made.
                    let _ = std::fs::remove_file(&self.path);
                    Err(failed)
                }
            };
        }
        self.changes.extend(self.attributes.apply(&self.path, self.args.follow, self.check)?);
        self.changes.extend(times.apply(&self.path, self.args.follow, self.check)?);
        Ok(())
    }

    fn directory(&mut self) -> Result<(), Failure> {
        self.follow();
        match self.before {
            "directory" => {}
            "absent" => {
                self.after = "directory";
                self.changed = true;
                if self.check {
                    return Ok(());
                }
                make_folders(&self.path, &self.attributes)?;
            }
            other => {
                return Err(self.refuse(format!("{} already exists as a {other}", self.path.display())));
            }
        }
        self.set_attributes()?;
        if self.args.recurse {
            let folder = self.path.clone();
            self.recurse(&folder, &mut Vec::new())?;
        }
        Ok(())
    }

    /// Sets the attributes of all that is in a folder. What links lead to is meant, too, when the user wants it; `above` are the
    /// folders that are being looked at, into which no link leads again.
    fn recurse(&mut self, folder: &Path, above: &mut Vec<PathBuf>) -> Result<(), Failure> {
        let real = folder.canonicalize().doing("look at", folder)?;
        if above.contains(&real) {
            return Ok(());
        }
        above.push(real);
        let mut entries: Vec<_> =
            std::fs::read_dir(folder).and_then(Iterator::collect).doing("list the folder", folder)?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            let is_link = path.is_symlink();
            self.set(&path, false)?;
            // A link that leads nowhere is only a link.
            if !is_link || (self.args.follow && path.exists()) {
                if path.is_dir() {
                    self.recurse(&path, above)?;
                }
                if is_link {
                    self.set(&path, true)?;
                }
            }
        }
        above.pop();
        Ok(())
    }

    /// Sets attributes and times of one of many.
    fn set(&mut self, path: &Path, follow: bool) -> Result<(), Failure> {
        let times = self.times("preserve")?;
        self.changed |= !self.attributes.apply(path, follow, self.check)?.is_empty();
        self.changed |= !times.apply(path, follow, self.check)?.is_empty();
        Ok(())
    }
}

/// Makes a folder and those above it; each new one gets the attributes.
pub(super) fn make_folders(path: &Path, attributes: &Attributes) -> Result<(), Failure> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        make_folders(parent, attributes)?;
    }
    match std::fs::DirBuilder::new().mode(0o777).create(path) {
        Err(e) if e.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        other => other.doing("make the folder", path),
    }?;
    attributes.apply(path, true, false).map(drop)
}
