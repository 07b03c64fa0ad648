//! The text of a vault: a line that says what it is, then hexadecimal digits in lines of eighty.
//!
//! Versions 1.1 (no name of a password) and 1.2 (with one). It knows no password.

use std::fmt::Write;

use super::VaultError;
use super::cipher::Sealed;
use crate::base::hexadecimal;

/// How every vault begins.
pub(super) const MARK: &str = "$ANSIBLE_VAULT";
/// The only cipher there is.
const CIPHER: &str = "AES256";
/// Characters of a line of digits.
const WIDTH: usize = 80;

/// A vault as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Envelope {
    /// The name of its password; version 1.1 has none.
    pub id: Option<String>,
    /// What it holds.
    pub sealed: Sealed,
}

impl Envelope {
    /// Reads a text. Blanks around lines do not count: a scalar of YAML is indented.
    pub(super) fn parse(text: &str) -> Result<Self, VaultError> {
        let broken = |what: &str| VaultError::Broken(what.to_owned());
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let header = lines.next().unwrap_or("");
        let mut words = header.split(';').map(str::trim);
        if words.next() != Some(MARK) {
            return Err(broken("it does not begin with `$ANSIBLE_VAULT`"));
        }
        let (version, cipher) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        if !matches!(version, "1.1" | "1.2") {
            return Err(VaultError::Unsupported(format!("the version `{version}`")));
        }
        if cipher != CIPHER {
            return Err(VaultError::Unsupported(format!("the cipher `{cipher}`")));
        }
        let id = words.next().filter(|id| version == "1.2" && !id.is_empty()).map(str::to_owned);
        let body: String = lines.collect();
        let inner = bytes(body.as_bytes()).ok_or_else(|| broken("its lines are not hexadecimal digits"))?;
        let mut parts = inner.split(|b| *b == b'\n').map(bytes);
        let (Some(Some(salt)), Some(Some(mac)), Some(Some(content)), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(broken("it should hold three numbers, and does not: part of it is missing"));
        };
        Ok(Self { id, sealed: Sealed { salt, mac, content } })
    }

    /// The text, with a newline at its end.
    pub(super) fn text(&self) -> String {
        let Sealed { salt, mac, content } = &self.sealed;
        let inner = [salt, mac, content].map(|bytes| hexadecimal(bytes)).join("\n");
        let body = hexadecimal(inner.as_bytes());
        let mut text = match &self.id {
            Some(id) => format!("{MARK};1.2;{CIPHER};{id}\n"),
            None => format!("{MARK};1.1;{CIPHER}\n"),
        };
        let mut rest = body.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at(rest.len().min(WIDTH));
            writeln!(text, "{line}").expect("a string takes every text");
            rest = after;
        }
        text
    }
}

/// The bytes of hexadecimal digits.
fn bytes(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |d: u8| char::from(d).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let pairs = digits.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    pairs.map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}
