//! Options about becoming another user, and where its password comes from: the terminal or a file, never the command line.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use clap::Args as ClapArgs;
use serde::{Deserialize, Serialize};

use super::question;
use crate::base::{Diagnostic, Secret};
use crate::plan::becoming::{AskedBecoming, METHODS};

/// Who tasks are done as when neither keywords nor variables say.
#[derive(Clone, Debug, Default, ClapArgs, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Becoming {
    /// Do tasks as another user, where neither keywords nor variables say
    #[arg(short, long, help_heading = "Becoming another user")]
    r#become: bool,
    /// That user [default: root]
    #[arg(long, value_name = "USER", help_heading = "Becoming another user")]
    become_user: Option<String>,
    /// How: sudo, su or doas [default: sudo]
    #[arg(long, value_name = "METHOD", value_parser = METHODS, help_heading = "Becoming another user")]
    become_method: Option<String>,
    /// Ask for the password on the terminal
    #[arg(
        short = 'K',
        long,
        conflicts_with = "become_password_file",
        help_heading = "Becoming another user"
    )]
    ask_become_pass: bool,
    /// Read the password from the first line of a file
    #[arg(
        long,
        value_name = "FILE",
        visible_alias = "become-pass-file",
        help_heading = "Becoming another user"
    )]
    become_password_file: Option<PathBuf>,
    /// The program that does it, and its arguments.
    #[arg(skip)]
    become_exe: Option<String>,
    #[arg(skip)]
    become_flags: Option<String>,
    /// Whoever is that user becomes it all the same.
    #[arg(skip)]
    same_user: bool,
    /// Never kept.
    #[arg(skip)]
    #[serde(skip)]
    password: OnceLock<Secret>,
}

impl Becoming {
    /// What an earlier call said, with what this one says instead.
    pub(super) fn instead_of(self, earlier: Self) -> Self {
        let asks = self.ask_become_pass || self.become_password_file.is_some();
        let source = if asks { &self } else { &earlier };
        Self {
            ask_become_pass: source.ask_become_pass,
            become_password_file: source.become_password_file.clone(),
            r#become: self.r#become || earlier.r#become,
            become_user: self.become_user.or(earlier.become_user),
            become_method: self.become_method.or(earlier.become_method),
            become_exe: earlier.become_exe,
            become_flags: earlier.become_flags,
            same_user: earlier.same_user,
            password: self.password,
        }
    }

    /// With what settings say where the command line says nothing.
    pub(super) fn or(mut self, usual: AskedBecoming, ask: bool, password_file: Option<PathBuf>) -> Self {
        if !self.ask_become_pass && self.become_password_file.is_none() {
            self.become_password_file = password_file;
            self.ask_become_pass = ask && self.become_password_file.is_none();
        }
        self.r#become |= usual.r#become;
        self.become_user = self.become_user.or(usual.user);
        self.become_method = self.become_method.or(usual.method);
        self.become_exe = usual.exe;
        self.become_flags = usual.flags;
        self.same_user = usual.same_user;
        self
    }

    /// What the compiler has to know of it.
    pub(super) fn asked(&self) -> AskedBecoming {
        AskedBecoming {
            r#become: self.r#become,
            user: self.become_user.clone(),
            method: self.become_method.clone(),
            exe: self.become_exe.clone(),
            flags: self.become_flags.clone(),
            same_user: self.same_user,
        }
    }

    /// The password, once it was asked for.
    pub(super) fn password(&self) -> Option<Secret> {
        self.password.get().cloned()
    }

    /// Asks for the password, if it shall be asked for and was not yet.
    pub(super) fn ask_for_password(&self) -> Result<(), Diagnostic> {
        if self.password.get().is_some() {
            return Ok(());
        }
        if let Some(password) = self.wanted()? {
            self.password.get_or_init(|| password);
        }
        Ok(())
    }

    fn wanted(&self) -> Result<Option<Secret>, Diagnostic> {
        if let Some(path) = &self.become_password_file {
            let text = fs::read_to_string(path).map_err(|error| {
                let message = format!("the password in {} cannot be read: {error}", path.display());
                Diagnostic::error("become-password", message)
            })?;
            return Ok(Some(text.lines().next().unwrap_or_default().into()));
        }
        if !self.ask_become_pass {
            return Ok(None);
        }
        question::hidden("BECOME password: ").map(Some).map_err(|error| {
            Diagnostic::error("become-password", format!("no password can be asked for: {error}"))
                .help("without a terminal, use `--become-password-file FILE`")
        })
    }
}
