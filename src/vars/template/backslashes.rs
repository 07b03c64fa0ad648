//! A text as minijinja's grammar shall read it: what its reader and Jinja's take otherwise is mended here, and places are
//! found back.
//!
//! Ansible takes backslashes in literals of `{{ }}` in playbooks as they are (`'\d+'`, `'\1'`). In `{% %}`, in conditions and
//! in template files they mean what they mean in Python. So each literal is written anew with its value. A sign `+` stands
//! as `-`, which the reader finds out by the place; a tuple without brackets gets its brackets.

use std::borrow::Cow;

use super::marks::{Marks, Opening};
use super::syntax::Place;

/// Longer expressions are no longer written by a person, and would only fill the stack.
const LONGEST: usize = 128 * 1024;
/// More `elif` in one text would stand in each other too deeply.
const BRANCHES: usize = 1000;

/// A text for the grammar, and where its parts come from.
pub(super) struct Prepared<'a> {
    source: &'a str,
    pub(super) text: Cow<'a, str>,
    /// Places in the prepared text from which on the original is so far away.
    moved: Vec<(usize, usize)>,
}

impl Prepared<'_> {
    /// Whether the sign at this place in the original text is a `+`.
    pub(super) fn is_plus(&self, place: Place) -> bool {
        self.source.as_bytes().get(place.range().start) == Some(&b'+')
    }

    /// The place in the original text.
    pub(super) fn original(&self, place: usize) -> usize {
        let known = self.moved.partition_point(|(here, _)| *here <= place);
        match known.checked_sub(1).map(|last| self.moved[last]) {
            None => place,
            Some((here, there)) => {
                let next = self.moved.get(known).map_or(usize::MAX, |(_, there)| *there);
                (there + (place - here)).min(next)
            }
        }
    }
}

/// Prepares a whole template.
pub(super) fn template<'a>(text: &'a str, marks: &Marks) -> Result<Prepared<'a>, Place> {
    let few = text.len() <= LONGEST && text.matches("elif").nth(BRANCHES).is_none();
    if few && !text.contains(['\\', '+', ',']) && !text.contains("raw") && marks.line_comment.is_empty() {
        return Ok(Prepared { source: text, text: Cow::Borrowed(text), moved: Vec::new() });
    }
    let mut writer = Writer::new(text);
    let mut branches = 0;
    while let Some((begin, opening)) = marks.next(text, writer.at) {
        let inside = begin + marks.begin(opening).len();
        if opening == Opening::LineComment {
            writer.leave_line(begin);
            continue;
        }
        writer.copy(inside);
        if matches!(opening, Opening::Block | Opening::Line)
            && text[inside..].trim_start_matches(['-', '+', ' ']).starts_with("elif")
        {
            branches += 1;
            if branches > BRANCHES {
                return Err(Place::new(begin, inside));
            }
        }
        match opening {
            Opening::Comment => {
                let end = text[inside..].find(marks.end(opening)).map_or(text.len(), |end| inside + end);
                writer.copy(end);
            }
            Opening::Block if writer.raw(marks) => {}
            _ => {
                let literal = opening == Opening::Print && marks.literal_backslashes;
                if writer.text[inside..].starts_with(['-', '+']) {
                    writer.copy(inside + 1);
                }
                let (begin_in, begin_out) = (writer.at, writer.out.len());
                let is_tuple = writer.code(Some(marks.end(opening)), literal);
                if is_tuple && opening == Opening::Print {
                    writer.bracket(begin_in, begin_out);
                }
                let end = writer.at;
                if end - inside > LONGEST {
                    return Err(Place::new(begin, end));
                }
            }
        }
    }
    writer.copy(text.len());
    Ok(writer.prepared())
}

/// Prepares an expression without marks.
pub(super) fn expression(text: &str) -> Result<Prepared<'_>, Place> {
    if text.len() > LONGEST {
        return Err(Place::new(0, text.len()));
    }
    if !text.contains(['\\', '+']) {
        return Ok(Prepared { source: text, text: Cow::Borrowed(text), moved: Vec::new() });
    }
    let mut writer = Writer::new(text);
    writer.code(None, false);
    Ok(writer.prepared())
}

/// Words after which an operand stands.
const JOINING: [&str; 8] = ["and", "or", "not", "in", "is", "if", "elif", "else"];

/// What was read last.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    /// An operator or an opening bracket, or nothing.
    Operator,
    Operand,
    Dot,
}

struct Writer<'a> {
    text: &'a str,
    at: usize,
    out: String,
    moved: Vec<(usize, usize)>,
}

impl<'a> Writer<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0, out: String::with_capacity(text.len() + 16), moved: Vec::new() }
    }

    fn prepared(self) -> Prepared<'a> {
        Prepared { source: self.text, text: Cow::Owned(self.out), moved: self.moved }
    }

    fn copy(&mut self, end: usize) {
        self.out.push_str(&self.text[self.at..end]);
        self.at = end;
    }

    /// Leaves out the rest of a line, and the blanks before it; the grammar would take the line's end, too.
    fn leave_line(&mut self, begin: usize) {
        self.copy(begin);
        self.out.truncate(self.out.trim_end_matches([' ', '\t']).len());
        self.at = self.text[begin..].find('\n').map_or(self.text.len(), |end| begin + end);
        self.moved.push((self.out.len(), self.at));
    }

    /// Copies code up to its end mark, literals and signs written anew; whether commas stand outside of all brackets.
    fn code(&mut self, end: Option<&str>, literal_backslashes: bool) -> bool {
        let mut depth = 0_usize;
        let mut is_tuple = false;
        let mut before = Before::Operator;
        while let Some(c) = self.text[self.at..].chars().next() {
            let rest = &self.text[self.at..];
            if depth == 0 && end.is_some_and(|end| rest.starts_with(end)) {
                break;
            }
            let stands_here = match c {
                '\'' | '"' => {
                    match length(rest) {
                        Some(length) => self.literal(length, literal_backslashes),
                        None => self.copy(self.text.len()),
                    }
                    before = Before::Operand;
                    continue;
                }
                '+' if before == Before::Operator && end.is_none_or(|end| !rest[1..].starts_with(end)) => {
                    self.out.push('-');
                    self.at += 1;
                    continue;
                }
                c if c.is_alphanumeric() || c == '_' => {
                    let word = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or(rest);
                    let joins = JOINING.contains(&word) && before != Before::Dot;
                    self.copy(self.at + word.len());
                    before = if joins { Before::Operator } else { Before::Operand };
                    continue;
                }
                ')' | ']' | '}' => {
                    depth = depth.saturating_sub(1);
                    Before::Operand
                }
                '.' => Before::Dot,
                c if c.is_whitespace() => before,
                _ => {
                    depth += usize::from(matches!(c, '(' | '[' | '{'));
                    is_tuple |= c == ',' && depth == 0;
                    Before::Operator
                }
            };
            before = stands_here;
            self.copy(self.at + c.len_utf8());
        }
        is_tuple
    }

    /// Puts brackets around the code that was written since then.
    fn bracket(&mut self, begin_in: usize, begin_out: usize) {
        self.out.insert(begin_out, '(');
        let since = self.moved.partition_point(|(here, _)| *here <= begin_out);
        self.moved[since..].iter_mut().for_each(|(here, _)| *here += 1);
        self.moved.insert(since, (begin_out + 1, begin_in));
        let mark = usize::from(self.out.ends_with('-'));
        self.out.insert(self.out.len() - mark, ')');
        self.moved.push((self.out.len() - mark, self.at - mark));
    }

    fn literal(&mut self, length: usize, literal_backslashes: bool) {
        let raw = &self.text[self.at + 1..self.at + length - 1];
        if !raw.contains('\\') {
            return self.copy(self.at + length);
        }
        let quote = &self.text[self.at..=self.at];
        let value = if literal_backslashes { Cow::Borrowed(raw) } else { unescape(raw).into() };
        self.out.push_str(quote);
        self.out.push_str(&value.replace('\\', "\\\\").replace(quote, &format!("\\{quote}")));
        self.moved.push((self.out.len(), self.at + length - 1));
        self.out.push_str(quote);
        self.at += length;
    }

    /// A whole raw block, whose tag begins here. Jinja keeps the newline after it, the grammar does not.
    fn raw(&mut self, marks: &Marks) -> bool {
        let (begin, end) = (&marks.block.0, &marks.block.1);
        let Some(after) = tag(&self.text[self.at..], "raw", end) else { return false };
        let inside = self.at + after;
        let trims = !self.text[..inside - end.len()].ends_with('-');
        self.copy(inside);
        if marks.trim_blocks && trims && self.text[inside..].starts_with(['\n', '\r']) {
            self.out.push('\n');
            self.moved.push((self.out.len(), inside));
        }
        let mut from = inside;
        while let Some(found) = self.text[from..].find(begin.as_str()) {
            from += found + begin.len();
            if let Some(after) = tag(&self.text[from..], "endraw", end) {
                self.copy(from + after);
                return true;
            }
        }
        self.copy(self.text.len());
        true
    }
}

/// The length of a tag that is only this word, if the text begins with it, after its begin mark.
fn tag(text: &str, word: &str, end: &str) -> Option<usize> {
    let rest = text.strip_prefix(['-', '+']).unwrap_or(text).trim_start().strip_prefix(word)?.trim_start();
    let rest = rest.strip_prefix(['-', '+']).filter(|rest| rest.starts_with(end)).unwrap_or(rest);
    Some(text.len() - rest.strip_prefix(end)?.len())
}

/// The length of the quoted literal a text begins with, quotes included.
fn length(text: &str) -> Option<usize> {
    let quote = text.as_bytes().first()?;
    let mut escaped = false;
    for (place, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            byte if byte == *quote => return Some(place + 1),
            _ => {}
        }
    }
    None
}

/// Python's escapes; what is none stays as it is.
fn unescape(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.find('\\') {
        out.push_str(&rest[..place]);
        rest = &rest[place + 1..];
        let Some(c) = rest.chars().next() else {
            out.push('\\');
            break;
        };
        rest = &rest[c.len_utf8()..];
        match c {
            '\n' => {}
            '\\' | '\'' | '"' => out.push(c),
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'a' => out.push('\x07'),
            'b' => out.push('\x08'),
            'f' => out.push('\x0c'),
            'v' => out.push('\x0b'),
            'x' => rest = coded(c, rest, 2, &mut out),
            'u' => rest = coded(c, rest, 4, &mut out),
            'U' => rest = coded(c, rest, 8, &mut out),
            '0'..='7' => {
                let more = rest.bytes().take(2).take_while(|b| matches!(b, b'0'..=b'7')).count();
                let digits = format!("{c}{}", &rest[..more]);
                out.extend(u32::from_str_radix(&digits, 8).ok().and_then(char::from_u32));
                rest = &rest[more..];
            }
            other => out.extend(['\\', other]),
        }
    }
    out.push_str(rest);
    out
}

/// A character by its number; gives what follows it.
fn coded<'a>(kind: char, rest: &'a str, digits: usize, out: &mut String) -> &'a str {
    let code = rest.get(..digits).and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32);
    if let Some(c) = code {
        out.push(c);
        &rest[digits..]
    } else {
        out.extend(['\\', kind]);
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(text: &str, marks: &Marks) -> String {
        template(text, marks).map(|prepared| prepared.text.into_owned()).unwrap_or_default()
    }

    #[test]
    fn backslashes_are_kept_only_in_expressions_of_playbooks() {
        let text = r"a\b {{ x | f('\1\n', 'it\'s') }} {% set a = '\t' %} c\d".replace("\\\\", "\\");
        let playbook = prepared(&text, &Marks::default());
        assert_eq!(playbook, "a\\b {{ x | f('\\\\1\\\\n', 'it\\\\\\'s') }} {% set a = '\t' %} c\\d");
        let file = prepared(&text, &Marks::escaping());
        assert_eq!(file, "a\\b {{ x | f('\u{1}\n', 'it\\'s') }} {% set a = '\t' %} c\\d");
        assert_eq!(
            prepared(r"{# '\1' #}{% raw %}{{ '\1' }}{% endraw %}", &Marks::default()),
            r"{# '\1' #}{% raw %}{{ '\1' }}{% endraw %}"
        );
    }

    #[test]
    fn places_are_found_back() {
        let text = r"{{ '\1\2' ~ nope }}";
        let prepared = template(text, &Marks::default()).unwrap_or_else(|_| panic!("too long"));
        let place = prepared.text.find("nope").unwrap();
        assert_eq!(prepared.original(place), text.find("nope").unwrap());
    }

    #[test]
    fn signs_and_tuples_are_written_as_the_grammar_takes_them() {
        let text = r"{{ +1 - +a.in + f(+2, '\1'), nope -}}{%+ if +1e+5 +%}";
        let prepared = template(text, &Marks::default()).unwrap_or_else(|_| panic!("too long"));
        assert_eq!(prepared.text, r"{{( -1 - -a.in + f(-2, '\\1'), nope )-}}{%+ if -1e+5 +%}");
        for word in ["nope", "a.in", "f(", "-}}", "if"] {
            let place = prepared.text.find(word).unwrap();
            assert_eq!(prepared.original(place), text.find(word).unwrap(), "{word}");
        }
        assert_eq!(
            self::prepared("{{ f(1, 2) }}, {{ [1, +2] }}", &Marks::default()),
            "{{ f(1, 2) }}, {{ [1, -2] }}"
        );
    }

    #[test]
    fn escapes_are_those_of_python() {
        assert_eq!(unescape(r"a\n\x41\u00e9\d\\\'\101"), "a\nA\u{e9}\\d\\'A");
        assert_eq!(length(r"'a\'b' c"), Some(6));
        assert_eq!(length("'abc"), None);
    }
}
