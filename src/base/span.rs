//! Places in the user's files.
//!
//! Everything that was read from a file carries a [`Span`], so that an error about it cannot lack a place.

use std::fmt;
use std::sync::{Arc, OnceLock};

/// One text that was read: a file, or words given on the command line.
pub struct Source {
    name: String,
    text: String,
    lines: OnceLock<Vec<u32>>,
    secret: bool,
}

impl Source {
    /// A text under the name that messages show: a path as the user would type it, or `<command line>`.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), text: text.into(), lines: OnceLock::new(), secret: false })
    }

    /// A text that was encrypted: messages say the place, and do not show what stands there.
    pub fn secret(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), text: text.into(), lines: OnceLock::new(), secret: true })
    }

    /// Whether the text must not be shown.
    pub fn is_secret(&self) -> bool {
        self.secret
    }

    /// The name that messages show.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte offset, both counted from 1; the column counts characters.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let offset = offset.min(self.text.len());
        let (line, start) = self.line(offset);
        let column = self.text.get(start..offset).map_or(offset - start, |t| t.chars().count());
        (line, column + 1)
    }

    /// The line of a byte offset, counted from 1, and where it begins.
    fn line(&self, offset: usize) -> (usize, usize) {
        let starts = self.lines.get_or_init(|| {
            let newlines = self.text.bytes().enumerate().filter(|(_, b)| *b == b'\n');
            std::iter::once(0).chain(newlines.map(|(i, _)| narrow(i + 1))).collect()
        });
        let line = starts.partition_point(|s| *s as usize <= offset);
        (line, starts[line - 1] as usize)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({})", self.name)
    }
}

/// A range of bytes in a [`Source`].
#[derive(Clone)]
pub struct Span {
    source: Arc<Source>,
    start: u32,
    end: u32,
}

impl Span {
    /// The bytes `start..end` of `source`.
    pub fn new(source: &Arc<Source>, start: usize, end: usize) -> Self {
        Self { source: Arc::clone(source), start: narrow(start), end: narrow(end.max(start)) }
    }

    /// A place for words that stand in no file; messages show `name` alone.
    pub fn nowhere(name: &str) -> Self {
        Self::new(&Source::new(name, ""), 0, 0)
    }

    /// The whole of a text, such as one argument of the command line.
    pub fn whole(name: &str, text: &str) -> Self {
        Self::new(&Source::new(name, text), 0, text.len())
    }

    /// The text this place is in.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The bytes of the source that are meant.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The part `range` of this place, in bytes from its start; cut to its end.
    #[must_use]
    pub fn part(&self, range: std::ops::Range<usize>) -> Self {
        let start = (self.start as usize + range.start).min(self.end as usize);
        let end = (self.start as usize + range.end).min(self.end as usize);
        Self::new(&self.source, start, end)
    }

    /// Whether it is all of its source.
    pub fn is_whole(&self) -> bool {
        self.range() == (0..self.source.text().len())
    }

    /// The same with the quotes around it, if there are any.
    #[must_use]
    pub fn with_quotes(&self) -> Self {
        let bytes = self.source.text().as_bytes();
        let (start, end) = (self.start as usize, self.end as usize);
        let quote = start.checked_sub(1).and_then(|before| bytes.get(before)).filter(|b| b"'\"".contains(b));
        match quote {
            Some(quote) if bytes.get(end) == Some(quote) => Self::new(&self.source, start - 1, end + 1),
            _ => self.clone(),
        }
    }

    /// The line the place starts on, from 1.
    pub fn line(&self) -> usize {
        self.source.line(self.start as usize).0
    }

    /// The column the place starts at, from 1, in characters.
    pub fn column(&self) -> usize {
        self.source.line_column(self.start as usize).1
    }

    /// The text that stands there.
    pub fn text(&self) -> &str {
        self.source.text().get(self.range()).unwrap_or("")
    }

    /// `file:line`, the short form that reports and the plan use.
    pub fn file_line(&self) -> String {
        // Every step on every host has one, and `format!` takes its time.
        [self.source.name(), ":", &self.line().to_string()].concat()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.source.text().is_empty() {
            return f.write_str(self.source.name());
        }
        let (line, column) = self.source.line_column(self.start as usize);
        write!(f, "{}:{line}:{column}", self.source.name())
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Where a value stands is no part of what it is.
impl PartialEq for Span {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Span {}

fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}
