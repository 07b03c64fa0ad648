//! Programs of the system that modules have do their work: where they are, and what they say.
//!
//! They run with the plain locale, because their words are read.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::path::variable_value;
use super::process::Command;
use super::{Context, Failure};
use crate::wire::{Outcome, PYTHON, Status};

/// Where programs are looked for without `$PATH`: what execvp(3) does, which starts them.
const PATH: &str = "/bin:/usr/bin";
/// Where programs are that a `$PATH` does not name: that of a plain user, or one that a task has set.
const FOR_ROOT: &str = "/sbin:/usr/sbin:/usr/local/sbin:/bin:/usr/bin";

/// What a program said and how it ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    /// Exit code or minus the signal's number.
    pub rc: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Said {
    /// Whether it ended well.
    pub fn well(&self) -> bool {
        self.rc == 0
    }

    /// The outcome with what was said, where anything was.
    pub fn told(self, mut outcome: Outcome) -> Outcome {
        for (name, text) in [("stdout", self.out), ("stderr", self.err)] {
            if !text.is_empty() {
                outcome.values.insert(name, text);
            }
        }
        outcome
    }

    /// A failure that gives what was said.
    pub fn failure(self, msg: impl Into<String>) -> Failure {
        Failure::new(msg).with("rc", i64::from(self.rc)).with("stdout", self.out).with("stderr", self.err)
    }
}

/// Whether a program can be run, by its path or from a folder of `$PATH`.
pub(super) fn is_there(command: &str, ctx: &Context<'_>) -> bool {
    let path = variable_value("PATH", ctx).unwrap_or_else(|| PATH.to_owned());
    if command.contains('/') { runs(Path::new(command)) } else { find_in(command, &path).is_some() }
}

/// The Python that counts where a task names none.
pub(super) fn python(ctx: &Context<'_>) -> Option<String> {
    let said = variable_value(PYTHON, ctx).filter(|python| Path::new(python).exists());
    said.or_else(|| ctx.program("python3"))
}

fn runs(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

fn find_in(name: &str, path: &str) -> Option<PathBuf> {
    path.split(':').map(|folder| Path::new(folder).join(name)).find(|file| runs(file))
}

impl Context<'_> {
    /// Where a program is: in a folder of `$PATH`, or where those of the administrator are.
    pub(super) fn program(&self, name: &str) -> Option<String> {
        let path = variable_value("PATH", self).unwrap_or_else(|| PATH.to_owned());
        let found = find_in(name, &path).or_else(|| find_in(name, FOR_ROOT));
        found.map(|file| file.to_string_lossy().into_owned())
    }

    /// The same for a program without which the module can do nothing.
    pub(super) fn needed(&self, name: &str) -> Result<String, Failure> {
        self.program(name).ok_or_else(|| {
            let path = variable_value("PATH", self).unwrap_or_else(|| PATH.to_owned());
            Failure::new(format!("Failed to find required executable \"{name}\" in paths: {path}:{FOR_ROOT}"))
        })
    }

    /// Runs a program in the plain locale and says what it said. A time-out or a cancellation ends the module.
    pub(super) fn ask<S: Into<OsString>>(
        &mut self,
        argv: impl IntoIterator<Item = S>,
    ) -> Result<Said, Failure> {
        self.ask_with(Command::new(argv))
    }

    /// The same where more than the words is to be said.
    pub(super) fn ask_with(&mut self, mut command: Command) -> Result<Said, Failure> {
        command.quiet = true;
        let plain = ["LANG", "LC_ALL", "LC_MESSAGES", "LANGUAGE"];
        let set = |name: &str| command.environment.iter().any(|(key, _)| key == name);
        let missing: Vec<_> = plain.into_iter().filter(|name| !set(name)).collect();
        command.environment.extend(missing.into_iter().map(|name| (name.into(), "C.UTF-8".into())));
        let name = command.argv.first().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let done = self.run(&command).map_err(|e| Failure::new(format!("{name} cannot be started: {e}")))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let said = Said { rc: done.rc(), out: text(&done.stdout), err: text(&done.stderr) };
        match done.outcome_status() {
            status @ (Status::TimedOut | Status::Cancelled) => {
                let outcome = Outcome::failed(format!("{name} was ended before it was done"));
                Err(Outcome { status, ..outcome }.into())
            }
            _ => Ok(said),
        }
    }
}
