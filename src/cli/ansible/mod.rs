//! The commands of Ansible: what this program is when it is called by one of their names.
//!
//! They take the options of the reference, print what it prints, fail when it fails and end with its exit codes. Our own verbs
//! stay what they are.

mod adhoc;
mod callbacks;
mod carrying;
mod config;
mod inventory;
mod listing;
mod options;
mod playbook;
mod saying;
mod settings;
mod vault;
mod wording;

use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;

use super::terminal::Terminal;

/// How a command ends. The numbers are the reference's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// All good.
    Good = 0,
    /// It could not do its work.
    Error = 1,
    /// A host failed, or an option is wrong.
    Failed = 2,
    /// A host could not be reached, or a file of the user's cannot be understood.
    Unreachable = 4,
    /// Options do not fit together, or name what there is not.
    Options = 5,
    /// The user stopped it.
    Interrupted = 99,
    /// Our bug.
    Bug = 250,
}

/// A command: its words after its name, in; how it ended, out.
type Command = fn(&[String], &Terminal) -> Ending;

/// By which names the program is called instead of its own.
const COMMANDS: [(&str, Command); 5] = [
    ("ansible", adhoc::run),
    ("ansible-config", config::run),
    ("ansible-inventory", inventory::run),
    ("ansible-playbook", playbook::run),
    ("ansible-vault", vault::run),
];

/// Does what a program of this name does; nothing when it is none of ours.
pub(super) fn called_as(program: &OsStr, terminal: &Terminal) -> Option<ExitCode> {
    let name = Path::new(program).file_name()?.to_str()?;
    let (_, command) = COMMANDS.iter().find(|(known, _)| *known == name)?;
    let words: Vec<String> =
        std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let ending = std::panic::catch_unwind(|| command(&words, terminal)).unwrap_or(Ending::Bug);
    Some(ExitCode::from(ending as u8))
}
