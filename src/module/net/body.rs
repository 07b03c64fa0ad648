//! What follows the head of an answer: so many bytes, pieces with their lengths, or all there is.

use std::io::{self, BufRead, Error, ErrorKind, Read};

/// How the end is known.
#[derive(Debug)]
pub(super) enum Length {
    /// So many bytes are left.
    Bytes(u64),
    /// In pieces; so many bytes are left of this one, whose end is to be read unless it is the first.
    Pieces { left: u64, is_first: bool },
    /// The stream ends.
    Stream,
}

/// Bytes up to their end.
pub(super) struct Body<R> {
    pub stream: R,
    pub length: Length,
}

impl<R: BufRead> Read for Body<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        if let Length::Pieces { left: 0, is_first } = self.length {
            let left = piece(&mut self.stream, is_first)?;
            self.length = if left == 0 { Length::Bytes(0) } else { Length::Pieces { left, is_first: false } };
        }
        let left = match &mut self.length {
            Length::Stream => {
                return match self.stream.read(bytes) {
                    // A server that ends TLS without a word.
                    Err(e) if e.kind() == ErrorKind::UnexpectedEof => Ok(0),
                    other => other,
                };
            }
            Length::Bytes(left) | Length::Pieces { left, .. } => left,
        };
        let most = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
        if most == 0 {
            return Ok(0);
        }
        match self.stream.read(&mut bytes[..most])? {
            0 => {
                Err(Error::new(ErrorKind::UnexpectedEof, format!("the answer ended {left} bytes too early")))
            }
            n => {
                *left -= n as u64;
                Ok(n)
            }
        }
    }
}

/// The length of the next piece. Behind the last one stand headers that nobody wants.
fn piece(stream: &mut impl BufRead, is_first: bool) -> io::Result<u64> {
    if !is_first {
        line(stream)?;
    }
    let said = line(stream)?;
    let digits = said.split(';').next().unwrap_or_default().trim();
    let length = u64::from_str_radix(digits, 16)
        .map_err(|_| Error::new(ErrorKind::InvalidData, "a piece of the answer has no length"))?;
    if length == 0 {
        while !line(stream)?.is_empty() {}
    }
    Ok(length)
}

/// A line without its end, of at most 64 KiB.
pub(super) fn line(stream: &mut impl BufRead) -> io::Result<String> {
    const LONGEST: u64 = 64 * 1024;
    let mut bytes = Vec::new();
    stream.take(LONGEST).read_until(b'\n', &mut bytes)?;
    match bytes.last() {
        Some(b'\n') => {}
        Some(_) if bytes.len() as u64 == LONGEST => {
            return Err(Error::new(ErrorKind::InvalidData, "a line of the answer is too long"));
        }
        _ => return Err(ErrorKind::UnexpectedEof.into()),
    }
    let text = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    // As Python reads headers, which have no other bytes as a rule.
    Ok(match std::str::from_utf8(text) {
        Ok(text) => text.to_owned(),
        Err(_) => text.iter().map(|byte| char::from(*byte)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, length: Length) -> (String, Option<ErrorKind>) {
        let mut body = Body { stream: text.as_bytes(), length };
        let mut out = Vec::new();
        let error = body.read_to_end(&mut out).err();
        (String::from_utf8(out).unwrap(), error.map(|error| error.kind()))
    }

    #[test]
    fn bodies_end_where_they_should() {
        let pieces = || Length::Pieces { left: 0, is_first: true };
        assert_eq!(read("abcd", Length::Bytes(3)), ("abc".into(), None));
        assert_eq!(read("ab", Length::Bytes(3)), ("ab".into(), Some(ErrorKind::UnexpectedEof)));
        assert_eq!(read("abcd", Length::Stream), ("abcd".into(), None));
        assert_eq!(read("3;x\r\nabc\r\n1\r\nd\r\n0\r\nA: b\r\n\r\nrest", pieces()), ("abcd".into(), None));
        assert_eq!(read("3\r\nab", pieces()), ("ab".into(), Some(ErrorKind::UnexpectedEof)));
        assert_eq!(read("x\r\n", pieces()), (String::new(), Some(ErrorKind::InvalidData)));
    }
}
