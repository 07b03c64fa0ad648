//! `benchbook vault`: encrypts what belongs to nobody else, in the format of `ansible-vault`.

mod file;

use std::io::{self, Read};
use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::terminal::Terminal;
use super::vaulting::{Vaulting, new_identity};
use super::{Exit, Failure, Outcome, question};
use crate::base::Diagnostic;
use crate::load::vault::{self, Identity, Vault};
use file::{Target, edit};

/// Encrypts and decrypts files and single values, as `ansible-vault` does
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Encrypts files in place
    Encrypt(Encrypt),
    /// Decrypts files in place
    Decrypt(Files),
    /// Prints what encrypted files hold
    View(View),
    /// Opens what an encrypted file holds in $EDITOR
    Edit(Edit),
    /// Encrypts files anew with another password
    Rekey(Rekey),
    /// Prints a value as it stands in YAML: `!vault |` and what was encrypted
    #[command(alias = "encrypt_string")]
    EncryptString(EncryptString),
}

#[derive(Debug, ClapArgs)]
struct Files {
    /// The files; `-` is standard input and output
    #[arg(value_name = "FILE", default_value = "-")]
    paths: Vec<PathBuf>,
    /// Write here instead
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    vaulting: Vaulting,
}

#[derive(Debug, ClapArgs)]
struct Encrypt {
    #[command(flatten)]
    files: Files,
    /// Which of several passwords
    #[arg(long = "encrypt-vault-id", value_name = "ID", help_heading = "Vaults")]
    with: Option<String>,
}

#[derive(Debug, ClapArgs)]
struct View {
    /// The files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    vaulting: Vaulting,
}

#[derive(Debug, ClapArgs)]
struct Edit {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    vaulting: Vaulting,
}

#[derive(Debug, ClapArgs)]
struct Rekey {
    /// The files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The new password: a file, a program, or `prompt`, perhaps with its name before an `@`
    #[arg(
        long,
        value_name = "[ID@]SOURCE",
        conflicts_with = "new_vault_password_file",
        help_heading = "Vaults"
    )]
    new_vault_id: Option<String>,
    /// A file with the new password
    #[arg(long, value_name = "FILE", help_heading = "Vaults")]
    new_vault_password_file: Option<PathBuf>,
    #[command(flatten)]
    vaulting: Vaulting,
}

#[derive(Debug, ClapArgs)]
struct EncryptString {
    /// The texts; `-` is standard input
    #[arg(value_name = "TEXT")]
    texts: Vec<String>,
    /// The variable that each becomes, in their order
    #[arg(short, long, value_name = "NAME")]
    name: Vec<String>,
    /// Standard input, as this variable
    #[arg(long, value_name = "NAME")]
    stdin_name: Option<String>,
    /// Ask for the text on the terminal
    #[arg(short, long)]
    prompt: bool,
    /// Show what is typed
    #[arg(long, requires = "prompt")]
    show_input: bool,
    /// Which of several passwords
    #[arg(long, value_name = "ID", help_heading = "Vaults")]
    encrypt_vault_id: Option<String>,
    #[command(flatten)]
    vaulting: Vaulting,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> Outcome {
    match &args.verb {
        Verb::Encrypt(args) => args.run(terminal)?,
        Verb::Decrypt(args) => {
            let vault = args.vaulting.vault()?;
            for (from, to) in args.pairs()? {
                to.write(&opened(&vault, &from)?.0, terminal)?;
            }
        }
        Verb::View(args) => {
            let vault = args.vaulting.vault()?;
            for path in &args.files {
                terminal.data(&opened(&vault, &Target::of(path))?.0)?;
            }
        }
        Verb::Edit(args) => {
            let (vault, file) = (args.vaulting.vault()?, Target::of(&args.file));
            let (before, identity) = opened(&vault, &file)?;
            let after = edit(&args.file, &before)?;
            if after == before {
                terminal.say("nothing was changed");
            } else {
                file.write(vault::encrypt(&after, &identity)?.as_bytes(), terminal)?;
            }
        }
        Verb::Rekey(args) => args.run(terminal)?,
        Verb::EncryptString(args) => args.run(terminal)?,
    }
    Ok(Exit::Good)
}

impl Files {
    /// What is read, and where the result goes.
    fn pairs(&self) -> Result<Vec<(Target, Target)>, Diagnostic> {
        if self.output.is_some() && self.paths.len() > 1 {
            return Err(Diagnostic::error("vault", "`--output` takes the result of one file only"));
        }
        let to = |from: &PathBuf| Target::of(self.output.as_ref().unwrap_or(from));
        Ok(self.paths.iter().map(|from| (Target::of(from), to(from))).collect())
    }
}

impl Encrypt {
    fn run(&self, terminal: &Terminal) -> Result<(), Failure> {
        let mut plain = Vec::new();
        for (from, to) in self.files.pairs()? {
            let bytes = from.read()?;
            if vault::is_encrypted(&bytes) {
                return Err(Diagnostic::error("vault", format!("{from} is encrypted already"))
                    .help("`benchbook vault rekey` gives it another password")
                    .into());
            }
            plain.push((bytes, to));
        }
        let identity = new_identity(&self.files.vaulting, self.with.as_deref())?;
        for (bytes, to) in plain {
            to.write(vault::encrypt(&bytes, &identity)?.as_bytes(), terminal)?;
        }
        Ok(())
    }
}

impl Rekey {
    fn run(&self, terminal: &Terminal) -> Result<(), Failure> {
        let vault = self.vaulting.vault()?;
        let files: Vec<_> = self.files.iter().map(|path| Target::of(path)).collect();
        // All of them can be read before any is written.
        let plain = files.iter().map(|file| opened(&vault, file)).collect::<Result<Vec<_>, _>>()?;
        let new = Vaulting::only(self.new_vault_id.as_deref(), self.new_vault_password_file.as_deref());
        let identity = new_identity(&new, None)?;
        for (file, (bytes, _)) in files.iter().zip(plain) {
            file.write(vault::encrypt(&bytes, &identity)?.as_bytes(), terminal)?;
        }
        Ok(())
    }
}

impl EncryptString {
    fn run(&self, terminal: &Terminal) -> Result<(), Failure> {
        let identity = new_identity(&self.vaulting, self.encrypt_vault_id.as_deref())?;
        let mut texts: Vec<(Option<&str>, Vec<u8>)> = Vec::new();
        if self.prompt {
            let text = if self.show_input {
                question::shown("Text to encrypt: ")
            } else {
                question::hidden("Text to encrypt: ").map(|secret| secret.reveal().to_owned())
            };
            let text = text
                .map_err(|error| Diagnostic::error("vault", format!("no text can be asked for: {error}")))?;
            texts.push((self.name.first().map(String::as_str), text.into_bytes()));
        }
        for (number, text) in self.texts.iter().enumerate() {
            let bytes = if text == "-" { from_standard_input()? } else { text.clone().into_bytes() };
            texts.push((self.name.get(number).map(String::as_str), bytes));
        }
        if self.stdin_name.is_some() || texts.is_empty() {
            texts.push((self.stdin_name.as_deref(), from_standard_input()?));
        }
        for (name, bytes) in texts {
            let mut yaml = name.map(|name| format!("{name}: ")).unwrap_or_default() + "!vault |\n";
            for line in vault::encrypt(&bytes, &identity)?.lines() {
                yaml.extend([INDENT, line, "\n"]);
            }
            terminal.data(yaml.as_bytes())?;
        }
        Ok(())
    }
}

/// How far what was encrypted is indented below its variable.
const INDENT: &str = "    ";

fn from_standard_input() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What a file holds, and the password that opened it.
fn opened(vault: &Vault, file: &Target) -> Result<(Vec<u8>, Identity), Diagnostic> {
    let bytes = file.read()?;
    if !vault::is_encrypted(&bytes) {
        return Err(Diagnostic::error("vault", format!("{file} is not encrypted"))
            .help("`benchbook vault encrypt` does that"));
    }
    let text = String::from_utf8_lossy(&bytes);
    let (bytes, identity) =
        vault.open_with(&text).map_err(|error| file.at_first_line(&text, error.diagnostic()))?;
    Ok((bytes, identity.clone()))
}
