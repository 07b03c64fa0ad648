//! `cron`: a job or a variable of a table of cron is there, or is not.

mod table;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::table::Table;
use super::accounts::{self, Presence};
use super::atomic::Staged;
use super::failure::{Answer, Doing, Failure};
use super::process::Command;
use super::{Context, Module, TargetPath, call, difference, path as paths, text};
use crate::base::spec::{CheckMode, OnResume, Spec, schema_of};
use crate::base::{Map, Value};
use crate::wire::Outcome;

/// A job is known by its name, which stands in a comment before it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-exclusive" = [["insertafter", "insertbefore"]]))]
pub struct Args {
    /// The name of the job, or with `env` of the variable.
    name: String,
    /// Whose table it is; in a file of `cron_file`, as whom the job is run.
    user: Option<String>,
    /// The command, or the value of the variable.
    #[serde(alias = "value")]
    #[schemars(extend("x-aliases" = ["value"]))]
    job: Option<String>,
    /// Whether it should be there.
    #[serde(default)]
    state: Presence,
    /// A file in /etc/cron.d, or a path, instead of the user's table.
    cron_file: Option<TargetPath>,
    /// Keep a copy of the table before a change.
    #[serde(default)]
    backup: bool,
    /// The minute (0 to 59, `*`, `*/2`).
    #[serde(default = "any")]
    minute: String,
    /// The hour (0 to 23).
    #[serde(default = "any")]
    hour: String,
    /// The day of the month (1 to 31).
    #[serde(default = "any", alias = "dom")]
    #[schemars(extend("x-aliases" = ["dom"]))]
    day: String,
    /// The month (1 to 12).
    #[serde(default = "any")]
    month: String,
    /// The day of the week (0 to 6, 0 is Sunday).
    #[serde(default = "any", alias = "dow")]
    #[schemars(extend("x-aliases" = ["dow"]))]
    weekday: String,
    /// A time that has a name, instead of the five.
    special_time: Option<Special>,
    /// Comment the job out.
    #[serde(default)]
    disabled: bool,
    /// It is a variable and not a job.
    #[serde(default)]
    env: bool,
    /// A new variable stands after this one.
    insertafter: Option<String>,
    /// A new variable stands before this one.
    insertbefore: Option<String>,
}

/// A time that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Special {
    /// When the machine starts.
    Reboot,
    /// Once a year.
    Yearly,
    /// The same.
    Annually,
    /// Once a month.
    Monthly,
    /// Once a week.
    Weekly,
    /// Once a day.
    Daily,
    /// Once an hour.
    Hourly,
}

fn any() -> String {
    "*".to_owned()
}

pub(super) const SPEC: Spec = Spec {
    name: "cron",
    summary: "Keeps a job or a variable of a table of cron as it should be.",
    free_form: None,
    open: false,
    on_resume: OnResume::Rerun,
    check: CheckMode::Full,
    schema: schema_of::<Args>,
};

/// The row of the table.
pub const MODULE: Module = Module { name: SPEC.name, run: |args, ctx| call(args, ctx, cron) };

impl Args {
    fn times(&self) -> [&str; 5] {
        [&self.minute, &self.hour, &self.day, &self.month, &self.weekday].map(String::as_str)
    }

    /// What cannot be together.
    fn judge(&self) -> Result<(), Failure> {
        let refuse = |words: &str| Err(Failure::new(words));
        if self.special_time.is_some() && self.times().iter().any(|time| *time != "*") {
            return refuse("You cannot combine special_time with any of the time or day/date parameters.");
        }
        if self.env && self.name.contains(' ') {
            return refuse("Invalid name for environment variable");
        }
        if self.state == Presence::Absent {
            return Ok(());
        }
        if self.cron_file.is_some() && self.user.is_none() {
            return refuse("To use cron_file=... parameter you must specify user=... as well");
        }
        if self.job.is_none() {
            return refuse("You must specify 'job' to install a new cron job or variable");
        }
        if !self.env && (self.insertafter.is_some() || self.insertbefore.is_some()) {
            return refuse("Insertafter and insertbefore parameters are valid only with env=yes");
        }
        Ok(())
    }

    /// The line of the job.
    fn line(&self) -> String {
        let mut line = if self.disabled { "#".to_owned() } else { String::new() };
        match self.special_time {
            Some(special) => {
                let _ = write!(line, "@{}", format!("{special:?}").to_lowercase());
            }
            None => line.push_str(&self.times().join(" ")),
        }
        let user = self.user.as_deref().filter(|_| self.cron_file.is_some());
        let job = self.job.as_deref().unwrap_or_default().trim_matches(['\r', '\n']);
        for word in user.into_iter().chain([job]) {
            line.push(' ');
            line.push_str(word);
        }
        line
    }
}

fn cron(args: &Args, ctx: &mut Context<'_>) -> Answer {
    let place = Place::of(args, ctx)?;
    args.judge()?;
    let mut warnings = Vec::new();
    if let Some(path) = place.file() {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)) {
            warnings.push(format!(
                "Filename portion of cron_file (\"{name}\") should consist solely of upper- and lower-case letters, digits, \
                 underscores, and hyphens"
            ));
        }
    }
    if args
        .job
        .as_deref()
        .is_some_and(|job| !args.env && job.trim_matches(['\r', '\n']).contains(['\r', '\n']))
    {
        warnings.push("Job should not contain line breaks".to_owned());
    }
    let before = place.read(ctx)?;
    let mut table = Table::read(&before);
    let mut changed = edit(args, &mut table)?;
    if place.file().is_some() && changed && args.state == Presence::Absent && !args.env && table.is_empty() {
        let mut outcome = emptied(args, &place, &before, ctx)?;
        outcome.warnings = warnings;
        return Ok(outcome);
    }
    changed |= !before.is_empty() && !before.ends_with(['\r', '\n']);
    let mut outcome = Outcome::ok(changed).with("jobs", table.jobs()).with("envs", table.variables());
    outcome.warnings = warnings;
    if changed {
        if ctx.diff() {
            let differs =
                difference::of_bytes(&place.name(), before.as_bytes(), table.to_string().as_bytes());
            difference::tell_one(&mut outcome, differs);
        }
        if !ctx.check() {
            if args.backup {
                let kept = keep(&before, ctx)?;
                outcome.values.insert("backup_file", kept.to_string_lossy().into_owned());
            }
            place.write(&table.to_string(), ctx)?;
        }
    }
    if let Some(file) = &args.cron_file {
        outcome.values.insert("cron_file", file.as_str());
    }
    Ok(outcome)
}

/// Makes the table what is wanted; whether that changes it.
fn edit(args: &Args, table: &mut Table) -> Result<bool, Failure> {
    let is_wanted = args.state == Presence::Present;
    if args.env {
        if !is_wanted {
            return Ok(table.remove_variable(&args.name));
        }
        let line = format!("{}=\"{}\"", args.name, args.job.as_deref().unwrap_or_default());
        let beside = match (&args.insertafter, &args.insertbefore) {
            (Some(name), _) => Some((name.as_str(), 1)),
            (None, Some(name)) => Some((name.as_str(), 0)),
            (None, None) => None,
        };
        return table.put_variable(&args.name, &line, beside).map_err(Failure::new);
    }
    Ok(if is_wanted { table.put_job(&args.name, &args.line()) } else { table.remove_job(&args.name) })
}

/// A file in which nothing is left is removed.
fn emptied(args: &Args, place: &Place, before: &str, ctx: &mut Context<'_>) -> Answer {
    let path = place.file().unwrap_or(Path::new(""));
    let mut outcome = Outcome::ok(path.is_file())
        .with("cron_file", args.cron_file.as_ref().map(|file| file.as_str().to_owned()))
        .with("state", "absent");
    if ctx.diff() {
        let told = [
            ("before_header", place.name()),
            ("after_header", "/dev/null".to_owned()),
            ("before", before.to_owned()),
            ("after", String::new()),
        ];
        difference::tell_one(&mut outcome, Value::from(told.into_iter().collect::<Map>()));
    }
    if !ctx.check() {
        std::fs::remove_file(path).doing("remove", path)?;
    }
    Ok(outcome)
}

/// Keeps a copy of a table.
fn keep(before: &str, ctx: &Context<'_>) -> Result<PathBuf, Failure> {
    let folder = paths::temporary(ctx);
    let mut builder = tempfile::Builder::new();
    let file = builder
        .prefix("crontab")
        .disable_cleanup(true)
        .tempfile_in(&folder)
        .doing("keep a copy in", &folder)?;
    std::fs::write(file.path(), Table::read(before).to_string()).doing("write", file.path())?;
    Ok(file.path().to_owned())
}

/// Where a table is.
enum Place {
    File(PathBuf),
    /// The table of a user, or of this one, which the program `crontab` reads and writes.
    Program {
        user: Option<String>,
        is_own: bool,
    },
}

impl Place {
    fn of(args: &Args, ctx: &mut Context<'_>) -> Result<Self, Failure> {
        if let Some(file) = &args.cron_file {
            let path = Path::new("/etc/cron.d").join(file.expand(ctx));
            if path == Path::new("/etc/crontab") {
                return Err(Failure::new("Will not manage /etc/crontab via cron_file, see documentation."));
            }
            return Ok(Self::File(path));
        }
        let own = accounts::current_user(ctx).map(|user| user.name);
        Ok(Self::Program { is_own: args.user.is_none() || args.user == own, user: args.user.clone() })
    }

    fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Program { .. } => None,
        }
    }

    /// As differences call it.
    fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Program { user: Some(user), .. } => format!("crontab for user \"{user}\""),
            Self::Program { user: None, .. } => "crontab".to_owned(),
        }
    }

    fn crontab(
        &self,
        last: &str,
        stdin: Option<Vec<u8>>,
        ctx: &mut Context<'_>,
    ) -> Result<super::Finished, Failure> {
        let mut argv = vec!["crontab"];
        if let Self::Program { user: Some(user), is_own: false } = self {
            argv.extend(["-u", user]);
        }
        argv.push(last);
        let command = Command { quiet: true, stdin, ..Command::new(argv) };
        let missing = "Failed to find required executable \"crontab\"";
        ctx.run(&command).map_err(|e| Failure::new(format!("{missing}: {e}")))
    }

    fn read(&self, ctx: &mut Context<'_>) -> Result<String, Failure> {
        match self {
            Self::File(path) => Ok(text::decode(&std::fs::read(path).unwrap_or_default())),
            Self::Program { .. } => {
                let done = self.crontab("-l", None, ctx)?;
                // With 1 it says that there is no table.
                if !matches!(done.rc(), 0 | 1) {
                    return Err(Failure::new("Unable to read crontab").with("rc", done.rc()));
                }
                Ok(table::without_head(&text::decode(&done.stdout)))
            }
        }
    }

    fn write(&self, table: &str, ctx: &mut Context<'_>) -> Result<(), Failure> {
        let content = text::encode(table);
        match self {
            Self::File(path) => Staged::with(&paths::real(path), &content)?.commit(),
            Self::Program { .. } => {
                let done = self.crontab("-", Some(content), ctx)?;
                if done.status.success() {
                    return Ok(());
                }
                let words = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                Err(Failure::new("Failed to install new cronfile")
                    .with("rc", done.rc())
                    .with("stdout", words(&done.stdout))
                    .with("stderr", words(&done.stderr)))
            }
        }
    }
}
