//! One text of several, as `assemble` puts it together, on the controller or on the target.

/// All of them in this order. A line end comes after one that has none, and the delimiter between two.
pub fn join(
    fragments: impl IntoIterator<Item = Vec<u8>>,
    delimiter: Option<&str>,
) -> Result<Vec<u8>, String> {
    let mut delimiter = unescape(delimiter.unwrap_or_default())?;
    if !delimiter.is_empty() && !delimiter.ends_with(b"\n") {
        delimiter.push(b'\n');
    }
    let mut whole = Vec::new();
    let (mut is_first, mut is_open) = (true, false);
    for fragment in fragments {
        if is_open {
            whole.push(b'\n');
        }
        if !is_first {
            whole.extend_from_slice(&delimiter);
        }
        (is_first, is_open) = (false, !fragment.ends_with(b"\n"));
        whole.extend(fragment);
    }
    Ok(whole)
}

/// The escapes of Python's byte strings: `\n`, `\x41`, `\101`; others stay as they are.
fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let (b'\\', Some((escape, after))) = (byte, rest.split_first()) else {
            out.push(*byte);
            continue;
        };
        rest = after;
        let simple = match escape {
            b'n' => Some(b'\n'),
            b't' => Some(b'\t'),
            b'r' => Some(b'\r'),
            b'a' => Some(7),
            b'b' => Some(8),
            b'f' => Some(12),
            b'v' => Some(11),
            b'\\' | b'\'' | b'"' => Some(*escape),
            _ => None,
        };
        let number = |digits: &[u8], radix| {
            std::str::from_utf8(digits).ok().and_then(|digits| u16::from_str_radix(digits, radix).ok())
        };
        match (escape, simple) {
            (_, Some(byte)) => out.push(byte),
            (b'\n', _) => {}
            (b'x', _) => {
                let value = rest.get(..2).and_then(|digits| number(digits, 16));
                let value = value.ok_or_else(|| format!("`{text}` has an \\x without two digits"))?;
                out.push(value.to_be_bytes()[1]);
                rest = &rest[2..];
            }
            (b'0'..=b'7', _) => {
                let more = rest.iter().take(2).take_while(|b| (b'0'..=b'7').contains(b)).count();
                let digits = [&[*escape], &rest[..more]].concat();
                out.push(number(&digits, 8).unwrap_or_default().to_be_bytes()[1]);
                rest = &rest[more..];
            }
            _ => out.extend([b'\\', *escape]),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fragments_do_not_run_together() {
        let joined = |delimiter| {
            let parts = ["a", "b\n", "c"].map(|part| part.as_bytes().to_vec());
            join(parts, delimiter).map(|bytes| String::from_utf8(bytes).unwrap())
        };
        assert_eq!(joined(None), Ok("a\nb\nc".to_owned()));
        assert_eq!(joined(Some("-")), Ok("a\n-\nb\n-\nc".to_owned()));
        assert_eq!(joined(Some(r"\x2d\055\n")), Ok("a\n--\nb\n--\nc".to_owned()));
        assert!(joined(Some(r"\x2")).is_err());
    }

    proptest! {
        #[test]
        fn no_delimiter_makes_it_panic(text in r"[\\x0-9nq]{0,8}|.{0,6}") {
            let _ = unescape(&text);
        }
    }
}
