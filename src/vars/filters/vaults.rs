//! `vault` and `unvault`: texts that a password encrypts, as in the files of `ansible-vault`.

use super::{Filter, filter};
use crate::base::{Secret, Value};
use crate::load::Vault;
use crate::load::vault::{Identity, encrypt, encrypt_with_salt, is_encrypted};
use crate::vars::call::{Call, CallError};

pub(super) const FILTERS: &[Filter] = &[filter("vault", seal), filter("unvault", open)];

/// A text; numbers are refused, since what is decrypted would not be one.
fn text<'a>(what: &str, value: &'a Value) -> Result<&'a str, CallError> {
    value.as_str().ok_or_else(|| format!("{what} must be a string, not {}", value.kind()).into())
}

/// The password, and the name that stands in the vault.
fn identity(call: &Call<'_>, place: usize) -> Result<Identity, CallError> {
    let password = Secret::from(text("the password", call.required(1, "secret")?)?.to_owned());
    let older = call.text(place + if place == 3 { 2 } else { 1 }, "vaultid")?;
    let id = call.text(place, "vault_id")?.or(older).unwrap_or_else(|| "filter_default".into());
    call.caller().mark_secret();
    Ok(Identity { id: id.into(), password })
}

fn seal(call: &Call<'_>) -> Result<Value, CallError> {
    let plain = text("what is encrypted", call.subject()?)?.as_bytes();
    let identity = identity(call, 3)?;
    // Only Ansible's own YAML tells the two apart.
    let _ = call.flag(4, "wrap_object", false)?;
    Ok(Value::from(match call.text(2, "salt")?.as_deref() {
        Some("") => return Err("the salt is empty".into()),
        Some(salt) => encrypt_with_salt(plain, &identity, salt.as_bytes()),
        None => encrypt(plain, &identity).map_err(|error| format!("no salt could be made: {error}"))?,
    }))
}

/// What is not encrypted stays as it is.
fn open(call: &Call<'_>) -> Result<Value, CallError> {
    let sealed = text("a vault", call.subject()?)?;
    let identity = identity(call, 2)?;
    if !is_encrypted(sealed.as_bytes()) {
        return Ok(call.subject()?.clone());
    }
    let plain = Vault::new(vec![identity]).open(sealed).map_err(|error| error.to_string())?;
    let plain = String::from_utf8(plain).map_err(|_| "what the vault holds is not UTF-8 text")?;
    Ok(Value::from(plain).into_secret())
}
