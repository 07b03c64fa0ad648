//! The cipher `AES256` of vaults: AES-256 in counter mode, its key by PBKDF2 with SHA-256, and an HMAC over what was encrypted.
//!
//! <https://docs.ansible.com/ansible-core/2.19/vault_guide/vault_using_encrypted_content.html#ansible-vault-payload-format-1-1-1-2>

use std::fs::File;
use std::io::{self, Read};

use aes::Aes256;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit, StreamCipher};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::base::Secret;

/// How often PBKDF2 hashes.
const ROUNDS: u32 = 10_000;
/// Bytes of a block of AES; what is encrypted is filled up to whole ones, as PKCS #7 does.
const BLOCK: usize = 16;
/// Bytes of each of both keys.
const KEY: usize = 32;

/// What a vault holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sealed {
    /// Makes the same password give other keys.
    pub salt: Vec<u8>,
    /// Over `content`: tells whether password and content are right.
    pub mac: Vec<u8>,
    /// What was encrypted.
    pub content: Vec<u8>,
}

/// One key to encrypt, one for the HMAC, and where the counter begins.
struct Keys {
    cipher: [u8; KEY],
    mac: [u8; KEY],
    counter: [u8; BLOCK],
}

impl Keys {
    fn new(password: &Secret, salt: &[u8]) -> Self {
        let mut bytes = [0; 2 * KEY + BLOCK];
        pbkdf2::pbkdf2_hmac::<Sha256>(password.reveal().as_bytes(), salt, ROUNDS, &mut bytes);
        let mut keys = Self { cipher: [0; KEY], mac: [0; KEY], counter: [0; BLOCK] };
        keys.cipher.copy_from_slice(&bytes[..KEY]);
        keys.mac.copy_from_slice(&bytes[KEY..2 * KEY]);
        keys.counter.copy_from_slice(&bytes[2 * KEY..]);
        keys
    }

    fn mac(&self, content: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.mac).expect("HMAC takes keys of every length");
        mac.update(content);
        mac
    }

    /// Encrypting and decrypting are the same.
    fn apply(&self, bytes: &mut [u8]) {
        Ctr128BE::<Aes256>::new(&self.cipher.into(), &self.counter.into()).apply_keystream(bytes);
    }
}

/// What was encrypted; `None` when the password is wrong or a byte was changed, which nobody can tell apart.
pub(super) fn open(sealed: &Sealed, password: &Secret) -> Option<Vec<u8>> {
    let keys = Keys::new(password, &sealed.salt);
    keys.mac(&sealed.content).verify_slice(&sealed.mac).ok()?;
    let mut bytes = sealed.content.clone();
    keys.apply(&mut bytes);
    let padding = usize::from(*bytes.last()?);
    let length = bytes.len().checked_sub(padding).filter(|_| (1..=BLOCK).contains(&padding))?;
    bytes.truncate(length);
    Some(bytes)
}

/// Encrypts with a salt that was never used.
pub(super) fn seal(plain: &[u8], password: &Secret) -> io::Result<Sealed> {
    let mut salt = vec![0; KEY];
    File::open("/dev/urandom")?.read_exact(&mut salt)?;
    Ok(seal_with(plain, password, salt))
}

/// Encrypts with this salt: the same text and password give the same.
pub(super) fn seal_with(plain: &[u8], password: &Secret, salt: Vec<u8>) -> Sealed {
    let keys = Keys::new(password, &salt);
    let padding = BLOCK - plain.len() % BLOCK;
    let mut content = plain.to_vec();
    content.extend(std::iter::repeat_n(padding.to_le_bytes()[0], padding));
    keys.apply(&mut content);
    let mac = keys.mac(&content).finalize().into_bytes().to_vec();
    Sealed { salt, mac, content }
}
