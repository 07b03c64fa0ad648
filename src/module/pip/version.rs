//! Versions of packages of Python and conditions on them, see PEP 440.

use std::cmp::Ordering;
use std::fmt;

/// One condition: `>=1.0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    sign: &'static str,
    version: String,
}

const SIGNS: [&str; 8] = ["===", "==", "!=", "<=", ">=", "~=", "<", ">"];

/// The conditions of `>1.0,<2`; nothing where it is something else.
pub(super) fn conditions(text: &str) -> Option<Vec<Condition>> {
    if text.trim().is_empty() {
        return Some(Vec::new());
    }
    let read = |part: &str| {
        let part = part.trim();
        let sign = SIGNS.into_iter().find(|sign| part.starts_with(sign))?;
        let version = part[sign.len()..].trim();
        let known = sign == "===" || Version::parse(version.trim_end_matches(".*")).is_some();
        known.then(|| Condition { sign, version: version.to_owned() })
    };
    text.split(',').map(read).collect()
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.sign, self.version)
    }
}

impl Condition {
    /// Whether a version meets it; versions before a release do.
    pub(super) fn fits(&self, version: &str) -> bool {
        if self.sign == "===" {
            return self.version.eq_ignore_ascii_case(version);
        }
        let (begin, is_open) =
            self.version.strip_suffix(".*").map_or((&*self.version, false), |begin| (begin, true));
        let (Some(own), Some(wanted)) = (Version::parse(version), Version::parse(begin)) else {
            return false;
        };
        // What is local counts only where it is asked for.
        let public =
            if wanted.local.is_empty() { Version { local: Vec::new(), ..own.clone() } } else { own.clone() };
        let order = public.cmp(&wanted);
        match self.sign {
            "==" if is_open => own.begins_with(&wanted, wanted.release.len()),
            "!=" if is_open => !own.begins_with(&wanted, wanted.release.len()),
            "==" => order == Ordering::Equal,
            "!=" => order != Ordering::Equal,
            "<=" => order != Ordering::Greater,
            ">=" => order != Ordering::Less,
            "~=" => {
                order != Ordering::Less && own.begins_with(&wanted, wanted.release.len().saturating_sub(1))
            }
            // What comes before a release, or after it, is not less or more than the release itself.
            "<" => order == Ordering::Less && (wanted.is_early() || !own.is_early() || !own.is_of(&wanted)),
            _ => {
                order == Ordering::Greater
                    && (wanted.after.is_some() || own.after.is_none() || !own.is_of(&wanted))
            }
        }
    }
}

/// A version; its parts are in the order in which they count.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Version {
    epoch: u64,
    release: Vec<u64>,
    before: Option<(u8, u64)>,
    after: Option<u64>,
    dev: Option<u64>,
    local: Vec<Part>,
}

/// A part of a local version: words are before numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Word(String),
    Number(u64),
}

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let (text, local) = text.split_once('+').unwrap_or((&text, ""));
        let text = text.strip_prefix('v').unwrap_or(text);
        let (epoch, mut rest) = match text.split_once('!') {
            Some((epoch, rest)) => (epoch.parse().ok()?, rest),
            None => (0, text),
        };
        let mut release = vec![number(&mut rest)?];
        while let Some(mut behind) =
            rest.strip_prefix('.').filter(|r| r.starts_with(|c: char| c.is_ascii_digit()))
        {
            release.push(number(&mut behind)?);
            rest = behind;
        }
        let mut version = Self { epoch, release, before: None, after: None, dev: None, local: Vec::new() };
        while !rest.is_empty() {
            // `1.0-1` is `1.0.post1`
            if let Some(mut behind) =
                rest.strip_prefix('-').filter(|r| r.starts_with(|c: char| c.is_ascii_digit()))
            {
                version.after = Some(number(&mut behind)?);
                rest = behind;
                continue;
            }
            rest = rest.trim_start_matches(['.', '-', '_']);
            let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            let (word, behind) = rest.split_at(end);
            let mut behind = behind.trim_start_matches(['.', '-', '_']);
            let count = number(&mut behind).unwrap_or(0);
            match word {
                "a" | "alpha" => version.before = Some((0, count)),
                "b" | "beta" => version.before = Some((1, count)),
                "c" | "rc" | "pre" | "preview" => version.before = Some((2, count)),
                "post" | "rev" | "r" => version.after = Some(count),
                "dev" => version.dev = Some(count),
                _ => return None,
            }
            rest = behind;
        }
        let part = |part: &str| part.parse().map_or_else(|_| Part::Word(part.to_owned()), Part::Number);
        version.local = local.split(['.', '-', '_']).filter(|text| !text.is_empty()).map(part).collect();
        Some(version)
    }

    /// It comes before its release.
    fn is_early(&self) -> bool {
        self.before.is_some() || self.dev.is_some()
    }

    /// The release without zeros at its end.
    fn short(&self) -> &[u64] {
        let end = self.release.iter().rposition(|n| *n != 0).map_or(0, |at| at + 1);
        &self.release[..end]
    }

    fn is_of(&self, other: &Self) -> bool {
        self.epoch == other.epoch && self.short() == other.short()
    }

    fn begins_with(&self, other: &Self, parts: usize) -> bool {
        let part = |version: &Self, at: usize| version.release.get(at).copied().unwrap_or(0);
        self.epoch == other.epoch && (0..parts).all(|at| part(self, at) == part(other, at))
    }

    fn key(&self) -> impl Ord + '_ {
        // A development version alone is before everything of its release; a release is behind what comes before it.
        let before = match (self.before, self.after, self.dev) {
            (Some((kind, count)), _, _) => (1, kind, count),
            (None, None, Some(_)) => (0, 0, 0),
            _ => (2, 0, 0),
        };
        let dev = self.dev.map_or((1, 0), |count| (0, count));
        (self.epoch, self.short(), before, self.after, dev, &self.local)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The number at the beginning, which is taken off.
fn number(text: &mut &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    *text = rest;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn versions_are_ordered_as_pep_440_says() {
        let rising = [
            "1.dev1",
            "1.0a1.dev2",
            "1.0a1",
            "1.0b2",
            "1.0rc1",
            "1.0",
            "1.0+a",
            "1.0+1",
            "1.0.post1",
            "1.1",
            "1.10",
            "1!0.1",
        ];
        let read = |text: &str| Version::parse(text).unwrap();
        for pair in rising.windows(2) {
            assert!(read(pair[0]) < read(pair[1]), "{pair:?}");
        }
        assert_eq!(read("1.0").cmp(&read("v1")), Ordering::Equal);
        assert_eq!(Version::parse("x"), None);
    }

    #[test]
    fn conditions_are_met_or_not() {
        let fits = |condition: &str, version: &str| {
            conditions(condition).unwrap().iter().all(|condition| condition.fits(version))
        };
        for (condition, version) in [
            (">1,<2", "1.5"),
            ("==1.*", "1.9"),
            ("~=1.4.2", "1.4.9"),
            ("==1.0", "1"),
            ("==1.0", "1.0+x"),
            ("!=1.*", "2"),
        ] {
            assert!(fits(condition, version), "{version} {condition}");
        }
        for (condition, version) in
            [(">1,<2", "2"), ("~=1.4.2", "1.5"), ("<1", "1a1"), (">1", "1.post1"), ("==1.*", "2")]
        {
            assert!(!fits(condition, version), "{version} {condition}");
        }
        assert_eq!(conditions("@ http://d"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "([0-9.]{1,4}|[<>=!~]{1,2}|rc|dev|post|[-_+!]|.){0,10}", version in "[0-9a-z.+!-]{0,9}") {
            for condition in conditions(&text).unwrap_or_default() {
                condition.fits(&version);
            }
        }
    }
}
