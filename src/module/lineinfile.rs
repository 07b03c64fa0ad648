//! `lineinfile`: one line of a text file is there, or is not.

mod edit;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::edited::{self, Edited};
use super::failure::{Answer, Failure};
use super::file_args::{self, FileArgs};
use super::{Context, Module, TargetPath, text};
use crate::base::spec::{CheckMode, OnResume, Spec};
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
    schema: file_args::schema::<Args>,
};

/// The row of the table.
pub const MODULE: Module =
    Module { name: SPEC.name, run: |args, ctx| file_args::call(args, ctx, lineinfile) };

fn lineinfile(args: &Args, file: &FileArgs, ctx: &mut Context<'_>) -> Answer {
    let path = args.path.expand(ctx);
    if args.backrefs == Some(true) && args.regexp.is_none() {
        return Err(Failure::new("regexp is required with backrefs=true"));
    }
    let before = edited::read(&path)?;
    if before.is_none() && args.state == State::Absent {
        return Ok(Outcome::ok(false).saying("file not present"));
    }
    if before.is_none() && !args.create {
        let words = format!("Destination {} does not exist !", path.display());
        return Err(Failure::new(words).with("rc", 257));
    }
    let there = text::decode(before.as_deref().unwrap_or_default());
    let mut lines: Vec<String> = there.split_inclusive('\n').map(str::to_owned).collect();
    let mut outcome = Outcome::ok(false).with("backup", "");
    outcome.msg = Some(match args.state {
        State::Present => edit::present(args, &mut lines)?.unwrap_or_default().to_owned(),
        State::Absent => {
            let removed = edit::absent(args, &mut lines)?;
            outcome.values.insert("found", removed);
            if removed > 0 { format!("{removed} line(s) removed") } else { String::new() }
        }
    });
    for (given, what, more) in [
        (
            &args.regexp,
            "regular expression",
            " If this is desired, use '^' to match every line in the file and avoid this warning.",
        ),
        (&args.search_string, "search string", ""),
    ] {
        if given.as_deref() == Some("") {
            // Words that playbooks know.
            outcome.warnings.push(format!(
                "The {what} is an empty string, which will match every line in the file. This may have unintended \
                 consequences, such as replacing the last line in the file rather than appending.{more}"
            ));
        }
    }
    let edited = Edited {
        path: &path,
        follow: true,
        before,
        backup: args.backup,
        validate: args.validate.as_deref(),
        apart: true,
        file,
    };
    if let Some(kept) = edited.put(&text::encode(&lines.concat()), &mut outcome, ctx)? {
        outcome.values.insert("backup", kept.to_string_lossy().into_owned());
    }
    Ok(outcome)
}
