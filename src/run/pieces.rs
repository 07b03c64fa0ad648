//! Text out of bytes that come in pieces: a character that a piece cuts in two waits for its other half. Knows no task.

/// One stream of bytes on its way to people.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    /// The beginning of a character, at most three bytes.
    half: Vec<u8>,
}

impl Pieces {
    /// The whole characters so far; bytes that can be none become U+FFFD.
    pub fn take(&mut self, bytes: &[u8]) -> String {
        self.half.extend_from_slice(bytes);
        let mut text = String::new();
        let mut chunks = self.half.utf8_chunks().peekable();
        let mut left = Vec::new();
        while let Some(chunk) = chunks.next() {
            text.push_str(chunk.valid());
            let invalid = chunk.invalid();
            if chunks.peek().is_none() && is_half(invalid) {
                left = invalid.to_vec();
            } else if !invalid.is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        self.half = left;
        text
    }

    /// What is left at the end of the stream.
    pub fn rest(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.half)).into_owned()
    }
}

/// Whether more bytes could make a character of these.
fn is_half(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn in_pieces(bytes: &[u8], size: usize) -> String {
        let mut pieces = Pieces::default();
        let mut text: String = bytes.chunks(size).map(|piece| pieces.take(piece)).collect();
        text += &pieces.rest();
        text
    }

    #[test]
    fn a_character_is_not_torn() {
        assert_eq!(in_pieces("12 µs → 3 🚀".as_bytes(), 1), "12 µs → 3 🚀");
        let mut pieces = Pieces::default();
        assert_eq!(pieces.take(b"a\xe2\x86"), "a");
        assert_eq!(pieces.take(b"\x92b"), "→b");
        assert_eq!(pieces.take(b"\xe2"), "");
        assert_eq!(pieces.rest(), "\u{fffd}");
    }

    proptest! {
        #[test]
        fn pieces_say_what_the_whole_says(bytes in prop::collection::vec(any::<u8>(), 0..40), size in 1_usize..9) {
            prop_assert_eq!(in_pieces(&bytes, size), String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn text_comes_through(text in ".{0,20}", size in 1_usize..5) {
            prop_assert_eq!(in_pieces(text.as_bytes(), size), text);
        }
    }
}
