//! One line of a file of known hosts; see sshd(8).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

use crate::module::glob;

/// How a hashed name begins.
const HASHED: &str = "|1|";

/// A key and whose it is.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// `@cert-authority` or `@revoked`.
    marker: Option<&'a str>,
    hosts: &'a str,
    /// The type of the key.
    pub kind: &'a str,
    key: &'a str,
}

impl<'a> Entry<'a> {
    /// Reads a line; comments and what is no entry are none.
    pub fn read(line: &'a str) -> Option<Self> {
        let mut words = line.split_whitespace().peekable();
        if words.peek()?.starts_with('#') {
            return None;
        }
        let marker = words.next_if(|word| word.starts_with('@'));
        Some(Self { marker, hosts: words.next()?, kind: words.next()?, key: words.next()? })
    }

    /// Whether it says something else than that this is the key of a host.
    pub fn is_marked(&self) -> bool {
        self.marker.is_some()
    }

    /// Whether it is about this host, which is in small letters.
    pub fn is_of(&self, host: &str) -> bool {
        if let Some(hashed) = self.hosts.strip_prefix(HASHED) {
            let Some((salt, hash)) = hashed.split_once('|') else { return false };
            return STANDARD.decode(salt).is_ok_and(|salt| hash_of(&salt, host) == hash);
        }
        let mut is_among = false;
        for pattern in self.hosts.split(',') {
            let plain = pattern.strip_prefix('!').unwrap_or(pattern).to_lowercase();
            // In these files brackets stand for themselves.
            if glob::matches(&plain.replace('[', "[[]"), host) {
                if pattern.starts_with('!') {
                    return false;
                }
                is_among = true;
            }
        }
        is_among
    }

    /// Whether both say the same; two hashes of a name always differ.
    pub fn is_same(&self, other: &Self) -> bool {
        let are_hashed = self.hosts.starts_with(HASHED) && other.hosts.starts_with(HASHED);
        let same_hosts = self.hosts == other.hosts || are_hashed && !self.is_marked();
        same_hosts && (self.marker, self.kind, self.key) == (other.marker, other.kind, other.key)
    }
}

fn hash_of(salt: &[u8], host: &str) -> String {
    // A key of any length is taken.
    let Ok(mut code) = Hmac::<Sha1>::new_from_slice(salt) else { return String::new() };
    code.update(host.as_bytes());
    STANDARD.encode(code.finalize().into_bytes())
}

/// The line with a name that nobody can read.
pub fn hashed(host: &str, line: &str) -> String {
    let salt: [u8; 20] = std::array::from_fn(|_| fastrand::u8(..));
    let name = format!("{HASHED}{}|{}", STANDARD.encode(salt), hash_of(&salt, host));
    let mut words: Vec<&str> = line.split_whitespace().collect();
    let place = usize::from(words.first().is_some_and(|word| word.starts_with('@')));
    if let Some(hosts) = words.get_mut(place) {
        *hosts = &name;
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hash was made by ssh-keygen -H of OpenSSH 10.0.
    #[test]
    fn entries_are_found_by_their_hosts() {
        let is_of = |line: &str, host: &str| Entry::read(line).unwrap().is_of(host);
        assert!(is_of("a.example,b ssh-rsa AAAA", "b") && !is_of("a.example,b ssh-rsa AAAA", "a"));
        assert!(is_of("*.example,!b.example ssh-rsa AAAA", "a.example"));
        assert!(!is_of("*.example,!b.example ssh-rsa AAAA", "b.example"));
        assert!(is_of("[h]:22 ssh-rsa AAAA", "[h]:22") && !is_of("[h]:22 ssh-rsa AAAA", "h:22"));
        let theirs = "|1|tpKJVZCck2gh863H9IYs0n5DvLk=|+yxw11UzszWQ7WqkLb4nAM1TYrk= ssh-ed25519 AAAA";
        assert!(is_of(theirs, "h1.example") && !is_of(theirs, "h2.example"));
        let line = hashed("h1", "@cert-authority h1 ssh-rsa AAAA comment");
        assert!(is_of(&line, "h1") && !is_of(&line, "h2") && line.ends_with(" ssh-rsa AAAA comment"));
        assert_eq!(Entry::read("# h ssh-rsa AAAA"), None);
        assert_eq!(Entry::read("h ssh-rsa"), None);
    }
}
