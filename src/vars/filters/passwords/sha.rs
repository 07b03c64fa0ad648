//! SHA-crypt (<https://www.akkadia.org/drepper/SHA-crypt.txt>), without reading the number of rounds out of a salt.

use std::ops::RangeInclusive;

use sha_crypt::Params;

use super::letters;

/// How often may be hashed.
const ROUNDS: RangeInclusive<i128> = 1_000..=999_999_999;
/// What is meant when a hash does not say it.
const UNSAID: i128 = 5_000;

/// `$6$`.
pub(super) fn sha512(password: &str, salt: &str, rounds: i128) -> Result<String, String> {
    let digest = sha_crypt::sha512_crypt(password.as_bytes(), salt.as_bytes(), params(rounds)?);
    // Each group begins 21 bytes behind the one before, in turns.
    let group = |at: usize| [[at, at + 21, at + 42], [at + 21, at + 42, at], [at + 42, at, at + 21]][at % 3];
    let places: Vec<usize> = (0..21).flat_map(group).chain([63]).collect();
    Ok(printed(6, salt, rounds, &letters(&digest, &places)))
}

/// `$5$`.
pub(super) fn sha256(password: &str, salt: &str, rounds: i128) -> Result<String, String> {
    let digest = sha_crypt::sha256_crypt(password.as_bytes(), salt.as_bytes(), params(rounds)?);
    let group = |at: usize| [[at, at + 10, at + 20], [at + 20, at, at + 10], [at + 10, at + 20, at]][at % 3];
    let places: Vec<usize> = (0..10).flat_map(group).chain([31, 30]).collect();
    Ok(printed(5, salt, rounds, &letters(&digest, &places)))
}

fn params(rounds: i128) -> Result<Params, String> {
    let refuse = || format!("`rounds` must be {} to {}", ROUNDS.start(), ROUNDS.end());
    let rounds = Some(rounds).filter(|rounds| ROUNDS.contains(rounds)).ok_or_else(refuse)?;
    Params::new(u32::try_from(rounds).map_err(|_| refuse())?).map_err(|_| refuse())
}

fn printed(id: u8, salt: &str, rounds: i128, digest: &str) -> String {
    let rounds = if rounds == UNSAID { String::new() } else { format!("rounds={rounds}$") };
    format!("${id}${rounds}{salt}${digest}")
}
