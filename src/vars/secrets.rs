//! Secrets that templates of a run have touched, so that nobody repeats them: what a command prints, what a module answers.
//!
//! Known are decrypted values, and what an encrypted file gives a name of a password. Other things in encrypted files (a port,
//! a user) are common words: to hide them wherever they stand would make logs unreadable and figures wrong.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError, RwLock};

use crate::base::secret::WHOLE;
use crate::base::value::MASK;
use crate::base::{Key, Map, Secret, Value};

/// Shorter ones are found in everything.
const SHORTEST: usize = 4;

/// Secret texts, longest first.
#[derive(Debug, Default)]
pub struct Secrets(RwLock<Arc<[Secret]>>);

/// What is held back of a stream of bytes: it may be the beginning of a secret.
#[derive(Debug, Default)]
pub struct Veil(Vec<u8>);

impl Secrets {
    /// From now on nobody repeats this text. Of several lines, none is repeated.
    pub fn note(&self, text: &str) {
        let whole = text.trim();
        let lines = whole.lines().map(str::trim).filter(|_| whole.contains('\n'));
        let new: Vec<Secret> = lines
            .chain([whole])
            .filter(|part| part.len() >= SHORTEST && !self.all().iter().any(|known| known.reveal() == *part))
            .map(Secret::from)
            .collect();
        if new.is_empty() {
            return;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<Secret> = known.iter().cloned().chain(new).collect();
        all.sort_by_key(|secret| std::cmp::Reverse(secret.reveal().len()));
        all.dedup();
        *known = all.into();
    }

    /// The same of a text, or of a number by its digits.
    pub fn note_value(&self, value: &Value) {
        match value {
            Value::String(text) => self.note(text.as_str()),
            Value::Int(_) | Value::Float(_) => self.note(&value.to_string()),
            _ => {}
        }
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.all().is_empty()
    }

    fn all(&self) -> Arc<[Secret]> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A text for people, with a mask in the place of each secret.
    pub fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.all().iter().fold(Cow::Borrowed(text), |text, secret| {
            if text.contains(secret.reveal()) { text.replace(secret.reveal(), MASK).into() } else { text }
        })
    }

    /// Marks every text in a mapping that repeats a secret, and every number that is one; they stay what they are, for the
    /// playbook to use.
    pub fn mark(&self, map: &mut Map) {
        let all = self.all();
        if all.is_empty() {
            return;
        }
        let found: Vec<_> = map.iter().filter(|(_, value)| repeats(value, &all)).collect();
        let found: Vec<_> =
            found.into_iter().map(|(key, value)| (key.clone(), marked(value, &all))).collect();
        for (key, value) in found {
            map.insert(key, value);
        }
    }

    fn blotted_text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let is_whole = self.all().iter().any(|secret| text == secret.reveal());
        if is_whole { WHOLE.to_owned().into() } else { self.hide(text) }
    }

    /// The value with masks in the place of secrets, in keys of what is inside as well: nobody can use them any more.
    pub fn blotted(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => match self.blotted_text(text.as_str()) {
                Cow::Borrowed(_) => value.clone(),
                Cow::Owned(masked) => masked.into(),
            },
            Value::List(items) => Value::list(items.iter().map(|item| self.blotted(item)).collect()),
            Value::Map(map) => {
                let key = |key: &Key| match key.as_str().map(|text| self.blotted_text(text)) {
                    Some(Cow::Owned(masked)) => masked.as_str().into(),
                    _ => key.clone(),
                };
                map.iter().map(|(name, value)| (key(name), self.blotted(value))).collect::<Map>().into()
            }
            other => other.clone(),
        }
    }
}

fn repeats(value: &Value, secrets: &[Secret]) -> bool {
    match value {
        Value::String(text) => {
            !text.is_secret() && secrets.iter().any(|secret| text.as_str().contains(secret.reveal()))
        }
        Value::Int(_) | Value::Float(_) => {
            let digits = value.to_string();
            secrets.iter().any(|secret| secret.reveal() == digits)
        }
        Value::List(items) => items.iter().any(|item| repeats(item, secrets)),
        Value::Map(map) => map.values().any(|item| repeats(item, secrets)),
        _ => false,
    }
}

fn marked(value: &Value, secrets: &[Secret]) -> Value {
    match value {
        Value::String(_) | Value::Int(_) | Value::Float(_) if repeats(value, secrets) => {
            value.clone().into_secret()
        }
        Value::List(items) => Value::list(items.iter().map(|item| marked(item, secrets)).collect()),
        Value::Map(map) => map.iter().map(|(k, v)| (k.clone(), marked(v, secrets))).collect::<Map>().into(),
        other => other.clone(),
    }
}

impl Veil {
    /// What of a stream may be shown and kept now. A secret becomes as many asterisks, so that places in a log stay true.
    pub fn take<'b>(&mut self, bytes: &'b [u8], secrets: &Secrets) -> Cow<'b, [u8]> {
        let all = secrets.all();
        if all.is_empty() && self.0.is_empty() {
            return bytes.into();
        }
        let mut all_bytes = std::mem::take(&mut self.0);
        all_bytes.extend_from_slice(bytes);
        for secret in all.iter() {
            cover(&mut all_bytes, secret.reveal().as_bytes());
        }
        let held = all.iter().map(|secret| begun(&all_bytes, secret.reveal().as_bytes())).max().unwrap_or(0);
        self.0 = all_bytes.split_off(all_bytes.len() - held);
        all_bytes.into()
    }

    /// What is left at the end of the stream.
    pub fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }
}

/// Puts asterisks in the place of a secret.
fn cover(bytes: &mut [u8], secret: &[u8]) {
    let mut from = 0;
    while let Some(at) = bytes[from..].windows(secret.len()).position(|window| window == secret) {
        bytes[from + at..from + at + secret.len()].fill(b'*');
        from += at + secret.len();
    }
}

/// How many bytes at the end could be the beginning of a secret.
fn begun(bytes: &[u8], secret: &[u8]) -> usize {
    (1..secret.len().min(bytes.len() + 1))
        .rev()
        .find(|length| bytes.ends_with(&secret[..*length]))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn known(secrets: &[&str]) -> Secrets {
        let known = Secrets::default();
        for secret in secrets {
            known.note(secret);
        }
        known
    }

    #[test]
    fn what_repeats_a_secret_is_marked_and_masked() {
        let secrets = known(&["hunter2", "4711", "abc", "-----BEGIN\nMIIEpAIBAAK\n-----END"]);
        assert_eq!(secrets.hide("login hunter2 abc"), "login ******** abc");
        assert_eq!(secrets.hide("key MIIEpAIBAAK"), "key ********");
        let mut map = Map::from_iter([
            ("stdout", Value::from("it is hunter2")),
            ("cmd", Value::list(vec!["echo".into(), "hunter2".into()])),
            ("rc", 0.into()),
            ("pin", 4711.into()),
        ]);
        secrets.mark(&mut map);
        assert_eq!(
            serde_json::to_string(&map).unwrap(),
            r#"{"stdout":"********","cmd":["echo","********"],"rc":0,"pin":"********"}"#
        );
        assert_eq!(map.get("stdout").and_then(Value::as_str), Some("it is hunter2"));
    }

    proptest! {
        #[test]
        fn no_secret_comes_through_however_the_stream_is_cut(
            parts in prop::collection::vec(prop_oneof![Just("hunter2"), Just("hunt"), Just("hunhunter"), Just("er2 ")], 0..8),
            size in 1_usize..9,
        ) {
            let secrets = known(&["hunter2"]);
            let text = parts.concat();
            let (mut veil, mut out) = (Veil::default(), Vec::new());
            for piece in text.as_bytes().chunks(size) {
                out.extend_from_slice(&veil.take(piece, &secrets));
            }
            out.extend(veil.rest());
            prop_assert_eq!(out.len(), text.len());
            prop_assert_eq!(String::from_utf8(out).unwrap(), text.replace("hunter2", "*******"));
        }
    }
}
