//! MD5-crypt, by Poul-Henning Kamp for FreeBSD 2; only for machines that know nothing better.

use md5::{Digest, Md5};

use super::letters;

/// `$1$`.
pub(super) fn hash(password: &[u8], salt: &str) -> String {
    let salt_bytes = salt.as_bytes();
    let inner = Md5::new().chain_update(password).chain_update(salt_bytes).chain_update(password).finalize();
    let mut first = Md5::new().chain_update(password).chain_update("$1$").chain_update(salt_bytes);
    for taken in (0..password.len()).step_by(inner.len()) {
        first.update(&inner[..(password.len() - taken).min(inner.len())]);
    }
    let mut bits = password.len();
    while bits > 0 {
        // Not a slip: the original takes the first byte of a cleared buffer here.
        first.update(if bits & 1 == 1 { &[0] } else { &password[..1] });
        bits >>= 1;
    }
    let mut digest = first.finalize();
    for round in 0..1000 {
        let mut next = Md5::new();
        let odd = round % 2 == 1;
        next.update(if odd { password } else { &digest });
        if round % 3 != 0 {
            next.update(salt_bytes);
        }
        if round % 7 != 0 {
            next.update(password);
        }
        next.update(if odd { &digest } else { password });
        digest = next.finalize();
    }
    let places = [0, 6, 12, 1, 7, 13, 2, 8, 14, 3, 9, 15, 4, 10, 5, 11];
    format!("$1${salt}${}", letters(&digest, &places))
}
