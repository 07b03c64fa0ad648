//! `password_hash`: what `/etc/shadow` keeps of a password, as Ansible makes it with Python's `passlib`.

use super::{Filter, filter};
use crate::base::Value;
use crate::vars::call::{Call, CallError};

mod bcrypt;
mod md5;
mod sha;

use super::random::unguessable;
use super::text::only_text;

pub(super) const FILTERS: &[Filter] = &[filter("password_hash", password_hash)];

/// The letters of a salt and of a hash, in the order of their numbers.
const LETTERS: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

fn password_hash(call: &Call<'_>) -> Result<Value, CallError> {
    let password = only_text(call)?;
    let kind = call.text(1, "hashtype")?.unwrap_or_else(|| "sha512".into());
    let salt = call.text(2, "salt")?;
    let size = call.arg(3, "salt_size").filter(|size| !size.is_null());
    let size = size.map(|size| size.as_int().ok_or("salt_size must be an integer")).transpose()?;
    let rounds = call.arg(4, "rounds").filter(|rounds| rounds.is_truthy());
    let rounds = rounds.map(|rounds| rounds.as_int().ok_or("`rounds` must be an integer")).transpose()?;
    let ident = call.text(5, "ident")?;
    // What is refused says nothing of the password.
    let hashed = hash(&password, &kind, &Wanted { salt, size, rounds, ident })?;
    call.caller().mark_secret();
    Ok(Value::from(hashed))
}

/// What a hash may be told.
#[derive(Clone, Default)]
pub struct Wanted {
    /// Made at random when there is none.
    pub salt: Option<String>,
    /// Characters of a salt that is made.
    pub size: Option<i128>,
    /// How often it is hashed; for bcrypt, the binary logarithm of it.
    pub rounds: Option<i128>,
    /// The version of bcrypt.
    pub ident: Option<String>,
}

/// Hashes a password, in the format of crypt(3). The kinds are those that the error lists.
pub fn hash(password: &str, kind: &str, wanted: &Wanted) -> Result<String, String> {
    let hashed = match kind {
        _ if password.contains('\0') => Err("a password cannot hold the character 0".into()),
        "sha512" | "sha512_crypt" => {
            sha::sha512(password, &wanted.salt(16)?, wanted.rounds.unwrap_or(656_000))
        }
        "sha256" | "sha256_crypt" => {
            sha::sha256(password, &wanted.salt(16)?, wanted.rounds.unwrap_or(535_000))
        }
        "md5" | "md5_crypt" => Ok(md5::hash(password.as_bytes(), &wanted.salt(8)?)),
        "blowfish" | "bcrypt" => bcrypt::hash(password, wanted),
        other => {
            return Err(format!(
                "{other} is not in the list of supported passlib algorithms: md5, blowfish, sha256, sha512"
            ));
        }
    };
    hashed.map_err(|why| format!("Could not hash the secret: {why}"))
}

impl std::fmt::Debug for Wanted {
    /// Without the salt, by which a password could be guessed faster.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wanted")
            .field("size", &self.size)
            .field("rounds", &self.rounds)
            .finish_non_exhaustive()
    }
}

impl Wanted {
    /// The salt, of at most so many characters; a new one has just as many unless the size says otherwise.
    fn salt(&self, most: usize) -> Result<String, String> {
        let Some(salt) = self.salt.as_deref().filter(|salt| !salt.is_empty()) else {
            let size = self.size.filter(|size| *size != 0).map_or(Ok(most), usize::try_from);
            let size = size
                .ok()
                .filter(|size| *size <= most)
                .ok_or_else(|| format!("a salt has up to {most} characters"))?;
            return new_salt(size);
        };
        if salt.len() > most || !salt.bytes().all(|byte| LETTERS.contains(&byte)) {
            return Err(format!("a salt has up to {most} of the characters a-z, A-Z, 0-9, `.` and `/`"));
        }
        Ok(salt.to_owned())
    }
}

/// A new salt for a hash of this kind.
pub(in crate::vars) fn salt(kind: &str) -> Result<String, String> {
    new_salt(match kind {
        "md5" | "md5_crypt" => 8,
        "blowfish" | "bcrypt" => 22,
        _ => 16,
    })
}

/// A salt that nobody can guess.
fn new_salt(size: usize) -> Result<String, String> {
    let letter = |byte: u8| char::from(LETTERS[usize::from(byte & 63)]);
    Ok(unguessable(size)?.into_iter().map(letter).collect())
}

/// The letters of the bytes at these places, three bytes at a time from the last to the first, each time the lowest six bits first.
fn letters(bytes: &[u8], places: &[usize]) -> String {
    let mut out = String::new();
    for three in places.chunks(3) {
        let number = three.iter().fold(0_u32, |number, place| number << 8 | u32::from(bytes[*place]));
        let count = (three.len() * 8).div_ceil(6);
        out.extend((0..count).map(|sextet| char::from(LETTERS[(number >> (6 * sextet)) as usize & 63])));
    }
    out
}
