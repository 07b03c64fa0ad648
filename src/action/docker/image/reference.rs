//! Names of images: `repository`, `repository:tag`, `registry:5000/repository@sha256:…`, or an id.

/// A name of an image, split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::action::docker) struct Reference {
    /// With its registry.
    pub repository: String,
    /// A tag, or a digest.
    pub tag: String,
}

impl Reference {
    /// Splits a name; `tag` is meant when it has none.
    pub(in crate::action::docker) fn parse(name: &str, tag: &str) -> Result<Self, String> {
        let wrong = || {
            format!("`{name}` is no name of an image, such as `debian:12` or `registry:5000/team/image:1`")
        };
        if name.is_empty() || name.contains(|c: char| c.is_whitespace()) {
            return Err(wrong());
        }
        let (repository, tag) = match name.split_once('@') {
            Some((repository, digest)) if digest.contains(':') && !digest.contains('@') => {
                (repository, digest)
            }
            Some(_) => return Err(wrong()),
            // The colon of a registry's port has a slash behind it.
            None => match name.rsplit_once(':') {
                Some((repository, tag)) if !tag.contains('/') => (repository, tag),
                _ => (name, tag),
            },
        };
        if repository.is_empty() || tag.is_empty() {
            return Err(wrong());
        }
        Ok(Self { repository: repository.to_owned(), tag: tag.to_owned() })
    }

    /// Whether the tag is a digest, so that nobody can give that name.
    pub(in crate::action::docker) fn is_digest(&self) -> bool {
        self.tag.contains(':')
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let between = if self.is_digest() { '@' } else { ':' };
        write!(f, "{}{between}{}", self.repository, self.tag)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_forms() {
        let read = |name| Reference::parse(name, "latest").map(|r| (r.repository, r.tag));
        let is = |repository: &str, tag: &str| Ok((repository.to_owned(), tag.to_owned()));
        assert_eq!(read("debian"), is("debian", "latest"));
        assert_eq!(read("debian:12"), is("debian", "12"));
        assert_eq!(read("host:5000/a/b"), is("host:5000/a/b", "latest"));
        assert_eq!(read("host:5000/a/b:1"), is("host:5000/a/b", "1"));
        assert_eq!(read("a@sha256:12"), is("a", "sha256:12"));
        for wrong in ["", ":1", "a:", "a b"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_as_the_same(name in "[a-z:/@.0-9]{1,20}") {
            if let Ok(read) = Reference::parse(&name, "latest") {
                prop_assert_eq!(Reference::parse(&read.to_string(), "other"), Ok(read));
            }
        }
    }
}
