//! The magic line before the first frame, and whatever a login shell prints before it.

use super::control::PROTOCOL;

const MAGIC: &[u8] = b"BENCHBOOK-AGENT ";
/// How the line begins that an agent prints first.
pub const MAGIC_WORD: &str = "BENCHBOOK-AGENT ";
/// What a host says instead when no agent could be started there, followed by its `uname -sm` and a line feed.
pub const ABSENT: &str = "BENCHBOOK-NO-AGENT ";
/// How much may come before the magic line, in bytes.
pub const MAX_BANNER: usize = 64 * 1024;

/// The line an agent prints first.
pub fn magic_line() -> String {
    format!("BENCHBOOK-AGENT {PROTOCOL}\n")
}

/// What was found before the first frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preamble {
    /// What was printed before the magic line; shown to the user.
    pub banner: String,
    /// The protocol that the agent speaks.
    pub protocol: u32,
    /// The first bytes behind the line: frames.
    pub rest: Vec<u8>,
}

/// Looks for the magic line in bytes that come in pieces.
#[derive(Debug, Default)]
pub struct PreambleReader(Vec<u8>);

impl PreambleReader {
    /// Takes bytes; gives the preamble once the line is complete. It need not start a line: a banner may lack its last newline.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Option<Preamble>, TooMuchBanner> {
        self.0.extend_from_slice(bytes);
        let mut from = 0;
        while let Some(at) = find(&self.0[from..], MAGIC).map(|at| at + from) {
            let behind = &self.0[at + MAGIC.len()..];
            let digits = behind.iter().take_while(|b| b.is_ascii_digit()).count();
            let number = std::str::from_utf8(&behind[..digits]).ok().and_then(|d| d.parse().ok());
            match (behind.get(digits), number) {
                (Some(b'\n'), Some(protocol)) => {
                    return Ok(Some(Preamble {
                        banner: String::from_utf8_lossy(&self.0[..at]).into_owned(),
                        protocol,
                        rest: behind[digits + 1..].to_vec(),
                    }));
                }
                _ => from = at + 1,
            }
        }
        if self.0.len() > MAX_BANNER + MAGIC.len() { Err(TooMuchBanner) } else { Ok(None) }
    }

    /// What came so far, for the message when no line ever comes.
    pub fn banner(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

/// More than [`MAX_BANNER`] bytes and no magic line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {MAX_BANNER} bytes came before the agent's first line")]
pub struct TooMuchBanner;

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_comes_before_the_line_is_the_banner() {
        for piece in [1, 2, 7, 100] {
            let mut reader = PreambleReader::default();
            let text = b"Welcome to BENCHBOOK-AGENT x\nno newline BENCHBOOK-AGENT 12\nframes";
            let found = text.chunks(piece).find_map(|part| reader.push(part).unwrap()).unwrap();
            assert_eq!(
                (found.banner.as_str(), found.protocol),
                ("Welcome to BENCHBOOK-AGENT x\nno newline ", 12)
            );
            assert!(b"frames".starts_with(&found.rest));
        }
    }

    #[test]
    fn an_endless_banner_is_refused() {
        let mut reader = PreambleReader::default();
        assert_eq!((0..70).find_map(|_| reader.push(&[b'x'; 1024]).err()), Some(TooMuchBanner));
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
            let mut reader = PreambleReader::default();
            if let Ok(None) = reader.push(&bytes) {
                let found = reader.push(magic_line().as_bytes()).unwrap().unwrap();
                prop_assert_eq!(found.protocol, PROTOCOL);
            }
        }
    }
}
