//! `ini_file`: an option of a file in sections has a value, or is not there.

mod lines;

use schemars::JsonSchema;
use serde::Deserialize;

use self::lines::Ini;
use super::accounts::Presence;
use super::attributes;
use super::edited::{self, Edited};
use super::failure::{Answer, Failure};
use super::file_args::{self, FileArgs};
use super::{Context, Module, TargetPath, path as paths, text};
use crate::base::spec::{CheckMode, OnResume, Spec};
use crate::wire::Outcome;

/// A commented option becomes the option. The section is made when it is not there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // they are what users write
#[schemars(extend("x-exclusive" = [["value", "values"]]))]
pub struct Args {
    /// The file.
    #[serde(alias = "dest")]
    #[schemars(extend("x-aliases" = ["dest"]))]
    path: TargetPath,
    /// The section; without one the option stands before the first section.
    section: Option<String>,
    /// Of several sections with this name the first that has all of these options counts.
    section_has_values: Option<Vec<Condition>>,
    /// The option; without one the whole section is meant.
    option: Option<String>,
    /// Its value.
    value: Option<String>,
    /// Its values, each in a line of its own.
    values: Option<Vec<String>>,
    /// Keep a copy of the file before a change.
    #[serde(default)]
    backup: bool,
    /// Whether it should be there.
    #[serde(default)]
    state: Presence,
    /// All other lines of the option go; without it only the given values are added or removed.
    #[serde(default = "yes")]
    exclusive: bool,
    /// No blanks around `=`.
    #[serde(default)]
    no_extra_spaces: bool,
    /// A line that differs only in the blanks around `=` stays.
    #[serde(default)]
    ignore_spaces: bool,
    /// Make a file that is not there.
    #[serde(default = "yes")]
    create: bool,
    /// The option may stand without `=` and value.
    #[serde(default)]
    allow_no_value: bool,
    /// A commented line of the option is made the option.
    #[serde(default = "yes")]
    modify_inactive_option: bool,
    /// Change what a link leads to; without it a link becomes a file.
    #[serde(default)]
    follow: bool,
}

/// What a section must have to be the one that is meant.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Condition {
    /// The option.
    option: String,
    /// The value that it must have.
    value: Option<String>,
    /// Values of which it must have one.
    values: Option<Vec<String>>,
}

impl Condition {
    fn values(&self) -> Vec<&str> {
        let several = self.values.iter().flatten();
        self.value.iter().chain(several).map(String::as_str).collect()
    }
}

fn yes() -> bool {
    true
}

pub(super) const SPEC: Spec = Spec {
    name: "ini_file",
    summary: "Keeps an option of a file in sections as it should be.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: file_args::schema::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| file_args::call(args, ctx, ini_file) };

fn ini_file(args: &Args, file: &FileArgs, ctx: &mut Context<'_>) -> Answer {
    let is_wanted = args.state == Presence::Present;
    let has_values = args.value.is_some() || args.values.as_ref().is_some_and(|values| !values.is_empty());
    if is_wanted && !args.allow_no_value && !has_values {
        let words = "Parameter 'value(s)' must be defined if state=present and allow_no_value=False.";
        return Err(Failure::new(words));
    }
    let path = args.path.expand(ctx);
    let target = if args.follow { paths::real(&path) } else { path.clone() };
    let before = edited::read(&target)?;
    if before.is_none() && !args.create {
        let words = format!("Destination {} does not exist!", target.display());
        return Err(Failure::new(words).with("rc", 257));
    }
    let there = text::decode(before.as_deref().unwrap_or_default());
    let mut ini = Ini::new(args, there.trim_start_matches('\u{feff}'));
    ini.edit();
    let (is_changed, msg, after) = ini.finish();
    let mut outcome = Outcome::ok(false).saying(msg).with("path", path.to_string_lossy().into_owned());
    let edited = Edited {
        path: &path,
        follow: args.follow,
        before,
        backup: args.backup,
        validate: None,
        apart: true,
        file,
    };
    if is_changed {
        if let Some(kept) = edited.put(&text::encode(&after), &mut outcome, ctx)? {
            outcome.values.insert("backup_file", kept.to_string_lossy().into_owned());
        }
    } else {
        edited.set_attributes(&mut outcome, ctx)?;
    }
    // Unlike its kin it does not tell of attributes.
    outcome.msg = Some(msg.to_owned());
    Ok(attributes::describe(outcome, &path, ctx))
}
