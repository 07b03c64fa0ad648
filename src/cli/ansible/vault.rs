//! `ansible-vault`: the verb `vault` under the reference's name, with its exit codes.

use clap::Parser;

use super::super::failure::Exit;
use super::super::terminal::Terminal;
use super::super::vault;
use super::Ending;
use super::options::Manner;
use super::saying::{parsed, told};

/// What `ansible-vault` is called with.
#[derive(Debug, Parser)]
#[command(
    name = "ansible-vault",
    about = "Encrypts and decrypts files and single values.",
    infer_long_args = true,
    version,
    disable_version_flag = true,
    max_term_width = 100
)]
struct Vault {
    #[command(flatten)]
    manner: Manner,
    #[command(flatten)]
    args: vault::Args,
}

pub(super) fn run(words: &[String], terminal: &Terminal) -> Ending {
    let done = parsed::<Vault>(words, terminal).map(|asked| vault::run(&asked.args, terminal));
    match done {
        Ok(Ok(Exit::Good)) => Ending::Good,
        Ok(Ok(_)) => Ending::Error,
        Ok(Err(failure)) => told(failure, |_| Ending::Error, terminal),
        Err(ending) => ending,
    }
}
