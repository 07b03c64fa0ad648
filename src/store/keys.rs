//! The keys of runs, outside the runs' folders: who gets a folder gets no secret of `no_log` with it.
//!
//! A key is made when a run has its first secret, and removed when the run needs it no more. A sealed text is base64 of a
//! random nonce and what ChaCha20-Poly1305 makes of the text.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};

use super::StoreError;
use crate::base::RunId;
use crate::event::{Kept, Record};

const KEY: usize = 32;
const NONCE: usize = 12;

/// The folder of all keys: `~/.local/state/benchbook/keys`.
#[derive(Clone, Debug)]
pub struct Keys(PathBuf);

impl Keys {
    /// Those in a folder, which need not exist yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    pub(super) fn of(&self, run: &RunId) -> RunKey {
        RunKey { path: self.0.join(super::names::file_name(run.as_str())), cipher: OnceLock::new() }
    }
}

/// The key of one run.
pub(super) struct RunKey {
    path: PathBuf,
    cipher: OnceLock<ChaCha20Poly1305>,
}

impl RunKey {
    /// Encrypts a text; the first time makes the key.
    pub(super) fn seal(&self, text: &str) -> Result<String, StoreError> {
        let cipher = match self.cipher() {
            Some(cipher) => cipher,
            None => self.make()?,
        };
        let nonce: [u8; NONCE] = random().map_err(StoreError::io(&self.path))?;
        let sealed =
            cipher.encrypt(&Nonce::from(nonce), text.as_bytes()).map_err(|_| StoreError::Broken {
                path: self.path.clone(),
                what: "a text is too long to be encrypted".to_owned(),
            })?;
        Ok(STANDARD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// What was sealed; nothing without the key, or when it is another.
    pub(super) fn open(&self, sealed: &str) -> Option<String> {
        let bytes = STANDARD.decode(sealed).ok()?;
        let (nonce, bytes) = bytes.split_first_chunk::<NONCE>()?;
        let text = self.cipher()?.decrypt(&Nonce::from(*nonce), bytes).ok()?;
        String::from_utf8(text).ok()
    }

    /// Puts back what was encrypted, as far as that can be read.
    pub(super) fn unseal(&self, records: &mut [Record]) {
        for kept in records.iter_mut().filter_map(Record::kept_mut) {
            if let Kept::Sealed(sealed) = kept
                && let Some(text) = self.open(sealed)
                && let Ok(json) = serde_json::from_str(&text)
            {
                *kept = Kept::Secret(json);
            }
        }
    }

    /// Removes the key: nobody can read any more what was sealed.
    pub(super) fn remove(&self) {
        // That there is none is as good.
        let _ = std::fs::remove_file(&self.path);
    }

    fn cipher(&self) -> Option<&ChaCha20Poly1305> {
        if self.cipher.get().is_none() {
            let bytes: [u8; KEY] = std::fs::read(&self.path).ok()?.try_into().ok()?;
            let _ = self.cipher.set(ChaCha20Poly1305::new(&Key::from(bytes)));
        }
        self.cipher.get()
    }

    fn make(&self) -> Result<&ChaCha20Poly1305, StoreError> {
        let make = || -> std::io::Result<[u8; KEY]> {
            if let Some(folder) = self.path.parent() {
                DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            }
            let bytes: [u8; KEY] = random()?;
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.path)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            Ok(bytes)
        };
        let bytes = make().map_err(StoreError::io(&self.path))?;
        Ok(self.cipher.get_or_init(|| ChaCha20Poly1305::new(&Key::from(bytes))))
    }
}

fn random<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn only_who_has_the_key_can_read() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::new(folder.path().join("keys"));
        let sealed = keys.of(&"run".into()).seal("hunter2").unwrap();
        assert!(!sealed.contains("hunter2"));
        assert_ne!(sealed, keys.of(&"run".into()).seal("hunter2").unwrap(), "a nonce is used once");
        assert_eq!(keys.of(&"run".into()).open(&sealed).as_deref(), Some("hunter2"));
        let mode = folder.path().join("keys/run").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(keys.of(&"other".into()).open(&sealed), None);
        keys.of(&"other".into()).seal("x").unwrap();
        assert_eq!(keys.of(&"other".into()).open(&sealed), None);
        keys.of(&"run".into()).remove();
        assert_eq!(keys.of(&"run".into()).open(&sealed), None);
    }
}
