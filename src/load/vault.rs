//! Ansible's vaults: files and single values that are encrypted with a password.
//!
//! Who gives the passwords is not known here.

mod cipher;
mod envelope;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use crate::base::{Diagnostic, Secret};
use envelope::Envelope;

/// The name of a password that was given none.
pub const DEFAULT: &str = "default";

/// A password with its name.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Its name: what stands before the `@` of `--vault-id`.
    pub id: Arc<str>,
    /// The password.
    pub password: Secret,
}

/// Why something encrypted cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// There is no password at all.
    #[error("this is encrypted, and no vault password was given")]
    NoPassword {
        /// The name of the password that it wants.
        id: Option<String>,
    },
    /// No password opens it; a wrong password and a changed text look the same.
    #[error("no vault password opens this: it is another one, or the text was changed")]
    WrongPassword {
        /// The name of the password that it wants.
        id: Option<String>,
        /// The names of those that were tried.
        tried: Vec<Arc<str>>,
    },
    /// The text is no vault.
    #[error("this vault is broken: {0}")]
    Broken(String),
    /// A vault of a kind that cannot be read.
    #[error("{0} of this vault is not supported")]
    Unsupported(String),
}

impl VaultError {
    /// The same for the user, without a place.
    pub fn diagnostic(&self) -> Diagnostic {
        let diagnostic = Diagnostic::error("vault", self.to_string());
        match self {
            Self::NoPassword { id } => {
                let source = id.as_ref().map_or_else(|| "FILE".to_owned(), |id| format!("{id}@FILE"));
                diagnostic.help(format!(
                    "give it with `--vault-id {source}`, `--vault-password-file FILE` or `--ask-vault-pass`"
                ))
            }
            Self::WrongPassword { id, tried } => {
                let names: Vec<_> = tried.iter().map(|id| format!("`{id}`")).collect();
                let tried = format!("tried: {}", names.join(", "));
                match id {
                    Some(id) => {
                        diagnostic.help(format!("it was encrypted with the password `{id}`; {tried}"))
                    }
                    None => diagnostic.help(tried),
                }
            }
            Self::Broken(_) => {
                diagnostic.help("encrypt it again from its plain text: `benchbook vault encrypt`")
            }
            Self::Unsupported(_) => diagnostic.help("`AES256` of the versions 1.1 and 1.2 is"),
        }
    }
}

impl From<VaultError> for io::Error {
    fn from(error: VaultError) -> Self {
        Self::new(io::ErrorKind::PermissionDenied, error)
    }
}

/// The passwords of a run. Cheap to share: what was opened once is kept.
#[derive(Debug, Default)]
pub struct Vault {
    identities: Vec<Identity>,
    opened: Mutex<HashMap<Arc<str>, Secret>>,
}

impl Vault {
    /// With these passwords, in the order in which they are tried.
    pub fn new(identities: Vec<Identity>) -> Self {
        Self { identities, opened: Mutex::default() }
    }

    /// The passwords.
    pub fn identities(&self) -> &[Identity] {
        &self.identities
    }

    /// What a vault holds. Passwords of the name that it says are tried first, then all others, as Ansible does.
    pub fn open(&self, text: &str) -> Result<Vec<u8>, VaultError> {
        self.open_with(text).map(|(bytes, _)| bytes)
    }

    /// What a vault holds, and the password that opened it.
    pub fn open_with(&self, text: &str) -> Result<(Vec<u8>, &Identity), VaultError> {
        let envelope = Envelope::parse(text)?;
        if self.identities.is_empty() {
            return Err(VaultError::NoPassword { id: envelope.id });
        }
        let wanted = |identity: &&Identity| Some(&*identity.id) == envelope.id.as_deref();
        let named = self.identities.iter().filter(wanted);
        let others = self.identities.iter().filter(|identity| !wanted(identity));
        let mut tried = Vec::new();
        for identity in named.chain(others) {
            if let Some(bytes) = cipher::open(&envelope.sealed, &identity.password) {
                return Ok((bytes, identity));
            }
            tried.push(Arc::clone(&identity.id));
        }
        Err(VaultError::WrongPassword { id: envelope.id, tried })
    }

    /// The text of a single encrypted value.
    pub fn reveal(&self, text: &Arc<str>) -> Result<Secret, VaultError> {
        let opened = || self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = opened().get(text) {
            return Ok(known.clone());
        }
        let plain = String::from_utf8(self.open(text)?)
            .map_err(|_| VaultError::Broken("what it holds is not UTF-8 text".to_owned()))?;
        let plain = Secret::from(plain);
        opened().insert(Arc::clone(text), plain.clone());
        Ok(plain)
    }
}

/// Whether bytes are those of a vault.
pub fn is_encrypted(bytes: &[u8]) -> bool {
    bytes.starts_with(envelope::MARK.as_bytes())
}

/// The text of a vault that holds these bytes; a password named `default` leaves no name in it.
pub fn encrypt(plain: &[u8], identity: &Identity) -> io::Result<String> {
    Ok(text_of(cipher::seal(plain, &identity.password)?, identity))
}

/// The same with a salt of the user, so that the same bytes and password give the same text each time.
pub fn encrypt_with_salt(plain: &[u8], identity: &Identity, salt: &[u8]) -> String {
    text_of(cipher::seal_with(plain, &identity.password, salt.to_vec()), identity)
}

fn text_of(sealed: cipher::Sealed, identity: &Identity) -> String {
    let id = Some(identity.id.to_string()).filter(|id| id != DEFAULT);
    Envelope { id, sealed }.text()
}
