//! `password`: a random password that is kept in a file on the controller, so that every run has the same.

use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::{Lookup, Request};
use crate::base::Value;
use crate::vars::call::{CallError, text_of};
use crate::vars::filters::passwords::{self, Wanted};
use crate::vars::filters::random::Chance;

pub(super) const LOOKUPS: &[Lookup] =
    &[Lookup { name: "password", options: &["length", "chars", "seed", "encrypt", "ident"], run: password }];

/// What a password is made of when nothing else is said.
const USUAL: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:-_";

/// `path length=20 chars=ascii_letters,digits`
fn password(request: &Request<'_>) -> Result<Vec<Value>, CallError> {
    let mut found = Vec::new();
    for term in request.terms {
        let term = text_of(term)?;
        let mut words = term.split_whitespace();
        let path = words.next().ok_or("a path is needed")?.to_owned();
        let mut options = request.options.clone();
        for word in words {
            let (name, value) = word.split_once('=').ok_or_else(|| format!("`{word}` is no option"))?;
            if !matches!(name, "length" | "chars" | "seed" | "encrypt" | "ident") {
                return Err(format!("there is no option `{name}`").into());
            }
            options.insert(name, value);
        }
        let length = options.get("length").map_or_else(|| "20".to_owned(), ToString::to_string);
        let length: usize =
            length.parse().ok().filter(|n| (1..=10_000).contains(n)).ok_or("`length` must be 1 to 10000")?;
        let letters = letters(options.get("chars"))?;
        let seed = options.get("seed").filter(|seed| !seed.is_null());
        let mut chance = Chance::new(seed)?;
        let mut new = String::new();
        for _ in 0..length {
            new.extend(chance.choice(&letters)?);
        }
        request.caller.mark_secret();
        let option =
            |name: &str| options.get(name).filter(|value| value.is_truthy()).map(text_of).transpose();
        let mut kept = if path == "/dev/null" { Kept::new(new) } else { Kept::read(Path::new(&path), new)? };
        let hashed = match option("encrypt")? {
            Some(kind) => kept.hashed(&kind, option("ident")?)?,
            None => kept.password.clone(),
        };
        if path != "/dev/null" {
            kept.write(Path::new(&path))?;
        }
        found.push(Value::from(hashed));
    }
    Ok(found)
}

fn letters(chars: Option<&Value>) -> Result<Vec<char>, CallError> {
    let parts: Vec<String> = match chars {
        None | Some(Value::Null) => return Ok(USUAL.chars().collect()),
        Some(Value::List(items)) => items.iter().map(text_of).collect::<Result<_, _>>()?,
        Some(one) => text_of(one)?.split(',').map(ToOwned::to_owned).collect(),
    };
    let range = |range: std::ops::RangeInclusive<char>| range.collect::<String>();
    let mut letters = String::new();
    for part in &parts {
        match part.as_str() {
            "ascii_letters" => letters.push_str(&(range('a'..='z') + &range('A'..='Z'))),
            "ascii_lowercase" => letters.push_str(&range('a'..='z')),
            "ascii_uppercase" => letters.push_str(&range('A'..='Z')),
            "digits" => letters.push_str(&range('0'..='9')),
            "hexdigits" => letters.push_str("0123456789abcdefABCDEF"),
            "punctuation" => letters.push_str("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
            other => letters.push_str(other),
        }
    }
    if letters.is_empty() { Err("`chars` has no characters".into()) } else { Ok(letters.chars().collect()) }
}

/// What stands in a file: the password, and what its hash was made with.
struct Kept {
    password: String,
    salt: Option<String>,
    ident: Option<String>,
    /// Whether the file does not say all of it yet.
    changed: bool,
}

impl Kept {
    fn new(password: String) -> Self {
        Self { password, salt: None, ident: None, changed: true }
    }

    /// `password salt=… ident=…`; a new password when there is no file.
    fn read(path: &Path, new: String) -> Result<Self, CallError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::new(new)),
            Err(error) => return Err(format!("{}: {error}", path.display()).into()),
        };
        let line = text.lines().next().unwrap_or_default();
        let cut = |line: &str, mark: &str| {
            let (before, after) = line.rsplit_once(mark)?;
            Some((before.to_owned(), after.to_owned()))
        };
        let (line, ident) =
            cut(line, " ident=").map_or((line.to_owned(), None), |(line, ident)| (line, Some(ident)));
        let (password, salt) = cut(&line, " salt=").map_or((line, None), |(line, salt)| (line, Some(salt)));
        Ok(Self { password, salt, ident, changed: false })
    }

    /// The hash of the password, always the same: what it was made with is kept.
    fn hashed(&mut self, kind: &str, ident: Option<String>) -> Result<String, CallError> {
        if self.ident.is_some() && ident.is_some() && self.ident != ident {
            return Err("the file was made with another `ident`".into());
        }
        let usual = || matches!(kind, "bcrypt" | "blowfish").then(|| "2b".to_owned());
        if self.ident.is_none() {
            self.ident = ident.or_else(usual);
            self.changed |= self.ident.is_some();
        }
        if self.salt.is_none() {
            self.salt = Some(passwords::salt(kind)?);
            self.changed = true;
        }
        let wanted = Wanted { salt: self.salt.clone(), size: None, rounds: None, ident: self.ident.clone() };
        Ok(passwords::hash(&self.password, kind, &wanted)?)
    }

    /// Only its owner can read the file.
    fn write(&self, path: &Path) -> Result<(), CallError> {
        if !self.changed {
            return Ok(());
        }
        let refuse = |error: std::io::Error| CallError::from(format!("{}: {error}", path.display()));
        if let Some(folder) = path.parent() {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(refuse)?;
        }
        let mut options = std::fs::OpenOptions::new();
        let mut file =
            options.write(true).create(true).truncate(true).mode(0o600).open(path).map_err(refuse)?;
        let part = |name: &str, value: &Option<String>| {
            value.as_ref().map(|value| format!(" {name}={value}")).unwrap_or_default()
        };
        writeln!(file, "{}{}{}", self.password, part("salt", &self.salt), part("ident", &self.ident))
            .map_err(refuse)
    }
}
