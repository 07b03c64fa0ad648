//! `ansible-vault`: the verb `vault` under the reference's name, with its exit codes.

use clap::Parser;

use super::super::failure::{Exit, Failure};
use super::super::terminal::Terminal;
use super::super::vault;
use super::Ending;
use super::saying::{tell, version};
use super::settings;

/// What `ansible-vault` is called with.
#[derive(Debug, Parser)]
#[command(name = "ansible-vault", infer_long_args = true, disable_version_flag = true, max_term_width = 100)]
struct Vault {
    #[command(flatten)]
    args: vault::Args,
}

pub(super) fn run(words: &[String], terminal: &Terminal) -> Ending {
    let name = "ansible-vault";
    if words.iter().any(|word| word == "--version") {
        return version(name, &settings::read().0, terminal);
    }
    let asked = match Vault::try_parse_from([name.to_owned()].iter().chain(words)) {
        Ok(asked) => asked,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { Ending::Failed } else { Ending::Good };
        }
    };
    match vault::run(&asked.args, terminal) {
        Ok(Exit::Good) => Ending::Good,
        Ok(_) => Ending::Error,
        Err(Failure::Input(found)) => {
            tell(&found, terminal);
            Ending::Error
        }
        Err(other) => {
            terminal.say(&format!("[ERROR]: {other}"));
            Ending::Error
        }
    }
}
