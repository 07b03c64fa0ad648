//! Addresses of HTTP: read, written, joined, and shown without what is secret in them.

use std::fmt;
use std::path::PathBuf;

use crate::base::address::masked;

/// Where something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Whether it is `https`.
    pub is_secure: bool,
    /// The name or number of the host, without brackets.
    pub host: String,
    /// The port, also where it is not said.
    pub port: u16,
    /// What the server is asked for: a path, perhaps with a query.
    pub path: String,
    /// A name and a password.
    pub login: Option<(String, String)>,
}

impl Address {
    /// Reads one.
    pub fn parse(text: &str) -> Result<Self, String> {
        let unknown = || format!("unknown url type: {}", masked(text));
        let (scheme, rest) = text.split_once("://").ok_or_else(unknown)?;
        let is_secure = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            other => return Err(format!("Request failed: <urlopen error unknown url type: {other}>")),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let (place, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (login, place) = match place.rsplit_once('@') {
            Some((login, place)) => (Some(login), place),
            None => (None, place),
        };
        let login = login.map(|login| {
            let (name, password) = login.split_once(':').unwrap_or((login, ""));
            (decoded(name), decoded(password))
        });
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            _ => (place, None),
        };
        let port = match port.filter(|port| !port.is_empty()) {
            None if is_secure => 443,
            None => 80,
            Some(port) => port.parse().map_err(|_| format!("nonnumeric port: '{port}'"))?,
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err("Request failed: <urlopen error no host given>".to_owned());
        }
        if path.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
            return Err(format!("URL can't contain control characters. '{path}'"));
        }
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok(Self { is_secure, host, port, path: format!("{slash}{}", encoded(path)), login })
    }

    /// The host as it stands in an address, with the port where it is not the usual one.
    pub fn place(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let usual = if self.is_secure { 443 } else { 80 };
        if self.port == usual { host } else { format!("{host}:{}", self.port) }
    }

    /// Where a pointer of this address leads to.
    pub fn join(&self, to: &str) -> Result<Self, String> {
        Self::parse(&join(&self.to_string(), to))
    }

    /// Whether logins and cookies that are for this address may be sent to another that it points to: to the same host, and not
    /// in the open when they were not before.
    pub fn shares_secrets_with(&self, other: &Self) -> bool {
        self.host.eq_ignore_ascii_case(&other.host) && (other.is_secure || !self.is_secure)
    }

    /// The last name of the path.
    pub fn file_name(&self) -> String {
        let path = self.path.split('?').next().unwrap_or_default();
        path.rsplit('/').next().unwrap_or_default().to_owned()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_secure { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.place(), self.path)
    }
}

/// The file of the target that an address of `file:` names.
pub fn local(address: &str) -> Option<PathBuf> {
    let path = address.strip_prefix("file://")?;
    let path = path.strip_prefix("localhost").unwrap_or(path);
    path.starts_with('/').then(|| decoded(path).into())
}

/// A relative address from where it was found.
pub fn join(base: &str, to: &str) -> String {
    let (scheme, rest) = base.split_once("://").unwrap_or(("http", base));
    let to = match to.split_once(':').filter(|(own, _)| is_scheme(own)) {
        // An old way to write a relative one.
        Some((own, rest)) if own.eq_ignore_ascii_case(scheme) && !rest.starts_with("//") => rest,
        Some(_) => return to.to_owned(),
        None => to,
    };
    if let Some(place) = to.strip_prefix("//") {
        return format!("{scheme}://{place}");
    }
    let (place, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let path = path.split(['?', '#']).next().unwrap_or_default();
    if to.starts_with('?') || to.is_empty() {
        return format!("{scheme}://{place}{path}{to}");
    }
    let whole = if to.starts_with('/') {
        to.to_owned()
    } else {
        let folder = path.rfind('/').map_or("/", |end| &path[..=end]);
        format!("{folder}{to}")
    };
    let (whole, query) = whole.split_at(whole.find(['?', '#']).unwrap_or(whole.len()));
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/').skip(1) {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    if whole.ends_with("/..") || whole.ends_with("/.") {
        parts.push("");
    }
    format!("{scheme}://{place}/{}{query}", parts.join("/"))
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// With `%C3` instead of what is not plain.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii() {
            out.push(char::from(byte));
        } else {
            out.extend(percent(byte));
        }
        out
    })
}

/// `%C3`.
pub fn percent(byte: u8) -> [char; 3] {
    let digit = |value: u8| char::from(b"0123456789ABCDEF"[usize::from(value)]);
    ['%', digit(byte >> 4), digit(byte & 15)]
}

/// With the bytes that `%41` means.
pub fn decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        rest = after;
        let value = hex.filter(|_| byte == b'%').and_then(|two| u8::from_str_radix(two, 16).ok());
        if value.is_some() {
            rest = &after[2..];
        }
        out.push(value.unwrap_or(byte));
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// `name` in `attachment; filename="a b"`.
pub fn parameter(header: &str, name: &str) -> Option<String> {
    let mut rest = header.split_once(';')?.1;
    loop {
        let (key, value) = rest.split_once('=')?;
        let value = value.trim_start();
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => {
                let end = quoted.find('"').unwrap_or(quoted.len());
                (&quoted[..end], quoted.get(end + 1..).unwrap_or_default())
            }
            None => value.split_at(value.find(';').unwrap_or(value.len())),
        };
        if key.trim().eq_ignore_ascii_case(name) {
            return Some(value.trim().to_owned());
        }
        rest = after.trim_start().strip_prefix(';')?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_stay_with_their_host() {
        let shares = |from: &str, to: &str| {
            Address::parse(from).unwrap().shares_secrets_with(&Address::parse(to).unwrap())
        };
        assert!(shares("http://a/x", "http://A:8080/y"));
        assert!(shares("http://a/x", "https://a/x"));
        assert!(!shares("https://a/x", "http://a/x"));
        assert!(!shares("https://a/x", "https://b/x"));
    }

    #[test]
    fn addresses_are_read_and_joined() {
        let one = Address::parse("https://a%40b:c@[::1]:8443/x/y?z#f").unwrap();
        assert_eq!(one.login, Some(("a@b".to_owned(), "c".to_owned())));
        assert_eq!((one.to_string().as_str(), one.port), ("https://[::1]:8443/x/y?z", 8443));
        for (to, whole) in [
            ("/k", "https://[::1]:8443/k"),
            ("k?q", "https://[::1]:8443/x/k?q"),
            ("../k", "https://[::1]:8443/k"),
            ("?q", "https://[::1]:8443/x/y?q"),
            ("//h/p", "https://h/p"),
            ("http://h", "http://h"),
            ("https:k", "https://[::1]:8443/x/k"),
            ("/k?from=http://h", "https://[::1]:8443/k?from=http://h"),
            ("mailto:h", "mailto:h"),
        ] {
            assert_eq!(join(&one.to_string(), to), whole, "{to}");
        }
        assert_eq!(Address::parse("http://h").unwrap().path, "/");
        assert!(Address::parse("ftp://h/").unwrap_err().contains("unknown url type: ftp"));
        assert!(Address::parse("http://h/a b").is_err());
    }

    #[test]
    fn parameters_of_headers() {
        assert_eq!(parameter("attachment; a=b; filename=\"x; y\"", "filename").as_deref(), Some("x; y"));
        assert_eq!(parameter("text/html; charset=utf-8", "charset").as_deref(), Some("utf-8"));
        assert_eq!(parameter("text/html", "charset"), None);
    }
}
