//! What the commands of Ansible say of themselves and of what is wrong.

use std::fmt::Write;
use std::iter;
use std::path::Path;

use clap::Parser;
use clap::error::ErrorKind;

use super::super::failure::Failure;
use super::super::terminal::Terminal;
use super::options::Manner;
use super::{Ending, settings, wording};
use crate::base::ansible::VERSION;
use crate::base::{Diagnostics, Severity};
use crate::load::AnsibleCfg;
use crate::report::ansible::excerpt;

/// What a command is called with; or how it ends at once: help, the version, what is wrong with its words.
pub(super) fn parsed<Asked: Parser>(words: &[String], terminal: &Terminal) -> Result<Asked, Ending> {
    let command = Asked::command();
    let name = command.get_name();
    Asked::try_parse_from(iter::once(name).chain(words.iter().map(String::as_str))).map_err(|error| {
        if error.kind() == ErrorKind::DisplayVersion {
            return version(name, &settings::read().0, terminal);
        }
        // `--help` comes this way too; clap knows where it belongs.
        let _ = error.print();
        if error.use_stderr() { Ending::Failed } else { Ending::Good }
    })
}

/// What a command is called with, and the settings; or how it ends at once.
pub(super) fn started<Asked: Parser>(
    words: &[String],
    manner: impl Fn(&Asked) -> &Manner,
    terminal: &Terminal,
) -> Result<(Asked, AnsibleCfg), Ending> {
    let asked = parsed(words, terminal)?;
    let (cfg, problems) = settings::read();
    if manner(&asked).verbose.max(cfg.number("verbosity").unwrap_or(0)) > 0 {
        let file = cfg.file.as_ref().map(|path| std::path::absolute(path).unwrap_or_else(|_| path.clone()));
        let words = file.map_or_else(
            || "No config file found; using defaults".to_owned(),
            |path| format!("Using {} as config file", path.display()),
        );
        // Nobody reads it any more: the work is done all the same.
        let _ = terminal.data(format!("{words}\n").as_bytes());
    }
    tell(&problems, terminal);
    if problems.has_errors() { Err(Ending::Error) } else { Ok((asked, cfg)) }
}

/// Tells why a command could not do its work, and gives how it ends; the caller knows what the user's mistakes end it with.
pub(super) fn told(failure: Failure, mistaken: fn(&Diagnostics) -> Ending, terminal: &Terminal) -> Ending {
    match failure {
        Failure::Input(found) => {
            tell(&found, terminal);
            mistaken(&found)
        }
        other => say_error(&other.to_string(), Ending::Error, terminal),
    }
}

/// Says what is wrong, and gives how the command ends.
pub(super) fn say_error(words: &str, ending: Ending, terminal: &Terminal) -> Ending {
    terminal.say(&format!("[ERROR]: {words}"));
    ending
}

/// Says what the user should know.
pub(super) fn warn(words: &str, terminal: &Terminal) {
    terminal.say(&format!("[WARNING]: {words}"));
}

/// Says what is wrong, as the reference words it: one line, the place, what to do.
pub(super) fn tell(found: &Diagnostics, terminal: &Terminal) {
    for diagnostic in found.iter() {
        let kind = if diagnostic.severity == Severity::Error { "ERROR" } else { "WARNING" };
        let mut text = format!("[{kind}]: {}", wording::message(diagnostic));
        if let Some(span) = &diagnostic.span {
            let place = span.to_string();
            let place = std::path::absolute(Path::new(&place)).map_or(place, |p| p.display().to_string());
            let lines = excerpt(&place).map(|lines| format!("\n\n{}", lines.trim_end())).unwrap_or_default();
            let _ = write!(text, "\nOrigin: {place}{lines}\n");
        }
        for help in &diagnostic.help {
            let _ = write!(text, "\n{help}");
        }
        terminal.say(&text);
    }
}

/// Several lines, of which scripts read the first.
fn version(command: &str, cfg: &AnsibleCfg, terminal: &Terminal) -> Ending {
    let file = cfg.file.as_ref().map_or_else(|| "None".to_owned(), |path| path.display().to_string());
    let program = std::env::current_exe().map_or_else(|_| String::new(), |path| path.display().to_string());
    let text = format!(
        "{command} [core {VERSION}]\n  config file = {file}\n  executable location = {program}\n  benchbook version = {}\n",
        env!("CARGO_PKG_VERSION")
    );
    match terminal.data(text.as_bytes()) {
        Ok(()) => Ending::Good,
        Err(_) => Ending::Error,
    }
}
