//! How packages are named in tasks (`foo=1.*`, `foo>=1.0`), and which of two versions is newer.

use std::cmp::Ordering;

/// A package as a task names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named<'a> {
    /// The package, with its architecture where that is said.
    pub name: &'a str,
    /// What its version must be.
    pub version: Wanted<'a>,
}

/// What a version must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted<'a> {
    /// Any.
    Any,
    /// Like this, which may be a pattern.
    Like(&'a str),
    /// This or newer.
    AtLeast(&'a str),
}

impl<'a> Named<'a> {
    pub(super) fn parse(text: &'a str) -> Self {
        match text.split_once('=') {
            None => Self { name: text, version: Wanted::Any },
            Some((name, version)) => match name.strip_suffix('>') {
                Some(name) => Self { name, version: Wanted::AtLeast(version) },
                None => Self { name, version: Wanted::Like(version) },
            },
        }
    }
}

/// Which version is newer, by the rules of deb-version(7).
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let parts = |text: &str| {
        let (epoch, rest) = text.split_once(':').unwrap_or(("0", text));
        let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, "0"));
        (epoch.to_owned(), upstream.to_owned(), revision.to_owned())
    };
    let ((a1, a2, a3), (b1, b2, b3)) = (parts(a), parts(b));
    part(&a1, &b1).then_with(|| part(&a2, &b2)).then_with(|| part(&a3, &b3))
}

/// Text and numbers in turn; a tilde is before everything, even the end, and letters are before other signs.
fn part(a: &str, b: &str) -> Ordering {
    let order = |c: Option<&u8>| match c {
        Some(b'~') => -1,
        None => 0,
        Some(c) if c.is_ascii_digit() => 0,
        Some(c) if c.is_ascii_alphabetic() => i32::from(*c),
        Some(c) => i32::from(*c) + 256,
    };
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    while !a.is_empty() || !b.is_empty() {
        let is_text = |text: &[u8]| text.first().is_some_and(|c| !c.is_ascii_digit());
        while is_text(a) || is_text(b) {
            match order(a.first()).cmp(&order(b.first())) {
                Ordering::Equal => (a, b) = (a.get(1..).unwrap_or_default(), b.get(1..).unwrap_or_default()),
                other => return other,
            }
        }
        let number = |text: &[u8]| text.iter().take_while(|c| c.is_ascii_digit()).count();
        let (n, m) = (number(a), number(b));
        let digits = |text: &[u8]| {
            let zeros = text.iter().take_while(|c| **c == b'0').count();
            (text.len() - zeros, text[zeros..].to_vec())
        };
        match digits(&a[..n]).cmp(&digits(&b[..m])) {
            Ordering::Equal => (a, b) = (&a[n..], &b[m..]),
            other => return other,
        }
    }
    Ordering::Equal
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_cut_at_their_condition() {
        assert_eq!(Named::parse("foo").version, Wanted::Any);
        assert_eq!(Named::parse("foo=1.*"), Named { name: "foo", version: Wanted::Like("1.*") });
        assert_eq!(Named::parse("foo>=2:1"), Named { name: "foo", version: Wanted::AtLeast("2:1") });
    }

    #[test]
    fn versions_are_ordered_as_dpkg_does() {
        let rising = ["1.0~rc1", "1.0", "1.0-1", "1.0-1+b1", "1.0a", "1.0+dfsg", "1.2", "1.10", "1:0.1"];
        for pair in rising.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{pair:?}");
            assert_eq!(compare(pair[1], pair[0]), Ordering::Greater, "{pair:?}");
        }
        assert_eq!(compare("1.00-1", "0:1.0-01"), Ordering::Equal);
    }

    proptest! {
        #[test]
        fn it_is_an_order(a in "[0-9a-z.+~:-]{0,12}", b in "[0-9a-z.+~:-]{0,12}") {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            prop_assert_eq!(compare(&a, &a), Ordering::Equal);
        }
    }
}
