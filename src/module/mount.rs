//! `mount`: file systems in `fstab`, mounted or not. Returns `name`, `src`, `fstype`, `opts`, `dump`, `passno`, `boot`, `fstab` and
//! `backup_file`.
//!
//! Tested on an `fstab` of the tests, with programs of the tests in the place of `mount` and `umount`.

mod fstab;
mod mounted;

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::fstab::Fstab;
use self::mounted::Mounts;
use super::failure::Doing;
use super::{Answer, Context, Failure, Module, TargetPath, call, difference};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::wire::Outcome;

/// Keeps a line of `fstab` and what is mounted as they should be.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// Where it is mounted; `none` for swap.
    #[serde(alias = "name")]
    #[schemars(extend("x-aliases" = ["name"]))]
    pub path: TargetPath,
    /// What should be.
    pub state: State,
    /// What is mounted: a device, an address, a folder. Needed for `mounted`, `present` and `ephemeral`.
    pub src: Option<TargetPath>,
    /// The kind of the file system. Needed for `mounted`, `present` and `ephemeral`.
    pub fstype: Option<String>,
    /// The options; by default `defaults`.
    pub opts: Option<String>,
    /// Shows the options to nobody.
    #[serde(default)]
    pub opts_no_log: bool,
    /// What `dump` does with it.
    #[serde(default = "zero")]
    pub dump: String,
    /// When `fsck` looks at it.
    #[serde(default = "zero")]
    pub passno: String,
    /// Without it `noauto` is added to the options.
    #[serde(default = "yes")]
    pub boot: bool,
    /// The file.
    #[serde(default = "file")]
    pub fstab: TargetPath,
    /// Keep a copy of the file before a change.
    #[serde(default)]
    pub backup: bool,
}

/// What should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Not in the file and not mounted; its empty folder goes, too.
    Absent,
    /// Not in the file; what is mounted stays so.
    AbsentFromFstab,
    /// In the file and mounted; the folder is made.
    Mounted,
    /// In the file; what is mounted stays so.
    Present,
    /// Not mounted; the file stays.
    Unmounted,
    /// Mounted anew, which is always a change.
    Remounted,
    /// Mounted and not in the file.
    Ephemeral,
}

fn yes() -> bool {
    true
}

fn zero() -> String {
    "0".to_owned()
}

fn file() -> TargetPath {
    TargetPath::from("/etc/fstab")
}

pub(super) const SPEC: Spec = Spec {
    name: "mount",
    summary: "Mounts file systems and keeps their lines in fstab.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, ensure) };

/// One line of the file, as it is wanted.
#[derive(Clone, Debug)]
struct Entry {
    src: String,
    name: String,
    fstype: String,
    opts: String,
    dump: String,
    passno: String,
}

/// What is wanted, with all that a program is told of it.
struct Job<'a> {
    args: &'a Args,
    entry: Entry,
    fstab: PathBuf,
}

fn ensure(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let state = args.state;
    let src = args.src.as_ref().map(|src| src.expand(ctx).to_string_lossy().into_owned());
    if matches!(state, State::Mounted | State::Present | State::Ephemeral) {
        let missing = [("src", src.is_none()), ("fstype", args.fstype.is_none())];
        let missing: Vec<&str> = missing.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect();
        if !missing.is_empty() {
            let word = serde_json::to_value(state).ok().and_then(|word| word.as_str().map(str::to_owned));
            let word = word.unwrap_or_default();
            let words =
                format!("state is {word} but all of the following are missing: {}", missing.join(", "));
            return Err(Failure::new(words));
        }
    }
    let mut opts = args.opts.clone().unwrap_or_else(|| "defaults".to_owned());
    let mut outcome = Outcome::ok(false);
    if args.boot && opts.split(',').any(|word| word == "noauto") {
        outcome.warnings.push("Ignore the 'boot' due to 'opts' contains 'noauto'.".to_owned());
    } else if !args.boot {
        opts.push_str(",noauto");
    }
    let name = args.path.expand(ctx).to_string_lossy().into_owned();
    let entry = Entry {
        src: src.clone().unwrap_or_default(),
        name: name.clone(),
        fstype: args.fstype.clone().unwrap_or_default(),
        opts,
        dump: args.dump.clone(),
        passno: args.passno.clone(),
    };
    let job = Job { args, entry, fstab: args.fstab.expand(ctx) };
    let done = job.ensure(&mut outcome, ctx);
    let hidden = |text: &str| match &args.opts {
        Some(opts) if args.opts_no_log => text.replace(opts, "********"),
        _ => text.to_owned(),
    };
    if let Err(failed) = done {
        let mut failed = failed.into_outcome();
        failed.msg = failed.msg.map(|msg| hidden(&msg));
        return Err(failed.into());
    }
    if args.opts_no_log {
        outcome.values.remove("diff");
        outcome.diff.clear();
    }
    for (key, value) in [("src", src), ("fstype", args.fstype.clone())] {
        if let Some(value) = value {
            outcome.values.insert(key, value);
        }
    }
    if !outcome.values.contains_key("backup_file") {
        outcome.values.insert("backup_file", "");
    }
    Ok(outcome
        .with("name", name)
        .with("opts", hidden(&job.entry.opts))
        .with("dump", args.dump.as_str())
        .with("passno", args.passno.as_str())
        .with("boot", if args.boot { "yes" } else { "no" })
        .with("fstab", job.fstab.to_string_lossy().into_owned()))
}

impl Job<'_> {
    fn ensure(&self, outcome: &mut Outcome, ctx: &mut Context<'_>) -> Result<(), Failure> {
        let name = &self.entry.name;
        let mounts = Mounts::now();
        let is_mounted = mounts.has(name);
        match self.args.state {
            State::Present => self.write(|fstab| fstab.with(&self.entry), outcome, ctx).map(drop),
            State::AbsentFromFstab => self.write(|fstab| fstab.without(&self.entry), outcome, ctx).map(drop),
            State::Absent => {
                self.write(|fstab| fstab.without(&self.entry), outcome, ctx)?;
                if !outcome.changed || ctx.check() {
                    return Ok(());
                }
                if is_mounted {
                    self.unmount(ctx)?;
                }
                let path = Path::new(name);
                if path.exists() {
                    std::fs::remove_dir(path).doing("remove the folder", path)
                } else {
                    Ok(())
                }
            }
            State::Unmounted => {
                outcome.changed = is_mounted;
                if is_mounted && !ctx.check() { self.unmount(ctx) } else { Ok(()) }
            }
            State::Remounted => {
                outcome.changed = true;
                if ctx.check() { Ok(()) } else { self.remount(ctx) }
            }
            State::Ephemeral if is_mounted => {
                if !mounts.is_from(name, &self.entry.src) {
                    return Err(Failure::new(format!(
                        "something else than {} is mounted on {name}: unmount it first (state: unmounted), or take another path",
                        self.entry.src
                    )));
                }
                outcome.changed = true;
                if ctx.check() { Ok(()) } else { self.remount(ctx) }
            }
            State::Mounted | State::Ephemeral => {
                self.mounted(is_mounted && mounts.fits(&self.entry), outcome, ctx)
            }
        }
    }

    /// In the file, unless it is for now only, and mounted. When it cannot be mounted, all is as it was.
    fn mounted(&self, is_mounted: bool, outcome: &mut Outcome, ctx: &mut Context<'_>) -> Result<(), Failure> {
        let before = match self.args.state {
            State::Ephemeral => None,
            _ => Some(self.write(|fstab| fstab.with(&self.entry), outcome, ctx)?),
        };
        let is_changed = outcome.changed;
        outcome.changed |= !is_mounted;
        if ctx.check() || (is_mounted && !is_changed) {
            return Ok(());
        }
        let made = make_folders(Path::new(&self.entry.name))?;
        let done = if is_mounted { self.remount(ctx) } else { self.mount(ctx) };
        if done.is_err() {
            if let Some(before) = before.filter(|_| is_changed) {
                before.restore(&self.fstab)?;
            }
            for folder in made.iter().rev() {
                // It may hold something by now.
                let _ = std::fs::remove_dir(folder);
            }
        }
        done
    }

    /// Changes the file, unless it is as it should be. What was there before.
    fn write(
        &self,
        change: impl FnOnce(&Fstab) -> String,
        outcome: &mut Outcome,
        ctx: &mut Context<'_>,
    ) -> Result<Fstab, Failure> {
        let before = Fstab::read(&self.fstab)?;
        let after = change(&before);
        if after == before.text {
            return Ok(before);
        }
        outcome.changed = true;
        if ctx.diff() {
            let shown = self.fstab.to_string_lossy();
            let told = difference::of_bytes(&shown, before.text.as_bytes(), after.as_bytes());
            difference::tell(outcome, [told]);
        }
        if !ctx.check() {
            if self.args.backup && self.fstab.exists() {
                let kept = super::atomic::backup(&self.fstab, ctx)?;
                outcome.values.insert("backup_file", kept.to_string_lossy().into_owned());
            }
            fstab::write(&self.fstab, &after)?;
        }
        Ok(before)
    }

    fn mount(&self, ctx: &mut Context<'_>) -> Result<(), Failure> {
        let mut words = vec![ctx.needed("mount")?];
        words.extend(self.origin());
        words.push(self.entry.name.clone());
        self.run("mounting", words, ctx)
    }

    /// How `mount` is told what to mount, beside the path.
    fn origin(&self) -> Vec<String> {
        let entry = &self.entry;
        if self.args.state == State::Ephemeral {
            let opts = (entry.opts != "defaults").then(|| ["-o".to_owned(), entry.opts.clone()]);
            let kind = ["-t".to_owned(), entry.fstype.clone()];
            return kind.into_iter().chain(opts.into_iter().flatten()).chain([entry.src.clone()]).collect();
        }
        if self.fstab == Path::new("/etc/fstab") {
            return Vec::new();
        }
        vec!["-T".to_owned(), self.fstab.to_string_lossy().into_owned()]
    }

    fn unmount(&self, ctx: &mut Context<'_>) -> Result<(), Failure> {
        let words = vec![ctx.needed("umount")?, self.entry.name.clone()];
        self.run("unmounting", words, ctx)
    }

    /// By `remount`, or, where the file system cannot, by unmounting and mounting it.
    fn remount(&self, ctx: &mut Context<'_>) -> Result<(), Failure> {
        let has_own = self.args.state == State::Remounted && self.entry.opts != "defaults";
        let opts = if has_own { format!("remount,{}", self.entry.opts) } else { "remount".to_owned() };
        let mut words = vec![ctx.needed("mount")?, "-o".to_owned(), opts];
        words.extend(self.origin());
        words.push(self.entry.name.clone());
        let said = ctx.ask(words)?;
        if said.well() {
            return Ok(());
        }
        if has_own {
            let why = said.err.trim().to_owned();
            let help = "to mount it with other options, use `state: unmounted` and then `state: mounted`";
            return Err(said.failure(format!("it cannot be remounted with these opts: {why}; {help}")));
        }
        self.unmount(ctx)?;
        self.mount(ctx)
    }

    fn run(&self, what: &str, words: Vec<String>, ctx: &mut Context<'_>) -> Result<(), Failure> {
        let said = ctx.ask(words)?;
        if said.well() {
            return Ok(());
        }
        let why = format!("{}{}", said.out, said.err);
        Err(said.failure(format!("Error {what} {}: {}", self.entry.name, why.trim_end())))
    }
}

/// Makes a folder and those above it; those that were made, the first one first.
fn make_folders(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let missing: Vec<PathBuf> =
        path.ancestors().take_while(|folder| !folder.exists()).map(Path::to_owned).collect();
    let made: Vec<PathBuf> =
        missing.into_iter().rev().filter(|folder| !folder.as_os_str().is_empty()).collect();
    for folder in &made {
        std::fs::create_dir(folder).doing("make the folder", folder)?;
    }
    Ok(made)
}
