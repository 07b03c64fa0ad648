//! Backslashes in string literals of playbook expressions.
//!
//! Ansible takes them as they are (`'\d+'`, `'\1'`); the engine would read escapes. So each is doubled before compiling.
//! Template files are not touched: there escapes mean what they mean in Python.

use std::borrow::Cow;

/// Where an inserted byte stands in the escaped text.
type Inserted = usize;

/// The text with backslashes in literals inside `{{ }}` and `{% %}` doubled.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    if text.contains('\\') { Cow::Owned(scan(text).0) } else { Cow::Borrowed(text) }
}

/// The place in `text` of a place in its escaped form.
pub(super) fn place_before(text: &str, place: usize) -> usize {
    if !text.contains('\\') {
        return place;
    }
    place - scan(text).1.iter().filter(|inserted| **inserted < place).count()
}

fn scan(text: &str) -> (String, Vec<Inserted>) {
    let mut out = String::with_capacity(text.len() + 8);
    let mut inserted = Vec::new();
    let mut rest = text;
    while let Some((before, begin)) = next_mark(rest) {
        out.push_str(&rest[..before + 2]);
        rest = &rest[before + 2..];
        let end = match begin {
            b'#' => rest.find("#}").unwrap_or(rest.len()),
            b'{' => copy_code(rest, "}}", &mut out, &mut inserted),
            _ => copy_code(rest, "%}", &mut out, &mut inserted),
        };
        if begin == b'#' {
            out.push_str(&rest[..end]);
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    (out, inserted)
}

/// Copies code up to its end mark; gives the length of what was read.
fn copy_code(code: &str, end: &str, out: &mut String, inserted: &mut Vec<Inserted>) -> usize {
    let mut quote = None;
    let mut chars = code.char_indices();
    while let Some((place, c)) = chars.next() {
        if quote.is_none() && code[place..].starts_with(end) {
            return place;
        }
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), _) if c == open => quote = None,
            (Some(open), '\\') => {
                let next = chars.next().map(|(_, next)| next);
                // An escaped quote stays one, or the literal would end here.
                if next != Some(open) {
                    inserted.push(out.len());
                    out.push('\\');
                }
                out.push('\\');
                if next == Some('\\') {
                    inserted.push(out.len());
                    out.push('\\');
                }
                out.extend(next);
                continue;
            }
            _ => {}
        }
        out.push(c);
    }
    code.len()
}

/// The next begin mark: its place and its second byte.
fn next_mark(text: &str) -> Option<(usize, u8)> {
    let place = text.as_bytes().windows(2).position(|w| matches!(w, b"{{" | b"{%" | b"{#"))?;
    Some((place, text.as_bytes()[place + 1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_literals_inside_marks_are_doubled() {
        assert_eq!(
            escape(r"a\b {{ x | f('\1\n', 'it\'s') }} c\d"),
            r"a\b {{ x | f('\\1\\n', 'it\'s') }} c\d"
        );
        assert_eq!(escape(r"{{ '\\' }}"), r"{{ '\\\\' }}");
        assert_eq!(escape(r"{# '\1' #}{% if x == '\' %}"), r"{# '\1' #}{% if x == '\' %}");
    }

    #[test]
    fn places_are_found_back() {
        let text = r"{{ '\1\2' ~ nope }}";
        let place = escape(text).find("nope").unwrap();
        assert_eq!(place_before(text, place), text.find("nope").unwrap());
    }
}
