//! `blockinfile`: some lines of a text file, between two markers, are there, or are not.

use schemars::JsonSchema;
use serde::Deserialize;

use super::accounts::Presence;
use super::edited::{self, Edited};
use super::failure::{Answer, Failure};
use super::file_args::{self, FileArgs};
use super::{Context, Module, TargetPath, regex, text};
use crate::base::regex::has_flag;
use crate::base::spec::{CheckMode, OnResume, Spec};
use crate::wire::Outcome;

/// The lines between the markers become `block`; where there are no markers, they are added with it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // they are what users write
#[schemars(extend("x-exclusive" = [["insertbefore", "insertafter"]]))]
pub struct Args {
    /// The text file.
    #[serde(alias = "dest", alias = "destfile", alias = "name")]
    #[schemars(extend("x-aliases" = ["dest", "destfile", "name"]))]
    path: TargetPath,
    /// Whether the block should be there.
    #[serde(default)]
    state: Presence,
    /// The lines. None at all take the block away, markers too.
    #[serde(default, alias = "content")]
    #[schemars(extend("x-aliases" = ["content"]))]
    block: String,
    /// The line before and after the block, in which `{mark}` is one of the two words that follow. Without `{mark}` both are the
    /// same line, and each run adds a block.
    #[serde(default = "marker")]
    marker: String,
    /// What `{mark}` is before the block.
    #[serde(default = "begin")]
    marker_begin: String,
    /// What `{mark}` is after the block.
    #[serde(default = "end")]
    marker_end: String,
    /// Where a new block goes: after the last line that matches this, or `EOF` (the default).
    insertafter: Option<String>,
    /// Where a new block goes: before the last line that matches this, or `BOF`.
    insertbefore: Option<String>,
    /// Make a file that is not there.
    #[serde(default)]
    create: bool,
    /// Keep a copy of the file before a change.
    #[serde(default)]
    backup: bool,
    /// A command that must succeed before the file is replaced; `%s` is the name of the new file.
    validate: Option<String>,
    /// An empty line after the block, unless the file ends there.
    #[serde(default)]
    append_newline: bool,
    /// An empty line before the block, unless the file begins there.
    #[serde(default)]
    prepend_newline: bool,
}

fn marker() -> String {
    "# {mark} ANSIBLE MANAGED BLOCK".to_owned()
}

fn begin() -> String {
    "BEGIN".to_owned()
}

fn end() -> String {
    "END".to_owned()
}

pub(super) const SPEC: Spec = Spec {
    name: "blockinfile",
    summary: "Keeps a block of lines of a text file as it should be.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: file_args::schema::<Args>,
};

/// The row of the table.
pub const MODULE: Module =
    Module { name: SPEC.name, run: |args, ctx| file_args::call(args, ctx, blockinfile) };

fn blockinfile(args: &Args, file: &FileArgs, ctx: &mut Context<'_>) -> Answer {
    let path = args.path.expand(ctx);
    let before = edited::read(&path)?;
    let shown = path.display();
    if before.is_none() && !args.create {
        return Err(Failure::new(format!("Path {shown} does not exist !")).with("rc", 257));
    }
    if before.is_none() && args.state == Presence::Absent {
        return Ok(Outcome::ok(false).saying(format!("File {shown} not present")));
    }
    let there = text::decode(before.as_deref().unwrap_or_default());
    let block = block(args);
    let after = text::encode(&edit(args, &block, &there)?.concat());
    let mut outcome = Outcome::ok(false).saying(match &before {
        Some(before) if *before == after => "",
        None => "File created",
        Some(_) if block.is_empty() => "Block removed",
        Some(_) => "Block inserted",
    });
    let edited = Edited {
        path: &path,
        follow: true,
        before,
        backup: args.backup,
        validate: args.validate.as_deref(),
        apart: true,
        file,
    };
    if let Some(kept) = edited.put(&after, &mut outcome, ctx)? {
        outcome.values.insert("backup_file", kept.to_string_lossy().into_owned());
    }
    Ok(outcome)
}

fn marks(args: &Args) -> [String; 2] {
    [&args.marker_begin, &args.marker_end].map(|word| args.marker.replace("{mark}", word) + "\n")
}

/// The lines that are wanted, with their markers.
fn block(args: &Args) -> Vec<String> {
    if args.state == Presence::Absent || args.block.is_empty() {
        return Vec::new();
    }
    let [first, last] = marks(args);
    let mut lines = text::lines(&args.block);
    if let Some(line) = lines.last_mut().filter(|line| !line.ends_with('\n')) {
        line.push('\n');
    }
    std::iter::once(first).chain(lines).chain([last]).collect()
}

/// The lines of the file as they should be.
fn edit(args: &Args, block: &[String], there: &str) -> Result<Vec<String>, Failure> {
    let mut lines = text::lines(there);
    let [first, last] = marks(args).map(|mark| lines.iter().rposition(|line| *line == mark));
    let at = match (first, last) {
        // Markers in the wrong order are a block too.
        (Some(a), Some(b)) => {
            lines.drain(a.min(b)..=a.max(b));
            a.min(b)
        }
        _ => place(args, &lines, there)?,
    };
    // Where nothing is put in, nothing is to be kept apart from it; Ansible ends the line then, the second time.
    if !block.is_empty()
        && let Some(line) = lines[..at].last_mut().filter(|line| !line.ends_with('\n'))
    {
        line.push('\n');
    }
    let is_wanted = args.state == Presence::Present;
    let mut new: Vec<String> = block.to_vec();
    if is_wanted && args.append_newline && lines.get(at).is_some_and(|line| line != "\n") {
        new.push("\n".to_owned());
    }
    if is_wanted && args.prepend_newline && at > 0 && lines[at - 1] != "\n" {
        new.insert(0, "\n".to_owned());
    }
    lines.splice(at..at, new);
    Ok(lines)
}

/// Before which line a new block goes.
fn place(args: &Args, lines: &[String], there: &str) -> Result<usize, Failure> {
    let (pattern, argument, further) = match (&args.insertafter, &args.insertbefore) {
        (Some(pattern), _) if pattern != "EOF" => (pattern, "insertafter", 1),
        (None, Some(pattern)) if pattern != "BOF" => (pattern, "insertbefore", 0),
        (None, Some(_)) => return Ok(0),
        _ => return Ok(lines.len()),
    };
    let expression = regex::compile(argument, pattern)?;
    let mut found = None;
    if has_flag(pattern, 'm') {
        // Such a pattern may stretch over lines.
        if let Some(whole) = regex::search(&expression, there)?.and_then(|found| found.get(0)) {
            let until = if further == 1 { whole.end() } else { whole.start() };
            found = Some(there[..until].matches('\n').count());
        }
    } else {
        for (number, line) in lines.iter().enumerate() {
            if regex::search(&expression, line)?.is_some() {
                found = Some(number);
            }
        }
    }
    Ok(found.map_or(lines.len(), |number| (number + further).min(lines.len())))
}
