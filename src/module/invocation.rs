//! What `command`, `shell` and `raw` have in common: a child is run (or need not be) and its end becomes an outcome.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::failure::{Answer, Failure};
use super::path::TargetPath;
use super::process::{Command, Finished};
use super::{Context, glob};
use crate::base::Value;
use crate::wire::{Outcome, Status};

/// How the command is shown as `cmd`.
pub enum Shown {
    /// As a list of words.
    Words(Vec<String>),
    /// As one line.
    Line(String),
}

/// One command with its conditions.
pub struct Invocation {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// How it is shown.
    pub shown: Shown,
    /// Where it runs.
    pub chdir: Option<TargetPath>,
    /// When this is there, nothing is run.
    pub creates: Option<TargetPath>,
    /// When this is not there, nothing is run.
    pub removes: Option<TargetPath>,
    /// What it reads.
    pub stdin: Option<String>,
    /// End that with a newline.
    pub stdin_add_newline: bool,
    /// Take newlines off the end of the output.
    pub strip_empty_ends: bool,
}

impl Invocation {
    /// Runs it.
    pub fn run(self, ctx: &mut Context<'_>) -> Answer {
        let cwd = self.chdir.as_ref().map(|path| path.expand(ctx));
        if let Some(folder) = cwd.as_ref().filter(|folder| !folder.is_dir()) {
            let reason = std::fs::read_dir(folder).err().map_or_else(String::new, |e| format!(": {e}"));
            return Err(Failure::new(format!(
                "Unable to change directory before execution to {}{reason}",
                folder.display()
            )));
        }
        let shown = match &self.shown {
            Shown::Words(words) => Value::from(words.clone()),
            Shown::Line(line) => Value::from(line.as_str()),
        };
        if let Some((why, detail)) = self.needless(cwd.as_deref(), ctx) {
            let mut outcome = results(0, detail.as_bytes(), b"", false).with("cmd", shown);
            for time in ["start", "end", "delta"] {
                outcome.values.insert(time, Value::Null);
            }
            outcome.msg = Some(why);
            return Ok(outcome);
        }
        if ctx.check() {
            let mut outcome = results(0, b"", b"", false).with("cmd", shown);
            outcome.msg = Some("Command would have run if not in check mode".to_owned());
            if self.creates.is_none() && self.removes.is_none() {
                outcome.status = Status::Skipped;
            } else {
                outcome.changed = true;
            }
            return Ok(outcome);
        }
        let stdin = self.stdin.map(|mut text| {
            if self.stdin_add_newline {
                text.push('\n');
            }
            text.into_bytes()
        });
        let started = ctx.clock.now();
        let ran = ctx.run(&Command { cwd, stdin, ..Command::new(self.argv.iter().map(String::as_str)) });
        let ended = ctx.clock.now();
        let outcome = match ran {
            Ok(done) => finished(&done, self.strip_empty_ends, ctx),
            Err(error) => not_started(&self.argv[0], &error),
        };
        Ok(outcome
            .with("cmd", shown)
            .with("start", started.local())
            .with("end", ended.local())
            .with("delta", python_delta(ended.since(started))))
    }

    /// Why nothing has to be run: the message and Ansible's standard output for it.
    fn needless(&self, cwd: Option<&Path>, ctx: &mut Context<'_>) -> Option<(String, String)> {
        let start = cwd.unwrap_or(Path::new(""));
        let mut look = |path: &Option<TargetPath>| -> Option<(PathBuf, bool)> {
            let path = path.as_ref()?.expand(ctx);
            let there = glob::exists(&path, start);
            Some((path, there))
        };
        if let Some((path, true)) = look(&self.creates) {
            let shown = path.display();
            let why = format!("Did not run command since '{shown}' exists");
            return Some((why, format!("skipped, since {shown} exists")));
        }
        if let Some((path, false)) = look(&self.removes) {
            let shown = path.display();
            let why = format!("Did not run command since '{shown}' does not exist");
            return Some((why, format!("skipped, since {shown} does not exist")));
        }
        None
    }
}

/// An outcome with the results of a command.
fn results(rc: i32, stdout: &[u8], stderr: &[u8], strip: bool) -> Outcome {
    let text = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        if strip { text.trim_end_matches(['\r', '\n']).to_owned() } else { text.into_owned() }
    };
    let (stdout, stderr) = (text(stdout), text(stderr));
    Outcome::ok(false).with("rc", rc).with("stdout", stdout).with("stderr", stderr)
}

fn finished(done: &Finished, strip: bool, ctx: &Context<'_>) -> Outcome {
    let mut outcome = results(done.rc(), &done.stdout, &done.stderr, strip);
    outcome.changed = true;
    outcome.status = done.outcome_status();
    outcome.warnings.clone_from(&done.warnings);
    outcome.msg = match outcome.status {
        Status::Ok | Status::Skipped => Some(String::new()),
        Status::Failed => Some("non-zero return code".to_owned()),
        Status::Cancelled => Some("cancelled".to_owned()),
        Status::TimedOut => {
            let limit = Duration::from_millis(ctx.request.timeout_ms.unwrap_or_default());
            Some(format!("timed out after {} s", limit.as_secs_f64()))
        }
    };
    outcome
}

fn not_started(program: &str, error: &std::io::Error) -> Outcome {
    // Ansible gives the error number: 2 for a program that is not there, 13 for one that may not be run.
    let rc = error.raw_os_error().unwrap_or(1);
    let mut outcome = results(rc, b"", b"", false);
    outcome.status = Status::Failed;
    outcome.msg = Some(match error.kind() {
        ErrorKind::NotFound => format!("there is no program `{program}` on the target"),
        _ => format!("cannot run `{program}`: {error}"),
    });
    outcome
}

/// A duration as Python prints a `timedelta`: `0:01:02.000345`.
fn python_delta(delta: Duration) -> String {
    let seconds = delta.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let days = match hours / 24 {
        0 => String::new(),
        1 => "1 day, ".to_owned(),
        n => format!("{n} days, "),
    };
    format!("{days}{}:{minutes:02}:{seconds:02}.{:06}", hours % 24, delta.subsec_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_python_does() {
        assert_eq!(python_delta(Duration::from_micros(3_723_000_345)), "1:02:03.000345");
        assert_eq!(python_delta(Duration::from_secs(2 * 86_400 + 1)), "2 days, 0:00:01.000000");
    }
}
