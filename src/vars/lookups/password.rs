//! `password`: a random password that is kept in a file on the controller, so that every run has the same.

use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::{Lookup, Request};
use crate::base::Value;
use crate::vars::call::{CallError, text_of};

pub(super) const LOOKUPS: &[Lookup] =
    &[Lookup { name: "password", options: &["length", "chars", "seed"], run: password }];

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
            if !matches!(name, "length" | "chars" | "seed") {
                return Err(format!("there is no option `{name}`").into());
            }
            options.insert(name, value);
        }
        let length = options.get("length").map_or_else(|| "20".to_owned(), ToString::to_string);
        let length: usize =
            length.parse().ok().filter(|n| (1..=10_000).contains(n)).ok_or("`length` must be 1 to 10000")?;
        let letters = letters(options.get("chars"))?;
        let seed = options.get("seed").filter(|seed| !seed.is_null());
        let mut generator = crate::vars::filters::random::generator(seed);
        let new: String = (0..length).filter_map(|_| generator.choice(&letters).copied()).collect();
        request.caller.mark_secret();
        found.push(Value::from(if path == "/dev/null" { new } else { kept(Path::new(&path), new)? }));
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

/// The password of a file, which only its owner can read; a new one when there is none.
fn kept(path: &Path, new: String) -> Result<String, CallError> {
    let refuse = |error: std::io::Error| CallError::from(format!("{}: {error}", path.display()));
    match std::fs::read_to_string(path) {
        Ok(text) => {
            return Ok(text
                .lines()
                .next()
                .unwrap_or_default()
                .split(" salt=")
                .next()
                .unwrap_or_default()
                .to_owned());
        }
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(refuse(error)),
        Err(_) => {}
    }
    if let Some(folder) = path.parent() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(refuse)?;
    }
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(refuse)?;
    writeln!(file, "{new}").map_err(refuse)?;
    Ok(new)
}
