//! Splits a command line into words as a POSIX shell would, without expanding anything (Python's `shlex.split`).

/// Why a line cannot be split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// A quotation mark has no partner.
    #[error("no closing quotation")]
    OpenQuote,
    /// The line ends in a backslash.
    #[error("no escaped character")]
    LoneBackslash,
}

/// The words of a line: blanks separate, quotes and backslashes protect.
pub fn split(line: &str) -> Result<Vec<String>, SplitError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\\' => word.get_or_insert_default().push(chars.next().ok_or(SplitError::LoneBackslash)?),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next().ok_or(SplitError::OpenQuote)? {
                        '\'' => break,
                        c => word.push(c),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next().ok_or(SplitError::OpenQuote)? {
                        '"' => break,
                        '\\' if matches!(chars.peek(), Some('"' | '\\')) => word.extend(chars.next()),
                        c => word.push(c),
                    }
                }
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// One word as a shell would need it written.
pub fn quote(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    if !word.is_empty() && word.chars().all(safe) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\"'\"'"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_split_as_python_does() {
        let cases: [(&str, &[&str]); 9] = [
            ("a b  c", &["a", "b", "c"]),
            ("", &[]),
            ("''", &[""]),
            (r#"echo "hi there" 'a "b"'"#, &["echo", "hi there", r#"a "b""#]),
            (r"a\ b c\'d", &["a b", "c'd"]),
            (r#""a\"b\\c\d""#, &[r#"a"b\c\d"#]),
            ("a'b'\"c\"d", &["abcd"]),
            ("a # b", &["a", "#", "b"]),
            ("x\ny\tz", &["x", "y", "z"]),
        ];
        for (line, words) in cases {
            assert_eq!(split(line).unwrap(), words, "{line}");
        }
        assert_eq!(split("it's"), Err(SplitError::OpenQuote));
        assert_eq!(split("a\\"), Err(SplitError::LoneBackslash));
    }

    proptest! {
        #[test]
        fn no_line_makes_it_panic(line in ".{0,24}|['\"\\\\ a]{0,12}") {
            let _ = split(&line);
        }

        #[test]
        fn quoted_words_come_back(words in proptest::collection::vec(".{0,8}", 0..5)) {
            let line = words.iter().map(|w| quote(w)).collect::<Vec<_>>().join(" ");
            prop_assert_eq!(split(&line).unwrap(), words);
        }
    }
}
