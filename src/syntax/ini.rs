//! Ansible's INI inventories as text: sections, host lines, children, variables, each with its place.
//!
//! What a host pattern with a range means, and what a group is, stands elsewhere. Values are typed by Python's literal rules
//! (`a=5` is an integer, `b=yes` a string), as in Ansible.

use std::ops::Range;
use std::sync::Arc;

use super::literal;
use crate::base::{Diagnostic, Diagnostics, Source, Span, Spanned, Value};

/// A word without its quotes.
pub type Word = Spanned<Arc<str>>;

/// `key=value`.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// The name.
    pub key: Word,
    /// The typed value.
    pub value: Spanned<Value>,
}

/// What a section is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Section {
    /// Lines before the first section, and `[group]`.
    Hosts(Vec<HostLine>),
    /// `[group:children]`
    Children(Vec<Word>),
    /// `[group:vars]`
    Vars(Vec<Assignment>),
}

/// A line that names one host, or several by a range, with their variables.
#[derive(Clone, Debug, PartialEq)]
pub struct HostLine {
    /// The name as written: `n[01:10]:2222`.
    pub name: Word,
    /// Variables of each of these hosts.
    pub vars: Vec<Assignment>,
}

/// Sections in the order of the text; the group is `None` for the lines before the first one.
pub type Sections = Vec<(Option<Word>, Section)>;

/// Reads a text. All wrong lines are told together.
pub fn parse(source: &Arc<Source>) -> Result<Sections, Diagnostics> {
    let mut wrong = Diagnostics::new();
    let mut sections: Sections = vec![(None, Section::Hosts(Vec::new()))];
    let mut start = 0;
    // Below a wrong header nobody knows what a line should be.
    let mut lost = false;
    for line in source.text().split_inclusive('\n') {
        let blanks = line.len() - line.trim_start().len();
        let words = line.trim();
        let at = start + blanks;
        start += line.len();
        if words.is_empty() || words.starts_with(['#', ';']) {
            continue;
        }
        let line = Line { source, at, words };
        if words.starts_with('[') {
            let section = wrong.keep(line.header());
            lost = section.is_none();
            sections.extend(section);
            continue;
        }
        if lost {
            continue;
        }
        let added = match sections.last_mut().map(|(_, section)| section) {
            Some(Section::Hosts(hosts)) => line.host().map(|h| hosts.push(h)),
            Some(Section::Children(names)) => line.child().map(|n| names.push(n)),
            Some(Section::Vars(vars)) => line.variable().map(|v| vars.push(v)),
            None => Ok(()),
        };
        wrong.keep(added);
    }
    if wrong.has_errors() { Err(wrong) } else { Ok(sections) }
}

/// A line without the blanks around it.
struct Line<'a> {
    source: &'a Arc<Source>,
    at: usize,
    words: &'a str,
}

impl Line<'_> {
    fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.source, self.at + range.start, self.at + range.end)
    }

    fn word(&self, range: Range<usize>) -> Word {
        Spanned::new(Arc::from(&self.words[range.clone()]), self.span(range))
    }

    fn error(&self, message: &str, range: Range<usize>) -> Diagnostic {
        Diagnostic::error("broken-inventory", message).at(&self.span(range))
    }

    /// `[group]`, `[group:children]`, `[group:vars]`, then perhaps a comment.
    fn header(&self) -> Result<(Option<Word>, Section), Diagnostic> {
        let all = 0..self.words.len();
        let Some(end) = self.words.find(']') else {
            return Err(self.error("this section has no closing `]`", all).help("write `[group]`"));
        };
        let rest = self.words[end + 1..].trim();
        if !rest.is_empty() && !rest.starts_with(['#', ';']) {
            return Err(self
                .error("there is text behind the section's `]`", end + 1..self.words.len())
                .help("hosts stand on the lines below, one per line"));
        }
        let inside = &self.words[1..end];
        let (name, kind) = inside.split_once(':').unwrap_or((inside, "hosts"));
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(self.error("a group's name is one word", 1..end).help("write `[group]`"));
        }
        let section = match kind {
            "hosts" => Section::Hosts(Vec::new()),
            "children" => Section::Children(Vec::new()),
            "vars" => Section::Vars(Vec::new()),
            other => {
                return Err(self
                    .error(&format!("there is no section `:{other}`"), 1 + name.len() + 1..end)
                    .suggest(other, ["children", "vars", "hosts"])
                    .help("a section is `[group]`, `[group:children]` or `[group:vars]`"));
            }
        };
        Ok((Some(self.word(1..1 + name.len())), section))
    }

    /// A group's name, then perhaps a comment.
    fn child(&self) -> Result<Word, Diagnostic> {
        let end = self.words.find(|c: char| c.is_whitespace() || c == '#').unwrap_or(self.words.len());
        let rest = self.words[end..].trim();
        if rest.is_empty() || rest.starts_with('#') {
            return Ok(self.word(0..end));
        }
        Err(self
            .error("a line of `:children` names one group and nothing else", end..self.words.len())
            .help("variables of a group stand under `[group:vars]`, hosts under `[group]`"))
    }

    /// `key = value`, to the end of the line.
    fn variable(&self) -> Result<Assignment, Diagnostic> {
        let Some(equals) = self.words.find('=') else {
            return Err(self
                .error("a line of `:vars` is `name=value`", 0..self.words.len())
                .help("hosts stand under `[group]`, groups under `[group:children]`"));
        };
        let key = self.words[..equals].trim_end();
        let blanks = self.words[equals + 1..].len() - self.words[equals + 1..].trim_start().len();
        let start = equals + 1 + blanks;
        let value = self.value(&self.words[start..], start..self.words.len());
        Ok(Assignment { key: self.word(0..key.len()), value })
    }

    /// `name key=value …`, split as a shell does.
    fn host(&self) -> Result<HostLine, Diagnostic> {
        let mut words = self.shell_words()?.into_iter();
        let Some((name, place)) = words.next() else {
            return Err(self.error("a host's name should stand here", 0..self.words.len()));
        };
        let name = Spanned::new(name.into(), self.span(place));
        let vars = words.map(|(word, place)| self.host_variable(&word, place)).collect::<Result<_, _>>()?;
        Ok(HostLine { name, vars })
    }

    fn host_variable(&self, word: &str, place: Range<usize>) -> Result<Assignment, Diagnostic> {
        let raw = &self.words[place.clone()];
        let (Some((key, value)), Some(equals)) = (word.split_once('='), raw.find('=')) else {
            return Err(self
                .error("`name=value` should stand behind a host", place)
                .label("no `=`")
                .help("one host per line; a value with blanks in it has to be quoted"));
        };
        let key = Spanned::new(key.into(), self.span(place.start..place.start + equals));
        let value = self.value(value, place.start + equals + 1..place.end);
        Ok(Assignment { key, value })
    }

    /// A typed value; `place` is where it stands, quotes included.
    fn value(&self, text: &str, place: Range<usize>) -> Spanned<Value> {
        let raw = &self.words[place.clone()];
        let quoted = raw != text && raw.len() > 1 && raw.starts_with(['"', '\'']) && raw.ends_with(&raw[..1]);
        let inner = if quoted { place.start + 1..place.end - 1 } else { place.clone() };
        let span = self.span(inner);
        let value = literal::parse(text, Some(&span)).unwrap_or_else(|| Value::template(text, span.clone()));
        let value = if self.source.is_secret() { value.into_secret() } else { value };
        Spanned::new(value, self.span(place))
    }

    /// Words as Python's `shlex.split(…, comments=True)` finds them, each with its place.
    fn shell_words(&self) -> Result<Vec<(String, Range<usize>)>, Diagnostic> {
        let mut words = Vec::new();
        let mut word: Option<(String, usize)> = None;
        let mut chars = self.words.char_indices();
        while let Some((at, c)) = chars.next() {
            if c == '#' {
                words.extend(word.take().map(|(text, start)| (text, start..at)));
                return Ok(words);
            }
            if c.is_ascii_whitespace() {
                words.extend(word.take().map(|(text, start)| (text, start..at)));
                continue;
            }
            let text = &mut word.get_or_insert_with(|| (String::new(), at)).0;
            match c {
                '"' | '\'' => self.quoted(&mut chars, (at, c), text)?,
                '\\' => match chars.next() {
                    Some((_, escaped)) => text.push(escaped),
                    None => {
                        return Err(self
                            .error("a backslash ends this line", at..at + 1)
                            .help("write `\\\\`"));
                    }
                },
                c => text.push(c),
            }
        }
        words.extend(word.map(|(text, start)| (text, start..self.words.len())));
        Ok(words)
    }

    /// Takes what stands inside quotes.
    fn quoted(
        &self,
        chars: &mut std::str::CharIndices<'_>,
        (at, mark): (usize, char),
        text: &mut String,
    ) -> Result<(), Diagnostic> {
        while let Some((_, c)) = chars.next() {
            match c {
                c if c == mark => return Ok(()),
                '\\' if mark == '"' => match chars.next() {
                    Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                    Some((_, other)) => text.extend(['\\', other]),
                    None => break,
                },
                c => text.push(c),
            }
        }
        Err(self
            .error("this quote is never closed", at..at + 1)
            .label("opened here")
            .help("close it on the same line; an apostrophe in a value has to be quoted: \"it's\""))
    }
}
