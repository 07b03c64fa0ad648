//! `benchbook test`: the metrics of case roles, on logs that were saved beside them. Nothing runs and no host is needed.

mod saved;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args as ClapArgs;

use super::coverage::number;
use super::recording::RecordingFiles;
use super::terminal::Terminal;
use super::{Exit, Failure, Outcome, wiring};
use crate::base::{Diagnostic, Diagnostics};
use crate::load::Loader;
use saved::{CaseRole, Tested, saved};

/// Tries the metrics of case roles on logs that were saved beside them
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// Case roles, by folder or name; without one, all that have saved logs
    #[arg(value_name = "ROLE")]
    roles: Vec<PathBuf>,
    /// Write down what comes out as what is expected
    #[arg(long)]
    update: bool,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Outcome {
    let compiler = wiring::without_plays(&Arc::new(RecordingFiles::default()))?;
    let loader = &compiler.project.loader;
    let mut problems = Diagnostics::new();
    let mut roles = Vec::new();
    for path in args.folders(loader)? {
        match CaseRole::read(loader, path).and_then(|role| Ok((role.shown(), role.test()?))) {
            Ok(role) => roles.push(role),
            Err(found) => problems.extend(found),
        }
    }
    if problems.has_errors() {
        return Err(Failure::Input(problems));
    }
    let mut text = String::new();
    for (role, logs) in &roles {
        for log in logs {
            text += &told(role, log, args.update);
            if args.update && !log.is_good() {
                log.write()?;
            }
        }
    }
    let logs = || roles.iter().flat_map(|(_, logs)| logs);
    let bad = logs().filter(|log| !log.is_good()).count();
    let said = match (bad, args.update) {
        (0, _) => "all figures as expected".to_owned(),
        (bad, true) => format!("{bad} written anew"),
        (bad, false) => format!("{bad} NOT as expected"),
    };
    let _ =
        writeln!(text, "{}, {}: {said}", number(roles.len(), "role"), number(logs().count(), "saved log"));
    terminal.data(text.as_bytes())?;
    Ok(if bad > 0 && !args.update { Exit::Failed } else { Exit::Good })
}

impl Args {
    /// The folders of the roles that are meant.
    fn folders(&self, loader: &Loader) -> Result<Vec<PathBuf>, Diagnostic> {
        let folders = loader.role_folders(Path::new(""));
        if self.roles.is_empty() {
            let all = folders.iter().flat_map(|folder| loader.files().list(folder).unwrap_or_default());
            let tested: BTreeSet<_> = all.filter(|role| !saved(loader, role).is_empty()).collect();
            let tested: Vec<_> =
                tested.into_iter().filter(|role| loader.case_role_file(role, "run").is_some()).collect();
            if tested.is_empty() {
                let message = "no case role here has saved logs";
                return Err(Diagnostic::error("no-saved-log", message)
                    .help("name a role: `benchbook test roles/NAME` says how to save one"));
            }
            return Ok(tested);
        }
        let found = self.roles.iter().map(|role| {
            let name = role.to_string_lossy();
            let name = name.trim_end_matches('/');
            loader.find_role(name, &folders).ok_or_else(|| {
                let known = loader.role_names(&folders);
                Diagnostic::error("missing-role", format!("there is no role `{name}`"))
                    .suggest(name, known.iter().map(String::as_str))
            })
        });
        found.collect()
    }
}

/// A saved log with its figures; what is not as expected with `-` and `+`.
fn told(role: &str, log: &Tested, update: bool) -> String {
    let word = match (log.is_good(), update) {
        (true, _) => "ok",
        (false, true) => "WRITTEN",
        (false, false) => "FAILED",
    };
    let mut text = format!("{role}  {}  {word}\n", log.name);
    let found = log.found.lines();
    let expected = log.expected.as_ref().map(saved::Expected::lines);
    if expected.is_none() && !update {
        let _ = writeln!(
            text,
            "  nobody has said what is expected: `benchbook test {role} --update` writes it down"
        );
    }
    let expected = expected.unwrap_or_default();
    for line in expected.iter().filter(|line| !found.contains(line)) {
        let _ = writeln!(text, "- {line}");
    }
    for line in &found {
        let mark = if expected.contains(line) { ' ' } else { '+' };
        let _ = writeln!(text, "{mark} {line}");
    }
    text
}
