//! Names of steps and hosts as names of files: readable, safe, and never the same for two of them.

use sha2::{Digest, Sha256};

/// Longest name in bytes; file systems allow 255, and an ending follows.
const LONGEST: usize = 180;

/// `quickstart/cases/stream[mib=64]/run/3` → `quickstart.cases.stream[mib=64].run.3`.
///
/// A name that loses something on the way gets a digest of the original, so that two of them stay two.
pub(super) fn file_name(name: &str) -> String {
    let mut safe: String = name.chars().map(|c| if c == '/' { '.' } else { c }).map(harmless).collect();
    let exact =
        safe.chars().zip(name.chars()).all(|(s, n)| if n == '/' { s == '.' } else { s == n && n != '.' });
    if exact && safe.len() <= LONGEST && !safe.is_empty() && !safe.starts_with('.') {
        return safe;
    }
    safe.truncate(LONGEST);
    format!("{}~{}", safe.trim_start_matches('.'), &digest(name.as_bytes())[..12])
}

/// SHA-256 in hexadecimal, as `lock.json` has it.
pub fn digest(bytes: &[u8]) -> String {
    crate::base::hexadecimal(&Sha256::digest(bytes))
}

/// The same of bytes that come in pieces.
#[derive(Clone, Debug, Default)]
pub struct Digester(Sha256);

impl Digester {
    /// The next piece.
    pub fn add(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The digest of all pieces so far.
    pub fn so_far(&self) -> String {
        crate::base::hexadecimal(&self.0.clone().finalize())
    }
}

fn harmless(c: char) -> char {
    if c.is_ascii_alphanumeric() || "._-=,+@%:[]".contains(c) { c } else { '_' }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::file_name;

    #[test]
    fn plain_names_stay_readable() {
        assert_eq!(file_name("quick/cases/stream[a=1,b=64]/run/3"), "quick.cases.stream[a=1,b=64].run.3");
        assert_eq!(file_name("n1"), "n1");
        assert_eq!(file_name("n1.rack"), "n1.rack~fc919849f832");
    }

    proptest! {
        #[test]
        fn two_names_are_two_files(a in "[a-z./ ~_]{0,8}", b in "[a-z./ ~_]{0,8}") {
            prop_assume!(a != b);
            prop_assert_ne!(file_name(&a), file_name(&b));
        }

        #[test]
        fn any_name_is_one_safe_component(name in "\\PC{0,300}") {
            let file = file_name(&name);
            prop_assert!(!file.is_empty() && file.len() <= 200 && !file.contains('/') && !file.starts_with('.'));
        }
    }
}
