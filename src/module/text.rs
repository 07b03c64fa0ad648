//! Files of text of any encoding: read as UTF-8, and bytes that are none come back as they were.

/// Bytes that are no UTF-8 stand for themselves as characters from here on, which no text has: they are private.
const FOREIGN: u32 = 0x10_FF00;

/// The text of bytes.
pub fn decode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().filter_map(|byte| char::from_u32(FOREIGN + u32::from(*byte))));
    }
    text
}

/// The bytes that were [`decode`]d.
pub fn encode(text: &str) -> Vec<u8> {
    if !text.chars().any(|c| u32::from(c) >= FOREIGN) {
        return text.as_bytes().to_vec();
    }
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match u32::from(c).checked_sub(FOREIGN).and_then(|byte| u8::try_from(byte).ok()) {
            Some(byte) if byte >= 0x80 => bytes.push(byte),
            _ => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

/// Lines with their ends, as Python's `bytes.splitlines(True)`: `\n`, `\r\n` and `\r` end one.
pub fn lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['\n', '\r']) {
        let end = at + if rest[at..].starts_with("\r\n") { 2 } else { 1 };
        lines.push(rest[..end].to_owned());
        rest = &rest[end..];
    }
    if !rest.is_empty() {
        lines.push(rest.to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_keep_their_ends() {
        assert_eq!(lines("a\r\nb\rc\n\nd"), ["a\r\n", "b\r", "c\n", "\n", "d"]);
        assert!(lines("").is_empty());
    }

    proptest! {
        #[test]
        fn bytes_come_back(bytes in proptest::collection::vec(0_u8..=255, 0..40)) {
            let text = decode(&bytes);
            prop_assert_eq!(lines(&text).concat(), text.clone());
            prop_assert_eq!(encode(&text), bytes);
        }
    }
}
