//! bcrypt, of OpenBSD.

use base64::Engine as _;
use base64::alphabet::BCRYPT;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

use super::{Wanted, new_salt};

/// Letters of a salt of 16 bytes.
const SALT: usize = 22;
/// Bytes of a password that count, with the zero at its end.
const LONGEST: usize = 72;

/// `$2b$` and its older names.
pub(super) fn hash(password: &str, wanted: &Wanted) -> Result<String, String> {
    // What is left over in the last letter is dropped, as every implementation does.
    let loose = GeneralPurposeConfig::new().with_encode_padding(false).with_decode_allow_trailing_bits(true);
    let loose = loose.with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent);
    let base64 = GeneralPurpose::new(&BCRYPT, loose);
    let given = wanted.salt.clone().filter(|salt| !salt.is_empty());
    let salt = given.map_or_else(|| new_salt(SALT), Ok)?;
    let bytes = Some(&salt).filter(|salt| salt.len() == SALT).and_then(|salt| base64.decode(salt).ok());
    let bytes: [u8; 16] = bytes
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| format!("a salt of bcrypt has {SALT} of the characters a-z, A-Z, 0-9, `.` and `/`"))?;
    let cost = wanted.rounds.unwrap_or(12);
    let cost = u32::try_from(cost)
        .ok()
        .filter(|cost| (4..=31).contains(cost))
        .ok_or("`rounds` of bcrypt must be 4 to 31")?;
    let ident = wanted.ident.as_deref().unwrap_or("2b").trim_matches('$');
    if !matches!(ident, "2a" | "2b" | "2y") {
        return Err(format!("`{ident}` is no version of bcrypt; there are 2a, 2b, 2y"));
    }
    let mut password = password.as_bytes().to_vec();
    password.push(0);
    password.truncate(LONGEST);
    let digest = ::bcrypt::bcrypt(cost, bytes, &password);
    Ok(format!("${ident}${cost:02}${}{}", base64.encode(bytes), base64.encode(&digest[..23])))
}
