//! One line of a file of keys; see sshd(8).

use std::fmt;

/// The types of keys that OpenSSH knows.
const TYPES: [&str; 23] = [
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp384-cert-v01@openssh.com",
    "ecdsa-sha2-nistp521",
    "ecdsa-sha2-nistp521-cert-v01@openssh.com",
    "rsa-sha2-256",
    "rsa-sha2-256-cert-v01@openssh.com",
    "rsa-sha2-512",
    "rsa-sha2-512-cert-v01@openssh.com",
    "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "sk-ssh-ed25519-cert-v01@openssh.com",
    "sk-ssh-ed25519@openssh.com",
    "ssh-dss",
    "ssh-dss-cert-v01@openssh.com",
    "ssh-ed25519",
    "ssh-ed25519-cert-v01@openssh.com",
    "ssh-rsa",
    "ssh-rsa-cert-v01@openssh.com",
    "ssh-xmss-cert-v01@openssh.com",
    "ssh-xmss@openssh.com",
    "webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
];

/// A key with what stands before and behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Each a name, or `name=value`.
    pub options: Vec<String>,
    /// Its type.
    pub kind: &'static str,
    /// The key itself, in base64.
    pub body: String,
    pub comment: String,
}

impl Key {
    /// Reads a line that is a key.
    pub fn read(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let place = words.iter().position(|word| TYPES.contains(word))?;
        let kind = TYPES.iter().find(|kind| **kind == words[place])?;
        let body = (*words.get(place + 1)?).to_owned();
        let comment = words.get(place + 2..).unwrap_or_default().join(" ");
        Some(Self { options: options(&words[..place].join(" ")), kind, body, comment })
    }
}

/// Cut at commas, but for those between quotes. Of an option that is there twice both count.
pub fn options(text: &str) -> Vec<String> {
    let (mut options, mut current, mut quote) = (Vec::new(), String::new(), None);
    for c in text.chars() {
        match (c, quote) {
            (',', None) => options.push(std::mem::take(&mut current)),
            (c, None) if c == '"' || c == '\'' => {
                quote = Some(c);
                current.push(c);
            }
            (c, quoted) => {
                if quoted == Some(c) {
                    quote = None;
                }
                current.push(c);
            }
        }
    }
    options.push(current);
    options.retain(|option| !option.is_empty());
    options
}

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    Key(Key),
    /// A comment, an empty line, or what is no key; it stays as it is.
    Other(String),
}

impl Line {
    pub fn read(line: &str) -> Self {
        let is_comment = line.trim_start().starts_with('#');
        let key = if is_comment { None } else { Key::read(line) };
        key.map_or_else(|| Self::Other(line.to_owned()), Self::Key)
    }

    /// The key itself.
    pub fn body(&self) -> Option<&str> {
        match self {
            Self::Key(key) => Some(&key.body),
            Self::Other(_) => None,
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(line) if line.ends_with('\n') => f.write_str(line),
            Self::Other(line) => writeln!(f, "{line}"),
            Self::Key(key) => {
                let blank = if key.options.is_empty() { "" } else { " " };
                writeln!(f, "{}{blank}{} {} {}", key.options.join(","), key.kind, key.body, key.comment)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back() {
        let line = "from=\"10.0.1.1,10.0.1.2\",no-pty ssh-ed25519 AAAA ada at home\n";
        let key = Key::read(line).unwrap();
        assert_eq!(key.options, ["from=\"10.0.1.1,10.0.1.2\"", "no-pty"]);
        assert_eq!((key.body.as_str(), key.comment.as_str()), ("AAAA", "ada at home"));
        assert_eq!(Line::read(line).to_string(), line);
        assert_eq!(Line::read("# ssh-rsa AAAA\n"), Line::Other("# ssh-rsa AAAA\n".into()));
        assert_eq!(Key::read("ssh-rsa"), None);
        assert_eq!(Key::read("nonsense AAAA"), None);
    }
}
