//! Whether a password looks like one that has been hashed: `/etc/shadow` takes everything, and nobody could log in.

/// What is said about a password that is none; in words that playbooks know.
pub(super) fn warning(password: &str) -> Option<String> {
    (!looks_hashed(password)).then(|| {
        "The input password appears not to have been hashed. It has to be encrypted for this module; `password_hash` does that."
            .to_owned()
    })
}

/// What locks a user has no hash; everything else is `$kind$…$hash`, and of some kinds the hash has a known length.
fn looks_hashed(password: &str) -> bool {
    if ["", "*", "!", "*************"].contains(&password) {
        return true;
    }
    let fields: Vec<&str> = password.split('$').collect();
    let [_, kind, .., hash] = fields.as_slice() else { return false };
    let length = match *kind {
        "1" => 22,
        "5" | "y" => 43,
        "6" => 86,
        _ => hash.len(),
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '/';
    !password.contains([':', '*', '!']) && hash.len() == length && hash.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::looks_hashed;

    #[test]
    fn a_plain_password_is_told_from_a_hash() {
        let sha512 = format!("$6$rounds=5000$salt${}", "a".repeat(86));
        for good in ["*", "!", "$1$salt$qJH7.N4xYta3aEG/dfqo/0", sha512.as_str()] {
            assert!(looks_hashed(good), "{good}");
        }
        for bad in ["secret", "$1$salt$short", "$6", "!secret", "$5$salt$with:colon", "$2b$12$with spaces"] {
            assert!(!looks_hashed(bad), "{bad}");
        }
    }
}
