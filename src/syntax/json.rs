//! JSON to the events that YAML gives. Ansible reads a text that is JSON as JSON, whatever its file is called: there `1e3` is a
//! number, and what is encrypted is `{"__ansible_vault": "…"}`.
//!
//! A text that is no JSON is nobody's error here: YAML says what is wrong with it.

use std::ops::Range;

use super::Style;
use super::builder::Builder;
use crate::base::Diagnostic;

/// Collections may stand in each other this deep.
const NESTING: usize = 200;

/// Keys that say what the only text below them is, and the tag that says so in YAML.
const MARKS: [(&str, &str); 2] = [("__ansible_vault", "!vault"), ("__ansible_unsafe", "!unsafe")];

/// What a text consists of.
enum Token {
    Open { mapping: bool, range: Range<usize> },
    Close(Range<usize>),
    Text { text: String, tag: Option<&'static str>, range: Range<usize> },
    Word { is_float: bool, range: Range<usize> },
}

/// Gives a text that is a mapping or a list in JSON to `builder`; whether it is one.
pub(super) fn read(text: &str, builder: &mut Builder<'_>) -> Result<bool, Diagnostic> {
    if !text.trim_ascii_start().starts_with(['{', '[']) {
        return Ok(false);
    }
    let mut reader = Reader { text, at: 0, depth: 0, tokens: Vec::new() };
    if reader.whole().is_none() {
        return Ok(false);
    }
    for token in reader.tokens {
        match token {
            Token::Open { mapping, range } => builder.open(mapping, 0, None, range)?,
            Token::Close(range) => builder.close(range)?,
            Token::Text { text, tag, range } => {
                let tag = tag.map(|tag| (tag.to_owned(), range.start..range.start));
                builder.scalar(&text, Style::DoubleQuoted, 0, &tag, range)?;
            }
            Token::Word { is_float, range } => {
                let tag = is_float.then(|| ("tag:yaml.org,2002:float".to_owned(), range.start..range.start));
                builder.scalar(&text[range.clone()], Style::Plain, 0, &tag, range)?;
            }
        }
    }
    Ok(true)
}

/// Reads by RFC 8259; nothing where that is not followed.
struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    tokens: Vec<Token>,
}

impl Reader<'_> {
    fn whole(&mut self) -> Option<()> {
        self.value()?;
        self.blanks();
        (self.at == self.text.len()).then_some(())
    }

    fn blanks(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|b| b" \t\r\n".contains(b)).count();
    }

    /// Takes a byte, if it is that one.
    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.text.as_bytes().get(self.at) == Some(&byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn value(&mut self) -> Option<()> {
        self.blanks();
        match self.text.as_bytes().get(self.at)? {
            b'{' => self.marked().or_else(|| self.collection(true)),
            b'[' => self.collection(false),
            b'"' => self.string(None, self.at),
            _ => self.word(),
        }
    }

    /// `{"__ansible_vault": "…"}` and its kind; leaves everything as it was when it is something else.
    fn marked(&mut self) -> Option<()> {
        let (start, count) = (self.at, self.tokens.len());
        let found = self.mark(start);
        if found.is_none() {
            self.at = start;
            self.tokens.truncate(count);
        }
        found
    }

    fn mark(&mut self, start: usize) -> Option<()> {
        self.at += 1;
        self.blanks();
        let rest = self.text[self.at..].strip_prefix('"')?;
        let (key, tag) = MARKS
            .into_iter()
            .find(|(key, _)| rest.strip_prefix(key).is_some_and(|rest| rest.starts_with('"')))?;
        self.at += key.len() + 2;
        self.blanks();
        if !self.take(b':') {
            return None;
        }
        self.blanks();
        self.string(Some(tag), start)?;
        self.blanks();
        if !self.take(b'}') {
            return None;
        }
        if let Some(Token::Text { range, .. }) = self.tokens.last_mut() {
            range.end = self.at;
        }
        Some(())
    }

    fn collection(&mut self, mapping: bool) -> Option<()> {
        let end = if mapping { b'}' } else { b']' };
        self.depth += 1;
        if self.depth > NESTING {
            return None;
        }
        self.tokens.push(Token::Open { mapping, range: self.at..self.at + 1 });
        self.at += 1;
        self.blanks();
        let mut is_first = true;
        while !self.take(end) {
            if !is_first && !self.take(b',') {
                return None;
            }
            is_first = false;
            self.blanks();
            if mapping {
                self.string(None, self.at)?;
                self.blanks();
                if !self.take(b':') {
                    return None;
                }
            }
            self.value()?;
            self.blanks();
        }
        self.depth -= 1;
        self.tokens.push(Token::Close(self.at - 1..self.at));
        Some(())
    }

    fn string(&mut self, tag: Option<&'static str>, start: usize) -> Option<()> {
        let mut end = self.at + 1;
        let bytes = self.text.as_bytes();
        while *bytes.get(end)? != b'"' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        let written = self.text.get(self.at..=end)?;
        // Escapes, surrogates and control characters: as the library reads them.
        let text = serde_json::from_str(written).ok()?;
        self.at = end + 1;
        self.tokens.push(Token::Text { text, tag, range: start..self.at });
        Some(())
    }

    /// A number, or one of the three words.
    fn word(&mut self) -> Option<()> {
        let rest = &self.text[self.at..];
        let length =
            rest.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c)).unwrap_or(rest.len());
        let word = &rest[..length];
        let is_name = matches!(word, "true" | "false" | "null");
        if !is_name {
            serde_json::from_str::<serde_json::Number>(word).ok()?;
        }
        let range = self.at..self.at + length;
        self.at = range.end;
        self.tokens.push(Token::Word { is_float: !is_name && word.contains(['.', 'e', 'E']), range });
        Some(())
    }
}
