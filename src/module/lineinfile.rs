//! `lineinfile`: one line of a text file is there, or is not.

mod edit;

use std::io::ErrorKind;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::atomic::{self, Staged};
use super::attributes::Attributes;
use super::failure::{Answer, Doing, Failure};
use super::{Context, Mode, Module, TargetPath, call, difference, file};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::wire::Outcome;

/// The last line that matches `regexp` or `search_string` becomes `line`; if none does, `line` is added.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // they are what users write
#[schemars(extend(
    "x-exclusive" = [["insertbefore", "insertafter"], ["regexp", "search_string"], ["backrefs", "search_string"]],
    "x-one-of" = [["line", "regexp", "search_string"]]
))]
pub struct Args {
    /// The text file.
    #[serde(alias = "dest", alias = "destfile", alias = "name")]
    #[schemars(extend("x-aliases" = ["dest", "destfile", "name"]))]
    pub path: TargetPath,
    /// Whether the line should be there.
    #[serde(default)]
    pub state: State,
    /// The whole line.
    #[serde(alias = "value")]
    #[schemars(extend("x-aliases" = ["value"]))]
    pub line: Option<String>,
    /// A regular expression; what it finds is replaced, or removed.
    #[serde(alias = "regex")]
    #[schemars(extend("x-aliases" = ["regex"]))]
    pub regexp: Option<String>,
    /// The same with a plain text.
    pub search_string: Option<String>,
    /// `line` refers to groups of `regexp` (`\1`); nothing happens where it does not match.
    pub backrefs: Option<bool>,
    /// Where a new line goes: after the last line that matches this, or `EOF` (the default).
    pub insertafter: Option<String>,
    /// Where a new line goes: before the last line that matches this, or `BOF`.
    pub insertbefore: Option<String>,
    /// Let the first matching line count, not the last.
    #[serde(default)]
    pub firstmatch: bool,
    /// Make a file that is not there.
    #[serde(default)]
    pub create: bool,
    /// Keep a copy of the file before a change.
    #[serde(default)]
    pub backup: bool,
    /// A command that must succeed before the file is replaced; `%s` is the name of the new file.
    pub validate: Option<String>,
    /// The mode: octal text (`"0644"`) or symbolic (`u+rwX,o=`).
    pub mode: Option<Mode>,
    /// The user it should belong to.
    pub owner: Option<String>,
    /// The group it should belong to.
    pub group: Option<String>,
}

/// Whether the line should be there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It should.
    #[default]
    Present,
    /// No line that matches should.
    Absent,
}

pub(super) const SPEC: Spec = Spec {
    name: "lineinfile",
    summary: "Keeps one line of a text file as it should be.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, lineinfile) };

fn lineinfile(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let written = args.path.expand(ctx);
    // Write to what a link leads to, so that the link stays.
    let path = written.canonicalize().unwrap_or(written);
    let shown = path.display();
    if path.is_dir() {
        return Err(Failure::new(format!("Path {shown} is a directory !")).with("rc", 256));
    }
    if args.backrefs == Some(true) && args.regexp.is_none() {
        return Err(Failure::new("regexp is required with backrefs=true"));
    }
    let attributes = Attributes::find(args.owner.as_deref(), args.group.as_deref(), args.mode.as_ref(), ctx)?;
    let before = match std::fs::read(&path) {
        Ok(bytes) => Some(bytes),
        Err(e) if e.kind() == ErrorKind::NotFound => None,
        Err(e) => return Err(e).doing("read", &path),
    };
    let exists = before.is_some();
    if !exists && args.state == State::Absent {
        let mut outcome = Outcome::ok(false);
        outcome.msg = Some("file not present".to_owned());
        return Ok(outcome);
    }
    if !exists && !args.create {
        return Err(Failure::new(format!("Destination {shown} does not exist !")).with("rc", 257));
    }
    let before = String::from_utf8(before.unwrap_or_default())
        .map_err(|_| Failure::new(format!("{shown} is no text in UTF-8")))?;
    let mut lines: Vec<String> = before.split_inclusive('\n').map(str::to_owned).collect();
    let mut outcome = Outcome::ok(false).with("backup", "");
    outcome.msg = Some(match args.state {
        State::Present => edit::present(args, &mut lines)?.unwrap_or_default().to_owned(),
        State::Absent => {
            let removed = edit::absent(args, &mut lines)?;
            outcome.values.insert("found", removed);
            if removed > 0 { format!("{removed} line(s) removed") } else { String::new() }
        }
    });
    let after = lines.concat();
    if after != before || !exists && args.state == State::Present {
        outcome.changed = true;
        if ctx.diff() {
            outcome.diff.push(difference::of_bytes(&path, before.as_bytes(), after.as_bytes()));
        }
        if !ctx.check() {
            if let Some(folder) = path.parent().filter(|f| !exists && !f.as_os_str().is_empty()) {
                file::make_folders(folder, &Attributes::default())?;
            }
            let staged = Staged::with(&path, after.as_bytes())?;
            staged.validate(args.validate.as_deref(), ctx)?;
            if args.backup && exists {
                let kept = atomic::backup(&path, ctx)?;
                outcome.values.insert("backup", kept.to_string_lossy().into_owned());
            }
            staged.commit()?;
        }
    }
    if path.exists() {
        let changes = attributes.apply(&path, true, ctx.check())?;
        if !changes.is_empty() {
            outcome.changed = true;
            let msg = outcome.msg.take().unwrap_or_default();
            let what = "ownership, perms or SE linux context changed";
            outcome.msg = Some(if msg.is_empty() { what.to_owned() } else { format!("{msg} and {what}") });
        }
        if ctx.diff() {
            outcome.diff.extend(difference::of_attributes(&path, &changes));
        }
    }
    Ok(outcome)
}
