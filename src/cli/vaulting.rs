//! Options about vaults, and where their passwords come from: files, programs and the terminal, never the command line.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};

use clap::Args as ClapArgs;
use serde::{Deserialize, Serialize};

use super::question;
use crate::base::{Diagnostic, Secret};
use crate::load::vault::{DEFAULT, Identity};
use crate::load::{DiskFiles, Files, Vault};

/// What `--vault-id` says instead of a file to have the password asked for.
const PROMPTS: [&str; 2] = ["prompt", "prompt_ask_vault_pass"];

/// The passwords of vaults.
#[derive(Clone, Debug, Default, ClapArgs, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Vaulting {
    /// A password: a file, a program that prints it, or `prompt`, perhaps with its name before an `@`; may be given several times
    #[arg(long, value_name = "[ID@]SOURCE", help_heading = "Vaults")]
    vault_id: Vec<String>,
    /// A file with the password, or a program that prints it; may be given several times
    #[arg(long, value_name = "FILE", visible_alias = "vault-pass-file", help_heading = "Vaults")]
    vault_password_file: Vec<PathBuf>,
    /// Ask for the password on the terminal
    #[arg(short = 'J', long, visible_alias = "ask-vault-password", help_heading = "Vaults")]
    ask_vault_pass: bool,
    /// Whether the environment has no say.
    #[arg(skip)]
    #[serde(skip)]
    alone: bool,
    /// What `ansible.cfg` says where the environment says nothing.
    #[arg(skip)]
    settings: Settings,
    /// Never kept.
    #[arg(skip)]
    #[serde(skip)]
    passwords: OnceLock<Vec<Identity>>,
}

/// What settings say about passwords.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Settings {
    /// As `--vault-id` has them.
    pub identities: Vec<String>,
    /// As `--vault-password-file` has it.
    pub password_file: Option<PathBuf>,
}

/// Where one password comes from.
struct Origin {
    id: Option<String>,
    source: Source,
}

enum Source {
    Terminal,
    File(PathBuf),
}

impl Origin {
    /// `[ID@]SOURCE`
    fn parse(text: &str) -> Self {
        let (id, source) = text.split_once('@').unwrap_or(("", text));
        let id = Some(id.to_owned()).filter(|id| !id.is_empty());
        let source =
            if PROMPTS.contains(&source) { Source::Terminal } else { Source::File(PathBuf::from(source)) };
        Self { id, source }
    }

    fn file(path: PathBuf) -> Self {
        Self { id: Some(DEFAULT.to_owned()), source: Source::File(path) }
    }

    fn identity(&self) -> Result<Identity, Diagnostic> {
        let password = match &self.source {
            Source::Terminal => self.ask(),
            Source::File(path) => self.read(path),
        }?;
        if password.reveal().is_empty() {
            let place = match &self.source {
                Source::Terminal => "the terminal".to_owned(),
                Source::File(path) => path.display().to_string(),
            };
            return Err(Diagnostic::error(
                "vault-password",
                format!("the vault password of {place} is empty"),
            ));
        }
        Ok(Identity { id: Arc::from(self.id.as_deref().unwrap_or(DEFAULT)), password })
    }

    fn ask(&self) -> Result<Secret, Diagnostic> {
        let name = self.id.as_ref().filter(|id| *id != DEFAULT);
        let question =
            name.map_or_else(|| "Vault password: ".to_owned(), |id| format!("Vault password ({id}): "));
        ask(&question)
    }

    fn read(&self, path: &Path) -> Result<Secret, Diagnostic> {
        if DiskFiles.is_executable(path) {
            return self.call(path);
        }
        let text = DiskFiles.read_text(path).map_err(|error| unreadable(path, &error.to_string()))?;
        Ok(text.trim().into())
    }

    /// What a program prints. One whose name ends in `-client` is told which password is wanted.
    fn call(&self, path: &Path) -> Result<Secret, Diagnostic> {
        // A name without a folder would be looked for along PATH.
        let program = std::path::absolute(path).map_err(|error| unreadable(path, &error.to_string()))?;
        let mut command = Command::new(program);
        let is_client = path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("-client"));
        if let Some(id) = self.id.as_ref().filter(|_| is_client) {
            command.args(["--vault-id", id]);
        }
        let output = command.stdin(Stdio::inherit()).stderr(Stdio::inherit()).output();
        let output = output.map_err(|error| unreadable(path, &error.to_string()))?;
        if !output.status.success() {
            return Err(unreadable(path, &format!("the program ended with {}", output.status)));
        }
        let text = String::from_utf8(output.stdout)
            .map_err(|_| unreadable(path, "what the program prints is not UTF-8 text"))?;
        Ok(text.trim_matches(['\r', '\n']).into())
    }
}

impl Vaulting {
    /// Passwords of these sources alone.
    pub(super) fn only(id: Option<&str>, file: Option<&Path>) -> Self {
        Self {
            vault_id: id.into_iter().map(str::to_owned).collect(),
            vault_password_file: file.into_iter().map(Path::to_owned).collect(),
            alone: true,
            ..Self::default()
        }
    }

    /// With what settings say.
    pub(super) fn with(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// What an earlier call said, with what this one says instead.
    pub(super) fn instead_of(self, earlier: Self) -> Self {
        let says = self.ask_vault_pass || !self.vault_id.is_empty() || !self.vault_password_file.is_empty();
        if says { self } else { earlier }
    }

    /// The passwords. They are read, and asked for, once.
    pub(super) fn vault(&self) -> Result<Vault, Diagnostic> {
        if let Some(known) = self.passwords.get() {
            return Ok(Vault::new(known.clone()));
        }
        let identities = self.origins().iter().map(Origin::identity).collect::<Result<Vec<_>, _>>()?;
        Ok(Vault::new(self.passwords.get_or_init(|| identities).clone()))
    }

    /// Those of the environment are tried first, as in Ansible.
    fn origins(&self) -> Vec<Origin> {
        let variable = |name: &str| std::env::var(name).ok().filter(|text| !self.alone && !text.is_empty());
        let mut origins: Vec<Origin> = Vec::new();
        match variable("ANSIBLE_VAULT_IDENTITY_LIST") {
            Some(list) => {
                let texts = list.split(',').map(str::trim).filter(|text| !text.is_empty());
                origins.extend(texts.map(Origin::parse));
            }
            None => origins.extend(self.settings.identities.iter().map(|text| Origin::parse(text))),
        }
        origins.extend(self.vault_id.iter().map(|text| Origin::parse(text)));
        origins.extend(self.vault_password_file.iter().cloned().map(Origin::file));
        let usual = variable("ANSIBLE_VAULT_PASSWORD_FILE").map(|path| home(&path));
        origins.extend(usual.or_else(|| self.settings.password_file.clone()).map(Origin::file));
        if self.ask_vault_pass {
            origins.push(Origin { id: None, source: Source::Terminal });
        }
        origins
    }
}

/// A new password, asked for twice, from [`Vaulting`]'s sources when there are any.
pub(super) fn new_identity(vaulting: &Vaulting, id: Option<&str>) -> Result<Identity, Diagnostic> {
    let vault = vaulting.vault()?;
    match (vault.identities(), id) {
        (all, Some(id)) => match all.iter().find(|identity| &*identity.id == id) {
            Some(identity) => Ok(identity.clone()),
            None if all.is_empty() => Ok(Identity { id: Arc::from(id), password: ask_twice()? }),
            None => Err(Diagnostic::error("vault-password", format!("there is no vault password `{id}`"))
                .suggest(id, all.iter().map(|identity| &*identity.id))),
        },
        ([], None) => Ok(Identity { id: Arc::from(DEFAULT), password: ask_twice()? }),
        ([one], None) => Ok(one.clone()),
        (all, None) => {
            let names: Vec<_> = all.iter().map(|identity| format!("`{}`", identity.id)).collect();
            Err(Diagnostic::error("vault-password", "there are several vault passwords to encrypt with")
                .help(format!("say which with `--encrypt-vault-id ID`: {}", names.join(", "))))
        }
    }
}

fn ask_twice() -> Result<Secret, Diagnostic> {
    let password = ask("New vault password: ")?;
    if password != ask("Confirm new vault password: ")? {
        return Err(Diagnostic::error("vault-password", "the passwords are not the same"));
    }
    if password.reveal().is_empty() {
        return Err(Diagnostic::error("vault-password", "an empty password protects nothing"));
    }
    Ok(password)
}

fn ask(question: &str) -> Result<Secret, Diagnostic> {
    question::hidden(question).map_err(|error| {
        Diagnostic::error("vault-password", format!("no vault password can be asked for: {error}"))
            .help("without a terminal, use `--vault-password-file FILE`")
    })
}

fn unreadable(path: &Path, why: &str) -> Diagnostic {
    Diagnostic::error(
        "vault-password",
        format!("the vault password of {} cannot be read: {why}", path.display()),
    )
}

/// A path of the environment, in which no shell has replaced `~/`.
fn home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest),
        _ => PathBuf::from(path),
    }
}
