//! `replace`: all that a regular expression finds in a file becomes another text.

use schemars::JsonSchema;
use serde::Deserialize;

use super::edited::{self, Edited};
use super::failure::{Answer, Failure};
use super::file_args::{self, FileArgs};
use super::{Context, Module, TargetPath, difference, regex, text};
use crate::base::encoding::Encoding;
use crate::base::regex::{Template, compile, matches};
use crate::base::spec::{CheckMode, OnResume, Spec};
use crate::wire::Outcome;

/// What is put in must not be found again, else each run changes the file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The file.
    #[serde(alias = "dest", alias = "destfile", alias = "name")]
    #[schemars(extend("x-aliases" = ["dest", "destfile", "name"]))]
    path: TargetPath,
    /// The regular expression; `^` and `$` are the ends of a line.
    regexp: String,
    /// What stands there instead; `\1` and `\g<name>` are groups of the expression. Nothing takes what is found away.
    #[serde(default)]
    replace: String,
    /// Only what comes after the first match of this; here `.` means line ends too, and `^` is the beginning of the file.
    after: Option<String>,
    /// Only what comes before a match of this.
    before: Option<String>,
    /// Keep a copy of the file before a change.
    #[serde(default)]
    backup: bool,
    /// A command that must succeed before the file is replaced; `%s` is the name of the new file.
    validate: Option<String>,
    /// The encoding of the file.
    #[serde(default = "utf8")]
    encoding: String,
}

fn utf8() -> String {
    "utf-8".to_owned()
}

pub(super) const SPEC: Spec = Spec {
    name: "replace",
    summary: "Replaces all that a regular expression finds in a file.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: file_args::schema::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| file_args::call(args, ctx, replace) };

fn replace(args: &Args, file: &FileArgs, ctx: &mut Context<'_>) -> Answer {
    let path = args.path.expand(ctx);
    let Some(bytes) = edited::read(&path)? else {
        return Err(Failure::new(format!("Path {} does not exist !", path.display())).with("rc", 257));
    };
    let encoding = Encoding::named(&args.encoding).map_err(Failure::new)?;
    let unreadable = |why: String| Failure::new(format!("{}: {why}", path.display()));
    // What is no UTF-8 stays as it is.
    let text = match encoding {
        Encoding::Utf8 => text::decode(&bytes),
        _ => encoding.decode(bytes.clone()).map_err(unreadable)?.to_string(),
    };
    let Some((start, end)) = section(args, &text)? else {
        let pattern = pattern(args).unwrap_or_default();
        let words = "Pattern for before/after params did not match the given file:";
        return Ok(Outcome::ok(false).saying(format!("{words} {pattern}")).with("rc", 0));
    };
    let (new, count) = substitute(args, &text[start..end])?;
    let is_new = new != text[start..end];
    let whole = [&text[..start], &new, &text[end..]].concat();
    let after = match encoding {
        _ if !is_new => bytes.clone(),
        Encoding::Utf8 => text::encode(&whole),
        _ => encoding.encode(&whole).map_err(unreadable)?,
    };
    let msg = if is_new { format!("{count} replacements made") } else { String::new() };
    let mut outcome = Outcome::ok(false).saying(msg).with("rc", 0);
    let edited = Edited {
        path: &path,
        follow: true,
        before: Some(bytes),
        backup: args.backup,
        validate: args.validate.as_deref(),
        apart: false,
        file,
    };
    if let Some(kept) = edited.put(&after, &mut outcome, ctx)? {
        outcome.values.insert("backup_file", kept.to_string_lossy().into_owned());
    }
    difference::as_one(&mut outcome);
    Ok(outcome)
}

/// What finds the section of the file that counts; nothing where all of it does.
fn pattern(args: &Args) -> Option<String> {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    match (given(&args.after), given(&args.before)) {
        (Some(after), Some(before)) => Some(format!("{after}(?P<subsection>.*?){before}")),
        (Some(after), None) => Some(format!("{after}(?P<subsection>.*)")),
        (None, Some(before)) => Some(format!("(?P<subsection>.*){before}")),
        (None, None) => None,
    }
}

/// From where to where it goes, in bytes; nothing where there is none.
fn section(args: &Args, text: &str) -> Result<Option<(usize, usize)>, Failure> {
    let Some(pattern) = pattern(args) else { return Ok(Some((0, text.len()))) };
    let expression = regex::compile("after, before", &format!("(?s){pattern}"))?;
    let found = regex::search(&expression, text)?;
    Ok(found.and_then(|found| found.name("subsection")).map(|section| (section.start(), section.end())))
}

/// The text with all replacements, and how many they are.
fn substitute(args: &Args, text: &str) -> Result<(String, usize), Failure> {
    let expression = compile(&args.regexp, false, true)
        .map_err(|e| Failure::new(format!("regexp: `{}` is no regular expression: {e}", args.regexp)))?;
    let template = Template::read(&expression, &args.replace)
        .map_err(|why| Failure::new(format!("Unable to process replace due to error: {why}")))?;
    let (mut out, mut end, mut count) = (String::with_capacity(text.len()), 0, 0);
    for found in matches(&expression, text) {
        let found = found.map_err(|e| Failure::new(format!("`{}` cannot be searched: {e}", args.regexp)))?;
        let Some(whole) = found.get(0) else { continue };
        out.push_str(&text[end..whole.start()]);
        template.expand(&found, &mut out);
        end = whole.end();
        count += 1;
    }
    out.push_str(&text[end..]);
    Ok((out, count))
}
