//! Broken YAML in words that help: what is wrong, where, and what to write instead.
//!
//! The parser says what it stumbled over; what the user meant is guessed from the text around that place.

use std::ops::Range;
use std::sync::Arc;

use super::yaml::span;
use crate::base::{Diagnostic, Source, Span};

/// What the parser stumbled over.
pub(super) enum Problem {
    Tab,
    UnclosedQuote,
    UnclosedBracket(char),
    Separator(char),
    StrayBracket,
    WrongBracket(char, char),
    ColonInValue,
    NoColon,
    Indentation,
    UnknownAlias,
    Star,
    Character(char),
    AfterQuote,
    Escape,
    TooDeep(usize),
    Other(String),
}

/// The message about `problem` at a byte offset of `source`.
pub(super) fn describe(problem: &Problem, offset: usize, source: &Arc<Source>) -> Diagnostic {
    let text = source.text();
    let offset = (0..=offset.min(text.len())).rev().find(|o| text.is_char_boundary(*o)).unwrap_or(0);
    let line = line_at(text, offset);
    if let Some(template) = template_at(text, &line) {
        return unquoted_template(source, template);
    }
    let words = text[offset..line.end].trim_end();
    let here = span(source, offset..offset + words.len());
    let error = |message: &str| Diagnostic::error("broken-yaml", message).at(&here);
    match problem {
        Problem::Tab => tab(source, offset),
        Problem::UnclosedQuote => match open_at(text, offset) {
            Some((at, '"' | '\'')) => unclosed_quote(source, at),
            _ => error("a quote is never closed"),
        },
        Problem::UnclosedBracket(open) => match text[..offset].rfind(*open) {
            Some(at) => unclosed_bracket(source, at, *open),
            None => error(&format!("a `{open}` is never closed")),
        },
        Problem::Separator(close) => {
            let error = error(&format!("a `,` or the closing `{close}` should stand here"))
                .help("a value with `,`, `:`, `{`, `}`, `[` or `]` in it has to be quoted inside brackets");
            match open_at(text, offset) {
                Some((at, _)) if !line.contains(&at) => {
                    error.related(&span(source, at..at + 1), "opened here")
                }
                _ => error,
            }
        }
        Problem::StrayBracket => {
            error("this bracket closes nothing").help("remove it, or quote the value if it is meant as text")
        }
        Problem::WrongBracket(open, close) => error(&format!("`{open}` is closed by `{close}`"))
            .help(format!("close it with `{}`", closing(*open))),
        Problem::ColonInValue => colon_in_value(source, offset, &line),
        Problem::NoColon => no_colon(source, offset),
        Problem::Indentation => indentation(source, &line),
        Problem::UnknownAlias => error("there is no anchor of this name above")
            .label("`*` begins an alias")
            .help(format!("quote it if it is meant as text: \"{words}\"")),
        Problem::Star => error("a name should follow `*` or `&`")
            .help(format!("quote the value if it is meant as text: \"{words}\"")),
        Problem::Character(c) => error(&format!("a value cannot begin with {}", shown(*c)))
            .help(format!("quote it: {}", quoted(words))),
        Problem::AfterQuote => error("there is text behind the closing quote")
            .label("not inside the quotes")
            .help("quote the whole value, with quotes of the other kind if it has quotes inside"),
        Problem::Escape => Diagnostic::error("broken-yaml", "this escape means nothing inside double quotes")
            .at(&bad_escape(source, offset))
            .help("write `\\\\` for a backslash, or use single quotes, which take every backslash as it is"),
        Problem::TooDeep(limit) => {
            Diagnostic::error("too-deep", format!("more than {limit} collections stand in each other"))
                .at(&span(source, offset..offset + words.chars().next().map_or(0, char::len_utf8)))
                .label("here it is too deep")
        }
        Problem::Other(words) => error(words),
    }
}

/// `{{ name }}` without quotes is a mapping in a mapping for YAML. `range` is the value as far as it is known.
pub(super) fn unquoted_template(source: &Arc<Source>, range: Range<usize>) -> Diagnostic {
    let text = source.text();
    let whole = template_at(text, &line_at(text, range.start)).filter(|whole| whole.start == range.start);
    let place = span(source, whole.unwrap_or(range));
    let first = place.text().lines().next().unwrap_or("").trim_end();
    Diagnostic::error("unquoted-template", "a value that begins with `{{` has to be quoted")
        .at(&place)
        .label("YAML takes this for a mapping")
        .help(format!("write {}", quoted(first)))
}

/// The line that holds `offset`; at the end of the text the last line that says something.
fn line_at(text: &str, offset: usize) -> Range<usize> {
    let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let end = text[offset..].find('\n').map_or(text.len(), |at| offset + at);
    start..end
}

/// An unquoted `{{` that begins a value on this line, up to the end of the value.
fn template_at(text: &str, line: &Range<usize>) -> Option<Range<usize>> {
    let words = &text[line.clone()];
    let mut from = 0;
    while let Some(at) = words[from..].find("{{").map(|at| from + at) {
        let before = words[..at].trim_end();
        let begins = before.is_empty()
            || before.ends_with(['[', '{'])
            || (before.len() < at && before.ends_with([':', '-', ',']));
        if begins && !before.contains(['"', '\'', '#']) {
            let value = &words[at..];
            let end = if before.contains(['[', '{']) {
                value.find("}}").map_or(value.len(), |end| end + 2)
            } else {
                value.find(" #").unwrap_or(value.len())
            };
            return Some(line.start + at..line.start + at + value[..end].trim_end().len());
        }
        from = at + 2;
    }
    None
}

fn tab(source: &Arc<Source>, offset: usize) -> Diagnostic {
    let text = source.text();
    let start = line_at(text, offset).start;
    // The parser may stop one line before the tab.
    let mut lines = text[start..].split_inclusive('\n').scan(start, |next, line| {
        let at = *next;
        *next += line.len();
        Some((at, line))
    });
    let leading = lines.by_ref().take(2).find_map(|(at, line)| {
        let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
        line[..blanks].find('\t').map(|tab| at + tab)
    });
    let at = leading.or_else(|| text[start..].find('\t').map(|tab| start + tab)).unwrap_or(offset);
    Diagnostic::error("broken-yaml", "YAML is indented with spaces, and here is a tab")
        .at(&span(source, at..at + 1))
        .label("a tab")
        .help("replace it by spaces")
}

fn unclosed_quote(source: &Arc<Source>, at: usize) -> Diagnostic {
    Diagnostic::error("broken-yaml", "this quote is never closed, or closed too late")
        .at(&span(source, at..at + 1))
        .label("opened here")
        .help("close it; inside '…' a quote is written twice (''), inside \"…\" as \\\"")
}

fn unclosed_bracket(source: &Arc<Source>, at: usize, open: char) -> Diagnostic {
    Diagnostic::error("broken-yaml", format!("this `{open}` is never closed, or closed too late"))
        .at(&span(source, at..at + 1))
        .label("opened here")
        .help(format!("close it with `{}`, or quote the value if it is meant as text", closing(open)))
}

/// The first escape that YAML does not know in the text that begins at `offset`.
fn bad_escape(source: &Arc<Source>, offset: usize) -> Span {
    let text = source.text();
    let mut chars = text[offset..].char_indices();
    while let Some((at, c)) = chars.next() {
        if c == '\\'
            && let Some((_, escaped)) = chars.next()
            && !"0abt\tnvfre \"/\\N_LPxuU\n\r".contains(escaped)
        {
            return span(source, offset + at..offset + at + 1 + escaped.len_utf8());
        }
    }
    span(source, offset..offset)
}

/// A colon followed by a blank inside a value, as in `msg: note: this`.
fn colon_in_value(source: &Arc<Source>, offset: usize, line: &Range<usize>) -> Diagnostic {
    let text = source.text();
    let words = &text[line.clone()];
    let key_end = words.find(": ").map(|at| at + 2);
    if let Some(start) = key_end.filter(|start| line.start + start <= offset) {
        let value = words[start..].trim_end();
        return Diagnostic::error("broken-yaml", "a value with `: ` in it has to be quoted")
            .at(&span(source, offset..offset + 1))
            .label("a second key on one line?")
            .help(format!("write {}{}", words[..start].trim_start(), quoted(value.trim_start())));
    }
    indentation(source, line)
}

/// A line that should be `key: value` and has no colon, or no blank behind it.
fn no_colon(source: &Arc<Source>, offset: usize) -> Diagnostic {
    let text = source.text();
    let (start, words) = words_of(text, &line_at(text, offset));
    let words = words.strip_prefix("- ").unwrap_or(words);
    let start = start + text[start..].find(words).unwrap_or(0);
    let error = Diagnostic::error("broken-yaml", "a `key: value` should stand here")
        .at(&span(source, start..start + words.len()));
    match words.split_once(':') {
        Some((key, value)) if !value.is_empty() => {
            error.label("no blank behind the colon").help(format!("write `{key}: {value}`"))
        }
        _ => {
            error.label("no colon").help("write `name: value`; several lines of text need `|` behind the key")
        }
    }
}

/// A line whose indentation fits nothing above it.
fn indentation(source: &Arc<Source>, line: &Range<usize>) -> Diagnostic {
    let text = source.text();
    match open_at(text, line.start) {
        Some((at, '"' | '\'')) => return unclosed_quote(source, at),
        Some((at, open)) => return unclosed_bracket(source, at, open),
        None => {}
    }
    let (start, words) = words_of(text, line);
    let indent = start - line.start;
    let place = span(source, start..start + words.len());
    let error = |message: &str| Diagnostic::error("broken-yaml", message).at(&place);
    let misfit = "the indentation of this line fits no line above it";
    let rule = "keys of one mapping and dashes of one list stand exactly under each other";
    let Some((above_start, above)) = line_above(text, line.start) else {
        return error(misfit).label(format!("indented by {indent}")).help(rule);
    };
    let above_indent = above_start - line_at(text, above_start).start;
    let inside = above.strip_prefix("- ").map_or("", str::trim_start);
    let entry = if inside.is_empty() { above } else { inside };
    let has_colon = entry.contains(": ") || entry.ends_with(':');
    if !has_colon
        && above_indent <= indent
        && !words.starts_with('-')
        && (inside.is_empty() || entry.contains(':'))
        && !entry.contains("://")
    {
        return no_colon(source, above_start);
    }
    if words.starts_with("- ") && indent == above_indent && inside.is_empty() {
        return error("a list item stands among the keys of a mapping")
            .related(&span(source, above_start..above_start + above.len()), "a key of the mapping")
            .help("indent the list under its own key, or remove the dash");
    }
    let error = error(misfit).label(format!("indented by {indent}"));
    if !inside.is_empty() && !words.starts_with("- ") {
        let column = above_indent + above.len() - inside.len();
        return error.help(format!("keys of one list item stand under each other: indent it by {column}"));
    }
    if above_indent < indent && !entry.ends_with(':') {
        return error.help(format!(
            "the line above already has a value: indent this one by {above_indent}, or remove that value"
        ));
    }
    error.help(rule)
}

/// Where the words of a line begin, and the words.
fn words_of<'t>(text: &'t str, line: &Range<usize>) -> (usize, &'t str) {
    let whole = &text[line.clone()];
    (line.start + whole.len() - whole.trim_start().len(), whole.trim())
}

/// The nearest line above `start` that is neither empty nor a comment.
fn line_above(text: &str, start: usize) -> Option<(usize, &str)> {
    let mut end = start;
    while end > 0 {
        let line = line_at(text, end - 1);
        let (at, words) = words_of(text, &line);
        if !words.is_empty() && !words.starts_with('#') {
            return Some((at, words));
        }
        end = line.start;
    }
    None
}

/// The quote or bracket that is still open at `offset`, if one is. Only those that begin a value count.
fn open_at(text: &str, offset: usize) -> Option<(usize, char)> {
    let mut quote: Option<(usize, char)> = None;
    let mut brackets: Vec<(usize, char)> = Vec::new();
    // The last character that is no blank, and whether blanks or a line's end followed it.
    let (mut last, mut apart) = ('\n', true);
    let mut chars = text[..offset].char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if let Some((_, mark)) = quote {
            if mark == '"' && c == '\\' {
                chars.next();
            } else if c == mark {
                let doubled = mark == '\'' && chars.next_if(|(_, next)| *next == '\'').is_some();
                if !doubled {
                    quote = None;
                }
            }
            (last, apart) = (c, false);
            continue;
        }
        let begins = match last {
            '\n' | '[' | '{' => true,
            ':' | '-' | ',' | '?' => apart,
            _ => false,
        };
        match c {
            '\n' => (last, apart) = ('\n', true),
            c if c.is_whitespace() => apart = true,
            '#' if apart => while chars.next_if(|(_, next)| *next != '\n').is_some() {},
            _ => {
                match c {
                    '"' | '\'' if begins => quote = Some((at, c)),
                    '[' | '{' if begins || !brackets.is_empty() => brackets.push((at, c)),
                    ']' | '}' => drop(brackets.pop()),
                    _ => {}
                }
                (last, apart) = (c, false);
            }
        }
    }
    quote.or(brackets.pop())
}

fn closing(open: char) -> char {
    if open == '[' { ']' } else { '}' }
}

fn shown(c: char) -> String {
    if c.is_control() { format!("the control character U+{:04X}", c as u32) } else { format!("`{c}`") }
}

/// A value in quotes of the kind it does not contain.
fn quoted(value: &str) -> String {
    if value.contains('"') { format!("'{}'", value.replace('\'', "''")) } else { format!("\"{value}\"") }
}
